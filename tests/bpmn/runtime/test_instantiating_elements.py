"""Receive tasks and event-based gateways that begin instances (BPMN 2.0.2, 10.3.3 and 10.6.6)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import Element, catch, end, message, model, on_message, receive_task, user_task
from tests.support.simulation import simulate

pytestmark = pytest.mark.element(
    "instantiatingElements", "receive tasks, event-based gateways (exclusive and parallel)"
)

ROOTS = message("m", "ordered") + message("n", "asked")


def gateway(kind: str = "Exclusive") -> Element:
    return Element("eventBasedGateway", "g", {"instantiate": "true", "eventGatewayType": kind})


def test_should_begin_with_a_receive_task() -> None:
    # given
    receive = Element("receiveTask", "r", {"messageRef": "m", "instantiate": "true"})
    simulator = simulate(model(receive, user_task("a"), end(), flows="r -> a -> end", roots=ROOTS))

    # when
    instance = simulator.start("p", {"item": 1}, element_id="r")

    # then
    assert [(s.element_id, s.message_name) for s in simulator.graphs["p"].message_starts] == [("r", "ordered")]
    assert simulator.trace(instance) == ["+r", "-r", "+a"]


def test_should_begin_with_one_event_behind_an_exclusive_gateway() -> None:
    # given
    simulator = simulate(
        model(
            gateway(),
            catch("by_order", on_message("m")),
            receive_task("by_question", "n"),
            user_task("a"),
            end(),
            flows="g -> by_order -> a -> end; g -> by_question -> a",
            roots=ROOTS,
        )
    )

    # when
    instance = simulator.start("p", element_id="by_question")

    # then
    assert {s.element_id for s in simulator.graphs["p"].message_starts} == {"by_order", "by_question"}
    assert simulator.trace(instance) == ["+by_question", "-by_question", "+a"]


def test_should_wait_for_the_other_events_behind_a_parallel_gateway() -> None:
    # given
    simulator = simulate(
        model(
            gateway("Parallel"),
            catch("by_order", on_message("m")),
            catch("by_question", on_message("n")),
            end(),
            flows="g -> by_order -> end; g -> by_question -> end",
            roots=ROOTS,
        )
    )

    # when
    instance = simulator.start("p", element_id="by_order")

    # then
    assert simulator.active(instance) == ["by_question"]
    simulator.publish("asked")
    assert simulator.status(instance) is InstanceStatus.COMPLETED
