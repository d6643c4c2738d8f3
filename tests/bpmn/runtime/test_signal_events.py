"""Signal events: a broadcast reaches everyone who waits for the name (BPMN 2.0.2, 10.5.5)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    boundary,
    camunda_io,
    catch,
    end,
    event_based,
    model,
    on_signal,
    signal,
    start,
    throw,
    timer,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element(
    "signalEvent", "start, catch, throw, end, boundary, behind an event-based gateway; broadcast by name"
)

ROOTS = signal("s", "alarm") + signal("other", "quiet")


def test_should_wake_every_instance_that_waits_for_the_name() -> None:
    # given
    simulator = simulate(model(start(), catch("w", on_signal("s")), end(), flows="start -> w -> end", roots=ROOTS))
    instances = [simulator.start("p") for _ in range(3)]

    # when
    assert simulator.signal("quiet") == 0
    count = simulator.signal("alarm", {"level": 3})

    # then
    assert count == 3
    for instance in instances:
        assert simulator.status(instance) is InstanceStatus.COMPLETED
        assert simulator.variables(instance) == {"level": 3}


def test_should_reach_its_own_instance_when_thrown_by_it() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            user_task("a"),
            throw("t", camunda_io({"level": "high"}) + on_signal("s")),
            end(),
            user_task("alarmed"),
            boundary("b", "watch", on_signal("s"), interrupting=False),
            user_task("watch"),
            flows="start -> a -> t -> end; start -> watch -> end; b -> alarmed -> end",
            roots=ROOTS,
        )
    )
    instance = simulator.start("p")

    # when
    simulator.complete("a")

    # then
    assert simulator.active(instance) == ["alarmed", "watch"]
    assert simulator.variables(instance)["level"] == "high"


def test_should_end_its_host_at_an_interrupting_boundary() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            user_task("a"),
            end(),
            boundary("b", "a", on_signal("s")),
            flows="start -> a -> end; b -> end",
            roots=ROOTS,
        )
    )
    instance = simulator.start("p")

    # when
    simulator.signal("alarm")

    # then
    assert simulator.trace(instance)[3:] == ["~a", "+b", "-b", "+end", "-end"]


def test_should_win_behind_an_event_based_gateway() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            event_based("g"),
            catch("by_signal", on_signal("s")),
            catch("by_time", timer(duration="PT1H")),
            end(),
            flows="start -> g -> by_signal -> end; g -> by_time -> end",
            roots=ROOTS,
        )
    )
    instance = simulator.start("p")

    # when
    simulator.signal("alarm")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.timers == {}


def test_should_broadcast_at_an_end_event() -> None:
    # given
    simulator = simulate(model(start(), user_task("a"), end("e", on_signal("s")), flows="start -> a -> e", roots=ROOTS))
    waiting = simulate(model(start(), catch("w", on_signal("s")), end(), flows="start -> w -> end", roots=ROOTS))
    simulator.graphs["waiting"] = waiting.graphs["p"]
    other = simulator.start("waiting")
    instance = simulator.start("p")

    # when
    simulator.complete("a")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.status(other) is InstanceStatus.COMPLETED
