"""Splits and merges of several branches: patterns 6, 8, 41 and 42 (joins: `test_synchronization`)."""

from __future__ import annotations

import pytest

from tests.conformance.patterns.case import Case
from tests.support.models import Element, end, exclusive, inclusive, parallel, start, user_task


@pytest.mark.parametrize(("amount", "chosen"), [(1, ["other"]), (10, ["a"]), (100, ["a", "b"])])
def test_wcp06_should_choose_as_many_branches_as_have_true_conditions(amount: int, chosen: list[str]) -> None:
    # when
    case = Case(
        *(start(), inclusive("split"), user_task("a"), user_task("b"), user_task("other"), end()),
        flows=(
            "start -> split -[amount > 5]-> a -> end; split -[amount > 50]-> b -> end;split -[default]-> other -> end"
        ),
        amount=amount,
    )

    # then
    assert case.waiting == chosen


def test_wcp08_should_go_on_once_for_every_branch() -> None:
    # given
    case = Case(
        *(start(), parallel("split"), user_task("a"), user_task("b"), exclusive("merge"), user_task("c"), end()),
        flows="start -> split -> a -> merge -> c -> end; split -> b -> merge",
    )

    # when
    case.complete("a")
    assert case.waiting == ["b", "c"]
    case.complete("b")

    # then
    assert case.waiting == ["c", "c"]
    case.complete("c", "c")
    assert case.is_completed
    assert case.done["c"] == 2


def test_wcp41_should_make_one_thread_of_several() -> None:
    # given
    pack = Element("userTask", "pack", {"startQuantity": "3"})
    case = Case(
        *(start(), parallel("split"), user_task("a"), user_task("b"), user_task("c"), exclusive("merge"), pack, end()),
        flows="start -> split -> a -> merge -> pack -> end; split -> b -> merge; split -> c -> merge",
    )

    # when
    case.complete("a", "c")
    assert case.waiting == ["b"]
    case.complete("b")

    # then
    assert case.waiting == ["pack"]
    case.complete("pack")
    assert case.is_completed


def test_wcp42_should_make_several_threads_of_one() -> None:
    # given
    unpack = Element("userTask", "unpack", {"completionQuantity": "3"})
    case = Case(start(), unpack, user_task("item"), end(), flows="start -> unpack -> item -> end")

    # when
    case.complete("unpack")

    # then
    assert case.waiting == ["item", "item", "item"]
    case.complete("item", "item", "item")
    assert case.is_completed
