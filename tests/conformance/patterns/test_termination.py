"""When a case ends: patterns 11 and 43."""

from __future__ import annotations

import pytest

from tests.conformance.patterns.case import Case
from tests.support.models import TERMINATE, end, parallel, start, user_task


@pytest.mark.parametrize("ends", [("e1", "e2"), ()], ids=["end events", "no end events"])
def test_wcp11_should_end_when_nothing_is_left_to_do(ends: tuple[str, ...]) -> None:
    # given
    more = "; a -> e1; b -> e2" if ends else ""
    case = Case(
        *(start(), parallel("split"), user_task("a"), user_task("b"), *map(end, ends)),
        flows=f"start -> split -> a; split -> b{more}",
    )

    # when
    case.complete("b")
    assert not case.is_completed
    case.complete("a")

    # then
    assert case.is_completed
    assert case.withdrawn == []


def test_wcp43_should_end_with_all_that_is_left_at_a_certain_end() -> None:
    # given
    case = Case(
        *(start(), parallel("split"), user_task("a"), user_task("b"), end("all", TERMINATE), end()),
        flows="start -> split -> a -> all; split -> b -> end",
    )

    # when
    case.complete("a")

    # then
    assert case.is_completed
    assert case.withdrawn == ["b"]
