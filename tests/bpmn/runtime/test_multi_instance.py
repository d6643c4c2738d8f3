"""Multi-instance activities, parallel and sequential (BPMN 2.0.2, 13.3.7)."""

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
    camunda_io,
    end,
    model,
    multi_instance,
    on_condition,
    on_error,
    script_task,
    service_task,
    start,
    sub_process,
    timer,
    user_task,
    zeebe_multi_instance,
    zeebe_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element(
    "multiInstanceLoopCharacteristics",
    "parallel and sequential; cardinality, collection, completion condition, output collection, counters",
)


def each(element: Element, *more: Element, flows: str = "") -> bytes:
    return model(start(), element, *more, end(), flows=f"start -> {element.id} -> end; {flows}")


def test_should_open_all_at_once_in_parallel() -> None:
    # given
    simulator = simulate(
        each(user_task("t", multi_instance(collection="${people}", variable="who"), assignee="${who}"))
    )

    # when
    instance = simulator.start("p", {"people": ["ann", "bob", "eve"]})

    # then
    assert [task.assignee for task in simulator.open_tasks()] == ["ann", "bob", "eve"]

    # when in any order
    for task in reversed(simulator.open_tasks()):
        assert simulator.status(instance) is InstanceStatus.RUNNING
        simulator.complete_task(task.id)

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance)[2:] == ["+t", "+t", "+t", "+t", "-t", "-t", "-t", "-t", "+end", "-end"]


