"""Boundary message events, interrupting and not."""

from __future__ import annotations

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime import effects as fx
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    boundary,
    end,
    extension,
    message,
    model,
    multi_instance,
    on_message,
    start,
    sub_process,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("messageBoundaryEvent", "by name and correlation key; interrupting and not")


def guarded(*, interrupting: bool = True, key: str | None = None, inner: str = "") -> bytes:
    event = boundary("b", "a", inner + on_message("m"), interrupting=interrupting)
    return model(
        *(start(), user_task("a"), event, user_task("changed"), end()),
        flows="start -> a -> end; b -> changed -> end",
        roots=message("m", key=key),
    )


def test_should_interrupt_its_host_and_bring_variables() -> None:
    # given
    simulator = simulate(guarded())
    instance = simulator.start("p")

    # when
    assert simulator.publish("m", {"x": 1})

    # then
    assert simulator.trace(instance)[2:] == ["+a", "~a", "+b", "-b", "+changed"]
    assert simulator.variables(instance) == {"x": 1}
    assert not simulator.publish("m")


def test_should_take_any_number_of_messages_when_it_does_not_interrupt() -> None:
    # given
    simulator = simulate(guarded(interrupting=False))
    instance = simulator.start("p")

    # when
    for number in range(3):
        assert simulator.publish("m", {"x": number})

    # then
    assert simulator.active(instance) == ["a", "changed", "changed", "changed"]

    # when
    simulator.complete("a")

    # then
    assert not simulator.publish("m")


def test_should_pass_its_variables_through_its_output_mappings() -> None:
    # given Camunda 8, where outputs say what goes out
    io = extension('<zeebe:ioMapping><zeebe:output source="=x + 1" target="y"/></zeebe:ioMapping>')
    simulator = simulate(guarded(inner=io, key="=1"))
    instance = simulator.start("p")

    # when
    simulator.publish("m", {"x": 1}, key=1)

    # then
    assert simulator.variables(instance) == {"y": 2}


def test_should_keep_working_where_it_cannot_wait_again_and_wait_when_resolved() -> None:
    # given a correlation key that is gone when the message comes
    simulator = simulate(guarded(interrupting=False, key="=key"))
    instance = simulator.start("p", {"key": "k"})

    # when
    simulator.set_variables(instance, key=None)
    assert simulator.publish("m", key="k")

    # then
    assert simulator.active(instance) == ["a", "changed"]
    assert simulator.incident().kind == "MESSAGE_INVALID"
    assert not simulator.subscriptions

    # when
    simulator.resolve(simulator.incident().id, {"key": "new"})

    # then
    assert simulator.publish("m", key="new")
    assert simulator.active(instance) == ["a", "changed", "changed"]


def test_should_ask_for_another_receiver_where_nobody_waits_any_more() -> None:
    # given
    simulator = simulate(guarded())
    instance = simulator.start("p")
    (subscription,) = (pending.effect for pending in simulator.subscriptions.values())
    simulator.complete("a")

    # when the message had been matched before
    simulator.do(
        c.DeliverMessage(
            instance_id=instance,
            scope_id=subscription.scope_id,
            subscription_id=subscription.id,
            token_id=subscription.token_id,
            element_id="b",
            message_id=99,
            message_name="m",
        )
    )

    # then
    assert simulator.effects_of_last_step == [fx.Redeliver(message_id=99)]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_interrupt_all_instances_of_a_multi_instance_sub_process() -> None:
    # given
    host = sub_process(
        "a", start("s"), user_task("t"), end("e"), flows="s -> t -> e", inner=multi_instance(cardinality="${3}")
    )
    simulator = simulate(
        model(
            *(start(), host, boundary("b", "a", on_message("m")), user_task("changed"), end()),
            flows="start -> a -> end; b -> changed -> end",
            roots=message("m"),
        )
    )
    instance = simulator.start("p")
    assert len(simulator.tasks) == 3

    # when
    simulator.publish("m")

    # then
    assert simulator.active(instance) == ["changed"]
    assert len(simulator.tasks) == 1


def test_should_wait_at_each_instance_for_an_event_inside() -> None:
    # given
    host = sub_process(
        "a",
        *(start("s"), user_task("t"), boundary("b", "t", on_message("m")), user_task("u"), end("e")),
        flows="s -> t -> e; b -> u -> e",
        inner=multi_instance(cardinality="${3}"),
    )
    simulator = simulate(model(start(), host, end(), flows="start -> a -> end", roots=message("m")))
    instance = simulator.start("p")

    # when one of them gets the message
    simulator.publish("m")

    # then
    assert simulator.waiting() == ["b", "b", "t", "t", "u"]
    for element in ("t", "u", "t"):
        simulator.complete(element)
    assert simulator.status(instance) is InstanceStatus.COMPLETED
