"""Boundary conditional events: fire when a variable they read changes and the condition is true."""

from __future__ import annotations

import pytest

from bpmn.runtime.effects import UpdateJob
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
    parallel,
    script_task,
    service_task,
    start,
    sub_process,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("conditionalBoundaryEvent", "evaluated when a variable it reads changes")


def guarded(condition: str, *, interrupting: bool = True) -> bytes:
    return model(
        *(start(), user_task("a"), boundary("b", "a", on_condition(condition), interrupting=interrupting)),
        *(user_task("alarm"), end()),
        flows="start -> a -> end; b -> alarm -> end",
    )


def test_should_fire_when_a_variable_makes_it_true() -> None:
    # given
    simulator = simulate(guarded("${x > 5}"))
    instance = simulator.start("p", {"x": 1})
    simulator.set_variables(instance, x=5)
    assert simulator.active(instance) == ["a"]

    # when
    simulator.set_variables(instance, x=6)

    # then
    assert simulator.trace(instance)[2:] == ["+a", "~a", "+b", "-b", "+alarm"]


def test_should_fire_at_once_where_it_is_true_already() -> None:
    # given
    simulator = simulate(guarded("${x > 5}"))

    # when
    instance = simulator.start("p", {"x": 6})

    # then
    assert simulator.active(instance) == ["alarm"]


def test_should_wait_for_a_variable_that_does_not_exist_yet() -> None:
    # given
    simulator = simulate(guarded("${x > 5}"))
    instance = simulator.start("p")
    assert not simulator.incidents

    # when
    simulator.set_variables(instance, x=6)

    # then
    assert simulator.active(instance) == ["alarm"]


def test_should_not_look_at_other_variables() -> None:
    # given one that stays true
    simulator = simulate(guarded("${x > 5}", interrupting=False))
    instance = simulator.start("p", {"x": 6})
    assert simulator.active(instance) == ["a", "alarm"]

    # when
    simulator.set_variables(instance, y=1)

    # then
    assert simulator.active(instance) == ["a", "alarm"]

    # when
    simulator.set_variables(instance, x=7)

    # then
    assert simulator.active(instance) == ["a", "alarm", "alarm"]


def test_should_not_fire_again_because_another_event_begins_to_wait() -> None:
    # given
    simulator = simulate(
        model(
            *(
                start(),
                parallel("fork"),
                user_task("a"),
                boundary("b", "a", on_condition("${x > 5}"), interrupting=False),
            ),
            *(user_task("first"), user_task("c"), boundary("d", "c", on_condition("${y > 5}")), end()),
            flows="start -> fork -> a -> end; fork -> first -> c -> end; b -> end; d -> end",
        )
    )
    instance = simulator.start("p", {"x": 6, "y": 1})
    assert simulator.trace(instance).count("+b") == 1

    # when
    simulator.complete("first")

    # then
    assert simulator.active(instance) == ["a", "c"]
    assert simulator.trace(instance).count("+b") == 1


def test_should_fire_before_the_step_that_wrote_the_variable_goes_on() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), parallel("fork"), user_task("a"), boundary("b", "a", on_condition("${x > 5}")), user_task("t")),
            *(script_task("s", "x = 10"), user_task("after"), user_task("alarm"), end()),
            flows="start -> fork -> a -> end; fork -> t -> s -> after -> end; b -> alarm -> end",
        )
    )
    instance = simulator.start("p", {"x": 0})

    # when
    simulator.complete("t")

    # then
    assert simulator.trace(instance)[-6:] == ["~a", "+b", "-b", "-s", "+alarm", "+after"]


def test_should_be_found_in_scopes_that_the_writing_step_did_not_load() -> None:
    # given a condition in each of three instances, and a variable of the process
    host = sub_process(
        "sub",
        *(start("s"), user_task("a"), boundary("b", "a", on_condition("${x > 5}")), user_task("alarm"), end("e")),
        flows="s -> a -> e; b -> alarm -> e",
        inner=multi_instance(cardinality="${3}"),
    )
    simulator = simulate(model(start(), host, end(), flows="start -> sub -> end"))
    instance = simulator.start("p", {"x": 1})

    # when
    simulator.set_variables(instance, x=6)

    # then
    assert simulator.waiting() == ["alarm", "alarm", "alarm"]


def test_should_see_local_variables_of_its_host() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), user_task("a", camunda_io(inputs={"limit": "${5}"})), end(), user_task("alarm")),
            boundary("b", "a", on_condition("${x > limit}")),
            flows="start -> a -> end; b -> alarm",
        )
    )
    instance = simulator.start("p", {"x": 1})

    # when
    simulator.set_variables(instance, x=6)

    # then
    assert simulator.active(instance) == ["alarm"]


