"""Boundary timer events, interrupting and not (BPMN 2.0.2, 13.5.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime.engine import Outcome
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    boundary,
    camunda_io,
    end,
    model,
    script_task,
    start,
    sub_process,
    timer,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("timerBoundaryEvent", "date, duration, cycle; interrupting and not")


def guarded(host: Element, event: Element, *more: Element, flows: str = "") -> bytes:
    return model(
        *(start(), host, event, user_task("late"), *more, end()),
        flows=f"start -> {host.id} -> end; {event.id} -> late -> end; {flows}",
    )


def test_should_interrupt_its_host() -> None:
    # given
    simulator = simulate(guarded(user_task("a"), boundary("b", "a", timer(duration="PT1H"))))
    instance = simulator.start("p")
    assert simulator.waiting() == ["a", "b"]

    # when
    assert simulator.advance(timedelta(minutes=59)) == 0
    simulator.advance(timedelta(minutes=1))

    # then
    assert simulator.trace(instance, "+-~.:>")[3:] == [
        *("+a", ".b", ".a"),
        *(":b", ":a", "~a", "+b", "-b", ">b_late", "+late", ".late"),
    ]
    assert simulator.waiting() == ["late"]


def test_should_be_given_up_when_its_host_completes() -> None:
    # given
    simulator = simulate(guarded(user_task("a"), boundary("b", "a", timer(duration="PT1H"))))
    instance = simulator.start("p")

    # when
    simulator.complete("a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.advance(timedelta(hours=2)) == 0


def test_should_leave_its_host_at_work_when_it_does_not_interrupt() -> None:
    # given
    event = boundary("b", "a", timer(duration="PT1H"), interrupting=False)
    simulator = simulate(guarded(user_task("a"), event))
    instance = simulator.start("p")

    # when
    simulator.advance(timedelta(hours=5))

    # then it fires once
    assert simulator.active(instance) == ["a", "late"]
    simulator.complete("a")
    simulator.complete("late")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_fire_as_often_as_its_cycle_says() -> None:
    # given
    event = boundary("b", "a", timer(cycle="R3/PT10S"), interrupting=False)
    simulator = simulate(guarded(user_task("a"), event))
    instance = simulator.start("p")

    # when
    fired = [simulator.advance(timedelta(seconds=10)) for _ in range(5)]

    # then
    assert fired == [1, 1, 1, 0, 0]
    assert simulator.trace(instance).count("+late") == 3


def test_should_fire_a_cycle_that_interrupts_once() -> None:
    # given
    simulator = simulate(guarded(user_task("a"), boundary("b", "a", timer(cycle="R3/PT10S"))))
    instance = simulator.start("p")

    # when
    fired = simulator.advance(timedelta(minutes=1))

    # then
    assert fired == 1
    assert simulator.active(instance) == ["late"]


def test_should_fire_by_a_cron_expression() -> None:
    # given
    event = boundary("b", "a", timer(cycle="0 0/15 * * * ?"), interrupting=False)
    simulator = simulate(guarded(user_task("a"), event))
    simulator.start("p")

    # when
    fired = simulator.advance(timedelta(hours=1))

    # then
    assert fired == 4


def test_should_end_everything_inside_a_sub_process() -> None:
    # given
    inner = sub_process("inner", start("s2"), user_task("t"), end("e2"), flows="s2 -> t -> e2")
    outer = sub_process("a", start("s1"), inner, user_task("u"), end("e1"), flows="s1 -> inner -> e1; s1 -> u -> e1")
    simulator = simulate(guarded(outer, boundary("b", "a", timer(duration="PT1H"))))
    instance = simulator.start("p")

    # when
    simulator.advance(timedelta(hours=1))

    # then
    assert simulator.active(instance) == ["late"]
    assert {"~t", "~inner", "~u", "~a"} == set(simulator.trace(instance, "~"))


def test_should_fire_beside_a_sub_process_that_goes_on() -> None:
    # given
    host = sub_process("a", start("s1"), user_task("t"), end("e1"), flows="s1 -> t -> e1")
    simulator = simulate(guarded(host, boundary("b", "a", timer(duration="PT1H"), interrupting=False)))
    instance = simulator.start("p")
    simulator.advance(timedelta(hours=1))

    # when
    simulator.complete("t")

    # then
    assert simulator.active(instance) == ["late"]
    simulator.complete("late")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_see_the_input_mappings_of_its_host() -> None:
    # given
    host = user_task("a", camunda_io(inputs={"wait": "PT${minutes}M"}))
    simulator = simulate(guarded(host, boundary("b", "a", timer(duration="${wait}"))))

    # when
    simulator.start("p", {"minutes": 5})

    # then
    assert simulator.advance(timedelta(minutes=5)) == 1


def test_should_loop_back_to_its_host() -> None:
    # given
    simulator = simulate(
        model(
            *(
                start(),
                user_task("a"),
                boundary("b", "a", timer(duration="PT1H")),
                script_task("n", "n = n + 1"),
                end(),
            ),
            flows="start -> a -> end; b -> n -> a",
        )
    )
    instance = simulator.start("p", {"n": 0})

    # when
    simulator.advance(timedelta(hours=3))

    # then
    assert simulator.variables(instance)["n"] == 3
    assert simulator.active(instance) == ["a"]


def test_should_do_nothing_when_it_comes_too_late() -> None:
    # given a timer that was fired while its host was being completed
    simulator = simulate(guarded(user_task("a"), boundary("b", "a", timer(duration="PT1H"))))
    instance = simulator.start("p")
    (timer_row,) = (pending.effect for pending in simulator.timers.values())
    simulator.complete("a")

    # when
    outcome = simulator.do(
        c.FireTimer(
            instance_id=instance,
            scope_id=timer_row.scope_id,
            timer_id=timer_row.id,
            token_id=timer_row.token_id,
            element_id="b",
            due_at=timer_row.due_at.isoformat(),
        )
    )

    # then
    assert outcome is Outcome.GONE
    assert simulator.status(instance) is InstanceStatus.COMPLETED
