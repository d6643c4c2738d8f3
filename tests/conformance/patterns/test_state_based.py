"""What is enabled depends on the state of the case: patterns 16 to 18, 39 and 40."""

from __future__ import annotations

import pytest

from tests.conformance.patterns.case import Case
from tests.support.models import (
    Element,
    ad_hoc,
    boundary,
    camunda_io,
    catch,
    end,
    event_based,
    message,
    on_condition,
    on_message,
    parallel,
    script_task,
    start,
    timer,
    user_task,
)


def test_wcp16_should_leave_the_choice_to_what_happens_first() -> None:
    # given
    case = Case(
        *(start(), event_based("choice"), catch("paid", on_message("m")), catch("late", timer(duration="P7D"))),
        *(user_task("ship"), user_task("remind"), end()),
        flows="start -> choice -> paid -> ship -> end; choice -> late -> remind -> end",
        roots=message("m", "payment"),
    )
    assert case.waiting == []

    # when
    assert case.publish("payment")

    # then
    assert case.waiting == ["ship"]
    assert not case.simulator.timers


def guarded(id: str) -> tuple[tuple[Element, ...], str]:
    """A task that only one of those that are guarded has at a time.

    The lock is taken by the output mapping of the event that waits for it, so that nothing comes between.
    """
    elements = (
        catch(f"take_{id}", camunda_io(outputs={"free": "${false}"}) + on_condition("${free}")),
        user_task(id),
        script_task(f"give_{id}", "${true}", "juel", result_variable="free"),
    )
    return elements, f"take_{id} -> {id} -> give_{id}"


def interleaved(*branches: str) -> Case:
    """Branches are texts of tasks in order: `ab` is a before b."""
    elements: list[Element] = [start(), parallel("split"), parallel("join"), user_task("next"), end()]
    flows = ["start -> split", "join -> next -> end"]
    for branch in branches:
        before = "split"
        for name in branch:
            parts, chain = guarded(name)
            elements += parts
            flows.append(f"{before} -> {chain}")
            before = f"give_{name}"
        flows.append(f"{before} -> join")
    return Case(*elements, flows=";".join(flows), free=True)


def one_at_a_time(*tasks: str, flows: str = "") -> Case:
    group = ad_hoc("group", *map(user_task, tasks), flows=flows, sequential=True)
    return Case(*(start(), group, user_task("next"), end()), flows="start -> group -> next -> end")


def test_wcp17_should_do_tasks_one_at_a_time_in_an_order_that_is_partly_given() -> None:
    # given
    case = one_at_a_time("c", "b", "a", flows="a -> b")
    done = []

    # when
    while case.waiting != ["next"]:
        (task,) = case.waiting
        case.complete(task)
        done.append(task)

    # then
    assert sorted(done) == ["a", "b", "c"]
    assert done.index("a") < done.index("b")


@pytest.mark.parametrize("reached", [True, False])
def test_wcp18_should_allow_a_task_only_while_the_milestone_is_reached(reached: bool) -> None:
    # given: the milestone is reached when 'a' is done, and passed when 'b' is
    case = Case(
        *(start(), user_task("a"), user_task("b"), user_task("c"), end()),
        *(boundary("asked", "b", on_message("m"), interrupting=False), user_task("extra"), end("done")),
        flows="start -> a -> b -> c -> end; asked -> extra -> done",
        roots=message("m", "extra"),
    )
    assert not case.publish("extra")

    # when
    case.complete("a")
    if not reached:
        case.complete("b")

    # then
    assert case.publish("extra") is reached
    assert ("extra" in case.waiting) is reached


def test_wcp39_should_let_one_branch_at_a_time_into_a_critical_section() -> None:
    # given
    case = interleaved("ab", "cd")
    seen = []

    # when
    while case.waiting != ["next"]:
        assert len(case.waiting) == 1
        seen += case.waiting
        case.complete(*case.waiting)

    # then
    assert sorted(seen) == ["a", "b", "c", "d"]
    case.complete("next")
    assert case.is_completed


def test_wcp40_should_do_tasks_one_at_a_time() -> None:
    # given
    case = one_at_a_time("a", "b", "c")

    # when
    for left in (3, 2, 1):
        assert len(case.waiting) == 1, f"{left} tasks are left"
        case.complete(*case.waiting)

    # then
    assert case.waiting == ["next"]
    assert all(case.done[task] == 1 for task in "abc")
