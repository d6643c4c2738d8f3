"""Standard loops: done again as long as the condition holds (BPMN 2.0.2, 13.3.6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.support.models import (
    Element,
    boundary,
    camunda_io,
    document,
    end,
    model,
    on_error,
    process,
    script_task,
    service_task,
    standard_loop,
    start,
    sub_process,
    task,
    timer,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element(
    "standardLoopCharacteristics", "on every activity: condition tested before or after, loopMaximum, loopCounter"
)


def looping(element: Element, *more: Element, flows: str = "") -> bytes:
    return model(start(), element, *more, end(), flows=f"start -> {element.id} -> end; {flows}")


def test_should_run_again_while_the_condition_holds() -> None:
    # given
    simulator = simulate(looping(user_task("t", standard_loop("again"))))
    instance = simulator.start("p", {"again": True})

    # when
    simulator.complete("t")
    simulator.complete("t", {"again": False})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance)[2:] == ["+t", "+t", "-t", "+t", "-t", "-t", "+end", "-end"]


def test_should_run_once_before_it_tests() -> None:
    # given
    simulator = simulate(looping(task("t", standard_loop("False"))))

    # when
    instance = simulator.start("p")

    # then
    assert simulator.trace(instance)[2:] == ["+t", "+t", "-t", "-t", "+end", "-end"]


def test_should_not_run_at_all_when_it_tests_before() -> None:
    # given
    simulator = simulate(looping(task("t", standard_loop("False", before=True))))

    # when
    instance = simulator.start("p")

    # then
    assert simulator.trace(instance)[2:] == ["+t", "-t", "+end", "-end"]


@pytest.mark.parametrize(("before", "rounds"), [(False, [0, 1, 2, 3]), (True, [0, 1, 2])])
def test_should_number_its_rounds(before: bool, rounds: list[int]) -> None:
    # given
    loop = standard_loop("loopCounter < 3", before=before)
    simulator = simulate(looping(script_task("t", "seen = seen + [loopCounter]", inner=loop)))

    # when
    instance = simulator.start("p", {"seen": []})

    # then
    assert simulator.variables(instance) == {"seen": rounds}


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("condition", ["True", None])
def test_should_run_no_more_often_than_its_maximum(before: bool, condition: str | None) -> None:
    # given
    loop = standard_loop(condition, before=before, maximum=3)
    simulator = simulate(looping(script_task("t", "n = n + 1", inner=loop)))

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance) == {"n": 3}


def test_should_map_inputs_and_outputs_in_every_round() -> None:
    # given
    inner = camunda_io(inputs={"mine": "${n}"}, outputs={"n": "${mine + 1}"}) + standard_loop("${n < 3}")
    simulator = simulate(looping(user_task("t", inner, name="${mine}")))

    # when
    instance = simulator.start("p", {"n": 0})
    names = []
    while simulator.tasks:
        names.append(simulator.open_tasks()[0].name)
        simulator.complete("t")

    # then
    assert names == ["0", "1", "2"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_loop_over_a_sub_process() -> None:
    # given
    inside = sub_process(
        "sub", start("s"), script_task("t", "n = n + 1"), end("e"), flows="s -> t -> e", inner=standard_loop("n < 2")
    )
    simulator = simulate(looping(inside))

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    once = ["+sub", "+s", "-s", "+t", "-t", "+e", "-e", "-sub"]
    assert simulator.trace(instance)[2:] == ["+sub", *once, *once, "-sub", "+end", "-end"]


def test_should_loop_over_a_call_activity() -> None:
    # given
    call = Element("callActivity", "call", {"calledElement": "called"}, standard_loop("n < 3"))
    simulator = simulate(
        document(
            process("p", start(), call, end(), flows="start -> call -> end"),
            process("called", start("s"), script_task("t", "n = n + 1"), end("e"), flows="s -> t -> e"),
        )
    )

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    assert len(simulator.called(instance)) == 3
    assert simulator.variables(instance) == {"n": 3}
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_be_interrupted_as_a_whole() -> None:
    # given
    simulator = simulate(
        looping(
            user_task("t", standard_loop("True")),
            boundary("late", "t", timer(duration="PT1H")),
            flows="late -> end",
        )
    )
    instance = simulator.start("p")
    simulator.complete("t")
    assert len(simulator.timers) == 1

    # when
    simulator.advance(timedelta(hours=1))

    # then
    assert simulator.trace(instance)[-5:] == ["~t", "+late", "-late", "+end", "-end"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_go_to_the_boundary_when_a_round_throws() -> None:
    # given
    simulator = simulate(
        looping(
            service_task("t", standard_loop("${true}"), topic="t"),
            boundary("caught", "t", on_error()),
            flows="caught -> end",
        )
    )
    instance = simulator.start("p")
    simulator.complete("t")

    # when
    simulator.raise_error("t", "E")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert not simulator.jobs


@pytest.mark.parametrize("before", [False, True])
def test_should_go_on_after_a_failing_condition(before: bool) -> None:
    # given
    simulator = simulate(looping(script_task("t", "n = n + 1", inner=standard_loop("n < limit", before=before))))
    instance = simulator.start("p", {"n": 0})
    assert simulator.incident().kind == "EXPRESSION_ERROR"

    # when
    simulator.resolve(simulator.incident().id, {"limit": 2})

    # then
    assert simulator.variables(instance) == {"n": 2, "limit": 2}
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_run_many_rounds_in_bounded_steps() -> None:
    # given
    loop = standard_loop("n < 10000")
    simulator = simulate(looping(script_task("t", "n = n + 1", inner=loop)), oath=False)

    # when
    instance = simulator.start("p", {"n": 0})

    # then each round costs the same, and a step ends in time
    assert simulator.variables(instance) == {"n": 10_000}
    assert simulator.transitions == 10_000 + len(["t", "end"])
    assert simulator.most_transitions <= simulator.limits.transitions_per_step
    assert simulator.steps == 11
    simulator.check()


def test_should_raise_an_incident_for_a_loop_without_end() -> None:
    # given
    limits = Limits(transitions_per_step=50, transitions_without_wait=200)
    simulator = simulate(looping(task("t", standard_loop("not stop"))), limits=limits)

    # when
    instance = simulator.start("p", {"stop": False})

    # then
    assert simulator.incident().kind == "ENDLESS_LOOP"
    assert simulator.active(instance) == ["t"]

    # when
    simulator.resolve(simulator.incident().id, {"stop": True})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_not_take_a_loop_with_wait_states_for_endless() -> None:
    # given
    limits = Limits(transitions_per_step=5, transitions_without_wait=10)
    simulator = simulate(looping(user_task("t", standard_loop("again"))), limits=limits)
    instance = simulator.start("p", {"again": True})

    # when
    for _ in range(30):
        simulator.complete("t")
    simulator.complete("t", {"again": False})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_not_count_instances_as_a_multi_instance_does() -> None:
    # given
    simulator = simulate(looping(script_task("t", "seen = nrOfInstances", inner=standard_loop("False"))))

    # when
    instance = simulator.start("p", {"nrOfInstances": "mine"})

    # then
    assert simulator.variables(instance)["seen"] == "mine"
