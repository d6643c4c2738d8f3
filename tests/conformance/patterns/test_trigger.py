"""Triggers from outside: patterns 23 and 24 (a message that comes too early: the server's `test_messages`)."""

from __future__ import annotations

from tests.conformance.patterns.case import Case
from tests.support.models import (
    catch,
    end,
    event_start,
    event_sub_process,
    message,
    on_condition,
    on_message,
    on_signal,
    script_task,
    signal,
    start,
    user_task,
)


def test_wcp23_should_lose_a_trigger_that_nobody_waits_for() -> None:
    # given
    case = Case(
        *(start(), user_task("a"), catch("wait", on_signal("s")), user_task("b"), end()),
        flows="start -> a -> wait -> b -> end",
        roots=signal("s", "alarm"),
    )

    # when
    assert case.simulator.signal("alarm") == 0
    case.complete("a")
    assert case.waiting == []

    # then
    assert case.simulator.signal("alarm") == 1
    assert case.waiting == ["b"]


def test_wcp24_should_keep_a_trigger_until_somebody_waits_for_it() -> None:
    # given
    case = Case(
        *(start(), user_task("a"), catch("wait", on_condition("arrived == True")), user_task("b"), end()),
        event_sub_process(
            "note",
            event_start("came", on_message("m"), interrupting=False),
            *(script_task("keep", "arrived = True"), end("kept")),
            flows="came -> keep -> kept",
        ),
        flows="start -> a -> wait -> b -> end",
        roots=message("m", "order"),
        arrived=False,
    )

    # when
    assert case.publish("order")
    assert case.waiting == ["a"]
    case.complete("a")

    # then
    assert case.waiting == ["b"]
