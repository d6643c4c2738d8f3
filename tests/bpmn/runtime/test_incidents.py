"""Failures are values: an incident where it happened, nothing half-done, and on from there when it is resolved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.support.models import (
    Element,
    boundary,
    call_activity,
    camunda_io,
    catch,
    end,
    exclusive,
    extension,
    model,
    multi_instance,
    script_task,
    service_task,
    start,
    sub_process,
    task,
    timer,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("incident", "every failing expression; resolved by correcting variables")

BAD = "${x.y.z}"
"""Fails as long as `x` is no map of maps."""
GOOD: dict[str, Any] = {"x": {"y": {"z": "1"}}}
CHILD = model(start(), end(), flows="start -> end", key="child")


ENTERING = {
    "input mapping": service_task("a", camunda_io(inputs={"in": BAD}), type="external", topic="t"),
    "assignee": user_task("a", assignee=BAD),
    "candidates": user_task("a", candidate_users=BAD),
    "name": user_task("a", name=f"Do {BAD}"),
    "priority": user_task("a", priority=BAD),
    "topic": service_task("a", type="external", topic=BAD),
    "expression": service_task("a", expression=BAD),
    "script": script_task("a", BAD, "juel"),
    "called element": call_activity("a", "chi${x.y.z == '1' ? 'ld' : ''}"),
    "in mapping": call_activity("a", "child", extension(f'<camunda:in sourceExpression="{BAD}" target="t"/>')),
    "cardinality": task("a", multi_instance(cardinality=BAD)),
    "timer": catch("a", timer(duration="PT${x.y.z}S")),
    "sub-process input": sub_process(
        "a", start("s"), task("t"), end("e"), flows="s -> t -> e", inner=camunda_io(inputs={"in": BAD})
    ),
}
COMPLETING = {
    "output mapping": service_task("a", camunda_io(outputs={"out": BAD}), type="external", topic="t"),
    "output of a user task": user_task("a", camunda_io(outputs={"out": BAD})),
    "output of a sub-process": sub_process(
        "a", start("s"), task("t"), end("e"), flows="s -> t -> e", inner=camunda_io(outputs={"out": BAD})
    ),
    "condition": exclusive("a"),
    "completion condition": user_task("a", multi_instance(cardinality="1", until="${x.y.z == '1'}")),
}


def around(element: Element) -> bytes:
    flows = "start -> a -> end"
    if element.tag == "exclusiveGateway":
        flows = "start -> a -[${x.y.z == '1'}]-> end; a -[default]-> end2"
    return model(start(), element, end(), end("end2"), flows=flows)


def finish(simulator: Any) -> None:
    """Do all work that is open, whatever it is."""
    while simulator.tasks or simulator.jobs or simulator.timers:
        if simulator.timers:
            simulator.advance(timedelta(hours=1))
        else:
            simulator.complete("a")


@pytest.mark.parametrize("element", ENTERING.values(), ids=ENTERING.keys())
def test_should_enter_again_when_resolved(element: Element) -> None:
    # given
    simulator = simulate(around(element), CHILD)

    # when
    instance = simulator.start("p", {"x": 1})

    # then nothing but the incident waits
    incident = simulator.incident()
    assert incident.element_id == "a"
    assert incident.kind in ("EXPRESSION_ERROR", "TIMER_INVALID")
    assert simulator.waiting() == ["a"]
    assert simulator.variables(instance) == {"x": 1}
    assert simulator.run_of(instance).instance.incidents == 1

    # when it is resolved in vain
    simulator.resolve(incident.id)

    # then
    assert simulator.incident().id != incident.id

    # when it is resolved
    simulator.resolve(simulator.incident().id, GOOD)
    finish(simulator)

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.run_of(instance).instance.incidents == 0


@pytest.mark.parametrize("element", COMPLETING.values(), ids=COMPLETING.keys())
def test_should_complete_again_when_resolved_without_doing_the_work_twice(element: Element) -> None:
    # given
    simulator = simulate(around(element))
    instance = simulator.start("p", {"x": 1})

    # when
    finish(simulator)

    # then
    incident = simulator.incident()
    assert (incident.kind, incident.element_id) == ("EXPRESSION_ERROR", "a")

    # when
    simulator.resolve(incident.id, GOOD)

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert len([text for text in simulator.trace(instance, ".") if text == ".a"]) <= 1


def test_should_cancel_an_incident_with_its_element() -> None:
    # given an incident at the output mapping, and a boundary timer that is still armed
    simulator = simulate(
        model(
            *(start(), user_task("a", camunda_io(outputs={"out": BAD})), boundary("b", "a", timer(duration="PT1H"))),
            *(user_task("c"), end()),
            flows="start -> a -> end; b -> c -> end",
        )
    )
    instance = simulator.start("p")
    simulator.complete("a")
    assert simulator.waiting() == ["a", "b"]

    # when
    simulator.advance(timedelta(hours=1))

    # then
    assert simulator.active(instance) == ["c"]
    assert not simulator.incidents
    assert simulator.run_of(instance).instance.incidents == 0


def test_should_keep_several_incidents_apart() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), user_task("a", assignee="${u.name}"), user_task("b", assignee="${v.name}"), end()),
            flows="start -> a -> end; start -> b -> end",
        )
    )
    instance = simulator.start("p", {"u": 1, "v": 2})
    assert simulator.run_of(instance).instance.incidents == 2

    # when
    first = next(pending.effect for pending in simulator.incidents.values() if pending.effect.element_id == "a")
    simulator.resolve(first.id, {"u": {"name": "ann"}})

    # then
    assert simulator.incident().element_id == "b"
    assert [task.assignee for task in simulator.open_tasks()] == ["ann"]


def test_should_stop_an_endless_loop_and_go_on_when_resolved() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), exclusive("again"), script_task("s", "n = n + 1"), exclusive("g"), end()),
            flows="start -> again -> s -> g -[go]-> again; g -[default]-> end",
        ),
        limits=Limits(transitions_per_step=10, transitions_without_wait=50),
    )

    # when
    instance = simulator.start("p", {"n": 0, "go": True})

    # then
    assert simulator.incident().kind == "ENDLESS_LOOP"
    assert simulator.variables(instance)["n"] < 60
    assert simulator.most_transitions <= 11

    # when
    simulator.resolve(simulator.incident().id, {"go": False})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_stop_an_endless_loop_of_asynchronous_tasks() -> None:
    # given a loop whose steps are all short
    simulator = simulate(
        model(
            *(start(), exclusive("again"), task("t", async_before="true"), end()),
            flows="start -> again -> t -> again",
        ),
        limits=Limits(transitions_per_step=10, transitions_without_wait=50),
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.incident().kind == "ENDLESS_LOOP"
    simulator.cancel(instance)
    assert not simulator.incidents


def test_should_raise_an_incident_for_each_branch_of_an_endless_loop() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), exclusive("m1"), task("a"), exclusive("m2"), task("b"), end()),
            flows="start -> m1 -> a -> m1; start -> m2 -> b -> m2",
        ),
        limits=Limits(transitions_per_step=10, transitions_without_wait=50),
    )

    # when
    instance = simulator.start("p")

    # then
    assert [pending.effect.kind for pending in simulator.incidents.values()] == ["ENDLESS_LOOP"] * 2
    simulator.cancel(instance)
    assert not simulator.incidents


def test_should_go_on_with_other_branches_beside_an_incident() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), user_task("a", assignee=BAD), user_task("b"), user_task("c"), end()),
            flows="start -> a -> end; start -> b -> c -> end",
        )
    )
    instance = simulator.start("p", {"x": 1})

    # when
    simulator.complete("b")

    # then
    assert simulator.active(instance) == ["a", "c"]


def test_should_answer_gone_to_an_incident_that_is_resolved() -> None:
    # given
    simulator = simulate(model(start(), user_task("a", assignee=BAD), end(), flows="start -> a -> end"))
    instance = simulator.start("p", {"x": 1})
    incident = simulator.incident()
    simulator.resolve(incident.id, GOOD)

    # when
    outcome = simulator.do(
        c.ResolveIncident(
            instance_id=instance,
            scope_id=incident.scope_id,
            incident_id=incident.id,
            token_id=incident.token_id,
        )
    )

    # then
    assert outcome == "GONE"
