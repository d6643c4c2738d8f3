"""asyncBefore of joins, and asyncAfter of what comes to one: the join goes on in a step of its own."""

from __future__ import annotations

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.support.models import (
    Element,
    boundary,
    complex_gateway,
    end,
    exclusive,
    inclusive,
    model,
    on_condition,
    parallel,
    script_task,
    start,
    sub_process,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = pytest.mark.element("async", "at joins too: the last token to come waits")

ASYNC = {"camunda:asyncBefore": "true"}


def asynchronous(element: Element) -> Element:
    return Element(element.tag, element.id, {**element.attributes, **ASYNC}, element.inner)


JOINS = {
    "parallel": parallel("join"),
    "inclusive": inclusive("join"),
    "complex": complex_gateway("join", "${activationCount >= 2}"),
    "complex without condition": complex_gateway("join"),
    "start quantity": Element("task", "join", {"startQuantity": "2"}),
}
RESET = {"complex": ("+join", "-join")}
"""A complex gateway is reset when all have come, which lets a token pass that goes nowhere."""


def joined(join: Element, **attributes: str) -> bytes:
    return model(
        *(start(), inclusive("fork"), user_task("a"), user_task("b", **attributes), join, user_task("t"), end()),
        flows="start -> fork; fork -> a -> join; fork -> b -> join; join -> t -> end",
    )


def step(simulator: CheckedSimulator, element_id: str) -> None:
    """Complete a task, without what follows in steps of its own."""
    [task_id] = [id for id, pending in simulator.tasks.items() if pending.effect.element_id == element_id]
    pending = simulator.tasks[task_id]
    simulator._step(
        c.CompleteUserTask(
            instance_id=pending.instance_id,
            scope_id=pending.effect.scope_id,
            task_id=task_id,
            token_id=pending.effect.token_id,
        )
    )


@pytest.mark.parametrize("how", ["async_before", "async_after"])
@pytest.mark.parametrize("kind", JOINS)
def test_should_go_on_in_a_step_of_its_own(kind: str, how: str) -> None:
    # given
    document = joined(asynchronous(JOINS[kind])) if how == "async_before" else joined(JOINS[kind], async_after="true")
    simulator = simulate(document)
    instance = simulator.start("p")
    step(simulator, "a")
    assert not simulator.queue, "nothing goes on before the last token has come"

    # when
    step(simulator, "b")

    # then the step has ended before the join
    assert simulator.trace(instance)[-1] == "-b"
    [command] = simulator.queue
    assert isinstance(command, c.Continue)
    assert c.from_dict(command.kind, c.to_dict(command)) == command

    # when
    simulator.do(simulator.queue.popleft())

    # then
    after = simulator.trace(instance)
    assert after[after.index("-b") + 1 :] == ["+join", "-join", "+t", *RESET.get(kind, ())]
    assert simulator.active(instance) == ["t"]
    simulator.complete("t")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("kind", JOINS)
def test_should_go_on_once_whatever_else_the_scope_does_meanwhile(kind: str) -> None:
    # given a join that waits for its step
    simulator = simulate(
        model(
            *(start(), user_task("beside"), user_task("other"), parallel("fork"), user_task("a"), user_task("b")),
            *(asynchronous(JOINS[kind]), user_task("t"), end()),
            flows="start -> beside -> other -> end; start -> fork; fork -> a -> join; fork -> b -> join; "
            "join -> t -> end",
        )
    )
    instance = simulator.start("p")
    step(simulator, "a")
    step(simulator, "b")

    # when
    step(simulator, "beside")
    step(simulator, "other")
    while simulator.queue:
        simulator.do(simulator.queue.popleft())

    # then
    assert simulator.trace(instance).count("+join") == 1 + (kind in RESET)
    assert simulator.active(instance) == ["t"]


def test_should_go_on_as_often_as_all_have_come() -> None:
    # given two tokens on each flow of the join
    simulator = simulate(
        model(
            *(start(), parallel("two"), exclusive("x"), exclusive("y"), parallel("fork")),
            *(exclusive("m"), exclusive("n"), asynchronous(parallel("join")), user_task("t"), end()),
            flows="start -> two; two -> x -> fork; two -> y -> x; fork -> m -> join; fork -> n -> join; "
            "join -> t -> end",
        )
    )

    # when
    instance = simulator.start("p")

    # then each has a step of its own
    assert simulator.trace(instance).count("+join") == 2
    assert simulator.active(instance) == ["t", "t"]
    assert simulator.steps == 3


def test_should_reset_a_complex_gateway_in_a_step_of_its_own() -> None:
    # given one that has started with one of two, and whose other branch ends elsewhere
    simulator = simulate(
        model(
            *(start(), parallel("fork"), user_task("a"), user_task("b"), exclusive("which"), end("lost")),
            *(asynchronous(complex_gateway("join", "${activationCount >= 1}")), user_task("t"), end()),
            flows="start -> fork; fork -> a -> join; fork -> b -> which; which -[${false}]-> join; "
            "which -[default]-> lost; join -> t -> end",
        )
    )
    instance = simulator.start("p")
    simulator.complete("a")
    simulator.complete("t")
    assert simulator.status(instance) is InstanceStatus.RUNNING

    # when nothing can come any more
    simulator.complete("b")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert not simulator.queue


def test_should_stop_an_endless_loop_over_an_asynchronous_join() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), exclusive("again"), parallel("fork"), script_task("a", "n = n + 1"), script_task("b", "m = 1")),
            *(asynchronous(parallel("join")), end()),
            flows="start -> again -> fork; fork -> a -> join; fork -> b -> join; join -> again",
        ),
        limits=Limits(transitions_per_step=10, transitions_without_wait=50),
    )

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    assert {pending.effect.kind for pending in simulator.incidents.values()} == {"ENDLESS_LOOP"}
    assert simulator.variables(instance)["n"] < 20


def test_should_be_forgotten_when_its_scope_is_interrupted() -> None:
    # given a join inside a sub-process that waits for its step
    inside = sub_process(
        "sub",
        *(start("s"), parallel("fork"), user_task("a"), user_task("b"), asynchronous(parallel("join")), end("e")),
        flows="s -> fork; fork -> a -> join; fork -> b -> join; join -> e",
    )
    simulator = simulate(
        model(
            *(start(), inside, boundary("stop", "sub", on_condition("${done}")), user_task("t"), end()),
            flows="start -> sub -> end; stop -> t -> end",
        )
    )
    instance = simulator.start("p", {"done": False})
    step(simulator, "a")
    step(simulator, "b")
    [command] = simulator.queue

    # when
    simulator.queue.clear()
    simulator.set_variables(instance, done=True)
    outcome = simulator.do(command)

    # then
    assert outcome == "GONE"
    assert "+join" not in simulator.trace(instance)
    assert simulator.active(instance) == ["t"]
