"""Embedded sub-process: a scope of its own (BPMN 2.0.2, 13.3.4)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    TERMINATE,
    camunda_io,
    end,
    exclusive,
    model,
    parallel,
    script_task,
    start,
    sub_process,
    task,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("subProcess", "embedded, nested to any depth, with its own variables")


def test_should_complete_when_nothing_is_left_inside() -> None:
    # given
    inside = sub_process("sub", start("s"), user_task("a"), user_task("b"), end("e"), flows="s -> a -> e; s -> b -> e")
    simulator = simulate(model(start(), inside, user_task("after"), end(), flows="start -> sub -> after -> end"))
    instance = simulator.start("p")
    assert simulator.active(instance) == ["a", "b", "sub"]

    # when
    simulator.complete("a")
    assert simulator.active(instance) == ["b", "sub"]
    simulator.complete("b")

    # then
    assert simulator.active(instance) == ["after"]
    assert simulator.trace(instance)[-3:] == ["-e", "-sub", "+after"]


def test_should_complete_in_one_step_what_does_not_wait() -> None:
    # given
    inner = sub_process("inner", start("s2"), task("t"), end("e2"), flows="s2 -> t -> e2")
    outer = sub_process("outer", start("s1"), inner, end("e1"), flows="s1 -> inner -> e1")
    simulator = simulate(model(start(), outer, end(), flows="start -> outer -> end"))

    # when
    instance = simulator.start("p")

    # then
    assert simulator.steps == 1
    assert simulator.trace(instance) == [
        *("+start", "-start", "+outer", "+s1", "-s1", "+inner", "+s2", "-s2", "+t", "-t"),
        *("+e2", "-e2", "-inner", "+e1", "-e1", "-outer", "+end", "-end"),
    ]


def test_should_keep_its_input_mappings_inside() -> None:
    # given
    io = camunda_io(inputs={"local": "${x + 1}"}, outputs={"result": "${local * 10}"})
    inside = sub_process(
        "sub", start("s"), script_task("t", "local = local + 1"), end("e"), flows="s -> t -> e", inner=io
    )
    simulator = simulate(model(start(), inside, end(), flows="start -> sub -> end"))

    # when
    instance = simulator.start("p", {"x": 1})

    # then
    assert simulator.variables(instance) == {"x": 1, "result": 30}


def test_should_run_anew_in_each_round_of_a_loop() -> None:
    # given
    inside = sub_process("sub", start("s"), script_task("t", "n = n + 1"), end("e"), flows="s -> t -> e")
    simulator = simulate(
        model(
            *(start(), exclusive("again"), inside, exclusive("g"), end()),
            flows="start -> again -> sub -> g -[n < 4]-> again; g -[default]-> end",
        )
    )

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    assert simulator.variables(instance)["n"] == 4
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_end_only_the_sub_process_with_a_terminate_event_inside() -> None:
    # given a token that waits at a join, one at a task, one that terminates
    inside = sub_process(
        "sub",
        *(start("s"), parallel("fork"), task("a"), user_task("b"), user_task("c"), parallel("join"), end("e")),
        end("stop", TERMINATE),
        flows="s -> fork -> a -> join; fork -> b -> join -> e; fork -> c -> stop",
    )
    simulator = simulate(model(start(), inside, user_task("after"), end(), flows="start -> sub -> after -> end"))
    instance = simulator.start("p")
    assert simulator.active(instance) == ["b", "c", "sub"]

    # when
    simulator.complete("c")

    # then
    assert simulator.trace(instance)[-6:] == ["-c", "+stop", "~b", "-stop", "-sub", "+after"]
    assert simulator.active(instance) == ["after"]


def test_should_cancel_nested_scopes_with_the_instance() -> None:
    # given
    inner = sub_process("inner", start("s2"), user_task("t"), end("e2"), flows="s2 -> t -> e2")
    outer = sub_process(
        "outer", start("s1"), inner, user_task("u", camunda_io(inputs={"x": "1"})), end("e1"),
        flows="s1 -> inner -> e1; s1 -> u -> e1",
    )  # fmt: skip
    simulator = simulate(model(start(), outer, end(), flows="start -> outer -> end"))
    instance = simulator.start("p")

    # when
    simulator.cancel(instance)

    # then
    assert simulator.status(instance) is InstanceStatus.CANCELLED
    assert not simulator.tasks
    assert set(simulator.trace(instance, "~")) == {"~t", "~inner", "~u", "~outer"}
