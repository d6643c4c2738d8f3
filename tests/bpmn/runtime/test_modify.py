"""Changing where a running instance stands (Camunda 7, "Process Instance Modification")."""

from __future__ import annotations

from typing import Any

import pytest

from bpmn.runtime.commands import Instruction, InstructionType, ModifyInstance
from bpmn.runtime.engine import Outcome
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    boundary,
    end,
    exclusive,
    model,
    multi_instance,
    on_signal,
    signal,
    start,
    sub_process,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

BEFORE, AFTER, CANCEL = InstructionType.START_BEFORE, InstructionType.START_AFTER, InstructionType.CANCEL


def modify(simulator: CheckedSimulator, instance: int, *instructions: tuple[Any, ...]) -> Outcome:
    built = tuple(
        Instruction(type=type, element_id=element, **(options[0] if options else {}))
        for type, element, *options in instructions
    )
    return simulator.do(ModifyInstance(instance_id=instance, instructions=built))


def nested() -> CheckedSimulator:
    return simulate(
        model(
            start(),
            user_task("a"),
            sub_process("sub", start("s1"), user_task("b"), user_task("c"), end("e1"), flows="s1 -> b -> c -> e1"),
            user_task("d"),
            end(),
            boundary("alarm", "sub", on_signal("s")),
            flows="start -> a -> sub -> d -> end; alarm -> d",
            roots=signal("s", "alarm"),
        )
    )


def test_should_move_a_token() -> None:
    # given
    simulator = nested()
    instance = simulator.start("p")

    # when
    outcome = modify(simulator, instance, (BEFORE, "d"), (CANCEL, "a"))

    # then
    assert outcome is Outcome.DONE
    assert simulator.trace(instance)[3:] == ["+d", "~a"]
    simulator.complete("d")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_open_the_sub_process_around_the_element() -> None:
    # given
    simulator = nested()
    instance = simulator.start("p")

    # when
    modify(simulator, instance, (CANCEL, "a"), (BEFORE, "c", {"variables": {"why": "skipped"}}))

    # then
    assert simulator.active(instance) == ["c", "sub"]
    assert "why" not in simulator.variables(instance)
    assert simulator.signal("alarm") == 1
    assert simulator.active(instance) == ["d"]


def test_should_start_after_an_element_over_the_flow_its_conditions_choose() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            user_task("a"),
            exclusive("x"),
            user_task("yes"),
            user_task("no"),
            end(),
            flows="start -> a -> x; x -[${ok}]-> yes -> end; x -[default]-> no -> end",
        )
    )
    instance = simulator.start("p")

    # when
    modify(simulator, instance, (AFTER, "x", {"variables": {"ok": True}}), (CANCEL, "a"))

    # then
    assert simulator.active(instance) == ["yes"]


def test_should_cancel_one_of_several_by_its_scope() -> None:
    # given
    body = sub_process(
        "sub", start("s1"), user_task("b"), end("e1"), flows="s1 -> b -> e1", inner=multi_instance(cardinality="3")
    )
    simulator = simulate(model(start(), body, end(), flows="start -> sub -> end"))
    instance = simulator.start("p")
    scope = simulator.open_tasks("b")[1].scope_id

    # when
    assert modify(simulator, instance, (BEFORE, "b")) is Outcome.REJECTED
    modify(simulator, instance, (CANCEL, "b", {"scope_id": scope}))

    # then
    assert len(simulator.open_tasks("b")) == 2


def test_should_complete_an_instance_that_nothing_is_left_of() -> None:
    # given
    simulator = nested()
    instance = simulator.start("p")

    # when
    modify(simulator, instance, (CANCEL, "a"))

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize(
    "instructions",
    [
        ((BEFORE, "nowhere"),),
        ((BEFORE, "alarm"),),
        ((CANCEL, "d"),),
        ((BEFORE, "d"), (CANCEL, "c")),
        ((BEFORE, "d", {"scope_id": 4711}),),
    ],
)
def test_should_refuse_all_when_one_cannot_be_done(instructions: tuple[Any, ...]) -> None:
    # given
    simulator = nested()
    instance = simulator.start("p")

    # when
    outcome = modify(simulator, instance, *instructions)

    # then
    assert outcome is Outcome.REJECTED
    assert simulator.active(instance) == ["a"]
