"""Variables: scopes, mappings, where results go."""

from __future__ import annotations

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime.engine import Outcome
from tests.support.models import (
    Element,
    camunda_io,
    end,
    model,
    script_task,
    service_task,
    start,
    sub_process,
    user_task,
    zeebe_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("ioMapping", "input and output parameters of camunda: and zeebe:, local variables")


def inside(task: Element, io: str) -> bytes:
    sub = sub_process("sub", start("s"), task, end("e"), flows=f"s -> {task.id} -> e", inner=io)
    return model(start(), sub, user_task("after"), end(), flows="start -> sub -> after -> end")


def test_should_set_the_variable_of_the_nearest_scope_that_has_it_else_of_the_process() -> None:
    # given
    simulator = simulate(inside(user_task("t"), camunda_io(inputs={"local": "1"})))
    instance = simulator.start("p", {"x": 1})

    # when
    simulator.complete("t", {"x": 2, "local": "2", "new": 3})

    # then
    assert simulator.variables(instance) == {"x": 2, "new": 3}


def test_should_read_the_nearest_variable_of_a_name() -> None:
    # given
    simulator = simulate(inside(script_task("t", "seen = x"), camunda_io(inputs={"x": "${x + 1}"})))

    # when
    instance = simulator.start("p", {"x": 1})

    # then
    assert simulator.variables(instance) == {"x": 1, "seen": 2}


def test_should_evaluate_inputs_in_the_scope_outside() -> None:
    # given two inputs that swap
    simulator = simulate(inside(user_task("t"), camunda_io(inputs={"a": "${b}", "b": "${a}"})))

    # when
    instance = simulator.start("p", {"a": 1, "b": 2})

    # then
    (scope,) = (id for id in simulator.run_of(instance).scopes if id != instance)
    assert simulator.run_of(instance).variables[scope] == {"a": 2, "b": 1}
    assert simulator.variables(instance) == {"a": 1, "b": 2}


def test_should_set_a_script_of_an_input_mapping_what_it_sets() -> None:
    # given JavaScript in an input parameter that writes a variable itself
    script = '<camunda:script scriptFormat="javascript">execution.setVariable("n", 5); n2 = 6; 7</camunda:script>'
    io = f'<extensionElements><camunda:inputOutput><camunda:inputParameter name="p">{script}</camunda:inputParameter>'
    io += "</camunda:inputOutput></extensionElements>"
    simulator = simulate(
        model(start(), service_task("a", io, type="external", topic="t"), end(), flows="start -> a -> end")
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.variables(instance)["n"] == 5
    (job,) = simulator.open_jobs()
    assert simulator.run_of(instance).variables[job.scope_id] == {"p": 7}


def test_should_let_zeebe_results_go_up_where_there_are_no_outputs() -> None:
    # given
    io = '<zeebe:ioMapping><zeebe:input source="=x" target="y"/></zeebe:ioMapping>'
    simulator = simulate(model(start(), zeebe_task("a", io=io), end(), flows="start -> a -> end"))
    instance = simulator.start("p", {"x": 1})

    # when
    simulator.complete("a", {"y": 5, "z": 6})

    # then what has a local variable stays there
    assert simulator.variables(instance) == {"x": 1, "z": 6}


def test_should_set_and_remove_variables_from_outside() -> None:
    # given
    simulator = simulate(inside(user_task("t"), camunda_io(inputs={"local": "1"})))
    instance = simulator.start("p", {"x": 1, "y": 2})
    (scope,) = (id for id in simulator.run_of(instance).scopes if id != instance)

    # when
    simulator.set_variables(instance, x=5, z=6)
    simulator.set_variables(instance, scope_id=scope, local="2")
    simulator.do(c.SetVariables(instance_id=instance, removed=("y", "unknown")))

    # then
    assert simulator.variables(instance) == {"x": 5, "z": 6}
    assert simulator.run_of(instance).variables[scope] == {"local": "2"}


def test_should_refuse_variables_for_a_scope_that_is_closed() -> None:
    # given
    simulator = simulate(inside(user_task("t"), camunda_io(inputs={"local": "1"})))
    instance = simulator.start("p")
    (scope,) = (id for id in simulator.run_of(instance).scopes if id != instance)
    simulator.complete("t")

    # when
    outcome = simulator.set_variables(instance, scope_id=scope, local="2")

    # then
    assert outcome is Outcome.GONE


def test_should_close_local_variables_with_their_element() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), user_task("a", camunda_io(inputs={"local": "1"}, outputs={"out": "${local}"})), user_task("b")),
            end(),
            flows="start -> a -> b -> end",
        )
    )
    instance = simulator.start("p")

    # when
    simulator.complete("a")

    # then
    assert list(simulator.run_of(instance).scopes) == [instance]
    assert simulator.variables(instance) == {"out": "1"}
