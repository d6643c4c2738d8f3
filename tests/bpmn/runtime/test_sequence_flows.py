"""Sequence flows of elements that are no gateways: conditions, default, implicit split (BPMN 2.0.2, 13.2.1)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import end, model, start, task, user_task
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("sequenceFlow", "plain, conditional, default; several outgoing flows split")


def test_should_enter_elements_in_the_order_of_their_flows() -> None:
    # given
    simulator = simulate(model(start(), task("a"), task("b"), end(), flows="start -> a -> b -> end"))

    # when
    instance = simulator.start("p")

    # then
    assert simulator.trace(instance, "+->*") == [
        *("+start", "-start", ">start_a"),
        *("+a", "-a", ">a_b"),
        *("+b", "-b", ">b_end"),
        *("+end", "-end", "*COMPLETED"),
    ]


def test_should_split_over_all_outgoing_flows_of_a_task() -> None:
    # given
    simulator = simulate(
        model(start(), task("a"), user_task("b"), user_task("c"), end(), flows="start -> a -> b -> end; a -> c -> end")
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["b", "c"]
    simulator.complete("b")
    assert simulator.status(instance) is InstanceStatus.RUNNING
    simulator.complete("c")
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance, "+-").count("-end") == 2


@pytest.mark.parametrize(("x", "active"), [(1, ["small"]), (20, ["large"]), (10, ["none"])])
def test_should_take_every_flow_whose_condition_is_true_else_the_default(x: int, active: list[str]) -> None:
    # given
    simulator = simulate(
        model(
            *(start(), task("a"), user_task("small"), user_task("large"), user_task("none"), end()),
            flows="""start -> a -[x < 10]-> small -> end
                     a -[x > 10]-> large -> end
                     a -[default]-> none -> end""",
        )
    )

    # when
    instance = simulator.start("p", {"x": x})

    # then
    assert simulator.active(instance) == active


def test_should_take_flows_with_and_without_condition_together() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), task("a"), user_task("b"), user_task("c"), user_task("d"), end()),
            flows="start -> a -> b -> end; a -[x]-> c -> end; a -[not x]-> d -> end",
        )
    )

    # when
    instance = simulator.start("p", {"x": True})

    # then
    assert simulator.active(instance) == ["b", "c"]


def test_should_raise_an_incident_where_no_condition_is_true_and_go_on_after_it() -> None:
    # given
    simulator = simulate(
        model(start(), task("a"), user_task("b"), end(), flows="start -> a -[x == 1]-> b -> end; a -[x == 2]-> end")
    )

    # when
    instance = simulator.start("p", {"x": 0})

    # then
    incident = simulator.incident()
    assert (incident.kind, incident.element_id) == ("NO_FLOW_SELECTED", "a")
    assert simulator.status(instance) is InstanceStatus.RUNNING

    # when
    simulator.resolve(incident.id, {"x": 1})

    # then
    assert simulator.active(instance) == ["b"]
    assert simulator.trace(instance, "+-") == ["+start", "-start", "+a", "-a", "+b"]


def test_should_end_a_token_where_there_is_no_outgoing_flow() -> None:
    # given
    simulator = simulate(model(start(), task("a"), flows="start -> a"))

    # when
    instance = simulator.start("p")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
