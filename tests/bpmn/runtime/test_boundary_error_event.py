"""Boundary error events: the nearest handler outward (BPMN 2.0.2, 13.5.3)."""

from __future__ import annotations

import pytest

from bpmn.expressions.api import BpmnErrorRaised
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    boundary,
    end,
    error,
    model,
    multi_instance,
    on_error,
    service_task,
    start,
    sub_process,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("errorBoundaryEvent", "by code, or every error; code and message into variables")

ERRORS = error("e1", "E1") + error("e2", "E2")


def guarded(host: Element, *events: Element) -> bytes:
    fixes = [user_task(f"fix_{event.id}") for event in events]
    flows = "".join(f"; {event.id} -> fix_{event.id} -> end" for event in events)
    return model(start(), host, *events, *fixes, end(), flows=f"start -> {host.id} -> end{flows}", roots=ERRORS)


def test_should_catch_the_error_with_its_code() -> None:
    # given
    simulator = simulate(
        guarded(service_task("a"), boundary("b1", "a", on_error("e1")), boundary("b2", "a", on_error("e2")))
    )
    instance = simulator.start("p")

    # when
    simulator.raise_error("a", "E2")

    # then
    assert simulator.trace(instance, "+-~^")[2:] == ["+a", "^E2", "~a", "+b2", "-b2", "+fix_b2"]


@pytest.mark.parametrize(("code", "caught_by"), [("E1", "b1"), ("OTHER", "every")])
def test_should_prefer_a_named_code_to_every_error(code: str, caught_by: str) -> None:
    # given
    simulator = simulate(
        guarded(service_task("a"), boundary("every", "a", on_error()), boundary("b1", "a", on_error("e1")))
    )
    instance = simulator.start("p")

    # when
    simulator.raise_error("a", code)

    # then
    assert simulator.active(instance) == [f"fix_{caught_by}"]


def test_should_tell_code_and_message() -> None:
    # given
    event = boundary("b", "a", on_error("e1", errorCodeVariable="code", errorMessageVariable="text"))
    simulator = simulate(guarded(service_task("a"), event))
    instance = simulator.start("p")

    # when
    simulator.raise_error("a", "E1", "out of stock")

    # then
    assert simulator.variables(instance) == {"code": "E1", "text": "out of stock"}


def test_should_look_outward_until_someone_catches() -> None:
    # given two sub-processes, of which the inner one catches another error
    inner = sub_process("inner", start("s2"), service_task("a"), end("e2"), flows="s2 -> a -> e2")
    outer = sub_process(
        "outer",
        *(start("s1"), inner, boundary("no", "inner", on_error("e2")), user_task("u"), end("end1")),
        flows="s1 -> inner -> end1; no -> end1; s1 -> u -> end1",
    )
    simulator = simulate(guarded(outer, boundary("yes", "outer", on_error("e1"))))
    instance = simulator.start("p")

    # when
    simulator.raise_error("a", "E1")

    # then
    assert simulator.active(instance) == ["fix_yes"]
    assert set(simulator.trace(instance, "~")) == {"~a", "~inner", "~u", "~outer"}


def test_should_raise_an_incident_where_nothing_catches_the_error_of_a_job() -> None:
    # given
    simulator = simulate(guarded(service_task("a"), boundary("b", "a", on_error("e1"))))
    instance = simulator.start("p")

    # when
    simulator.raise_error("a", "E9", "odd")

    # then
    incident = simulator.incident()
    assert (incident.kind, incident.error_code) == ("UNHANDLED_ERROR", "E9")
    assert incident.message == "Expected a boundary event to catch the error 'E9' of 'a', but there is none: odd"
    assert simulator.status(instance) is InstanceStatus.RUNNING

    # when it is resolved the job is made again
    simulator.resolve(incident.id)
    simulator.complete("a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_catch_an_error_thrown_by_a_handler_in_the_step() -> None:
    # given
    def check(x: int) -> int:
        raise BpmnErrorRaised("E1", "too small", {"least": 5})

    simulator = simulate(
        guarded(service_task("a", expression="${check(x)}"), boundary("b", "a", on_error("e1"))),
        handlers={"check": check},
    )

    # when
    instance = simulator.start("p", {"x": 1})

    # then
    assert simulator.active(instance) == ["fix_b"]
    assert simulator.variables(instance) == {"x": 1, "least": 5}


def test_should_catch_the_error_end_event_of_a_sub_process() -> None:
    # given
    host = sub_process(
        "a", start("s"), user_task("t"), user_task("u"), end("bad", on_error("e1")), flows="s -> t -> bad; s -> u"
    )
    simulator = simulate(guarded(host, boundary("b", "a", on_error("e1"))))
    instance = simulator.start("p")

    # when
    simulator.complete("t")

    # then
    assert simulator.trace(instance, "+-~^")[-9:] == [
        *("-t", "+bad", "^E1", "-bad", "~u", "~a", "+b", "-b", "+fix_b"),
    ]


def test_should_catch_the_error_of_one_instance_at_the_body() -> None:
    # given
    host = sub_process(
        "a",
        *(start("s"), service_task("t"), end("e")),
        flows="s -> t -> e",
        inner=multi_instance(cardinality="${3}"),
    )
    simulator = simulate(guarded(host, boundary("b", "a", on_error("e1"))))
    instance = simulator.start("p")

    # when
    simulator.raise_error("t", "E1")

    # then
    assert simulator.active(instance) == ["fix_b"]
    assert not simulator.jobs
