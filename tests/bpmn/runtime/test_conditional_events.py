"""Intermediate conditional catch events: wait until their condition is true."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import catch, end, event_based, model, on_condition, start, timer, user_task
from tests.support.simulation import simulate

pytestmark = pytest.mark.element(
    "conditionalIntermediateCatchEvent", "waits until a variable it reads makes its condition true"
)


def waiting(condition: str) -> bytes:
    return model(start(), catch("c", on_condition(condition)), end(), flows="start -> c -> end")


def test_should_wait_until_its_condition_is_true() -> None:
    # given
    simulator = simulate(waiting("${x > 5}"))
    instance = simulator.start("p", {"x": 1})
    simulator.set_variables(instance, x=4)
    assert simulator.active(instance) == ["c"]

    # when
    simulator.set_variables(instance, x=6)

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert not simulator.conditions


def test_should_pass_where_its_condition_is_true_already() -> None:
    # given
    simulator = simulate(waiting("${x > 5}"))

    # when
    instance = simulator.start("p", {"x": 6})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_win_behind_an_event_based_gateway() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), event_based("g"), catch("c", on_condition("${x > 5}")), catch("late", timer(duration="PT1H"))),
            *(user_task("a"), user_task("b"), end()),
            flows="start -> g -> c -> a -> end; g -> late -> b -> end",
        )
    )
    instance = simulator.start("p", {"x": 1})

    # when
    simulator.set_variables(instance, x=6)

    # then
    assert simulator.active(instance) == ["a"]
    assert not simulator.timers


def test_should_raise_an_incident_where_it_cannot_be_evaluated_and_look_again_when_resolved() -> None:
    # given
    simulator = simulate(waiting("${x > 5}"))
    instance = simulator.start("p", {"x": {"no": "number"}})
    assert simulator.incident().kind == "EXPRESSION_ERROR"

    # when
    simulator.resolve(simulator.incident().id, {"x": 9})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert not simulator.incidents
