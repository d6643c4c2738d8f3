"""Intermediate timer events and timer starts: date, duration, cycle (ISO 8601 and Quartz cron)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bpmn.model.events import TimerKind
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    camunda_io,
    catch,
    compile_document,
    end,
    message,
    model,
    on_message,
    parallel,
    start,
    timer,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = [
    pytest.mark.element("timerIntermediateCatchEvent", "date, duration, cycle as ISO 8601 or Quartz cron; expressions"),
    pytest.mark.element("timerStartEvent", "date, duration, cycle; started by the scheduler"),
]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def waiting(definition: str, inner: str = "") -> bytes:
    return model(start(), catch("t", inner + definition), end(), flows="start -> t -> end")


@pytest.mark.parametrize(
    ("definition", "due"),
    [
        (timer(duration="PT90M"), NOON + timedelta(minutes=90)),
        (timer(duration="${wait}"), NOON + timedelta(days=2)),
        (timer(date="2026-01-05T08:00:00+02:00"), datetime(2026, 1, 5, 6, tzinfo=UTC)),
        (timer(date="${day}"), datetime(2026, 3, 1, tzinfo=UTC)),
        (timer(cycle="R3/PT10S"), NOON + timedelta(seconds=10)),
        (timer(cycle="0 30 9 * * ?"), datetime(2026, 1, 2, 9, 30, tzinfo=UTC)),
    ],
)
def test_should_wait_until_its_time(definition: str, due: datetime) -> None:
    # given
    simulator = simulate(waiting(definition), now=NOON)

    # when
    instance = simulator.start("p", {"wait": "P2D", "day": date(2026, 3, 1)})

    # then
    (row,) = simulator.timers.values()
    assert row.effect.due_at == due

    # when
    assert simulator.advance(due - NOON - timedelta(seconds=1)) == 0
    assert simulator.advance(timedelta(seconds=1)) == 1

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_fire_at_once_where_its_date_has_passed() -> None:
    # given
    simulator = simulate(waiting(timer(date="2020-01-01T00:00:00Z")), now=NOON)
    instance = simulator.start("p")

    # when
    simulator.advance(timedelta())

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("value", ["soon", 5, None, [], "R3"])
def test_should_raise_an_incident_where_it_is_no_time_and_wait_when_resolved(value: object) -> None:
    # given
    simulator = simulate(waiting(timer(duration="${wait}")))
    instance = simulator.start("p", {"wait": value})
    assert simulator.incident().kind == "TIMER_INVALID"
    assert simulator.waiting() == ["t"]

    # when
    simulator.resolve(simulator.incident().id, {"wait": "PT1M"})
    simulator.advance(timedelta(minutes=1))

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_see_its_input_mappings() -> None:
    # given
    simulator = simulate(waiting(timer(duration="${wait}"), camunda_io(inputs={"wait": "PT${n}H"})))
    simulator.start("p", {"n": 3})

    # when
    fired = simulator.advance(timedelta(hours=3))

    # then
    assert fired == 1


def test_should_fire_timers_in_order_of_their_time() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), parallel("fork"), catch("late", timer(duration="PT2H")), catch("soon", timer(duration="PT1H"))),
            *(user_task("a"), user_task("b"), end()),
            flows="start -> fork -> late -> a -> end; fork -> soon -> b -> end",
        )
    )
    instance = simulator.start("p")

    # when
    simulator.advance(timedelta(hours=3))

    # then
    assert simulator.trace(instance, "-")[-2:] == ["-soon", "-late"]


def test_should_list_its_timer_starts_and_start_there() -> None:
    # given
    data = model(
        start("none"),
        start("nightly", timer(cycle="0 0 2 * * ?")),
        start("asked", on_message("m")),
        *(user_task("a"), user_task("b"), user_task("c"), end()),
        flows="none -> a -> end; nightly -> b -> end; asked -> c -> end",
        roots=message("m", "ask"),
    )
    graph = compile_document(data)["p"]
    assert [(s.element_id, s.kind, s.expression.text) for s in graph.timer_starts] == [
        ("nightly", TimerKind.CYCLE, "0 0 2 * * ?")
    ]
    assert [(s.element_id, s.message_name) for s in graph.message_starts] == [("asked", "ask")]

    # when
    simulator = simulate(data)
    active = [simulator.active(simulator.start("p", element_id=id)) for id in (None, "nightly", "asked")]

    # then
    assert active == [["a"], ["b"], ["c"]]


def test_should_start_by_hand_what_has_only_a_timer_start() -> None:
    # given
    simulator = simulate(
        model(start("nightly", timer(cycle="R/PT1H")), user_task("a"), end(), flows="nightly -> a -> end")
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["a"]
