"""Send task, message throw and message end event: a message to whoever waits, or a job that sends it."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import Element, camunda_io, end, message, model, on_message, send_task, start, throw
from tests.support.simulation import simulate

pytestmark = [
    pytest.mark.element("sendTask", "publishes its message, or runs as a job or expression"),
    pytest.mark.element("intermediateThrowEvent", "none: passes; message: publishes, or runs as a job"),
    pytest.mark.element("messageEndEvent", "publishes its message, or runs as a job"),
]

MESSAGE = message("m", "invoice-${number}")


def leading_to(element: Element) -> bytes:
    if element.tag == "endEvent":
        return model(start(), element, flows=f"start -> {element.id}", roots=MESSAGE)
    return model(start(), element, end(), flows=f"start -> {element.id} -> end", roots=MESSAGE)


@pytest.mark.parametrize(
    "element",
    [send_task("x", messageRef="m"), throw("x", on_message("m")), end("x", on_message("m"))],
    ids=["sendTask", "throw", "end"],
)
def test_should_publish_its_message_with_what_it_sees(element: Element) -> None:
    # given
    simulator = simulate(leading_to(element))

    # when
    instance = simulator.start("p", {"number": 7})

    # then
    (thrown,) = simulator.thrown
    assert (thrown.name, thrown.element_id, thrown.variables) == ("invoice-7", "x", {"number": 7})
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_publish_only_the_input_mappings_where_there_are_any() -> None:
    # given
    element = throw("x", camunda_io(inputs={"no": "${number}"}) + on_message("m"))
    simulator = simulate(leading_to(element))

    # when
    simulator.start("p", {"number": 7, "secret": "s"})

    # then
    assert simulator.thrown[0].variables == {"no": 7}


def test_should_be_a_job_where_a_topic_says_who_sends() -> None:
    # given
    definition = '<messageEventDefinition messageRef="m" camunda:type="external" camunda:topic="mail"/>'
    simulator = simulate(leading_to(end("x", definition)))

    # when
    instance = simulator.start("p", {"number": 7})

    # then
    (job,) = simulator.open_jobs("mail")
    assert not simulator.thrown
    simulator.complete_job(job.id)
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_publish_the_message_that_the_operation_receives() -> None:
    # given
    operation = '<operation id="o" name="O"><inMessageRef>m</inMessageRef></operation>'
    interface = f'<interface id="i" name="I">{operation}</interface>'
    definition = "<messageEventDefinition><operationRef>o</operationRef></messageEventDefinition>"
    simulator = simulate(
        model(start(), throw("x", definition), end(), flows="start -> x -> end", roots=MESSAGE + interface)
    )

    # when
    simulator.start("p", {"number": 8})

    # then
    assert simulator.thrown[0].name == "invoice-8"


def test_should_raise_an_incident_where_the_message_has_no_name() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), throw("x", on_message("m")), end()),
            flows="start -> x -> end",
            roots=message("m", "${name}"),
        )
    )

    # when
    instance = simulator.start("p", {"name": ""})

    # then
    assert simulator.incident().kind == "MESSAGE_INVALID"
    simulator.resolve(simulator.incident().id, {"name": "n"})
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert len(simulator.thrown) == 1


def test_should_pass_a_none_throw_event() -> None:
    # given
    simulator = simulate(leading_to(throw("x")))

    # when
    instance = simulator.start("p")

    # then
    assert simulator.trace(instance) == ["+start", "-start", "+x", "-x", "+end", "-end"]
