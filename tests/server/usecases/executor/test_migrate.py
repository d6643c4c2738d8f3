"""A running instance goes on in another version of its process, through HTTP and store."""

from __future__ import annotations

from typing import Any

import pytest

from server.usecases import requests as rq
from tests.support.app import App, wait_until
from tests.support.models import (
    Element,
    boundary,
    call_activity,
    document,
    end,
    message,
    model,
    multi_instance,
    on_condition,
    on_message,
    parallel,
    process,
    service_task,
    start,
    sub_process,
    timer,
    user_task,
)

BUSY = ("job", "task", "sub", "inner", "wait")
LATER = {"job": "job2", "task": "task2", "sub": "sub2", "inner": "inner2", "wait": "wait2", "due": "due2", "on": "on2"}


def busy(names: dict[str, str], *, extra: bool = False, first: tuple[Element, ...] = ()) -> bytes:
    """Work of every kind side by side; `names` are its ids, `extra` is a timer at the task; `first` comes before."""
    job, task, sub, inner, wait, due, on = (names.get(id, id) for id in (*BUSY, "due", "on"))
    more = (boundary("extra", task, timer(duration="PT1H")), end("e3")) if extra else ()
    return model(
        start(), *first, parallel("fork"), service_task(job, topic="charge"), user_task(task),
        sub_process(sub, start("s1"), user_task(inner), end("s2"), flows=f"s1 -> {inner} -> s2"),
        user_task(wait), parallel("join"), end(), boundary(due, sub, timer(duration="PT30S")),
        boundary(on, wait, on_message("paid")), end("e2"), *more,
        flows=" -> ".join(("start", *(element.id for element in first), "fork"))
              + f"; fork -> {job} -> join; fork -> {task} -> join; fork -> {sub} -> join; "
              f"fork -> {wait} -> join; join -> end; {due} -> e2; {on} -> e2" + ("; extra -> e3" if extra else ""),
        roots=message("paid"), key="busy",
    )  # fmt: skip


def deploy(app: App, content: bytes, key: str = "busy") -> str:
    """Id of the new version."""
    app.deploy((f"{key}.bpmn", content))
    found: str = app.get("/definitions", key=key, latest="true")["items"][0]["id"]
    return found


def migrate(app: App, instance: str, target: str, *, status: int = 200, **more: Any) -> Any:
    return app.post(f"/instances/{instance}/migrate", {"targetDefinitionId": target, **more}, status=status)


def test_should_take_everything_that_is_open_along(app: App) -> None:
    # given
    deploy(app, busy({}))
    instance = app.start("busy")
    [leased] = app.activate("charge")
    tasks = {task["elementId"]: task["id"] for task in app.tasks(instance)}
    target = deploy(app, busy(LATER, extra=True))

    # when
    answer = migrate(app, instance, target, mapping=LATER)

    # then
    assert answer["mapping"] == {**LATER, **{id: id for id in ("start", "fork", "join", "end", "e2", "s1", "s2")}}
    assert [(finding["code"], finding["elementId"]) for finding in answer["findings"]] == [("EVENT_ARMED", "extra")]
    found = app.instance(instance)
    assert (found["definitionId"], found["version"]) == (target, 2)
    assert sorted(found["currentState"]) == ["inner2", "job2", "sub2", "task2", "wait2"]
    assert {task["elementId"]: task["id"] for task in app.tasks(instance)} == {
        LATER[old]: id for old, id in tasks.items()
    }

    # when
    app.finish(leased)
    app.complete(app.task(instance, "task2"))
    app.publish("paid")
    app.advance(seconds=31)

    # then
    app.at(instance, "join")
    app.post(f"/instances/{instance}/cancel", {})


def test_should_write_rows_that_are_new_and_complete_in_the_new_version(app: App) -> None:
    # given
    deploy(app, busy({}))
    instance = app.start("busy")
    target = deploy(app, busy(LATER, extra=True))
    migrate(app, instance, target, mapping=LATER)

    # when
    app.advance(hours=2)

    # then
    app.at(instance, "job2", "wait2")
    [job] = app.activate("charge")
    assert (job["elementId"], job["definitionKey"]) == ("job2", "busy")
    app.fail(job, retries=0)
    assert app.incident(instance)["elementId"] == "job2"


def test_should_rename_what_has_come_with_the_same_transaction(app: App) -> None:
    # given
    deploy(app, busy({}, first=(user_task("a"),)))
    instance = app.start("busy")
    task = app.task(instance, "a")
    target = deploy(app, busy(LATER, first=(user_task("a"),)))

    # when
    futures = app.server.executor.submit_all(
        [
            rq.CompleteTaskRequest(tenant_id="default", task_id=int(task["id"])),
            rq.MigrateRequest(
                tenant_id="default", instance_id=int(instance), target_definition_id=int(target), mapping=LATER
            ),
        ]
    )
    for future in futures:
        future.result(30)

    # then
    assert sorted(task["elementId"] for task in app.tasks(instance)) == ["inner2", "task2", "wait2"]
    [job] = app.activate("charge")
    assert (job["elementId"], job["definitionKey"]) == ("job2", "busy")
    app.finish(job)
    app.publish("paid")
    app.advance(seconds=31)
    app.at(instance, "join", "task2")


