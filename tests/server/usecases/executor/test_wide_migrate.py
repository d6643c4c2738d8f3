"""Wide instances go on in another version some scopes per transaction; what comes meanwhile is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from bpmn.runtime.commands import InstructionType
from bpmn.runtime.work import Limits
from connectors.messages import Outcome, ResultMessage
from server.errors import ConflictError, InvalidMigration
from server.usecases import requests as rq
from server.usecases.executor.executor import Executor, ExecutorOptions
from server.usecases.executor.items import Item
from server.usecases.executor.migrating import MIGRATE, await_answer
from tests.server.usecases.executor.conftest import RunApp
from tests.support.app import App, wait_until
from tests.support.models import (
    catch,
    end,
    message,
    model,
    multi_instance,
    on_message,
    parallel,
    service_task,
    start,
    timer,
    user_task,
)

MANY = 2_000


def wide(*ids: str, count: int = MANY) -> bytes:
    """Items of user tasks and (where a second id is given) of jobs, beside a timer and a message."""
    task, job = (*ids, "job")[:2]
    return model(
        start(), parallel("fork"), user_task(task, multi_instance(cardinality=str(count))),
        service_task(job, inner=multi_instance(cardinality="3"), topic="work") if len(ids) > 1 else user_task("other"),
        catch("pause", timer(duration="PT10S")), catch("paid", on_message("paid")), parallel("join"), end(),
        flows="start -> fork; join -> end; " + "; ".join(
            f"fork -> {id} -> join" for id in (task, job if len(ids) > 1 else "other", "pause", "paid")),
        roots=message("paid"), key="wide",
    )  # fmt: skip


def deploy(app: App, content: bytes) -> str:
    app.deploy(("wide.bpmn", content))
    found: str = app.get("/definitions", key="wide", latest="true")["items"][0]["id"]
    return found


def elements(app: App, instance: str) -> dict[str, int]:
    """How many open tasks there are, by (element, definition)."""
    counts: dict[str, int] = {}
    cursor = ""
    while True:
        page = app.get("/tasks", instanceId=instance, limit=1000, **({"cursor": cursor} if cursor else {}))
        for task in page["items"]:
            counts[task["elementId"]] = counts.get(task["elementId"], 0) + 1
        cursor = page["nextCursor"]
        if not cursor:
            return counts


def is_done(app: App, instance: str) -> bool:
    with app.server.store.read() as unit:
        row = unit.find_migration(int(instance))
    return row is not None and row.state == "DONE"


def test_should_migrate_two_thousand_items(app: App) -> None:
    # given
    deploy(app, wide("a"))
    instance = app.start("wide")
    wait_until(lambda: elements(app, instance) == {"a": MANY, "other": 1}, what="all items")
    target = deploy(app, wide("b"))

    # when
    impossible = app.post(f"/instances/{instance}/migrate", {"targetDefinitionId": target, "dryRun": True}, status=200)
    before = app.instance(instance)
    body = {"targetDefinitionId": target, "mapping": {"a": "b"}}
    answer = app.post(f"/instances/{instance}/migrate", body, status=200, Idempotency_Key="once")
    again = app.post(f"/instances/{instance}/migrate", body, status=200, Idempotency_Key="once")

    # then
    assert [(finding["code"], finding["elementId"]) for finding in impossible["findings"]] == [
        ("ELEMENT_NOT_MAPPED", "a")
    ]
    assert before["version"] == 1
    assert (answer["mapping"]["a"], answer["findings"]) == ("b", [])
    assert again == answer
    wait_until(lambda: is_done(app, instance), what="the end of the migration")
    assert elements(app, instance) == {"b": MANY, "other": 1}
    found = app.instance(instance)
    assert (found["definitionId"], found["version"], found["status"]) == (target, 2, "RUNNING")
    [moved] = app.get("/tasks", instanceId=instance, elementId="b", limit=1)["items"]
    app.complete(moved)
    assert elements(app, instance) == {"b": MANY - 1, "other": 1}


def test_should_refuse_a_wide_instance_that_has_no_place(app: App) -> None:
    # given
    first = deploy(app, wide("a", count=300))
    instance = app.start("wide")
    wait_until(lambda: elements(app, instance) == {"a": 300, "other": 1}, what="all items")
    target = deploy(app, wide("b", count=300))

    # when
    body = {"targetDefinitionId": target}
    problem = app.post(f"/instances/{instance}/migrate", body, status=422, Idempotency_Key="x")

    # then it goes on as it was, and the key is free
    assert [error["code"] for error in problem["errors"]] == ["MIGRATION_INVALID"]
    assert [(finding["code"], finding["elementId"]) for finding in problem["findings"]] == [("ELEMENT_NOT_MAPPED", "a")]
    assert app.instance(instance)["definitionId"] == first
    app.complete(app.task(instance, "other"))
    app.post(f"/instances/{instance}/migrate", body | {"mapping": {"a": "b"}}, status=200, Idempotency_Key="x")


@dataclass
class Slowly:
    """A server whose transactions the test does itself, one at a time; every one begins with what is stored."""

    app: App

    def __post_init__(self) -> None:
        self.app.server.executor.stop()

    def executor(self) -> Executor:
        """Another process: nothing is remembered."""
        own = self.app.server.executor.options
        return Executor(self.app.server.store, ExecutorOptions(ids=own.ids, limits=Limits(scopes_per_step=4)))

    def ask(self, request: Any) -> Any:
        """The answer, or what was raised."""
        item = Item(request)
        self.executor()._transaction([item], False, 50, [])
        assert not item.deferred
        return item.error or item.answer

    def drain(self, most: int = 1_000) -> int:
        """Do what is due, at most so many transactions; how many there were."""
        for done in range(most):
            if self.executor()._transaction([], True, 50, []).claimed == 0:
                return done
        return most

    def migrate(self, instance: str, target: str, **more: Any) -> Any:
        return self.ask(
            rq.MigrateRequest(tenant_id="default", instance_id=int(instance), target_definition_id=int(target), **more)
        )

    def answer(self, instance: str) -> rq.MigrationResult:
        return await_answer(self.app.server.store, int(instance), 0.0)

    def kept(self) -> list[str]:
        """Kinds of the commands that are stored, as another transaction sees them when all of them are due."""
        with self.app.server.store.begin() as unit:
            for row in self.app.instances():
                unit.release_commands(int(row["id"]))
            return [row.kind for row in unit.claim_commands(1_000)]


@pytest.fixture
def slowly(run_app: RunApp) -> Slowly:
    return Slowly(run_app())


def halfway(slowly: Slowly, items: int = 20) -> tuple[str, str]:
    """(instance, target): the migration has moved some of the items and some not."""
    app = slowly.app
    deploy(app, wide("a", "j", count=items))
    instance = str(slowly.ask(rq.StartRequest(tenant_id="default", definition_key="wide")).row.id)
    slowly.drain()
    assert elements(app, instance) == {"a": items}
    target = deploy(app, wide("b", "k", count=items))
    answer = slowly.migrate(instance, target, mapping={"a": "b", "j": "k"})
    assert answer.pending == int(instance)
    for _ in range(100):
        counts = elements(app, instance)
        if 0 < counts.get("b", 0) < items:
            return instance, target
        assert slowly.drain(1) == 1
    raise AssertionError("Expected items of both versions at some time, but there were none")


def test_should_go_on_after_a_restart(slowly: Slowly) -> None:
    # given
    instance, target = halfway(slowly)
    app = slowly.app
    assert app.instance(instance)["definitionId"] == target

    # when every transaction is that of a new process
    slowly.drain()

    # then
    assert elements(app, instance) == {"b": 20}
    assert slowly.answer(instance).mapping["a"] == "b"
    jobs = app.activate("work", count=3)
    assert {(job["elementId"], job["definitionKey"]) for job in jobs} == {("k", "wide")}


def test_should_keep_what_comes_meanwhile_and_refuse_what_people_ask(slowly: Slowly) -> None:
    # given
    instance, target = halfway(slowly)
    app = slowly.app
    id = int(instance)
    job, *_ = app.activate("work", count=3)
    task = app.get("/tasks", instanceId=instance, limit=1)["items"][0]

    # when people ask
    asked: list[Any] = [
        rq.CompleteTaskRequest(tenant_id="default", task_id=int(task["id"])),
        rq.TaskErrorRequest(tenant_id="default", task_id=int(task["id"]), error_code="X"),
        rq.SetVariablesRequest(tenant_id="default", instance_id=id, variables={"x": 1}),
        rq.PauseRequest(tenant_id="default", instance_id=id),
        rq.CancelRequest(tenant_id="default", instance_id=id),
        rq.ModifyRequest(
            tenant_id="default",
            instance_id=id,
            instructions=(rq.Instruction(type=InstructionType.CANCEL, element_id="b"),),
        ),
        rq.MigrateRequest(tenant_id="default", instance_id=id, target_definition_id=int(target)),
    ]
    answers = [slowly.ask(request) for request in asked]

    # then
    assert [answer.code for answer in answers] == ["INSTANCE_MIGRATING"] * len(asked)
    assert all(isinstance(answer, ConflictError) for answer in answers)

    # when results, timers and messages come
    result = ResultMessage(job_id=job["id"], attempt=job["attempt"], outcome=Outcome.COMPLETED, variables={"done": 1})
    assert slowly.ask(rq.JobResultRequest(tenant_id="default", result=result)) is None
    slowly.ask(rq.PublishRequest(tenant_id="default", name="paid", ttl_seconds=60))
    assert app.clock is not None
    app.clock.advance(seconds=11)
    slowly.drain(2)
    assert elements(app, instance)["b"] < 20
    assert sorted({*slowly.kept()} - {MIGRATE}) == ["COMPLETE_JOB", "DELIVER_MESSAGE", "FIRE_TIMER"]
    assert set(app.instance(instance)["currentState"]) >= {"pause", "paid"}

    # then it all happens when all is moved
    slowly.drain()
    assert elements(app, instance) == {"b": 20}
    assert set(app.instance(instance)["currentState"]) == {"b", "k", "join"}
    assert app.context(instance) == {"done": 1}


def test_should_not_lose_what_comes_with_the_last_transaction(slowly: Slowly) -> None:
    # given
    instance, _ = halfway(slowly)
    app = slowly.app
    job, *_ = app.activate("work", count=3)
    result = ResultMessage(job_id=job["id"], attempt=job["attempt"], outcome=Outcome.COMPLETED, variables={"done": 1})

    # when the result shares the transaction that ends the migration
    while True:
        with slowly.app.server.store.read() as unit:
            row = unit.find_migration(int(instance))
        assert row is not None
        if row.state == "DONE":
            break
        executor = slowly.executor()
        item = Item(rq.JobResultRequest(tenant_id="default", result=result))
        executor._transaction([item], True, 50, [])
    slowly.drain()

    # then
    assert app.context(instance) == {"done": 1}


def test_should_keep_definitions_while_instances_are_on_their_way(slowly: Slowly) -> None:
    instance, target = halfway(slowly)
    app = slowly.app
    source = app.get("/definitions", key="wide")["items"]
    [old] = [definition["id"] for definition in source if definition["id"] != target]

    problem = app.call("DELETE", f"/definitions/{old}", status=409)
    assert problem["errors"][0]["code"] == "INSTANCES_RUNNING"
    slowly.drain()
    app.call("DELETE", f"/definitions/{old}")

    assert app.instance(instance)["definitionId"] == target


def test_should_check_again_whatever_the_order_of_steps(slowly: Slowly) -> None:
    # given
    app = slowly.app
    deploy(app, wide("a", "j", count=20))
    instance = str(slowly.ask(rq.StartRequest(tenant_id="default", definition_key="wide")).row.id)
    slowly.drain()
    target = deploy(app, wide("b", "k", count=20))

    # when
    assert slowly.migrate(instance, target, mapping={"a": "b"}).pending == int(instance)
    while slowly.drain(1):
        pass

    # then
    with pytest.raises(InvalidMigration) as refusal:
        slowly.answer(instance)
    assert [(finding.code, finding.element_id) for finding in refusal.value.findings] == [("ELEMENT_NOT_MAPPED", "j")]
    assert app.instance(instance)["version"] == 1
    assert [event["type"] for event in app.history(instance)].count("INSTANCE_MIGRATED") == 0
    task = app.get("/tasks", instanceId=instance, limit=1)["items"][0]
    assert slowly.ask(rq.CompleteTaskRequest(tenant_id="default", task_id=int(task["id"]))).status == "COMPLETED"


def test_should_leave_a_paused_instance_paused(slowly: Slowly) -> None:
    # given
    app = slowly.app
    deploy(app, wide("a", "j", count=20))
    instance = str(slowly.ask(rq.StartRequest(tenant_id="default", definition_key="wide")).row.id)
    slowly.drain()
    slowly.ask(rq.PauseRequest(tenant_id="default", instance_id=int(instance), timers="STOP"))
    target = deploy(app, wide("b", "k", count=20))

    # when
    slowly.migrate(instance, target, mapping={"a": "b", "j": "k"})
    slowly.drain()

    # then
    found = app.instance(instance)
    assert (found["status"], found["version"]) == ("PAUSED", 2)
    assert elements(app, instance) == {"b": 20}
    assert app.no_job("work")
    slowly.ask(rq.ResumeRequest(tenant_id="default", instance_id=int(instance)))
    assert len(app.activate("work", count=3)) == 3


def test_should_be_tried_again_where_it_has_failed(slowly: Slowly, monkeypatch: pytest.MonkeyPatch) -> None:
    # given the engine itself fails, three times
    instance, _ = halfway(slowly)
    app = slowly.app

    def fail(*_args: Any, **_more: Any) -> Any:
        raise RuntimeError("out of order")

    with monkeypatch.context() as patched:
        patched.setattr("server.usecases.executor.migrating.go_on", fail)
        for _ in range(5):
            slowly.drain()
            assert app.clock is not None
            app.clock.advance(seconds=9)
    [incident] = app.incidents(instance)
    assert incident["kind"] == "ENGINE"
    assert elements(app, instance)["b"] < 20

    # when
    resolved = slowly.ask(rq.ResolveIncidentRequest(tenant_id="default", incident_id=int(incident["id"])))
    slowly.drain()

    # then
    assert resolved.resolved_at is not None
    assert elements(app, instance) == {"b": 20}
