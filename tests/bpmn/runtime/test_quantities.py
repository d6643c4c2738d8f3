"""Activities that take several tokens to start or give several when they are done (BPMN 2.0.2, 10.3.1)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    boundary,
    compile_with_findings,
    end,
    exclusive,
    model,
    on_condition,
    parallel,
    script_task,
    start,
    sub_process,
    task,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("quantities", "startQuantity tokens start an activity, completionQuantity leave it")


def counting(id: str, *, takes: int = 1, gives: int = 1, tag: str = "task") -> Element:
    return Element(tag, id, {"startQuantity": str(takes), "completionQuantity": str(gives)})


def test_should_start_when_enough_tokens_are_there() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), parallel("fork"), user_task("a"), user_task("b"), counting("t", takes=2), end()),
            flows="start -> fork; fork -> a -> t; fork -> b -> t -> end",
        )
    )
    instance = simulator.start("p")

    # when
    simulator.complete("a")

    # then
    assert simulator.trace(instance)[-1] == "-a"

    # when
    simulator.complete("b")

    # then
    assert simulator.trace(instance)[-5:] == ["-b", "+t", "-t", "+end", "-end"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_take_tokens_of_one_flow() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), counting("many", gives=6), counting("pack", takes=3), end()),
            flows="start -> many -> pack -> end",
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.trace(instance)[2:8] == ["+many", "-many", "+pack", "-pack", "+pack", "-pack"]
    assert simulator.trace(instance)[8:] == ["+end", "-end", "+end", "-end"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_give_its_tokens_over_each_outgoing_flow() -> None:
    # given
    simulator = simulate(
        model(start(), counting("t", gives=2), end("e1"), end("e2"), flows="start -> t -> e1; t -> e2")
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.trace(instance, ">") == [">start_t", ">t_e1", ">t_e1", ">t_e2", ">t_e2"]
    assert simulator.trace(instance)[4:] == ["+e1", "-e1", "+e1", "-e1", "+e2", "-e2", "+e2", "-e2"]


def test_should_wait_for_ever_where_tokens_are_missing() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), counting("three", gives=3), counting("two", takes=2), end()),
            flows="start -> three -> two -> end",
        )
    )

    # when
    instance = simulator.start("p")

    # then as at a parallel gateway, the third token stays where it is
    assert simulator.trace(instance)[2:] == ["+three", "-three", "+two", "-two", "+end", "-end"]
    assert simulator.status(instance) is InstanceStatus.RUNNING
    assert simulator.run_of(instance).scopes[instance].arrivals == {"three_two": 1}


def test_should_gather_in_a_loop() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), exclusive("x"), counting("many", gives=2), counting("t", takes=2), exclusive("y"), end()),
            script_task("count", "n = n + 1"),
            flows="start -> x -> many -> t -> y -[n > 1]-> end; y -[default]-> count -> x",
        )
    )

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    assert simulator.trace(instance).count("+t") == 3
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_forget_tokens_that_wait_when_the_scope_is_interrupted() -> None:
    # given
    inside = sub_process(
        "sub",
        *(start("s"), counting("three", gives=3), counting("two", takes=2, tag="userTask"), end("e")),
        flows="s -> three -> two -> e",
    )
    simulator = simulate(
        model(
            *(start(), inside, boundary("stop", "sub", on_condition("done")), task("t"), end()),
            flows="start -> sub -> end; stop -> t -> end",
        )
    )
    instance = simulator.start("p", {"done": False})

    # when
    simulator.set_variables(instance, done=True)

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("attribute", ["startQuantity", "completionQuantity"])
@pytest.mark.parametrize("number", ["-1", "1001"])
def test_should_refuse_numbers_that_make_no_sense(attribute: str, number: str) -> None:
    # given
    counted = Element("task", "t", {attribute: number})

    # when
    _, findings = compile_with_findings(model(start(), counted, end(), flows="start -> t -> end"))

    # then
    assert [(f.code, f.element_id) for f in findings if f.severity == "ERROR"] == [("QUANTITY_INVALID", "t")]


@pytest.mark.parametrize("attribute", ["startQuantity", "completionQuantity"])
def test_should_read_0_as_1(attribute: str) -> None:
    # given a task as ADONIS exports it
    counted = Element("userTask", "t", {attribute: "0"})
    simulator = simulate(model(start(), counted, task("after"), end(), flows="start -> t -> after -> end"))
    instance = simulator.start("p")
    assert simulator.active(instance) == ["t"]

    # when
    simulator.complete("t")

    # then
    assert simulator.trace(instance, "+") == ["+start", "+t", "+after", "+end"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED
