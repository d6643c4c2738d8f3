"""Loops: patterns 10, 21 and 22."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.conformance.patterns.case import Case
from tests.support.models import (
    call_activity,
    end,
    exclusive,
    extension,
    model,
    script_task,
    standard_loop,
    start,
    user_task,
)
from tests.support.simulation import simulate


@pytest.mark.parametrize("entry", ["a", "b"])
@pytest.mark.parametrize("rounds", [0, 1, 3])
@pytest.mark.parametrize("leave", ["a", "b"])
def test_wcp10_should_run_a_loop_of_several_entries_and_exits(entry: str, rounds: int, leave: str) -> None:
    # given
    case = Case(
        *(start(), exclusive("where"), exclusive("before_a"), user_task("a"), exclusive("after_a")),
        *(exclusive("before_b"), user_task("b"), exclusive("after_b"), end("end_a"), end("end_b")),
        flows=(
            "start -> where -[entry == 'a']-> before_a -> a -> after_a -[leave == 'a']-> end_a;"
            "where -[default]-> before_b; after_a -[default]-> before_b -> b -> after_b -[leave == 'b']-> end_b;"
            "after_b -[default]-> before_a"
        ),
        entry=entry,
        leave="",
    )

    # when
    for _ in range(rounds):
        case.complete(*case.waiting)
        case.complete(*case.waiting)
    assert case.waiting == [entry]
    if entry != leave:
        case.complete(entry)
    case.complete(leave, leave=leave)

    # then
    assert case.is_completed
    assert case.done[f"end_{leave}"] == 1
    assert case.done["a"] + case.done["b"] == 2 * rounds + (1 if entry == leave else 2)


@pytest.mark.parametrize(("before", "times"), [(True, 0), (False, 1)])
def test_wcp21_should_repeat_an_activity_testing_before_or_after(before: bool, times: int) -> None:
    # when the condition is never true
    case = Case(
        *(start(), user_task("a", standard_loop("redo", before=before)), end()),
        flows="start -> a -> end",
        redo=False,
    )

    # then
    assert case.waiting == ["a"] * times
    case.complete(*case.waiting)
    assert case.is_completed


def test_wcp21_should_repeat_an_activity_while_its_condition_is_true() -> None:
    # given
    case = Case(start(), user_task("a", standard_loop("redo")), end(), flows="start -> a -> end")

    # when
    case.complete("a", redo=True)
    case.complete("a", redo=True)
    assert case.waiting == ["a"]
    case.complete("a", redo=False)

    # then
    assert case.is_completed
    assert case.done["a"] == 4, "three rounds and the activity itself"


def test_wcp22_should_let_a_process_call_itself() -> None:
    # given
    mapping = extension(
        '<camunda:in sourceExpression="${n - 1}" target="n"/><camunda:out source="product" target="inner"/>'
    )
    simulator = simulate(
        model(
            *(start(), exclusive("more"), call_activity("call", "p", mapping), exclusive("merge"), end()),
            script_task("one", "${1}", "juel", result_variable="product"),
            script_task("times", "${inner * n}", "juel", result_variable="product"),
            flows="start -> more -[${n > 1}]-> call -> times -> merge -> end; more -[default]-> one -> merge",
        )
    )

    # when
    instance = simulator.start("p", {"n": 5})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance)["product"] == 120
    assert len(simulator.runs) == 5
