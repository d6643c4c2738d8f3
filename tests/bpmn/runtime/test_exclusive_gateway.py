"""Exclusive gateway: the first true condition in document order, else the default (BPMN 2.0.2, 13.4.2)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import end, exclusive, model, parallel, start, task, user_task
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("exclusiveGateway", "first true condition, else the default; merges without waiting")

CHOICE = model(
    *(start(), exclusive("g"), user_task("a"), user_task("b"), user_task("c"), end()),
    flows="start -> g -[x > 10]-> a -> end; g -[x > 5]-> b -> end; g -[default]-> c -> end",
)


@pytest.mark.parametrize(("x", "taken"), [(11, "a"), (6, "b"), (5, "c")])
def test_should_take_the_first_flow_whose_condition_is_true(x: int, taken: str) -> None:
    # given
    simulator = simulate(CHOICE)

    # when
    instance = simulator.start("p", {"x": x})

    # then
    assert simulator.active(instance) == [taken]
    assert simulator.trace(instance, "->") == ["-start", ">start_g", "-g", f">g_{taken}"]


def test_should_take_one_flow_only_where_all_conditions_are_true() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), exclusive("g"), user_task("a"), user_task("b"), end()),
            flows="start -> g -[${true}]-> a -> end; g -[${true}]-> b -> end",
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["a"]


def test_should_pass_every_token_when_merging() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), parallel("fork"), task("a"), task("b"), exclusive("merge"), user_task("t"), end()),
            flows="start -> fork -> a -> merge; fork -> b -> merge -> t -> end",
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["t", "t"]


def test_should_raise_an_incident_where_nothing_is_true_and_there_is_no_default() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), exclusive("g"), user_task("a"), user_task("b"), end()),
            flows="start -> g -[x > 10]-> a -> end; g -[x > 5]-> b -> end",
        )
    )
    instance = simulator.start("p", {"x": 1})

    # when
    incident = simulator.incident()

    # then
    assert (incident.kind, incident.element_id) == ("NO_FLOW_SELECTED", "g")
    assert incident.message.startswith("Expected a condition of the outgoing flows of 'g' to be true")

    # when it is looked at again, with the variable corrected
    simulator.resolve(incident.id, {"x": 7})

    # then
    assert simulator.active(instance) == ["b"]
    assert not simulator.incidents


@pytest.mark.parametrize("condition", ["${x}", "${unknown > 1}", "${1/0 > 1}"])
def test_should_raise_an_incident_where_a_condition_is_no_truth_value(condition: str) -> None:
    # given
    simulator = simulate(
        model(
            *(start(), exclusive("g"), user_task("a"), user_task("b"), end()),
            flows=f"start -> g -[{condition}]-> a -> end; g -[default]-> b -> end",
        )
    )

    # when
    instance = simulator.start("p", {"x": "text"})

    # then
    assert simulator.incident().kind == "EXPRESSION_ERROR"
    assert simulator.status(instance) is InstanceStatus.RUNNING
