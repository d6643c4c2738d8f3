"""Intermediate message catch events and message starts."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    camunda_io,
    catch,
    compile_document,
    end,
    extension,
    message,
    model,
    on_message,
    parallel,
    start,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = [
    pytest.mark.element("messageIntermediateCatchEvent", "by name (may be an expression) and correlation key"),
    pytest.mark.element("messageStartEvent", "a message of its name starts an instance"),
    pytest.mark.element("noneStartEvent", "starts an instance; initiator, form fields"),
]


def waiting(inner: str = "", *, name: str = "paid", key: str | None = None) -> bytes:
    return model(
        *(start(), catch("c", inner + on_message("m")), end()),
        flows="start -> c -> end",
        roots=message("m", name, key=key),
    )


def test_should_wait_for_its_message() -> None:
    # given
    simulator = simulate(waiting())
    instance = simulator.start("p")

    # when
    simulator.publish("paid", {"amount": 1})

    # then
    assert simulator.trace(instance, "+-.:=")[2:] == ["+c", ".c", ":c", "amount=1", "-c", "+end", "-end"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_evaluate_the_name_of_its_message() -> None:
    # given
    simulator = simulate(waiting(name="paid-${number}"))
    instance = simulator.start("p", {"number": 7})

    # when
    assert not simulator.publish("paid-8")
    assert simulator.publish("paid-7")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("key", ["order-1", 5])
def test_should_compare_correlation_keys_with_their_type(key: object) -> None:
    # given
    simulator = simulate(waiting(key="=id"))
    instance = simulator.start("p", {"id": key})

    # when
    assert not simulator.publish("paid", key=f"{key}!")
    assert simulator.publish("paid", key=key)

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_give_one_message_to_one_of_two_that_wait() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), parallel("fork"), catch("c", on_message("m")), catch("d", on_message("m")), end()),
            flows="start -> fork -> c -> end; fork -> d -> end",
            roots=message("m"),
        )
    )
    instance = simulator.start("p")

    # when
    simulator.publish("m")

    # then
    assert len(simulator.subscriptions) == 1
    assert simulator.status(instance) is InstanceStatus.RUNNING


def test_should_apply_its_output_mappings() -> None:
    # given
    simulator = simulate(waiting(camunda_io(outputs={"twice": "${amount * 2}"})))
    instance = simulator.start("p")

    # when
    simulator.publish("paid", {"amount": 2})

    # then
    assert simulator.variables(instance) == {"amount": 2, "twice": 4}


def test_should_wait_for_the_message_of_its_operation() -> None:
    # given
    operation = '<operation id="o" name="O"><inMessageRef>m</inMessageRef></operation>'
    definition = "<messageEventDefinition><operationRef>o</operationRef></messageEventDefinition>"
    simulator = simulate(
        model(
            *(start(), catch("c", definition), end()),
            flows="start -> c -> end",
            roots=message("m", "paid") + f'<interface id="i" name="I">{operation}</interface>',
        )
    )
    simulator.start("p")

    # when
    delivered = simulator.publish("paid")

    # then
    assert delivered


def test_should_start_an_instance_with_the_variables_of_a_message() -> None:
    # given
    data = model(
        start("asked", on_message("m")), user_task("a"), end(), flows="asked -> a -> end", roots=message("m", "ask")
    )
    (message_start,) = compile_document(data)["p"].message_starts
    simulator = simulate(data)

    # when
    instance = simulator.start("p", {"x": 1}, element_id=message_start.element_id)

    # then
    assert simulator.variables(instance) == {"x": 1}
    assert simulator.trace(instance) == ["+asked", "-asked", "+a"]


def test_should_remember_who_started_an_instance() -> None:
    # given a start event with a form, as tools draw it
    form = extension('<camunda:formData><camunda:formField id="x" type="long"/></camunda:formData>')
    event = start("start", form, initiator="boss", form_key="embedded:start.html")
    simulator = simulate(model(event, user_task("a", assignee="${boss}"), end(), flows="start -> a -> end"))

    # when
    simulator.start("p", initiator="ann")

    # then
    (task,) = simulator.open_tasks()
    assert task.assignee == "ann"