def test_should_raise_an_incident_where_it_cannot_be_evaluated_and_look_again_when_resolved() -> None:
    # given
    simulator = simulate(guarded("${x > 5}"))
    instance = simulator.start("p", {"x": 1})

    # when
    simulator.set_variables(instance, x={"no": "number"})

    # then
    assert simulator.incident().kind == "EXPRESSION_ERROR"
    assert simulator.active(instance) == ["a"]

    # when
    simulator.resolve(simulator.incident().id, {"x": 9})

    # then
    assert simulator.active(instance) == ["alarm"]
    assert not simulator.incidents


def test_should_stop_where_it_makes_its_own_condition_true_for_ever() -> None:
    # given
    event = boundary("b", "a", camunda_io(outputs={"x": "${x + 1}"}) + on_condition("${x > 0}"), interrupting=False)
    simulator = simulate(model(start(), user_task("a"), event, end(), flows="start -> a -> end; b -> end"))

    # when
    instance = simulator.start("p", {"x": 1})

    # then
    assert simulator.incident().kind == "ENDLESS_LOOP"
    assert simulator.status(instance) is InstanceStatus.RUNNING
    assert simulator.active(instance) == ["a"]


def side(id: str, condition: str) -> Element:
    """A sub-process that waits; whenever the condition comes true it counts x up, in a scope of its own."""
    counts = camunda_io(outputs={"x": "${x + 1}"}) + on_condition(condition)
    return sub_process(
        id,
        *(start(f"{id}_s"), user_task(f"{id}_wait"), end(f"{id}_e"), end(f"{id}_counted")),
        boundary(f"{id}_b", f"{id}_wait", counts, interrupting=False),
        flows=f"{id}_s -> {id}_wait -> {id}_e; {id}_b -> {id}_counted",
    )


def ping_pong(most: int) -> bytes:
    """Each side makes the other's condition true, in steps that do not load each other, until x is `most`."""
    even, odd = (side(id, f"${{x % 2 == {rest} && x < {most}}}") for rest, id in enumerate(("even", "odd")))
    return model(
        *(start(), even, odd, end()),
        flows="start -> even -> end; start -> odd -> end",
    )


def test_should_stop_conditions_of_other_scopes_that_make_each_other_true_for_ever() -> None:
    # given
    limits = Limits(transitions_per_step=10, transitions_without_wait=60)
    simulator = simulate(ping_pong(10**9), limits=limits)
    instance = simulator.start("p", {"x": -1})

    # when
    simulator.set_variables(instance, x=1)

    # then
    incident = simulator.incident()
    assert incident.kind == "ENDLESS_LOOP"
    assert incident.element_id in ("even_b", "odd_b")
    assert sorted(simulator.active(instance)) == ["even", "even_wait", "odd", "odd_wait"]
    stopped = simulator.variables(instance)["x"]
    assert 10 < stopped < 60

    # when it is resolved, then it gets as far again
    simulator.resolve(incident.id)
    assert simulator.incident().kind == "ENDLESS_LOOP"
    assert simulator.variables(instance)["x"] - stopped > 10


def test_should_let_conditions_settle_that_do_so_within_the_limit() -> None:
    # given
    simulator = simulate(ping_pong(20), limits=Limits(transitions_per_step=10, transitions_without_wait=80))
    instance = simulator.start("p", {"x": -1})

    # when something from outside starts it again and again
    for _ in range(5):
        simulator.set_variables(instance, x=1)

    # then
    assert simulator.variables(instance)["x"] == 20
    assert not simulator.incidents


def test_should_stop_where_it_starts_an_asynchronous_task_that_makes_its_condition_true_again() -> None:
    # given
    counting = script_task("count", "x = x + 1", async_before="true")
    simulator = simulate(
        model(
            *(start(), user_task("a"), counting, end()),
            boundary("b", "a", on_condition("${x > 0}"), interrupting=False),
            flows="start -> a -> end; b -> count -> end",
        ),
        limits=Limits(transitions_per_step=10, transitions_without_wait=60),
    )

    # when
    instance = simulator.start("p", {"x": 1})

    # then
    assert {pending.effect.kind for pending in simulator.incidents.values()} == {"ENDLESS_LOOP"}
    assert 10 < simulator.variables(instance)["x"] < 60
    assert "a" in simulator.active(instance)


def test_should_not_hand_out_a_job_again_because_the_condition_of_its_boundary_event_failed() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), service_task("a"), boundary("b", "a", on_condition("${x > 5}")), end()),
            flows="start -> a -> end; b -> end",
        )
    )
    instance = simulator.start("p", {"x": 1})
    simulator.set_variables(instance, x="text")

    # when
    simulator.resolve(simulator.incident().id, {"x": 2})

    # then
    assert not any(isinstance(effect, UpdateJob) for effect in simulator.effects_of_last_step)
    assert simulator.waiting() == ["a", "b"]
