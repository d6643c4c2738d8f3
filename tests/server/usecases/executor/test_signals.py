"""Signals: everyone who waits gets one, nobody who comes later; definitions that begin with it are started."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from server.ports.records import Changes, CommandRow
from server.store.memory.store import MemoryStore
from server.store.sql.store import SqlStore
from server.store.tables import command
from server.usecases.executor.signals import BROADCAST_SIGNAL, PORTION, START_BY_SIGNAL, broadcast, broadcast_command
from tests.server.usecases.executor.conftest import RunApp
from tests.support import rows
from tests.support.app import App, wait_until
from tests.support.models import (
    boundary,
    catch,
    document,
    end,
    model,
    on_signal,
    parallel,
    process,
    script_task,
    signal,
    start,
    throw,
    user_task,
)

ALARM = signal("alarm", "Alarm")
WAITING = model(start(), catch("wait", on_signal("alarm")), user_task("after"), end(),
                flows="start -> wait -> after -> end", roots=ALARM, key="waiting")  # fmt: skip
STARTED_BY = model(start("begin", on_signal("alarm")), user_task("after"), end(),
                   flows="begin -> after -> end", roots=ALARM, key="started")  # fmt: skip
THROWER = model(start(), throw("shout", on_signal("alarm")), user_task("after"), end(),
                flows="start -> shout -> after -> end", roots=ALARM, key="thrower")  # fmt: skip


def test_should_reach_everyone_who_waits(app: App) -> None:
    app.deploy(("waiting.bpmn", WAITING))
    waiting = [app.start("waiting", {"n": n}) for n in range(3)]
    waited = app.start("waiting")
    app.signal("Alarm")
    app.at(waited, "after")
    waiting = [app.start("waiting", {"n": n}) for n in range(3)]

    answer = app.signal("Alarm", {"level": 5})

    assert answer == {"instanceIds": waiting, "total": 3}
    for n, instance in enumerate(waiting):
        app.at(instance, "after")
        assert app.context(instance) == {"n": n, "level": 5}
    assert app.context(waited) == {}
    app.complete(app.task(waiting[0], "after"))
    app.ended(waiting[0])


@pytest.mark.parametrize("name", ["alarm", "ALARM", "Alarm ", "other"])
def test_should_reach_nobody_by_another_name(app: App, name: str) -> None:
    app.deploy(("waiting.bpmn", WAITING), ("started.bpmn", STARTED_BY))
    waiting = app.start("waiting")

    assert app.signal(name) == {"instanceIds": [], "total": 0}
    assert app.instance(waiting)["currentState"] == ["wait"]
    assert app.instances(definitionKey="started") == []


def test_should_start_what_begins_with_it(app: App) -> None:
    app.deploy(("waiting.bpmn", WAITING), ("started.bpmn", STARTED_BY))
    waiting = app.start("waiting")

    answer = app.signal("Alarm", {"level": 5})

    assert answer["total"] == 2
    assert answer["instanceIds"][0] == waiting
    started = answer["instanceIds"][1]
    wait_until(lambda: [row["id"] for row in app.instances(definitionKey="started")] == [started])
    app.at(started, "after")
    assert app.context(started) == {"level": 5}
    assert app.completed(started) == ["begin"]


def test_should_start_only_the_latest_version_and_no_suspended_one(app: App) -> None:
    app.deploy(("started.bpmn", STARTED_BY))
    [second] = app.deploy(("started.bpmn", STARTED_BY.replace(b'"begin"', b'"again"').replace(b"begin_", b"again_")))[
        "definitions"
    ]

    [started] = app.signal("Alarm")["instanceIds"]
    wait_until(lambda: app.instances(definitionKey="started"))
    assert app.instance(started)["version"] == 2

    app.call("PATCH", f"/definitions/{second['id']}", {"suspended": True})
    assert app.signal("Alarm")["total"] == 0
    app.deploy(("started.bpmn", model(start(), end(), flows="start -> end", key="started")))
    assert app.signal("Alarm")["total"] == 0


def test_should_reach_others_when_a_process_throws_it(app: App) -> None:
    app.deploy(("waiting.bpmn", WAITING), ("started.bpmn", STARTED_BY), ("thrower.bpmn", THROWER))
    waiting = app.start("waiting")

    thrower = app.start("thrower")

    app.at(thrower, "after")
    app.at(waiting, "after")
    [started] = wait_until(lambda: app.instances(definitionKey="started"))
    app.at(started["id"], "after")


def test_should_start_nothing_suspended_when_a_process_throws_it(app: App) -> None:
    [definition] = app.deploy(("started.bpmn", STARTED_BY))["definitions"]
    app.deploy(("waiting.bpmn", WAITING), ("thrower.bpmn", THROWER))
    app.call("PATCH", f"/definitions/{definition['id']}", {"suspended": True})
    waiting = app.start("waiting")

    app.start("thrower")

    app.at(waiting, "after")
    wait_until(lambda: not commands_left(app))
    assert app.instances(definitionKey="started") == []


def test_should_reach_the_thrower_where_it_waits_already_but_not_where_it_comes_to_wait_later(app: App) -> None:
    app.deploy(("both.bpmn", model(
        start(), user_task("go"), parallel("fork"), catch("earlier", on_signal("alarm")), user_task("first"),
        user_task("shout"), throw("throw", on_signal("alarm")), catch("later", on_signal("alarm")), end(), end("end2"),
        flows="start -> fork -> earlier -> first -> end; fork -> go -> throw -> later -> shout -> end2",
        roots=ALARM, key="both")))  # fmt: skip
    both = app.start("both")
    app.at(both, "earlier", "go")

    app.complete(app.task(both, "go"))

    app.at(both, "first", "later")
    wait_until(lambda: not commands_left(app))
    assert sorted(app.instance(both)["currentState"]) == ["first", "later"]
    assert app.signal("Alarm")["instanceIds"] == [both]
    app.at(both, "first", "shout")


def test_should_reach_who_goes_round_a_loop_once_per_signal(app: App) -> None:
    app.deploy(("loop.bpmn", model(
        start("start"), catch("wait", on_signal("alarm")), script_task("count", "n = n + 1"), end(),
        flows="start -> wait -> count -> wait", key="loop", roots=ALARM).replace(b'<endEvent id="end"></endEvent>', b"")
    ))  # fmt: skip
    loop = app.start("loop", {"n": 0})

    for expected in (1, 2, 3):
        assert app.signal("Alarm")["instanceIds"] == [loop]
        wait_until(partial(has_context, app, loop, {"n": expected}))
        wait_until(lambda: not commands_left(app))

    assert app.context(loop) == {"n": 3}


def test_should_serve_many_receivers_in_portions(app: App) -> None:
    app.deploy(("waiting.bpmn", WAITING))
    number = 2 * PORTION + 50
    waiting = {app.start("waiting") for _ in range(number)}

    answer = app.signal("Alarm")

    assert answer["total"] == number
    assert set(answer["instanceIds"]) == waiting
    wait_until(lambda: len(app.tasks(elementId="after")) == number, what=f"{number} tasks")
    assert commands_left(app) == 0


def test_should_name_a_thousand_receivers_and_count_them_all(app: App) -> None:
    waiting = [rows.signal_subscription(instance, name="Alarm") for instance in range(1, 1101)]
    with app.server.store.begin() as unit:
        unit.write(Changes(new_signal_subscriptions=[*waiting, rows.signal_subscription(7, name="Alarm")]))
        unit.commit()

    answer = app.signal("Alarm")

    assert answer["total"] == 1100
    assert answer["instanceIds"] == [str(instance) for instance in range(1, 1001)]
    wait_until(lambda: not commands_left(app), what="no commands for instances that are gone")


def test_should_write_at_most_one_portion_per_command(app: App) -> None:
    store, ids = app.server.store, rows.new_id
    waiting = [rows.signal_subscription(instance, name="Fire") for instance in range(1, 2 * PORTION + 2)]
    with store.begin() as unit:
        unit.write(Changes(new_signal_subscriptions=waiting))
        unit.commit()

    written: list[list[CommandRow]] = []
    with store.begin() as unit:
        pending = [broadcast_command(unit, "default", "Fire", {"x": 1}, ids, up_to=waiting[-1].id)]
        late = rows.signal_subscription(5000, name="Fire")
        unit.write(Changes(new_signal_subscriptions=[late]))
        while pending:
            changes = Changes()
            broadcast(unit, pending.pop(), ids, changes)
            written.append(changes.new_commands)
            pending = [row for row in changes.new_commands if row.kind == BROADCAST_SIGNAL]

    assert [len(commands) for commands in written] == [PORTION + 1, PORTION + 1, 1]
    delivered = [row for commands in written for row in commands if row.kind == "DELIVER_SIGNAL"]
    assert [row.payload["subscription_id"] for row in delivered] == [row.id for row in waiting]
    assert all(row.id < portion[-1].id for portion in written[:2] for row in portion[:-1]), "the rest comes after"


def test_should_drop_a_start_whose_definition_is_gone(app: App) -> None:
    payload = {"instance_id": 5, "definition_id": 99, "element_id": "begin", "variables": {}, "signal_name": "Alarm"}
    with app.server.store.begin() as unit:
        unit.write(Changes(new_commands=[rows.command(kind=START_BY_SIGNAL, payload=payload)]))
        unit.commit()

    app.server.executor.wake()

    wait_until(lambda: not commands_left(app))
    assert app.instances() == []


def test_should_keep_it_for_a_paused_instance(app: App) -> None:
    app.deploy(("waiting.bpmn", WAITING))
    waiting = app.start("waiting")
    app.post(f"/instances/{waiting}/pause", {})

    assert app.signal("Alarm", {"level": 5})["instanceIds"] == [waiting]
    assert app.instance(waiting)["currentState"] == ["wait"]
    app.post(f"/instances/{waiting}/resume", {})

    app.at(waiting, "after")
    assert app.context(waiting) == {"level": 5}


def test_should_interrupt_an_activity_or_run_beside_it(app: App) -> None:
    app.deploy(("host.bpmn", model(
        start(), user_task("work"),
        boundary("beside", "work", on_signal("beside"), interrupting=False), user_task("extra"),
        boundary("stop", "work", on_signal("stop")), user_task("stopped"), end(), end("end2"), end("end3"),
        flows="start -> work -> end; beside -> extra -> end2; stop -> stopped -> end3",
        roots=signal("beside", "beside") + signal("stop", "stop"), key="host")))  # fmt: skip
    host = app.start("host")

    for number in (1, 2):
        assert app.signal("beside")["instanceIds"] == [host]
        wait_until(partial(has_tasks, app, host, number))
    assert app.signal("stop")["instanceIds"] == [host]

    app.at(host, "extra", "stopped")
    assert app.signal("beside")["instanceIds"] == []
    app.post(f"/instances/{host}/cancel", {})
    app.ended(host, "CANCELLED")


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": 5}, {"name": "x" * 256}, {"name": "x", "variables": []}, {"name": "x", "a": 1}]
)
def test_should_refuse_what_is_no_signal(app: App, body: Any) -> None:
    assert app.post("/signals", body, status=422)["errors"][0]["pointer"].strip("/") in {"name", "variables", "a"}


def test_should_broadcast_once_per_idempotency_key(app: App) -> None:
    app.deploy(("waiting.bpmn", WAITING), ("started.bpmn", STARTED_BY))
    waiting = app.start("waiting")

    first = app.post("/signals", {"name": "Alarm"}, Idempotency_Key="k")
    app.at(waiting, "after")
    other = app.start("waiting")
    again = app.post("/signals", {"name": "Alarm"}, Idempotency_Key="k")

    assert again == first
    assert len(first["instanceIds"]) == 2
    assert app.instance(other)["currentState"] == ["wait"]
    assert len(app.instances(definitionKey="started")) == 1


def test_should_be_the_affair_of_its_tenant(app: App) -> None:
    app.deploy(("waiting.bpmn", WAITING))
    waiting = app.start("waiting")
    foreign = rows.signal_subscription(77, name="Alarm", tenant_id="other")
    with app.server.store.begin() as unit:
        unit.write(Changes(new_signal_subscriptions=[foreign]))
        unit.commit()

    assert app.signal("Alarm")["instanceIds"] == [waiting]
    app.at(waiting, "after")


def test_should_reach_a_receiver_of_another_process_of_the_server(run_app: RunApp) -> None:
    app = run_app()
    if isinstance(app.server.store, MemoryStore):
        pytest.skip("memory belongs to one process")
    app.deploy(("two.bpmn", document(
        process("one", start(), catch("wait", on_signal("alarm")), user_task("after"), end(),
                flows="start -> wait -> after -> end"), roots=ALARM)))  # fmt: skip
    one = app.start("one")
    other = run_app(role="api")

    assert other.signal("Alarm")["instanceIds"] == [one]

    app.at(one, "after")


def has_context(app: App, id: str, context: dict[str, Any]) -> bool:
    return app.context(id) == context


def has_tasks(app: App, id: str, number: int) -> bool:
    return len(app.tasks(id, elementId="extra")) == number


def commands_left(app: App) -> int:
    """Commands that wait to be drained, or are being carried out."""
    store = app.server.store
    if isinstance(store, MemoryStore):
        return sum(len(group) for group in store._data.command.groups.values())
    assert isinstance(store, SqlStore)
    with store.read() as unit:
        number: int = unit.query(select(func.count()).select_from(command)).scalar_one()
        return number
