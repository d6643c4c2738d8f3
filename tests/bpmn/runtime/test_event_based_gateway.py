"""Event-based gateway: the first event wins, the others are given up (BPMN 2.0.2, 13.4.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    camunda_io,
    catch,
    end,
    event_based,
    message,
    model,
    on_message,
    receive_task,
    start,
    timer,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("eventBasedGateway", "messages, timers and receive tasks behind it; the first wins")

RACE = model(
    *(start(), event_based("g"), catch("paid", on_message("m")), catch("late", timer(duration="PT1H"))),
    *(receive_task("cancelled", "n"), user_task("a"), user_task("b"), user_task("c"), end()),
    flows="start -> g -> paid -> a -> end; g -> late -> b -> end; g -> cancelled -> c -> end",
    roots=message("m", "paid") + message("n", "cancelled"),
)


def test_should_wait_for_all_events_at_once() -> None:
    # given
    simulator = simulate(RACE)

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["g"]
    assert simulator.waiting() == ["cancelled", "late", "paid"]


def test_should_take_the_message_and_give_up_the_rest() -> None:
    # given
    simulator = simulate(RACE)
    instance = simulator.start("p")

    # when
    simulator.publish("paid", {"amount": 3})

    # then
    assert simulator.trace(instance, "+-~>")[3:] == [
        *("+g", "-g", ">g_paid", "+paid", "-paid", ">paid_a", "+a"),
    ]
    assert simulator.waiting() == ["a"]
    assert simulator.variables(instance) == {"amount": 3}


def test_should_take_the_timer() -> None:
    # given
    simulator = simulate(RACE)
    instance = simulator.start("p")

    # when
    simulator.advance(timedelta(hours=1))

    # then
    assert simulator.active(instance) == ["b"]
    assert not simulator.publish("paid")


def test_should_take_a_receive_task() -> None:
    # given
    simulator = simulate(RACE)
    instance = simulator.start("p")

    # when
    simulator.publish("cancelled")

    # then
    assert simulator.active(instance) == ["c"]
    simulator.complete("c")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_apply_the_output_mappings_of_the_event() -> None:
    # given
    simulator = simulate(
        model(
            *(
                start(),
                event_based("g"),
                catch("paid", camunda_io(outputs={"total": "${amount * 2}"}) + on_message("m")),
            ),
            *(catch("late", timer(duration="PT1H")), end()),
            flows="start -> g -> paid -> end; g -> late -> end",
            roots=message("m"),
        )
    )
    instance = simulator.start("p")

    # when
    simulator.publish("m", {"amount": 4})

    # then
    assert simulator.variables(instance) == {"amount": 4, "total": 8}


def test_should_raise_an_incident_where_one_event_cannot_be_awaited_and_leave_no_other_behind() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), event_based("g"), catch("paid", on_message("m")), catch("late", timer(duration="${x}")), end()),
            flows="start -> g -> paid -> end; g -> late -> end",
            roots=message("m"),
        )
    )

    # when
    instance = simulator.start("p", {"x": "nonsense"})

    # then
    assert simulator.waiting() == ["g"]
    assert simulator.incident().kind == "TIMER_INVALID"

    # when
    simulator.resolve(simulator.incident().id, {"x": "PT5M"})

    # then
    assert simulator.waiting() == ["late", "paid"]
    simulator.advance(timedelta(minutes=5))
    assert simulator.status(instance) is InstanceStatus.COMPLETED