def test_should_change_nothing_in_a_dry_run(app: App) -> None:
    # given
    first = deploy(app, busy({}))
    instance = app.start("busy")
    target = deploy(app, busy(LATER))
    before = app.instance(instance), app.history(instance), app.tasks(instance)

    # when
    possible = migrate(app, instance, target, mapping=LATER, dryRun=True)
    impossible = migrate(app, instance, target, dryRun=True)

    # then
    assert possible["findings"] == []
    assert {(finding["code"], finding["elementId"]) for finding in impossible["findings"]} == {
        ("ELEMENT_NOT_MAPPED", id) for id in BUSY
    }
    assert (app.instance(instance), app.history(instance), app.tasks(instance)) == before
    assert app.instance(instance)["definitionId"] == first


def test_should_change_nothing_where_something_has_no_place(app: App) -> None:
    # given
    first = deploy(app, busy({}))
    instance = app.start("busy")
    target = deploy(app, busy(LATER))
    before = app.history(instance)

    # when
    problem = migrate(app, instance, target, status=422)

    # then
    assert [error["code"] for error in problem["errors"]] == ["MIGRATION_INVALID"]
    assert len(problem["findings"]) == len(BUSY)
    assert app.history(instance) == before
    assert app.instance(instance)["definitionId"] == first


def test_should_migrate_a_paused_instance(app: App) -> None:
    # given
    guarded = model(start(), user_task("a"), boundary("b", "a", on_condition("x > 2")), user_task("late"), end(),
                    end("e2"), flows="start -> a -> end; b -> late -> e2", key="g")  # fmt: skip
    deploy(app, model(start(), user_task("a"), end(), flows="start -> a -> end", key="g"), "g")
    instance = app.start("g", {"x": 3})
    app.post(f"/instances/{instance}/pause", {})

    # when
    migrate(app, instance, deploy(app, guarded, "g"))
    app.at(instance, "a")
    app.post(f"/instances/{instance}/resume", {})

    # then
    app.at(instance, "late")


def test_should_migrate_many_items(app: App) -> None:
    # given
    def wide(id: str) -> bytes:
        return model(start(), user_task(id, multi_instance(cardinality="30")), end(), flows=f"start -> {id} -> end",
                     key="wide")  # fmt: skip

    deploy(app, wide("a"), "wide")
    instance = app.start("wide")

    # when
    migrate(app, instance, deploy(app, wide("b"), "wide"), mapping={"a": "b"})

    # then
    tasks = app.tasks(instance)
    assert [task["elementId"] for task in tasks] == ["b"] * 30
    for task in tasks:
        app.complete(task)
    app.ended(instance)


def test_should_return_from_a_call_to_the_new_version(app: App) -> None:
    # given
    def calling(id: str) -> bytes:
        return document(
            process("caller", start(), call_activity(id, "callee"), end(), flows=f"start -> {id} -> end"),
            process("callee", start(), user_task("t"), end(), flows="start -> t -> end"),
        )

    deploy(app, calling("c"), "caller")
    instance = app.start("caller")
    [called] = wait_until(lambda: app.instances(definitionKey="callee"), what="the called instance")

    # when
    migrate(app, instance, deploy(app, calling("d"), "caller"), mapping={"c": "d"})
    app.complete(app.task(called["id"], "t"))

    # then
    app.ended(instance)
    assert app.completed(instance) == ["start", "d", "end"]


def test_should_go_on_in_another_process(app: App) -> None:
    # given
    deploy(app, model(start(), user_task("a"), end(), flows="start -> a -> end", key="one"), "one")
    other = deploy(app, model(start(), user_task("a"), end(), flows="start -> a -> end", key="other"), "other")
    instance = app.start("one")

    # when
    migrate(app, instance, other)

    # then
    assert app.instance(instance)["definitionKey"] == "other"
    [task] = app.tasks(instance, definitionKey="other")
    app.complete(task)
    app.ended(instance)


@pytest.mark.parametrize(("which", "status", "code"), [
    ("same", 409, "ALREADY_MIGRATED"), ("unknown", 404, "DEFINITION_UNKNOWN"), ("drawing", 409, "NOT_EXECUTABLE"),
])  # fmt: skip
def test_should_refuse_targets_that_are_none(app: App, which: str, status: int, code: str) -> None:
    same = deploy(app, busy({}))
    drawn = model(start(), end(), flows="start -> end", key="drawn").replace(
        b'isExecutable="true"', b'isExecutable="false"'
    )
    targets = {"same": same, "unknown": "17", "drawing": deploy(app, drawn, "drawn")}
    instance = app.start("busy")

    problem = migrate(app, instance, targets[which], status=status)

    assert problem["errors"][0]["code"] == code


def test_should_refuse_to_migrate_what_has_ended(app: App) -> None:
    deploy(app, busy({}))
    instance = app.start("busy")
    app.post(f"/instances/{instance}/cancel", {})

    problem = migrate(app, instance, deploy(app, busy(LATER)), status=409)

    assert problem["errors"][0]["code"] == "INSTANCE_ENDED"
