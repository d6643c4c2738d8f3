"""Event sub-processes (BPMN 2.0.2, 13.5.4): every trigger, interrupting and not, at every level."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    boundary,
    call_activity,
    document,
    end,
    error,
    escalation,
    event_start,
    event_sub_process,
    message,
    model,
    on_condition,
    on_error,
    on_escalation,
    on_message,
    on_signal,
    process,
    service_task,
    signal,
    start,
    sub_process,
    throw,
    timer,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = pytest.mark.element(
    "eventSubProcess", "message, timer, signal, conditional, error and escalation start, interrupting and not"
)

ROOTS = message("m", "order-cancelled") + signal("s", "alarm") + error("e", "E1") + escalation("c", "C1")


def handler(inner: str, *, interrupting: bool = True) -> Element:
    return event_sub_process(
        "handler",
        event_start("caught", inner, interrupting=interrupting),
        user_task("repair"),
        end("repaired"),
        flows="caught -> repair -> repaired",
    )


def guarded(inner: str, *, interrupting: bool = True) -> CheckedSimulator:
    """A process with a user task `a` and the handler beside it."""
    return simulate(
        model(
            start(),
            user_task("a"),
            end(),
            handler(inner, interrupting=interrupting),
            flows="start -> a -> end",
            roots=ROOTS,
        )
    )


def trigger(simulator: CheckedSimulator, instance: int, what: str) -> None:
    if what == "message":
        assert simulator.publish("order-cancelled", {"why": "x"})
    elif what == "signal":
        assert simulator.signal("alarm") == 1
    elif what == "timer":
        assert simulator.advance(timedelta(minutes=5)) == 1
    else:
        simulator.set_variables(instance, broken=True)


TRIGGERS = {
    "message": on_message("m"),
    "signal": on_signal("s"),
    "timer": timer(duration="PT5M"),
    "condition": on_condition("${broken}"),
}


@pytest.mark.parametrize("what", TRIGGERS)
def test_should_end_everything_in_the_scope_when_it_interrupts(what: str) -> None:
    # given
    simulator = guarded(TRIGGERS[what])
    instance = simulator.start("p")
    assert simulator.active(instance) == ["a"]

    # when
    trigger(simulator, instance, what)

    # then
    assert simulator.trace(instance)[3:] == ["~a", "+handler", "+caught", "-caught", "+repair"]
    simulator.complete("repair")
    assert simulator.trace(instance)[-4:] == ["-repair", "+repaired", "-repaired", "-handler"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("what", TRIGGERS)
def test_should_run_beside_the_scope_when_it_does_not_interrupt(what: str) -> None:
    # given
    simulator = guarded(TRIGGERS[what], interrupting=False)
    instance = simulator.start("p")

    # when
    trigger(simulator, instance, what)

    # then
    assert simulator.active(instance) == ["a", "handler", "repair"]
    simulator.complete("a")
    assert simulator.status(instance) is InstanceStatus.RUNNING
    simulator.complete("repair")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("what", ["message", "signal", "condition"])
def test_should_begin_again_when_it_does_not_interrupt(what: str) -> None:
    # given
    simulator = guarded(TRIGGERS[what], interrupting=False)
    instance = simulator.start("p")

    # when
    trigger(simulator, instance, what)
    trigger(simulator, instance, what)

    # then
    assert simulator.active(instance).count("repair") == 2


def test_should_stop_listening_when_the_scope_is_done() -> None:
    # given
    simulator = guarded(on_message("m"))
    instance = simulator.start("p")

    # when
    simulator.complete("a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.subscriptions == {}
    assert not simulator.publish("order-cancelled")


def test_should_keep_what_the_event_brings_to_itself() -> None:
    # given
    simulator = guarded(on_message("m"))
    instance = simulator.start("p")

    # when
    simulator.publish("order-cancelled", {"why": "late"})

    # then
    assert "why" not in simulator.variables(instance)
    local = [names for id, names in simulator.runs[instance].variables.items() if id != instance]
    assert local == [{"why": "late"}]


def test_should_repeat_a_timer_cycle_three_times() -> None:
    # given
    simulator = guarded(timer(cycle="R3/PT10S"), interrupting=False)
    instance = simulator.start("p")

    # when
    fired = simulator.advance(timedelta(hours=1))

    # then
    assert fired == 3
    assert simulator.active(instance).count("repair") == 3


def inside(inner: str, *elements: Element, flows: str) -> CheckedSimulator:
    return simulate(
        model(
            start(),
            sub_process("sub", *elements, handler(inner), flows=flows),
            user_task("next"),
            user_task("around"),
            end(),
            boundary("b", "sub", on_error("e")),
            flows="start -> sub -> next -> end; b -> around -> end",
            roots=ROOTS,
        )
    )


def test_should_catch_an_error_of_its_scope_before_the_boundary_event() -> None:
    # given
    simulator = inside(on_error("e"), start("s1"), service_task("a"), end("e1"), flows="s1 -> a -> e1")
    instance = simulator.start("p")

    # when
    simulator.raise_error("a", "E1")

    # then
    assert simulator.trace(instance, "+-~^")[6:] == ["^E1", "~a", "+handler", "+caught", "-caught", "+repair"]
    simulator.complete("repair")
    assert simulator.active(instance) == ["next"]


def test_should_not_catch_an_error_thrown_by_itself() -> None:
    # given
    again = event_sub_process(
        "handler", event_start("caught", on_error("e")), end("thrown", on_error("e")), flows="caught -> thrown"
    )
    simulator = simulate(
        model(
            start(),
            sub_process("sub", start("s1"), service_task("a"), end("e1"), again, flows="s1 -> a -> e1"),
            user_task("around"),
            end(),
            boundary("b", "sub", on_error("e")),
            flows="start -> sub -> end; b -> around -> end",
            roots=ROOTS,
        )
    )
    instance = simulator.start("p")

    # when
    simulator.raise_error("a", "E1")

    # then
    assert simulator.active(instance) == ["around"]


def test_should_catch_the_error_of_an_end_event() -> None:
    # given
    simulator = simulate(
        model(start(), end("thrown", on_error("e")), handler(on_error()), flows="start -> thrown", roots=ROOTS)
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["handler", "repair"]
    simulator.complete("repair")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_catch_an_escalation_and_let_the_thrower_go_on() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            throw("up", on_escalation("c")),
            user_task("a"),
            end(),
            handler(on_escalation("c"), interrupting=False),
            flows="start -> up -> a -> end",
            roots=ROOTS,
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["a", "handler", "repair"]


def test_should_end_the_thrower_when_an_interrupting_handler_catches_its_escalation() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            throw("up", on_escalation("c")),
            user_task("a"),
            end(),
            handler(on_escalation()),
            flows="start -> up -> a -> end",
            roots=ROOTS,
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.trace(instance)[2:] == ["+up", "~up", "+handler", "+caught", "-caught", "+repair"]


def test_should_catch_the_error_of_a_called_process() -> None:
    # given
    simulator = simulate(
        document(
            process(
                "p", start(), call_activity("call", "q"), end(), handler(on_error("e")), flows="start -> call -> end"
            ),
            process("q", start("s2"), end("e2", on_error("e")), flows="s2 -> e2"),
            roots=ROOTS,
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["handler", "repair"]


def test_should_leave_nothing_when_the_instance_is_cancelled() -> None:
    # given
    simulator = guarded(on_message("m"), interrupting=False)
    instance = simulator.start("p")
    simulator.publish("order-cancelled")

    # when
    simulator.cancel(instance)

    # then
    assert simulator.status(instance) is InstanceStatus.CANCELLED
    assert simulator.waiting() == []


def test_should_raise_an_incident_when_the_start_cannot_be_armed_and_arm_it_when_resolved() -> None:
    # given
    simulator = guarded(timer(duration="${patience}"))
    instance = simulator.start("p")
    assert simulator.incident().kind == "EXPRESSION_ERROR"

    # when
    simulator.resolve(simulator.incident().id, {"patience": "PT1M"})

    # then
    assert simulator.incidents == {}
    assert simulator.advance(timedelta(minutes=1)) == 1
    assert simulator.active(instance) == ["handler", "repair"]
