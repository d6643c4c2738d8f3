"""Script task: a short script evaluated in the step."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import Element, end, extension, model, script_task, start, task
from tests.support.simulation import simulate

pytestmark = [
    pytest.mark.element("scriptTask", "Python, JavaScript, JUEL, FEEL and a part of Groovy, evaluated in the step"),
    pytest.mark.element("task", "passes"),
    pytest.mark.element("manualTask", "passes"),
]


def one(element: Element) -> bytes:
    return model(start(), element, end(), flows=f"start -> {element.id} -> end")


@pytest.mark.parametrize(
    ("script", "format"),
    [
        ("y = x * 2", "python"),
        ("execution.setVariable('y', execution.getVariable('x') * 2)", "javascript"),
        ("execution.setVariable('y', x * 2)", "groovy"),
    ],
)
def test_should_store_what_the_script_assigns(script: str, format: str) -> None:
    # given
    simulator = simulate(one(script_task("s", script, format)))

    # when
    instance = simulator.start("p", {"x": 3})

    # then
    assert simulator.variables(instance) == {"x": 3, "y": 6}


def test_should_keep_the_value_in_the_result_variable() -> None:
    # given
    simulator = simulate(one(script_task("s", "${x * 2}", "juel", result_variable="y")))

    # when
    instance = simulator.start("p", {"x": 3})

    # then
    assert simulator.variables(instance) == {"x": 3, "y": 6}


def test_should_evaluate_feel_of_camunda_8() -> None:
    # given
    script = extension('<zeebe:script expression="=x * 2" resultVariable="y"/>')
    simulator = simulate(one(Element("scriptTask", "s", {}, script)))

    # when
    instance = simulator.start("p", {"x": 3})

    # then
    assert simulator.variables(instance)["y"] == 6


def test_should_change_nothing_where_the_script_fails_and_run_it_again_when_resolved() -> None:
    # given
    simulator = simulate(one(script_task("s", "y = 1\nz = 10 / x")))

    # when
    instance = simulator.start("p", {"x": 0})

    # then
    assert simulator.incident().kind == "EXPRESSION_ERROR"
    assert simulator.variables(instance) == {"x": 0}

    # when
    simulator.resolve(simulator.incident().id, {"x": 5})

    # then
    assert simulator.variables(instance) == {"x": 5, "y": 1, "z": 2}
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_not_change_values_in_place() -> None:
    # given a script that changes a list it was given: a new value, not the old one changed
    simulator = simulate(one(script_task("s", "items.append(4)\nitems = items")))

    # when
    given = [1, 2, 3]
    instance = simulator.start("p", {"items": given})

    # then
    assert given == [1, 2, 3]
    assert simulator.variables(instance) == {"items": [1, 2, 3, 4]}


@pytest.mark.parametrize("element", [task("x"), Element("manualTask", "x")], ids=["task", "manualTask"])
def test_should_pass_a_task_without_work(element: Element) -> None:
    # given
    simulator = simulate(one(element))

    # when
    instance = simulator.start("p")

    # then
    assert simulator.trace(instance) == ["+start", "-start", "+x", "-x", "+end", "-end"]
