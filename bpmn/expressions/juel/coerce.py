"""EL 2.1 coercions (JSR 245, 1.18) and operators (1.7 - 1.11), as JUEL in Camunda 7 and Flowable applies them.

Integers are exact instead of 64 bit, decimals stay decimals.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from typing import Any

from bpmn.expressions.api import EvaluationError
from bpmn.expressions.limits import MAX_NESTING, check_integer, check_string_size, multiply
from bpmn.expressions.values import type_name, with_zone

Number = int | float | Decimal
_FAST = (int, float)


def to_boolean(value: Any) -> bool:
    """null and "" are false, strings are true where they say "true"; other types are an error."""
    if value is True or value is False:
        return bool(value)
    if value is None or value == "":
        return False
    if isinstance(value, str):
        return value.lower() == "true"
    raise EvaluationError(f"Expected a boolean, but got the {type_name(value)} {shown(value)}.")


def to_number(value: Any) -> Number:
    """null and "" are 0, strings are read as numbers (a `.` or exponent makes a float)."""
    kind = type(value)
    if kind is int or kind is float or kind is Decimal:
        return value  # type: ignore[no-any-return]
    if value is None or value == "":
        return 0
    if isinstance(value, str):
        return _read_number(value)
    raise EvaluationError(f"Expected a number, but got the {type_name(value)} {shown(value)}.")


def _read_number(text: str) -> Number:
    try:
        if any(mark in text for mark in ".eE"):
            value = float(text)
            if math.isfinite(value):
                return value
        elif text.strip() == text and "_" not in text:
            return check_integer(int(text))  # type: ignore[no-any-return]
    except ValueError:
        pass
    raise EvaluationError(f"Expected a number, but got the string {shown(text)}; strings are joined with .concat().")


def to_text(value: Any) -> str:
    """As Java's `toString` shows the value: `5.0`, `true`, `[a, b]`, `{k=v}`; null is empty."""
    return "" if value is None else _text(value, 0)


def _text(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, float):
        return _java_double(value)
    if isinstance(value, list | dict):
        if depth > MAX_NESTING:
            raise EvaluationError(f"Expected a value nested at most {MAX_NESTING} deep, but it is deeper.")
        if isinstance(value, list):
            text = "[" + ", ".join(_text(item, depth + 1) for item in value) + "]"
        else:
            text = "{" + ", ".join(f"{key}={_text(item, depth + 1)}" for key, item in value.items()) + "}"
        check_string_size(len(text))
        return text
    if isinstance(value, int | Decimal):
        return str(check_integer(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_text(value)
    raise EvaluationError(f"Expected a value that can be shown as text, but got an object of type {type_name(value)}.")


def _java_double(value: float) -> str:
    """`Double.toString`: at least one digit behind the point, exponents below 1e-3 and from 1e7."""
    magnitude = abs(value)
    if value == 0 or 1e-3 <= magnitude < 1e7:
        text = repr(value)
        if "e" not in text:
            return text
    mantissa, _, exponent = f"{Decimal(repr(value)):e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def duration_text(value: timedelta) -> str:
    """ISO 8601 text of a duration, as `java.time.Duration` shows it (hours, minutes, seconds)."""
    micros = round(value / timedelta(microseconds=1))
    sign, micros = ("-" if micros < 0 else ""), abs(micros)
    seconds, fraction = divmod(micros, 1_000_000)
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    parts = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    if seconds % 60 or fraction or not parts:
        parts += f"{seconds % 60}" + (f".{fraction:06d}".rstrip("0") if fraction else "") + "S"
    return f"{sign}PT{parts}"


def shown(value: Any) -> str:
    """A value in a message, shortened."""
    try:
        text = repr(value) if isinstance(value, str) else to_text(value) if value is not None else "null"
    except EvaluationError:
        text = f"of type {type_name(value)}"
    return text if len(text) <= 60 else text[:57] + "..."


def _is_floating(value: Any) -> bool:
    return type(value) is float or (isinstance(value, str) and any(mark in value for mark in ".eE"))


def _arithmetic(exact: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        if type(left) not in _FAST or type(right) not in _FAST:
            left, right = to_number(left), to_number(right)
            if isinstance(left, Decimal) or isinstance(right, Decimal):
                left, right = _decimal(left), _decimal(right)
        try:
            return check_integer(exact(left, right))
        except (OverflowError, ZeroDivisionError, DecimalException) as error:
            raise EvaluationError(f"Expected a finite result, but the arithmetic failed: {error}.") from error

    return apply


def _decimal(value: Number) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _divide(left: Any, right: Any) -> Any:
    if isinstance(left, Decimal):
        return left / right
    if right == 0:
        raise ZeroDivisionError("division by zero")
    return float(left) / float(right)


def _remainder(left: Any, right: Any) -> Any:
    # Java's remainder takes the sign of the dividend, Python's that of the divisor.
    if isinstance(left, float) or isinstance(right, float):
        if right == 0:
            raise ZeroDivisionError("remainder of a division by zero")
        return math.fmod(left, right)
    if isinstance(left, Decimal):
        return left % right
    remainder = abs(left) % abs(right)
    return -remainder if left < 0 else remainder


add = _arithmetic(lambda left, right: left + right)
subtract = _arithmetic(lambda left, right: left - right)
times = _arithmetic(multiply)
divide = _arithmetic(_divide)
remainder = _arithmetic(_remainder)


def negate(value: Any) -> Any:
    """Unary minus."""
    return -to_number(value)


def is_empty(value: Any) -> bool:
    """`empty`: null, "" and containers without items."""
    return value is None or (isinstance(value, str | list | dict) and len(value) == 0)


def equal(left: Any, right: Any) -> bool:
    """`==` (1.8.2): coerces to the 'greater' of the types; null equals only null.

    Raises EvaluationError where a string that is no number is compared with a number.
    """
    kind = type(left)
    if kind is type(right):
        return bool(left == right)
    if left is None or right is None:
        return False
    if _is_number(left) or _is_number(right):
        left, right = to_number(left), to_number(right)
        if isinstance(left, Decimal) or isinstance(right, Decimal):
            return _decimal(left) == _decimal(right)
        return bool(left == right)
    if isinstance(left, bool) or isinstance(right, bool):
        return to_boolean(left) == to_boolean(right)
    if isinstance(left, str) or isinstance(right, str):
        return to_text(left) == to_text(right)
    try:
        return bool(left == right)
    except TypeError:
        return False


def unequal(left: Any, right: Any) -> bool:
    return not equal(left, right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _ordering(exact: Callable[[Any, Any], bool], same: bool) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        if type(left) in _FAST and type(right) in _FAST:
            return exact(left, right)
        if left is None or right is None:
            return same and left is right
        if _is_number(left) or _is_number(right):
            left, right = to_number(left), to_number(right)
            if isinstance(left, Decimal) or isinstance(right, Decimal):
                left, right = _decimal(left), _decimal(right)
            return exact(left, right)
        if isinstance(left, str) or isinstance(right, str):
            return exact(to_text(left), to_text(right))
        if isinstance(left, datetime) and isinstance(right, datetime):
            return exact(with_zone(left), with_zone(right))
        if type(left) is type(right) and isinstance(left, bool | date | time | timedelta):
            return exact(left, right)
        raise EvaluationError(
            f"Expected two values that can be ordered, but got {type_name(left)} and {type_name(right)}."
        )

    return compare


less = _ordering(lambda left, right: left < right, False)
greater = _ordering(lambda left, right: left > right, False)
less_or_equal = _ordering(lambda left, right: left <= right, True)
greater_or_equal = _ordering(lambda left, right: left >= right, True)
