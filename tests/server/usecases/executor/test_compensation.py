"""Compensation through HTTP and store: what is kept is stored, read again step by step, and gone in the end."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from server.store.memory.store import MemoryStore
from server.store.sql.store import SqlStore
from server.store.tables import scope, variable
from tests.support.app import App
from tests.support.models import (
    CANCEL,
    boundary,
    camunda_io,
    compensated,
    end,
    exclusive,
    model,
    multi_instance,
    on_compensation,
    script_task,
    start,
    sub_process,
    throw,
    transaction,
    user_task,
)

TRIP = model(
    start(),
    sub_process(
        "trip",
        start("s1"),
        *compensated(user_task("hotel"), user_task("undo_hotel", camunda_io({"price": "${paid}"}))),
        *compensated(user_task("flight"), user_task("undo_flight", camunda_io({"price": "${paid}"}))),
        end("e1"),
        flows="s1 -> hotel -> flight -> e1",
        inner=camunda_io({"paid": "${budget}"}),
    ),
    *compensated(
        user_task("guests", multi_instance(collection="${names}", variable="guest")),
        user_task("uninvite", camunda_io({"who": "${guest}"})),
    ),
    user_task("decide"),
    exclusive("x"),
    throw("undo", on_compensation()),
    user_task("after"),
    end(),
    flows="start -> trip -> guests -> decide -> x; x -[${bad}]-> undo -> after -> end; x -[default]-> after",
    key="trip",
)
WIDE = model(
    start(),
    sub_process(
        "sub",
        start("s1"),
        *compensated(script_task("a", "n = 1"), script_task("undo_a", "undone = undone + 1")),
        end("e1"),
        flows="s1 -> a -> e1",
        inner=multi_instance(cardinality="300"),
    ),
    user_task("decide"),
    exclusive("x"),
    throw("undo", on_compensation()),
    end("e2"),
    end("e3"),
    flows="start -> sub -> decide -> x; x -[${bad}]-> undo -> e2; x -[default]-> e3",
    key="wide",
)
ORDER = model(
    start(),
    transaction(
        "order",
        start("s1"),
        *compensated(user_task("pay"), user_task("refund")),
        end("cancel", CANCEL),
        flows="s1 -> pay -> cancel",
    ),
    boundary("cancelled", "order", CANCEL),
    user_task("sorry"),
    end(),
    flows="start -> order -> end; cancelled -> sorry -> end",
    key="ordering",
)


def open_scopes(app: App, instance: str) -> int | None:
    """Rows of scopes and of variables outside of the process; None where the store has no tables."""
    store = app.server.store
    if isinstance(store, MemoryStore):
        return None
    assert isinstance(store, SqlStore)
    id = int(instance)
    with store.engine.connect() as connection:
        scopes = connection.execute(select(func.count()).where(scope.c.instance_id == id)).scalar_one()
        local = (variable.c.instance_id == id) & (variable.c.scope_id != id)
        names = connection.execute(select(func.count()).where(local)).scalar_one()
    return int(scopes + names)


def complete_all(app: App, instance: str, element: str, count: int) -> None:
    for _ in range(count):
        app.complete(next(task for task in app.tasks(instance) if task["elementId"] == element))


def test_should_undo_what_was_stored_and_read_again(app: App) -> None:
    # given
    app.deploy(("trip.bpmn", TRIP))
    instance = app.start("trip", {"budget": 700, "names": ["Ann", "Bob"], "bad": True})
    for element in ("hotel", "flight"):
        app.complete(app.task(instance, element))
    complete_all(app, instance, "guests", 2)

    # when
    app.complete(app.task(instance, "decide"))

    # then
    who = []
    for _ in range(2):
        task = app.task(instance, "uninvite")
        who.append(app.get(f"/tasks/{task['id']}")["variables"]["who"])
        app.complete(task)
    assert sorted(who) == ["Ann", "Bob"]
    for element in ("undo_flight", "undo_hotel"):
        task = app.task(instance, element)
        assert app.get(f"/tasks/{task['id']}")["variables"]["price"] == 700
        app.complete(task)
    app.complete(app.task(instance, "after"))
    app.ended(instance)
    assert open_scopes(app, instance) in (0, None)


def test_should_remove_what_was_kept_for_nothing(app: App) -> None:
    # given
    app.deploy(("trip.bpmn", TRIP))
    instance = app.start("trip", {"budget": 700, "names": ["Ann", "Bob"], "bad": False})
    for element in ("hotel", "flight"):
        app.complete(app.task(instance, element))
    complete_all(app, instance, "guests", 2)
    assert open_scopes(app, instance) != 0

    # when
    app.complete(app.task(instance, "decide"))
    app.complete(app.task(instance, "after"))

    # then
    app.ended(instance)
    assert open_scopes(app, instance) in (0, None)


@pytest.mark.parametrize("bad", [True, False])
def test_should_undo_or_remove_more_than_one_step_does(app: App, bad: bool) -> None:
    # given
    app.deploy(("wide.bpmn", WIDE))
    instance = app.start("wide", {"bad": bad, "undone": 0})
    app.at(instance, "decide")

    # when
    app.complete(app.task(instance, "decide"))

    # then
    app.ended(instance)
    assert app.context(instance)["undone"] == (300 if bad else 0)
    app.reaches(instance, "COMPLETED")


def test_should_cancel_a_transaction(app: App) -> None:
    # given
    app.deploy(("order.bpmn", ORDER))
    instance = app.start("ordering")
    app.complete(app.task(instance, "pay"))

    # when
    app.complete(app.task(instance, "refund"))

    # then
    app.at(instance, "sorry")
    app.complete(app.task(instance, "sorry"))
    app.ended(instance)
