"""Receive task: waits for its message."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import Element, camunda_io, end, extension, message, model, receive_task, start, zeebe_io
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("receiveTask", "waits for its message, by name and correlation key")


def waiting_for(task: Element, key: str | None = None) -> bytes:
    return model(start(), task, end(), flows="start -> r -> end", roots=message("m", "paid", key=key))


def test_should_wait_for_its_message_and_take_its_variables() -> None:
    # given
    simulator = simulate(waiting_for(receive_task("r", "m")))
    instance = simulator.start("p")
    assert simulator.active(instance) == ["r"]
    assert not simulator.publish("other")

    # when
    delivered = simulator.publish("paid", {"amount": 5})

    # then
    assert delivered
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance) == {"amount": 5}


def test_should_take_only_messages_with_its_correlation_key() -> None:
    # given
    simulator = simulate(waiting_for(receive_task("r", "m"), key="=order.id"))
    first = simulator.start("p", {"order": {"id": "a"}})
    second = simulator.start("p", {"order": {"id": "b"}})

    # when
    simulator.publish("paid", key="b")

    # then
    assert simulator.status(first) is InstanceStatus.RUNNING
    assert simulator.status(second) is InstanceStatus.COMPLETED


def test_should_wait_for_a_message_of_its_own_id_where_a_vendor_triggers_it() -> None:
    # given a receive task without messageRef; camunda: makes it a model of Camunda 7
    task = Element("receiveTask", "r", {}, camunda_io({"level": "low"}))
    simulator = simulate(model(start(), task, end(), flows="start -> r -> end"))
    instance = simulator.start("p")
    assert simulator.active(instance) == ["r"]
    assert not simulator.publish("p")

    # when
    assert simulator.publish("r", {"amount": 5})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance) == {"amount": 5}


def test_should_see_its_input_mappings_in_the_correlation_key() -> None:
    # given
    io = zeebe_io({"orderKey": "=order.id"}, {})
    simulator = simulate(waiting_for(receive_task("r", "m", io), key="=orderKey"))

    # when
    instance = simulator.start("p", {"order": {"id": "a"}})

    # then
    assert simulator.publish("paid", key="a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_raise_an_incident_where_there_is_no_key() -> None:
    # given
    simulator = simulate(waiting_for(receive_task("r", "m"), key="=key"))

    # when
    simulator.start("p", {"key": None})

    # then
    assert simulator.incident().kind == "MESSAGE_INVALID"
    assert not simulator.subscriptions
    simulator.resolve(simulator.incident().id, {"key": "k"})
    assert simulator.publish("paid", key="k")


def test_should_apply_outputs_to_the_variables_of_the_message() -> None:
    # given
    io = extension('<zeebe:ioMapping><zeebe:output source="=amount" target="paidAmount"/></zeebe:ioMapping>')
    simulator = simulate(waiting_for(receive_task("r", "m", io), key="=1"))
    instance = simulator.start("p")

    # when
    simulator.publish("paid", {"amount": 5, "noise": 1}, key=1)

    # then
    assert simulator.variables(instance) == {"paidAmount": 5}
