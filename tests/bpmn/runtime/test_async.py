"""asyncBefore and asyncAfter: a transaction ends there; the rest is a step of its own."""

from __future__ import annotations

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime.state import InstanceStatus
from tests.support.models import end, exclusive, model, parallel, script_task, start, task, user_task
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("async", "asyncBefore and asyncAfter of camunda: and flowable: end a transaction")


@pytest.mark.parametrize("attribute", ["async_before", "async_after"])
def test_should_end_the_step(attribute: str) -> None:
    # given
    simulator = simulate(
        model(start(), task("a", **{attribute: "true"}), user_task("b"), end(), flows="start -> a -> b -> end")
    )

    # when
    instance = simulator.first_step("p")

    # then
    entered = "+a" in simulator.trace(instance)
    assert entered == (attribute == "async_after")
    assert "+b" not in simulator.trace(instance)
    assert [type(command) for command in simulator.queue] == [c.Continue]

    # when
    simulator.do(simulator.queue.popleft())

    # then
    assert simulator.active(instance) == ["b"]


def test_should_be_overtaken_by_other_commands() -> None:
    # given a branch that is to be continued, and a task beside it
    simulator = simulate(
        model(
            *(start(), parallel("fork"), task("a", async_before="true"), user_task("b"), parallel("join"), end()),
            flows="start -> fork -> a -> join; fork -> b -> join -> end",
        )
    )
    instance = simulator.first_step("p")

    # when the task is completed first
    simulator.complete("b")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_not_lose_tokens_when_two_continuations_of_a_scope_wait() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), task("a", async_after="true"), user_task("b"), task("c", async_before="true"), user_task("d")),
            end(),
            flows="start -> a -> d -> end; start -> b -> c -> d",
        )
    )
    instance = simulator.first_step("p")

    # when
    simulator.complete("b")

    # then
    assert simulator.active(instance) == ["d", "d"]


def test_should_run_a_loop_of_steps() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), exclusive("again"), script_task("s", "n = n + 1", async_before="true"), exclusive("g"), end()),
            flows="start -> again -> s -> g -[${n < 5}]-> again; g -[default]-> end",
        )
    )

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.steps == 6


def test_should_forget_its_continuation_when_the_instance_is_cancelled() -> None:
    # given
    simulator = simulate(model(start(), task("a", async_before="true"), end(), flows="start -> a -> end"))
    instance = simulator.first_step("p")

    # when
    simulator.cancel(instance)

    # then
    assert simulator.status(instance) is InstanceStatus.CANCELLED
    assert "+a" not in simulator.trace(instance)
