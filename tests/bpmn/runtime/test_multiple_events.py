"""Multiple and parallel multiple events: several event definitions at one event (BPMN 2.0.2, 10.5.5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    boundary,
    catch,
    end,
    error,
    event_based,
    event_start,
    event_sub_process,
    message,
    model,
    on_condition,
    on_error,
    on_message,
    on_signal,
    service_task,
    signal,
    start,
    throw,
    timer,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = pytest.mark.element(
    "multipleEvent", "start, catch, throw, end, boundary, event sub-process: any of its definitions, or all (parallel)"
)

ROOTS = message("m", "paid") + message("n", "packed") + signal("s", "alarm") + error("e", "E1")
ANY = on_message("m") + on_signal("s") + timer(duration="PT1H")


def parallel_catch(id: str, inner: str) -> Element:
    return Element("intermediateCatchEvent", id, {"parallelMultiple": "true"}, inner)


def catching(event: Element) -> CheckedSimulator:
    return simulate(model(start(), event, end(), flows=f"start -> {event.id} -> end", roots=ROOTS))


@pytest.mark.parametrize("what", ["message", "signal", "timer"])
def test_should_happen_with_any_of_its_definitions(what: str) -> None:
    # given
    simulator = catching(catch("w", ANY))
    instance = simulator.start("p")

    # when
    if what == "message":
        simulator.publish("paid", {"by": "card"})
    elif what == "signal":
        simulator.signal("alarm")
    else:
        simulator.advance(timedelta(hours=1))

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance) == ({"by": "card"} if what == "message" else {})


def test_should_happen_only_when_all_have_come_where_it_is_parallel() -> None:
    # given
    simulator = catching(parallel_catch("w", on_message("m") + on_message("n") + on_condition("${ready}")))
    instance = simulator.start("p")

    # when
    simulator.publish("packed", {"boxes": 2})
    simulator.set_variables(instance, ready=True)
    assert simulator.active(instance) == ["w"]
    simulator.publish("paid", {"by": "card"})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance) == {"boxes": 2, "ready": True, "by": "card"}


@pytest.mark.parametrize("interrupting", [True, False])
def test_should_happen_at_a_boundary_also_for_an_error(interrupting: bool) -> None:
    # given
    simulator = simulate(
        model(
            start(),
            service_task("a"),
            user_task("fix"),
            end(),
            boundary(
                "b",
                "a",
                on_signal("s") + (on_error("e") if interrupting else on_message("m")),
                interrupting=interrupting,
            ),
            flows="start -> a -> end; b -> fix -> end",
            roots=ROOTS,
        )
    )
    by_signal, by_other = simulator.start("p"), simulator.start("p")

    # when
    simulator.signal("alarm")

    # then
    expected = ["fix"] if interrupting else ["a", "fix"]
    assert simulator.active(by_signal) == simulator.active(by_other) == expected
    again = simulator.start("p")
    if interrupting:
        simulator.raise_error("a", "E1")
        assert simulator.active(again) == ["fix"]
    else:
        simulator.signal("alarm")
        assert simulator.active(by_signal) == ["a", "fix", "fix"]


def test_should_happen_again_at_a_parallel_boundary_that_does_not_interrupt() -> None:
    # given
    event = Element(
        "boundaryEvent",
        "b",
        {"attachedToRef": "a", "cancelActivity": "false", "parallelMultiple": "true"},
        on_signal("s") + on_message("m"),
    )
    simulator = simulate(
        model(
            start(),
            user_task("a"),
            user_task("both"),
            end(),
            event,
            flows="start -> a -> end; b -> both -> end",
            roots=ROOTS,
        )
    )
    instance = simulator.start("p")

    # when
    for expected in (["a", "both"], ["a", "both", "both"]):
        simulator.signal("alarm")
        simulator.publish("paid")

        # then
        assert simulator.active(instance) == expected


def test_should_begin_an_event_sub_process() -> None:
    # given
    handler = event_sub_process("h", event_start("hs", ANY), user_task("fix"), end("he"), flows="hs -> fix -> he")
    simulator = simulate(model(start(), user_task("a"), end(), handler, flows="start -> a -> end", roots=ROOTS))
    instance = simulator.start("p")

    # when
    simulator.advance(timedelta(hours=1))

    # then
    assert simulator.active(instance) == ["fix", "h"]


def test_should_win_behind_an_event_based_gateway() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            event_based("g"),
            catch("many", on_message("m") + on_signal("s")),
            catch("late", timer(duration="PT1H")),
            end(),
            flows="start -> g -> many -> end; g -> late -> end",
            roots=ROOTS,
        )
    )
    instance = simulator.start("p")

    # when
    simulator.signal("alarm")

    # then
    assert simulator.trace(instance)[-4:] == ["+many", "-many", "+end", "-end"]


def test_should_throw_all_of_its_definitions() -> None:
    # given
    simulator = simulate(
        model(start(), throw("t", on_message("m") + on_signal("s")), end(), flows="start -> t -> end", roots=ROOTS)
    )

    # when
    instance = simulator.start("p")

    # then
    assert [thrown.name for thrown in simulator.thrown] == ["paid"]
    assert [type(event).__name__ for event in simulator.runs[instance].events if "Thrown" in type(event).__name__] == [
        "MessageThrown",
        "SignalThrown",
    ]


def test_should_throw_the_error_of_an_end_event_last() -> None:
    # given
    simulator = simulate(model(start(), end("x", on_error("e") + on_message("m")), flows="start -> x", roots=ROOTS))

    # when
    instance = simulator.start("p")

    # then
    assert [thrown.name for thrown in simulator.thrown] == ["paid"]
    assert simulator.status(instance) is InstanceStatus.FAILED


def test_should_start_a_process_with_any_of_its_definitions() -> None:
    # given
    simulator = simulate(model(start("s1", ANY), end(), flows="s1 -> end", roots=ROOTS))
    graph = simulator.graphs["p"]

    # then
    assert [(start.element_id, start.message_name) for start in graph.message_starts] == [("s1", "paid")]
    assert [start.signal_name for start in graph.signal_starts] == ["alarm"]
    assert [start.expression.text for start in graph.timer_starts] == ["PT1H"]
    assert simulator.status(simulator.start("p", element_id="s1")) is InstanceStatus.COMPLETED


@pytest.mark.parametrize("first", ["message", "signal"])
def test_should_start_a_process_when_all_of_its_definitions_have_come(first: str) -> None:
    # given
    begin = Element("startEvent", "s1", {"parallelMultiple": "true"}, on_message("m") + on_signal("s"))
    simulator = simulate(model(begin, user_task("t"), end(), flows="s1 -> t -> end", roots=ROOTS))

    # when
    instance = simulator.start("p", {"by": "card"}, element_id="s1#1" if first == "message" else "s1#2")

    # then
    assert simulator.active(instance) == ["s1"]
    assert not simulator.open_tasks()

    # when
    if first == "message":
        simulator.signal("alarm", {"loud": True})
    else:
        simulator.publish("paid", {"loud": True})

    # then
    assert simulator.active(instance) == ["t"]
    assert simulator.variables(instance) == {"by": "card", "loud": True}


def test_should_pass_a_parallel_start_event_where_somebody_starts_the_process() -> None:
    # given
    begin = Element("startEvent", "s1", {"parallelMultiple": "true"}, on_message("m") + on_signal("s"))
    simulator = simulate(model(begin, end(), flows="s1 -> end", roots=ROOTS))

    # then
    assert simulator.status(simulator.start("p")) is InstanceStatus.COMPLETED
