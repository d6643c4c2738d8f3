"""Call activity: an instance of another process; its end completes the node (BPMN 2.0.2, 13.3.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    boundary,
    call_activity,
    document,
    end,
    error,
    extension,
    model,
    multi_instance,
    on_error,
    process,
    start,
    sub_process,
    timer,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = pytest.mark.element(
    "callActivity", "in and out mappings, business key, dynamic key; errors come back, cancelling goes down"
)

CHILD = model(start(), user_task("work"), end(), flows="start -> work -> end", key="child")
FAILING = model(
    *(start(), user_task("work"), end("bad", on_error("e"))),
    flows="start -> work -> bad",
    roots=error("e", "E1"),
    key="child",
)
IN_OUT = extension(
    '<camunda:in source="amount" target="sum"/><camunda:in source="missing" target="nothing"/>'
    '<camunda:in sourceExpression="${amount * 2}" target="twice"/><camunda:in businessKey="key-${amount}"/>'
    '<camunda:out source="answer" target="reply"/>'
)


def calling(call: Element, *more: Element, flows: str = "", roots: str = "") -> bytes:
    return model(start(), call, *more, end(), flows=f"start -> {call.id} -> end; {flows}", roots=roots)


def started(*documents: bytes, **variables: object) -> tuple[CheckedSimulator, int]:
    simulator = simulate(*documents)
    return simulator, simulator.start("p", variables)


def test_should_wait_for_the_called_instance() -> None:
    # given
    simulator, instance = started(calling(call_activity("call", "child")), CHILD)

    # then
    (called,) = simulator.called(instance)
    assert simulator.active(instance) == ["call"]
    assert simulator.active(called) == ["work"]

    # when
    simulator.complete("work")

    # then
    assert simulator.status(called) is InstanceStatus.COMPLETED
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_hand_everything_over_in_a_plain_model() -> None:
    # given
    simulator, instance = started(calling(call_activity("call", "child")), CHILD, x=1)
    (called,) = simulator.called(instance)
    assert simulator.variables(called) == {"x": 1}

    # when
    simulator.complete("work", {"y": 2})

    # then
    assert simulator.variables(instance) == {"x": 1, "y": 2}


def test_should_hand_over_what_the_mappings_say() -> None:
    # given
    simulator, instance = started(calling(call_activity("call", "child", IN_OUT)), CHILD, amount=3, other=1)
    (called,) = simulator.called(instance)
    assert simulator.variables(called) == {"sum": 3, "nothing": None, "twice": 6}
    assert simulator.run_of(called).instance.business_key == "key-3"

    # when
    simulator.complete("work", {"answer": "yes", "noise": 1})

    # then
    assert simulator.variables(instance) == {"amount": 3, "other": 1, "reply": "yes"}


def test_should_hand_over_nothing_unless_told_so_in_a_camunda_model() -> None:
    # given
    call = call_activity("call", "child", called_element_binding="latest")
    simulator, instance = started(calling(call), CHILD, x=1)
    (called,) = simulator.called(instance)

    # when
    simulator.complete("work", {"y": 2})

    # then
    assert simulator.variables(called) == {"y": 2}
    assert simulator.variables(instance) == {"x": 1}


def test_should_call_the_process_that_an_expression_names() -> None:
    # given
    simulator, instance = started(calling(call_activity("call", "${which}")), CHILD, which="child")

    # then
    assert simulator.run_of(simulator.called(instance)[0]).instance.definition_key == "child"


def test_should_raise_an_incident_where_the_process_is_not_deployed_and_call_again_when_resolved() -> None:
    # given
    simulator, instance = started(calling(call_activity("call", "${which}")), CHILD, which="unknown")
    incident = simulator.incident()
    assert (incident.kind, incident.element_id) == ("CALLED_INSTANCE_FAILED", "call")
    assert "'unknown'" in incident.message

    # when
    simulator.resolve(incident.id, {"which": "child"})
    simulator.complete("work")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_catch_the_error_that_ended_the_called_instance() -> None:
    # given
    call = calling(
        call_activity("call", "child"),
        boundary("caught", "call", on_error("e")),
        user_task("fix"),
        flows="caught -> fix -> end",
        roots=error("e", "E1"),
    )
    simulator, instance = started(call, FAILING)
    (called,) = simulator.called(instance)

    # when
    simulator.complete("work")

    # then
    assert simulator.status(called) is InstanceStatus.FAILED
    assert simulator.active(instance) == ["fix"]
    assert not simulator.incidents


def test_should_raise_an_incident_where_nothing_catches_the_error() -> None:
    # given
    simulator, instance = started(calling(call_activity("call", "child")), FAILING)

    # when
    simulator.complete("work")

    # then
    incident = simulator.incident()
    assert (incident.kind, incident.error_code, incident.element_id) == ("UNHANDLED_ERROR", "E1", "call")
    assert simulator.status(instance) is InstanceStatus.RUNNING


def test_should_pass_an_error_through_two_calls() -> None:
    # given
    middle = model(start(), call_activity("inner", "child"), end(), flows="start -> inner -> end", key="middle")
    outer = calling(
        call_activity("call", "middle"), boundary("caught", "call", on_error()), user_task("fix"), flows="caught -> fix"
    )
    simulator, instance = started(outer, middle, FAILING)

    # when
    simulator.complete("work")

    # then the error stays where the middle process does not let it out
    assert simulator.incident().error_code == "E1"
    assert simulator.active(instance) == ["call"]


def test_should_cancel_the_called_instances_with_the_caller() -> None:
    # given
    middle = model(
        start(),
        sub_process("sub", start("s"), call_activity("inner", "child"), end("e"), flows="s -> inner -> e"),
        end(),
        flows="start -> sub -> end",
        key="middle",
    )
    simulator, instance = started(calling(call_activity("call", "middle")), middle, CHILD)
    (second,) = simulator.called(instance)
    (third,) = simulator.called(second)

    # when
    simulator.cancel(instance)

    # then
    statuses = [simulator.status(id) for id in (instance, second, third)]
    assert statuses == [InstanceStatus.CANCELLED] * 3
    assert not simulator.tasks
    assert simulator.trace(third, "+-~*") == ["+start", "-start", "+work", "~work", "*CANCELLED"]


def test_should_cancel_the_called_instance_when_a_boundary_event_interrupts() -> None:
    # given
    call = calling(
        call_activity("call", "child"), boundary("late", "call", timer(duration="PT1H")), flows="late -> end"
    )
    simulator, instance = started(call, CHILD)
    (called,) = simulator.called(instance)

    # when
    simulator.advance(timedelta(hours=1))

    # then
    assert simulator.status(called) is InstanceStatus.CANCELLED
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_tell_the_caller_when_the_called_instance_is_cancelled() -> None:
    # given
    simulator, instance = started(calling(call_activity("call", "child")), CHILD)

    # when
    simulator.cancel(simulator.called(instance)[0])

    # then
    assert simulator.incident().kind == "CALLED_INSTANCE_FAILED"
    simulator.resolve(simulator.incident().id)
    assert len(simulator.called(instance)) == 2


def test_should_keep_the_result_until_a_failing_out_mapping_is_resolved() -> None:
    # given
    out = extension('<camunda:out sourceExpression="${answer.concat(suffix)}" target="reply"/>')
    simulator, instance = started(calling(call_activity("call", "child", out)), CHILD)
    simulator.complete("work", {"answer": "y"})
    assert simulator.incident().kind == "EXPRESSION_ERROR"
    (called,) = simulator.called(instance)

    # when the variable that was missing is set in the called process and the incident resolved
    simulator.run_of(called).variables[called]["suffix"] = "es"
    simulator.keep_events = False
    simulator.resolve(simulator.incident().id)

    # then
    assert simulator.variables(instance) == {"reply": "yes"}
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_call_one_instance_for_each_item() -> None:
    # given
    call = call_activity(
        "call",
        "child",
        extension('<camunda:in source="item" target="item"/>') + multi_instance(collection="${items}", variable="item"),
    )
    simulator, instance = started(calling(call), CHILD, items=["a", "b", "c"])
    assert [simulator.variables(id) for id in simulator.called(instance)] == [{"item": i} for i in "abc"]

    # when
    for _ in range(3):
        assert simulator.status(instance) is InstanceStatus.RUNNING
        simulator.complete("work")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_call_a_process_of_the_same_document() -> None:
    # given
    both = document(
        process("p", start("s1"), call_activity("call", "q"), end("e1"), flows="s1 -> call -> e1"),
        process("q", start("s2"), user_task("t"), end("e2"), flows="s2 -> t -> e2"),
    )
    simulator, instance = started(both)

    # when
    simulator.complete("t")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
