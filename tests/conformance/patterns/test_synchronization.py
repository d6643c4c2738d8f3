"""Joins: patterns 3's advanced relatives 7, 9, 28, 29, 30, 31, 32, 33, 37 and 38."""

from __future__ import annotations

import itertools

import pytest

from tests.conformance.patterns.case import Case
from tests.support.models import (
    TERMINATE,
    Element,
    boundary,
    complex_gateway,
    end,
    escalation,
    exclusive,
    inclusive,
    on_escalation,
    parallel,
    script_task,
    standard_loop,
    start,
    sub_process,
    throw,
    user_task,
)

BRANCHES = "abc"


@pytest.mark.parametrize("order", list(itertools.permutations("ab")))
def test_wcp07_should_wait_for_the_branches_that_were_chosen(order: tuple[str, str]) -> None:
    # given
    case = Case(
        *(start(), inclusive("split"), user_task("a"), user_task("b"), user_task("c"), inclusive("join")),
        *(user_task("next"), end()),
        flows=(
            "start -> split -[True]-> a -> join -> next -> end; split -[True]-> b -> join;split -[False]-> c -> join"
        ),
    )
    assert case.waiting == ["a", "b"]

    # when
    case.complete(order[0])
    assert case.waiting == [order[1]]
    case.complete(order[1])

    # then
    assert case.waiting == ["next"]


def counted(wanted: int, on_enough: Element, inner: str = "") -> Element:
    """A sub-process of three branches that counts those that are done: at the one wanted, `enough` comes next."""
    leads_on = on_enough.tag != "endEvent"
    return sub_process(
        "work",
        *(start("begin"), script_task("zero", "arrived = 0"), parallel("split"), *map(user_task, BRANCHES)),
        *(
            exclusive("merge"),
            script_task("count", "arrived = arrived + 1"),
            exclusive("which"),
            on_enough,
            end("rest"),
        ),
        flows=(
            "begin -> zero -> split;"
            + "".join(f"split -> {branch} -> merge;" for branch in BRANCHES)
            + f"merge -> count -> which -[arrived == {wanted}]-> {on_enough.id}; which -[default]-> rest;"
            + (f"{on_enough.id} -> rest" if leads_on else "")
        ),
        inner=inner,
    )


def going_on_early(wanted: int, inner: str = "") -> Case:
    return Case(
        *(start(), counted(wanted, throw("enough", on_escalation("esc")), inner), end("closed")),
        *(boundary("go", "work", on_escalation("esc"), interrupting=False), user_task("next"), end()),
        flows="start -> work -> closed; go -> next -> end",
        roots=escalation("esc", "ENOUGH"),
    )


def complex_join(wanted: int) -> Case:
    """Three branches, of which a complex gateway wants some."""
    return Case(
        *(start(), parallel("split"), *map(user_task, BRANCHES)),
        *(complex_gateway("join", f"activationCount >= {wanted}"), user_task("next"), end()),
        flows="start -> split; join -[waitingForStart]-> next -> end;"
        + ";".join(f"split -> {branch} -> join" for branch in BRANCHES),
    )


@pytest.mark.parametrize("order", list(itertools.permutations(BRANCHES)))
def test_wcp09_should_go_on_once_at_a_complex_gateway(order: tuple[str, ...]) -> None:
    # given
    case = complex_join(1)

    # when
    case.complete(order[0])
    assert case.waiting == [*sorted(order[1:]), "next"]
    case.complete(*order[1:])

    # then
    assert case.waiting == ["next"]
    case.complete("next")
    assert case.is_completed


@pytest.mark.parametrize("order", list(itertools.permutations(BRANCHES)))
def test_wcp30_should_go_on_once_at_a_complex_gateway(order: tuple[str, ...]) -> None:
    # given
    case = complex_join(2)

    # when
    case.complete(order[0])
    assert "next" not in case.waiting
    case.complete(order[1])
    assert case.waiting == [order[2], "next"]
    case.complete(order[2], "next")

    # then
    assert case.is_completed
    assert case.done["next"] == 1


@pytest.mark.parametrize("first", BRANCHES)
def test_wcp09_should_go_on_with_the_first_branch_and_let_the_others_come(first: str) -> None:
    # given
    case = going_on_early(1)
    others = [branch for branch in BRANCHES if branch != first]

    # when
    case.complete(first)

    # then
    assert case.waiting == [*others, "next"]
    case.complete(*others)
    assert case.waiting == ["next"]
    case.complete("next")
    assert case.is_completed


def test_wcp09_should_be_as_new_when_all_have_come() -> None:
    # given
    case = going_on_early(1, standard_loop("True", maximum=2))

    # when
    case.complete("b", "a", "c")
    assert case.waiting == ["a", "b", "c", "next"]
    case.complete("c")

    # then
    assert case.waiting == ["a", "b", "next", "next"]
    case.complete("a", "b", "next", "next")
    assert case.is_completed


def test_wcp29_should_go_on_with_the_first_branch_and_cancel_the_others() -> None:
    # given
    case = Case(
        *(start(), counted(1, end("enough", TERMINATE)), user_task("next"), end()),
        flows="start -> work -> next -> end",
    )

    # when
    case.complete("b")

    # then
    assert case.waiting == ["next"]
    assert case.withdrawn == ["a", "c"]


