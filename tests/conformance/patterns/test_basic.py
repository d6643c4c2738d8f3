"""Basic control flow: patterns 1 to 5."""

from __future__ import annotations

import pytest

from tests.conformance.patterns.case import Case
from tests.support.models import end, exclusive, parallel, start, user_task


def test_wcp01_should_enable_a_task_when_the_one_before_it_is_done() -> None:
    # given
    case = Case(start(), user_task("a"), user_task("b"), end(), flows="start -> a -> b -> end")
    assert case.waiting == ["a"]

    # when
    case.complete("a")

    # then
    assert case.waiting == ["b"]
    case.complete("b")
    assert case.is_completed


def test_wcp02_should_split_into_branches_that_run_beside_each_other() -> None:
    # given
    case = Case(
        *(start(), parallel("split"), user_task("a"), user_task("b"), end("e1"), end("e2")),
        flows="start -> split -> a -> e1; split -> b -> e2",
    )
    assert case.waiting == ["a", "b"]

    # when
    case.complete("b")

    # then
    assert case.waiting == ["a"]
    assert not case.is_completed


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_wcp03_should_go_on_when_all_branches_are_done(order: str) -> None:
    # given
    case = Case(
        *(start(), parallel("split"), user_task("a"), user_task("b"), parallel("join"), user_task("c"), end()),
        flows="start -> split -> a -> join -> c -> end; split -> b -> join",
    )

    # when
    case.complete(order[0])
    assert case.waiting == [order[1]]
    case.complete(order[1])

    # then
    assert case.waiting == ["c"]


@pytest.mark.parametrize(("amount", "chosen"), [(1, "small"), (10, "large"), (100, "large")])
def test_wcp04_should_choose_one_branch(amount: int, chosen: str) -> None:
    # when
    case = Case(
        *(start(), exclusive("split"), user_task("small"), user_task("large"), user_task("huge"), end()),
        flows=(
            "start -> split -[amount > 5]-> large -> end; split -[amount > 50]-> huge -> end;"
            "split -[default]-> small -> end"
        ),
        amount=amount,
    )

    # then
    assert case.waiting == [chosen]


@pytest.mark.parametrize("merge", [[exclusive("merge")], []], ids=["gateway", "implicit"])
def test_wcp05_should_go_on_with_each_branch_without_waiting(merge: list[object]) -> None:
    # given
    into = "merge -> c" if merge else "c"
    case = Case(
        *(start(), exclusive("split"), user_task("a"), user_task("b"), user_task("c"), end()),
        *merge,  # type: ignore[arg-type]
        flows=f"start -> split -[which == 'a']-> a -> {into} -> end; split -[default]-> b -> {into.split()[0]}",
        which="b",
    )

    # when
    case.complete("b")

    # then
    assert case.waiting == ["c"]
    case.complete("c")
    assert case.is_completed
    assert case.done["a"] == 0
