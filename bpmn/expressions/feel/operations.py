"""Comparison, arithmetic and logic of FEEL: three-valued, null instead of errors (DMN 1.5, tables 50 to 58)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context as DecimalContext
from decimal import Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow
from typing import Any

from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.types import is_number
from bpmn.expressions.feel.values import Function, Range
from bpmn.expressions.limits import MAX_DEPTH, MAX_STRING

EXACT = DecimalContext(prec=34, Emin=-6143, Emax=6144, traps=[InvalidOperation, DivisionByZero, Overflow])
"""IEEE 754-2008 decimal128, rounding half to even (10.3.2.3.1)."""

_NUMERIC: dict[str, Callable[[Any, Any], Decimal]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
    "/": EXACT.divide,
    "**": lambda base, exponent: EXACT.power(base, exponent) if exponent else Decimal(1),
}
_TEMPORAL = (temporal.Date, temporal.Time, temporal.DateTime, temporal.Months, temporal.Nanos)


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """The result, None where the operands have none."""
    if is_number(left) and is_number(right):
        return numeric(_NUMERIC[operator], left, right)
    if operator == "+":
        if isinstance(left, str) and isinstance(right, str):
            return left + right if len(left) + len(right) <= MAX_STRING else None
        if isinstance(left, _TEMPORAL) and isinstance(right, _TEMPORAL):
            return temporal.add(left, right)
    elif operator == "-":
        if isinstance(left, _TEMPORAL) and isinstance(right, _TEMPORAL):
            return temporal.subtract(left, right)
    elif operator == "*":
        if is_number(left):
            left, right = right, left
        if is_number(right):
            return _scaled(left, right, EXACT.multiply)
    elif operator == "/":
        if is_number(right):
            return _scaled(left, right, EXACT.divide)
        if isinstance(left, temporal.Months) and isinstance(right, temporal.Months):
            return numeric(EXACT.divide, left.months, right.months)
        if isinstance(left, temporal.Nanos) and isinstance(right, temporal.Nanos):
            return numeric(EXACT.divide, left.nanos, right.nanos)
    return None


def numeric(operation: Callable[..., Decimal], *operands: Any) -> Decimal | None:
    """What the operation makes of numbers; None where it has no finite result."""
    try:
        result = operation(*(Decimal(operand) for operand in operands))
    except DecimalException:
        return None
    return result if result.is_finite() else None


def _scaled(duration: Any, factor: Any, operation: Callable[[Any, Any], Decimal]) -> Any:
    if isinstance(duration, temporal.Months):
        months = numeric(operation, duration.months, factor)
        return None if months is None or abs(months) > 1e12 else temporal.limited(temporal.Months(int(months)))
    if isinstance(duration, temporal.Nanos):
        nanos = numeric(operation, duration.nanos, factor)
        return None if nanos is None or abs(nanos) > 1e30 else temporal.limited(temporal.Nanos(int(nanos)))
    return None


def negated(value: Any) -> Any:
    """Arithmetic negation, of numbers and durations."""
    if is_number(value):
        return numeric(EXACT.minus, value)
    if isinstance(value, temporal.Months):
        return temporal.Months(-value.months)
    return temporal.Nanos(-value.nanos) if isinstance(value, temporal.Nanos) else None


def equal(left: Any, right: Any, depth: int = 0) -> bool | None:
    """Null where the kinds differ; everything can be compared with null."""
    if left is None or right is None:
        return left is right
    if is_number(left):
        return bool(left == right) if is_number(right) else None
    if isinstance(left, bool | str):
        return left == right if type(left) is type(right) else None
    if depth > MAX_DEPTH:
        return None
    if isinstance(left, list):
        return _equal_lists(left, right, depth + 1) if isinstance(right, list) else None
    if isinstance(left, dict):
        return _equal_contexts(left, right, depth + 1) if isinstance(right, dict) else None
    if isinstance(left, Range):
        return _equal_ranges(left, right) if isinstance(right, Range) else None
    if isinstance(left, Function):
        return left is right if isinstance(right, Function) else None
    return temporal.equal(left, right)


def _equal_lists(left: list[Any], right: list[Any], depth: int) -> bool:
    return len(left) == len(right) and all(
        equal(first, second, depth) is True for first, second in zip(left, right, strict=True)
    )


def _equal_contexts(left: dict[str, Any], right: dict[str, Any], depth: int) -> bool:
    return left.keys() == right.keys() and all(equal(left[key], right[key], depth) is True for key in left)


def _equal_ranges(left: Range, right: Range) -> bool:
    return (
        left.operator == right.operator
        and left.start_included == right.start_included
        and left.end_included == right.end_included
        and equal(left.start, right.start) is True
        and equal(left.end, right.end) is True
    )


def order(left: Any, right: Any) -> int | None:
    """Negative, zero, positive as left is less, equal, greater; None where there is no order."""
    if is_number(left) and is_number(right):
        return int(left > right) - int(left < right)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, _TEMPORAL):
        return temporal.order(left, right)
    return None


def compare(operator: str, left: Any, right: Any) -> bool | None:
    """`=`, `!=`, `<`, `<=`, `>`, `>=`."""
    if operator == "=":
        return equal(left, right)
    if operator == "!=":
        same = equal(left, right)
        return None if same is None else not same
    found = order(left, right)
    if found is None:
        return None
    if operator == "<":
        return found < 0
    if operator == "<=":
        return found <= 0
    return found > 0 if operator == ">" else found >= 0


def between(value: Any, low: Any, high: Any) -> bool | None:
    return conjunction(compare(">=", value, low), compare("<=", value, high))


def conjunction(left: Any, right: Any) -> bool | None:
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def negation(value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None


def includes(range_: Range, value: Any) -> bool | None:
    """Whether the value lies in the range; null where it cannot be compared with an endpoint that counts."""
    if range_.operator is not None:
        endpoint = range_.end if range_.operator in ("<", "<=") else range_.start
        return compare(range_.operator, value, endpoint)
    if range_.start is None or range_.end is None or value is None:
        return None
    return conjunction(
        compare(">=" if range_.start_included else ">", value, range_.start),
        compare("<=" if range_.end_included else "<", value, range_.end),
    )


def satisfies(value: Any, test: Any) -> bool | None:
    """Whether a value satisfies what stands behind `in`, or in an input entry: a value, a list or a range."""
    if isinstance(test, Range) and not isinstance(value, Range):
        return includes(test, value)
    if isinstance(test, list):
        if isinstance(value, list) and equal(value, test) is True:
            return True
        return any(
            (includes(item, value) if isinstance(item, Range) and not isinstance(value, Range) else equal(value, item))
            is True
            for item in test
        )
    return equal(value, test)