def test_wcp30_should_go_on_when_enough_branches_are_done_and_let_the_others_come() -> None:
    # given
    case = going_on_early(2)

    # when
    case.complete("c")
    assert case.waiting == ["a", "b"]
    case.complete("a")

    # then
    assert case.waiting == ["b", "next"]
    case.complete("next", "b")
    assert case.is_completed
    assert case.done["next"] == 1


def test_wcp32_should_go_on_when_enough_branches_are_done_and_cancel_the_others() -> None:
    # given
    case = Case(
        *(start(), counted(2, end("enough", TERMINATE)), user_task("next"), end()),
        flows="start -> work -> next -> end",
    )

    # when
    case.complete("b")
    assert case.waiting == ["a", "c"]
    case.complete("c")

    # then
    assert case.waiting == ["next"]
    assert case.withdrawn == ["a"]


def test_wcp33_should_keep_what_comes_twice_over_one_flow_for_the_next_time() -> None:
    # given
    case = Case(
        *(start(), Element("task", "twice", {"completionQuantity": "2"}), parallel("split")),
        *(user_task("a"), user_task("b"), parallel("join"), user_task("next"), end()),
        flows="start -> twice -> split -> a -> join -> next -> end; split -> b -> join",
    )

    # when
    case.complete("a", "a")
    assert case.waiting == ["b", "b"]
    case.complete("b")

    # then
    assert case.waiting == ["b", "next"]
    case.complete("next", "b", "next")
    assert case.is_completed
    assert case.done["join"] == 2


@pytest.mark.parametrize("comes", [True, False])
def test_wcp37_should_decide_by_where_tokens_are_whether_a_branch_may_still_come(comes: bool) -> None:
    # given an unstructured, acyclic model: 'b' may lead to the join or past it
    case = Case(
        *(start(), parallel("split"), user_task("a"), user_task("b"), exclusive("whether"), user_task("c")),
        *(inclusive("join"), user_task("next"), end(), end("past")),
        flows=(
            "start -> split -> a -> join -> next -> end;"
            "split -> b -> whether -[comes]-> c -> join; whether -[default]-> past"
        ),
        comes=comes,
    )

    # when
    case.complete("a")
    assert case.waiting == ["b"]
    case.complete("b")

    # then
    if comes:
        assert case.waiting == ["c"]
        case.complete("c")
    assert case.waiting == ["next"]
    case.complete("next")
    assert case.is_completed
    assert case.done["next"] == 1


def test_wcp38_should_wait_for_what_still_goes_round_in_a_loop() -> None:
    # given
    case = Case(
        *(start(), parallel("split"), user_task("a"), exclusive("again"), user_task("b"), exclusive("more")),
        *(inclusive("join"), user_task("next"), end()),
        flows=(
            "start -> split -> a -> join -> next -> end;"
            "split -> again -> b -> more -[redo]-> again; more -[default]-> join"
        ),
    )

    # when
    case.complete("a")
    assert case.waiting == ["b"]
    case.complete("b", redo=True)
    assert case.waiting == ["b"]
    case.complete("b", redo=False)

    # then
    assert case.waiting == ["next"]
    assert case.done["b"] == 2


def test_wcp38_should_join_inside_a_loop() -> None:
    # given the join is entered from the start and from its own loop
    case = Case(
        *(start(), inclusive("join"), user_task("a"), exclusive("more"), end()),
        flows="start -> join -> a -> more -[redo]-> join; more -[default]-> end",
    )

    # when
    case.complete("a", redo=True)
    case.complete("a", redo=True)

    # then
    assert case.waiting == ["a"]
    case.complete("a", redo=False)
    assert case.is_completed


def repeated_join(condition: str) -> Case:
    """Three branches that join by a complex gateway, and a task behind it that may begin them again."""
    return Case(
        *(start(), exclusive("again"), parallel("fork"), user_task("a"), user_task("b"), user_task("c")),
        *(complex_gateway("join", condition), user_task("next"), exclusive("choice"), end()),
        flows=(
            "start -> again -> fork; fork -> a -> join; fork -> b -> join; fork -> c -> join; join -> next -> choice"
            "\nchoice -[redo]-> again; choice -[default]-> end"
        ),
    )


def test_wcp28_should_hold_back_the_next_round_until_the_last_branch_has_come() -> None:
    # given the first round goes on with its first branch, and a second one begins
    case = repeated_join("activationCount >= 1")
    case.complete("b")
    case.complete("next", redo=True)
    assert case.waiting == ["a", "a", "b", "c", "c"]

    # when a branch of the second round comes while the first waits for two more
    case.complete("b")

    # then it is held back
    assert "next" not in case.waiting

    # when
    case.complete("a", "c")

    # then
    assert case.waiting == ["a", "c", "next"]

    # when
    case.complete("next", redo=False)
    case.complete("a", "c")

    # then
    assert case.done["next"] == 2
    assert case.waiting == []


def test_wcp31_should_go_on_with_two_and_hold_back_the_next_round() -> None:
    # given
    case = repeated_join("activationCount >= 2")
    case.complete("a")
    assert "next" not in case.waiting
    case.complete("b")
    case.complete("next", redo=True)

    # when two of the second round come while the first waits for one more
    case.complete("a", "b")

    # then
    assert case.waiting == ["c", "c"]

    # when
    case.complete("c")

    # then
    assert case.waiting == ["c", "next"]
    assert case.done["next"] == 1
