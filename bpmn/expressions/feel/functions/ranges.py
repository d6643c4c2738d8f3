"""Range functions, after Allen's interval algebra (DMN 1.5, 10.3.4.9). A point is a range of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.expressions.feel.functions.signature import function, variant
from bpmn.expressions.feel.operations import compare
from bpmn.expressions.feel.values import Function, Range

Test = Callable[[Range, Range], bool | None]


class _Unknown(Exception):
    """Two endpoints cannot be compared: the answer is null."""


def _is(operator: str, left: Any, right: Any) -> bool:
    found = None if left is None or right is None else compare(operator, left, right)
    if found is None:
        raise _Unknown
    return found


def _before(a: Range, b: Range) -> bool:
    return _is("<", a.end, b.start) or ((not a.end_included or not b.start_included) and _is("=", a.end, b.start))


def _meets(a: Range, b: Range) -> bool:
    return a.end_included and b.start_included and _is("=", a.end, b.start)


def _starts_first(a: Range, b: Range) -> bool:
    """`a` begins before `b` does."""
    return _is("<", a.start, b.start) or (a.start_included and not b.start_included and _is("=", a.start, b.start))


def _ends_first(a: Range, b: Range) -> bool:
    return _is("<", a.end, b.end) or (not a.end_included and b.end_included and _is("=", a.end, b.end))


def _overlap(a: Range, b: Range) -> bool:
    return not _before(a, b) and not _before(b, a)


def _overlaps_before(a: Range, b: Range) -> bool:
    return _starts_first(a, b) and _overlap(a, b) and _ends_first(a, b)


def _same_start(a: Range, b: Range) -> bool:
    return a.start_included == b.start_included and _is("=", a.start, b.start)


def _same_end(a: Range, b: Range) -> bool:
    return a.end_included == b.end_included and _is("=", a.end, b.end)


def _includes(a: Range, b: Range) -> bool:
    return not _starts_first(b, a) and not _ends_first(a, b)


def _finishes(a: Range, b: Range) -> bool:
    return _same_end(a, b) and not _starts_first(a, b)


def _starts(a: Range, b: Range) -> bool:
    return _same_start(a, b) and not _ends_first(b, a)


def _coincides(a: Range, b: Range) -> bool:
    return _same_start(a, b) and _same_end(a, b)


def _as_range(value: Any) -> Range:
    if not isinstance(value, Range):
        return Range(value, value, True, True)
    if value.operator == "!=":
        raise _Unknown
    return value


def _defined(
    name: str,
    test: Test,
    *,
    points: bool = False,
    swapped: bool = False,
    left_point: bool = True,
    right_point: bool = True,
) -> Function:
    """`left_point` and `right_point` tell whether that argument may be a point, `points` whether both may be."""

    def apply(first: Any, second: Any) -> bool | None:
        left_is_point, right_is_point = not isinstance(first, Range), not isinstance(second, Range)
        if (left_is_point and not left_point) or (right_is_point and not right_point):
            return None
        if left_is_point and right_is_point and not points:
            return None
        try:
            left, right = _as_range(first), _as_range(second)
            return test(right, left) if swapped else test(left, right)
        except _Unknown:
            return None

    spellings = {("range1", "range2"), ("point1", "point2"), ("range", "point"), ("point", "range")}
    return function(name, *(variant(f"{a}: ranged, {b}: ranged", apply) for a, b in sorted(spellings)))


FUNCTIONS = (
    _defined("before", _before, points=True),
    _defined("after", _before, points=True, swapped=True),
    _defined("meets", _meets, left_point=False, right_point=False),
    _defined("met by", _meets, left_point=False, right_point=False, swapped=True),
    _defined("overlaps", _overlap, left_point=False, right_point=False),
    _defined("overlaps before", _overlaps_before, left_point=False, right_point=False),
    _defined("overlaps after", _overlaps_before, left_point=False, right_point=False, swapped=True),
    _defined("finishes", _finishes, right_point=False),
    _defined("finished by", _finishes, left_point=False, swapped=True),
    _defined("includes", _includes, left_point=False),
    _defined("during", _includes, right_point=False, swapped=True),
    _defined("starts", _starts, right_point=False),
    _defined("started by", _starts, left_point=False, swapped=True),
    _defined("coincides", _coincides, points=True),
)
