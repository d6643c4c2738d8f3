"""Events that multi-instance activities throw as their instances complete (BPMN 2.0.2, 10.3.8: `behavior`)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    boundary,
    compile_with_findings,
    end,
    error,
    escalation,
    message,
    model,
    on_error,
    on_escalation,
    on_signal,
    script_task,
    signal,
    start,
    task,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = pytest.mark.element(
    "multiInstanceBehavior", "None, One and Complex: signals, escalations, errors, messages, caught at its boundary"
)

ROOTS = (
    signal("s", "done one")
    + escalation("esc", "late")
    + error("err", "broken")
    + message("m", "hello")
    + '<signalEventDefinition id="throwSignal" signalRef="s"/><escalationEventDefinition id="throwEscalation"'
    + ' escalationRef="esc"/><errorEventDefinition id="throwError" errorRef="err"/>'
    + '<messageEventDefinition id="throwMessage" messageRef="m"/>'
)


def loop(behavior: str, *, ref: str | None = None, inner: str = "", until: str = "", sequential: bool = False) -> str:
    reference = "" if ref is None else f' {behavior.lower()}BehaviorEventRef="{ref}"'
    return (
        f'<multiInstanceLoopCharacteristics behavior="{behavior}"{reference} isSequential="{str(sequential).lower()}">'
        f"<loopCardinality>3</loopCardinality>{inner}{until}</multiInstanceLoopCharacteristics>"
    )


def complex_behavior(condition: str, event: str) -> str:
    return (
        "<complexBehaviorDefinition>"
        f'<condition xsi:type="tFormalExpression">{condition}</condition><event>{event}</event>'
        "</complexBehaviorDefinition>"
    )


def catching(characteristics: str, trigger: str, *, interrupting: bool = False) -> bytes:
    return model(
        *(start(), user_task("t", characteristics), boundary("b", "t", trigger, interrupting=interrupting)),
        *(task("seen"), end(), end("e2")),
        flows="start -> t -> end; b -> seen -> e2",
        roots=ROOTS,
    )


def finish(simulator: CheckedSimulator) -> None:
    while simulator.tasks:
        simulator.complete("t")


@pytest.mark.parametrize(("behavior", "times"), [("None", 3), ("One", 1)])
@pytest.mark.parametrize("sequential", [False, True])
def test_should_throw_a_signal_to_its_boundary(behavior: str, times: int, sequential: bool) -> None:
    # given
    characteristics = loop(behavior, ref="throwSignal", sequential=sequential)
    simulator = simulate(catching(characteristics, on_signal("s")))
    instance = simulator.start("p")

    # when
    finish(simulator)

    # then
    assert simulator.trace(instance).count("+b") == times
    assert simulator.trace(instance).count("+end") == 1
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_throw_with_the_first_instance_that_completes() -> None:
    # given
    simulator = simulate(catching(loop("One", ref="throwSignal"), on_signal("s")))
    instance = simulator.start("p")

    # when the last one is done first
    simulator.complete_task(simulator.open_tasks()[2].id)

    # then
    assert simulator.trace(instance)[6:] == ["-t", "+b", "-b", "+seen", "-seen", "+e2", "-e2"]
    assert simulator.active(instance) == ["t", "t", "t"]


def test_should_end_the_activity_where_the_boundary_interrupts() -> None:
    # given
    simulator = simulate(catching(loop("One", ref="throwSignal"), on_signal("s"), interrupting=True))
    instance = simulator.start("p")

    # when
    simulator.complete("t")

    # then
    assert simulator.trace(instance)[6:] == ["-t", "~t", "~t", "~t", "+b", "-b", "+seen", "-seen", "+e2", "-e2"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_throw_with_the_last_instance_too() -> None:
    # given
    last = complex_behavior("numberOfCompletedInstances == 3", '<signalEventDefinition signalRef="s"/>')
    simulator = simulate(catching(loop("Complex", inner=last), on_signal("s"), interrupting=True))
    instance = simulator.start("p")

    # when
    finish(simulator)

    # then what is after the activity does not follow
    assert "+seen" in simulator.trace(instance)
    assert "+end" not in simulator.trace(instance)


def test_should_carry_its_attributes_in_the_signal_of_its_own() -> None:
    # given
    roots = ROOTS + signal("own", "t")
    data = model(
        *(start(), user_task("t", loop("One")), boundary("b", "t", on_signal("own"), interrupting=False)),
        *(script_task("note", "seen = [loopCounter, numberOfInstances, numberOfCompletedInstances]"), end(), end("e2")),
        flows="start -> t -> end; b -> note -> e2",
        roots=roots,
    )
    simulator = simulate(data)
    instance = simulator.start("p")

    # when
    simulator.complete_task(simulator.open_tasks()[1].id)

    # then
    assert simulator.variables(instance)["seen"] == [1, 3, 1]


def test_should_tell_everyone_a_signal_that_its_boundary_does_not_catch() -> None:
    # given
    data = model(start(), user_task("t", loop("One", ref="throwSignal")), end(), flows="start -> t -> end", roots=ROOTS)
    other = model(
        start(),
        Element("intermediateCatchEvent", "wait", {}, on_signal("s")),
        end(),
        flows="start -> wait -> end",
        roots=ROOTS,
        key="other",
    )
    simulator = simulate(data, other)
    waiting = simulator.start("other")
    simulator.start("p")

    # when
    simulator.complete("t")

    # then
    assert simulator.status(waiting) is InstanceStatus.COMPLETED


def test_should_throw_an_escalation() -> None:
    # given
    simulator = simulate(catching(loop("None", ref="throwEscalation"), on_escalation("esc")))
    instance = simulator.start("p")

    # when
    finish(simulator)

    # then
    assert simulator.trace(instance).count("+b") == 3
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_throw_an_error() -> None:
    # given
    simulator = simulate(catching(loop("One", ref="throwError"), on_error("err"), interrupting=True))
    instance = simulator.start("p")

    # when
    simulator.complete("t")

    # then
    assert "^broken" in simulator.trace(instance, "^")
    assert simulator.trace(instance)[-6:] == ["+b", "-b", "+seen", "-seen", "+e2", "-e2"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_throw_a_message() -> None:
    # given
    data = model(
        start(), user_task("t", loop("None", ref="throwMessage")), end(), flows="start -> t -> end", roots=ROOTS
    )
    simulator = simulate(data)
    simulator.start("p")

    # when
    finish(simulator)

    # then
    assert [thrown.name for thrown in simulator.thrown] == ["hello"] * 3


def test_should_throw_what_the_conditions_choose() -> None:
    # given
    definitions = complex_behavior("ok", '<escalationEventDefinition escalationRef="esc"/>')
    definitions += complex_behavior("numberOfCompletedInstances == 2", '<signalEventDefinition signalRef="s"/>')
    data = model(
        *(start(), user_task("t", loop("Complex", inner=definitions))),
        *(boundary("b1", "t", on_escalation("esc"), interrupting=False), end("e1")),
        *(boundary("b2", "t", on_signal("s"), interrupting=False), end("e2"), end()),
        flows="start -> t -> end; b1 -> e1; b2 -> e2",
        roots=ROOTS,
    )
    simulator = simulate(data)
    instance = simulator.start("p", {"ok": False})

    # when
    simulator.complete("t", {"ok": True})
    simulator.complete("t", {"ok": False})
    simulator.complete("t")

    # then
    assert [entry for entry in simulator.trace(instance, "+") if entry.startswith("+b")] == ["+b1", "+b2"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_go_on_after_a_failing_condition() -> None:
    # given
    definitions = complex_behavior("missing", '<signalEventDefinition signalRef="s"/>')
    simulator = simulate(catching(loop("Complex", inner=definitions), on_signal("s")))
    instance = simulator.start("p")
    simulator.complete("t")
    assert simulator.incident().kind == "EXPRESSION_ERROR"

    # when
    simulator.resolve(simulator.incident().id, {"missing": True})
    finish(simulator)

    # then
    assert simulator.trace(instance).count("+b") == 3
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize(
    ("characteristics", "code"),
    [
        (loop("None", ref="ghost"), "UNKNOWN_ELEMENT"),
        (loop("Some"), "BEHAVIOR_UNKNOWN"),
        (loop("Complex", inner=complex_behavior("True", "<cancelEventDefinition/>")), "ELEMENT_UNSUPPORTED"),
    ],
)
def test_should_refuse_what_cannot_be_thrown(characteristics: str, code: str) -> None:
    # when
    data = model(start(), task("t", characteristics), end(), flows="start -> t -> end", roots=ROOTS)
    _, findings = compile_with_findings(data)

    # then
    assert [(f.code, f.element_id) for f in findings if f.severity == "ERROR"] == [(code, "t")]