def test_should_open_one_after_the_other_in_sequence() -> None:
    # given
    loop = multi_instance(collection="${people}", variable="who", sequential=True)
    simulator = simulate(each(user_task("t", loop, assignee="${who}")))
    instance = simulator.start("p", {"people": ["ann", "bob"]})

    # when
    assignees = []
    while simulator.tasks:
        (task,) = simulator.open_tasks()
        assignees.append(task.assignee)
        simulator.complete_task(task.id)

    # then
    assert assignees == ["ann", "bob"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("empty", ["cardinality", "collection"])
def test_should_pass_where_there_is_nothing_to_do(sequential: bool, empty: str) -> None:
    # given
    loop = (
        multi_instance(cardinality="0", sequential=sequential)
        if empty == "cardinality"
        else multi_instance(collection="${none}", sequential=sequential)
    )
    simulator = simulate(each(user_task("t", loop)))

    # when
    instance = simulator.start("p", {"none": []})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("sequential", [False, True])
def test_should_number_its_instances_and_count_them(sequential: bool) -> None:
    # given
    loop = multi_instance(cardinality="3", sequential=sequential, until="${nrOfCompletedInstances >= 2}")
    simulator = simulate(each(user_task("t", loop, name="${loopCounter} of ${nrOfInstances}")))

    # when
    instance = simulator.start("p")
    names = []
    while simulator.tasks:
        task = simulator.open_tasks()[0]
        names.append(task.name)
        simulator.complete_task(task.id)

    # then the third is not needed
    assert names == ["0 of 3", "1 of 3"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert ("~t" in simulator.trace(instance)) != sequential


@pytest.mark.parametrize("sequential", [False, True])
def test_should_collect_outputs_in_the_order_of_the_input(sequential: bool) -> None:
    # given
    loop = zeebe_multi_instance("=items", variable="item", output="results", element="=result", sequential=sequential)
    task = zeebe_task("t")
    task.inner += loop
    simulator = simulate(each(task))
    instance = simulator.start("p", {"items": [1, 2, 3]})

    # when the jobs are done backwards
    while simulator.jobs:
        job = simulator.open_jobs()[-1]
        (item,) = (names["item"] for id, names in simulator.run_of(instance).variables.items() if id == job.scope_id)
        simulator.complete_job(job.id, {"result": item * 10})

    # then
    assert simulator.variables(instance) == {"items": [1, 2, 3], "results": [10, 20, 30]}


def test_should_leave_null_for_instances_that_were_not_needed() -> None:
    # given
    task = zeebe_task("t")
    loop = zeebe_multi_instance("=items", output="results", element="=result")
    done = '<completionCondition xsi:type="tFormalExpression">=result = "stop"</completionCondition>'
    task.inner += loop.replace("</extensionElements></multi", f"</extensionElements>{done}</multi")
    simulator = simulate(each(task))
    instance = simulator.start("p", {"items": [1, 2, 3], "result": None})

    # when
    simulator.complete_job(simulator.open_jobs()[1].id, {"result": "stop"})

    # then
    assert simulator.variables(instance)["results"] == [None, "stop", None]


def test_should_run_scripts_of_a_wide_body_in_bounded_steps() -> None:
    # given
    script = script_task("t", "total = total + item", inner=multi_instance(collection="${items}", variable="item"))
    simulator = simulate(each(script), limits=Limits(scopes_per_step=10))

    # when
    instance = simulator.start("p", {"items": list(range(95)), "total": 0})

    # then
    assert simulator.variables(instance)["total"] == sum(range(95))
    assert simulator.steps >= 10
    assert simulator.most_transitions <= 20


def test_should_run_a_long_sequence_in_bounded_steps() -> None:
    # given
    loop = multi_instance(collection="${items}", variable="item", sequential=True)
    simulator = simulate(each(script_task("t", "total = total + item", inner=loop)), limits=Limits(scopes_per_step=10))

    # when
    instance = simulator.start("p", {"items": list(range(95)), "total": 0})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance)["total"] == sum(range(95))
    assert simulator.most_transitions <= 20


def test_should_bound_the_step_of_bodies_within_bodies() -> None:
    # given
    inner = user_task("t", multi_instance(cardinality="${5}"))
    outer = sub_process(
        "sub", start("s"), inner, end("e"), flows="s -> t -> e", inner=multi_instance(cardinality="${8}")
    )
    simulator = simulate(each(outer), limits=Limits(scopes_per_step=10))

    # when
    instance = simulator.start("p")

    # then
    assert len(simulator.tasks) == 40
    assert simulator.most_transitions < 60
    for task in simulator.open_tasks():
        simulator.complete_task(task.id)
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_keep_the_variables_of_each_instance_apart() -> None:
    # given
    inside = sub_process(
        "sub",
        *(start("s"), user_task("t"), end("e")),
        flows="s -> t -> e",
        inner=camunda_io(inputs={"mine": "${item}"}) + multi_instance(collection="${items}", variable="item"),
    )
    simulator = simulate(each(inside))
    instance = simulator.start("p", {"items": ["a", "b"]})

    # when
    simulator.complete_task(simulator.open_tasks()[0].id, {"mine": "changed"})

    # then
    values = [names["mine"] for names in simulator.run_of(instance).variables.values() if "mine" in names]
    assert values == ["b"]


def test_should_end_all_instances_when_a_boundary_event_interrupts() -> None:
    # given
    simulator = simulate(
        each(
            user_task("t", multi_instance(cardinality="5")),
            boundary("late", "t", timer(duration="PT1H")),
            user_task("remind"),
            flows="late -> remind -> end",
        )
    )
    instance = simulator.start("p")
    simulator.complete_task(simulator.open_tasks()[2].id)
    assert len(simulator.timers) == 1

    # when
    simulator.advance(timedelta(hours=1))

    # then
    assert simulator.active(instance) == ["remind"]
    assert simulator.waiting() == ["remind"]


def test_should_interrupt_while_it_is_still_opening() -> None:
    # given a body of which only the first portion is open, when its condition comes true
    simulator = simulate(
        each(
            service_task("t", multi_instance(cardinality="${25}"), type="external", topic="t"),
            boundary("enough", "t", on_condition("${stop}")),
            user_task("after"),
            flows="enough -> after -> end",
        ),
        limits=Limits(scopes_per_step=10),
    )
    instance = simulator.first_step("p", {"stop": False})
    assert len(simulator.jobs) == 10
    assert [type(command) for command in simulator.queue] == [c.Continue]

    # when
    simulator.set_variables(instance, stop=True)

    # then
    assert simulator.active(instance) == ["after"]
    assert not simulator.jobs


@pytest.mark.parametrize("sequential", [False, True])
def test_should_go_to_the_boundary_when_one_instance_throws(sequential: bool) -> None:
    # given
    loop = multi_instance(cardinality="3", sequential=sequential)
    simulator = simulate(
        each(
            service_task("t", loop, type="external", topic="t"),
            boundary("caught", "t", on_error()),
            user_task("fix"),
            flows="caught -> fix -> end",
        )
    )
    instance = simulator.start("p")

    # when
    simulator.raise_error("t", "E")

    # then
    assert simulator.active(instance) == ["fix"]
    assert not simulator.jobs


def test_should_interrupt_one_sub_process_within_an_instance_only() -> None:
    # given
    inner = sub_process("inner", start("s2"), user_task("t"), end("e2"), flows="s2 -> t -> e2")
    outer = sub_process(
        "outer",
        *(start("s1"), inner, boundary("caught", "inner", timer(duration="${delay}")), user_task("late"), end("e1")),
        flows="s1 -> inner -> e1; caught -> late -> e1",
        inner=multi_instance(collection="${delays}", variable="delay"),
    )
    simulator = simulate(each(outer))
    instance = simulator.start("p", {"delays": ["PT1H", "PT3H"]})

    # when
    simulator.advance(timedelta(hours=2))

    # then
    assert simulator.waiting() == ["caught", "late", "t"]

    # when
    simulator.complete("late")
    simulator.complete("t")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize(
    ("loop", "variables", "correction"),
    [
        (multi_instance(collection="${items}"), {"items": 5}, {"items": [1]}),
        (multi_instance(collection="${items}"), {}, {"items": [1]}),
        (multi_instance(cardinality="${n}"), {"n": -1}, {"n": 1}),
        (multi_instance(cardinality="${n}"), {"n": "many"}, {"n": "1"}),
    ],
)
def test_should_raise_an_incident_where_it_is_not_clear_how_many(
    loop: str, variables: dict[str, Any], correction: dict[str, Any]
) -> None:
    # given
    simulator = simulate(each(user_task("t", loop)))
    instance = simulator.start("p", variables)
    assert simulator.incident().kind == "EXPRESSION_ERROR"

    # when
    simulator.resolve(simulator.incident().id, correction)
    simulator.complete("t")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_refuse_more_items_than_the_limit() -> None:
    # given
    simulator = simulate(each(user_task("t", multi_instance(cardinality="11"))), limits=Limits(items=10))

    # when
    simulator.start("p")

    # then
    assert simulator.incident().kind == "MULTI_INSTANCE_TOO_LARGE"


@pytest.mark.parametrize("sequential", [False, True])
def test_should_go_on_after_a_failing_completion_condition(sequential: bool) -> None:
    # given
    loop = multi_instance(cardinality="3", sequential=sequential, until="${done}")
    simulator = simulate(each(user_task("t", loop)))
    instance = simulator.start("p")

    # when
    simulator.complete("t")

    # then
    assert simulator.incident().kind == "EXPRESSION_ERROR"

    # when
    simulator.resolve(simulator.incident().id, {"done": False})

    # then
    assert len(simulator.tasks) == (1 if sequential else 2)
    simulator.set_variables(instance, done=True)
    simulator.complete("t")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_keep_an_incident_to_the_instance_it_concerns() -> None:
    # given
    loop = multi_instance(collection="${items}", variable="item")
    simulator = simulate(each(user_task("t", loop, assignee="${item.name}")))
    instance = simulator.start("p", {"items": [{"name": "ann"}, 5, {"name": "eve"}]})
    assert len(simulator.tasks) == 2
    incident = simulator.incident()

    # when
    simulator.resolve(incident.id, {"item": {"name": "bob"}})

    # then
    assert sorted(str(task.assignee) for task in simulator.open_tasks()) == ["ann", "bob", "eve"]
    for task in simulator.open_tasks():
        simulator.complete_task(task.id)
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_walk_over_the_values_of_a_map() -> None:
    # given
    loop = multi_instance(collection="${prices}", variable="price", sequential=True)
    simulator = simulate(each(script_task("t", "total = total + price", inner=loop)))

    # when
    instance = simulator.start("p", {"prices": {"a": 1, "b": 2}, "total": 0})

    # then
    assert simulator.variables(instance)["total"] == 3
