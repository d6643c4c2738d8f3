"""Values of FEEL beside text, numbers and booleans, and how values come in from and go out to the process.

Within FEEL a number is an int or a Decimal, dates and durations are those of `temporal`, a context is a dict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from isodate import Duration

from bpmn.expressions.api import EvaluationError
from bpmn.expressions.feel import temporal

if TYPE_CHECKING:
    from bpmn.expressions.feel.types import Type


@dataclass(frozen=True, slots=True)
class Range:
    """From `start` to `end`. `(< 10)` has no start and is not `(null..10)`: `operator` tells them apart."""

    start: Any
    end: Any
    start_included: bool
    end_included: bool
    operator: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """Something that can be invoked. Two functions are the same only where they are one.

    `call` takes the arguments in the order of `parameters`; `variants` are other lists of parameters that a built-in
    function takes. `optional` parameters at the end may be missing, `variadic` ones may be many.
    """

    name: str
    parameters: tuple[str, ...]
    call: Callable[..., Any]
    types: tuple[Type, ...] = ()
    result: Type | None = None
    variants: tuple[Variant, ...] = ()


class Unfit:
    """What a variant of a built-in function answers to arguments that are not for it."""


UNFIT = Unfit()


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to call a built-in function; `needed` of its parameters must be there, the last may be `variadic`.

    `call` answers UNFIT where an argument is of another kind than its parameter.
    """

    parameters: tuple[str, ...]
    needed: int
    call: Callable[..., Any]
    variadic: bool = False


def inward(value: Any) -> Any:
    """A value of the process as one of FEEL. Lists and contexts are copied only where something in them changes."""
    kind = type(value)
    if kind in _SAME:
        return value
    if kind is float:
        return Decimal(repr(value))
    if kind is list:
        items = [inward(item) for item in value]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if kind is dict:
        entries = {key: inward(item) for key, item in value.items()}
        return entries if any(entries[key] is not item for key, item in value.items()) else value
    return _other(value)


_SAME = frozenset({type(None), bool, int, str, Decimal})


def _other(value: Any) -> Any:
    if isinstance(value, datetime):
        return temporal.DateTime(_day(value.date()), _clock(value.timetz(), value))
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, time):
        return _clock(value, None)
    if isinstance(value, timedelta):
        return temporal.Nanos(((value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds) * 1000)
    if isinstance(value, Duration):
        return _duration(value)
    if isinstance(value, tuple):
        return [inward(item) for item in value]
    return value


def _day(value: date) -> temporal.Date:
    return temporal.Date(value.year, value.month, value.day)


def _clock(value: time, moment: datetime | None) -> temporal.Time:
    zone, offset = None, None
    if isinstance(value.tzinfo, ZoneInfo) and value.tzinfo.key:
        zone = value.tzinfo.key
    elif value.tzinfo is not None:
        found = moment.utcoffset() if moment is not None else value.utcoffset()
        offset = None if found is None else int(found.total_seconds())
    return temporal.Time(value.hour, value.minute, value.second, value.microsecond * 1000, offset, zone)


def _duration(value: Duration) -> Any:
    months = value.years * 12 + value.months
    if value.tdelta or months != int(months):
        raise EvaluationError(f"Expected a duration of months or of seconds, but FEEL knows no mixture as {value}.")
    return temporal.Months(int(months))


def outward(value: Any) -> Any:
    """A value of FEEL as one of the process.

    Raises EvaluationError for what can only live within an expression (functions, ranges) and for years that the
    process cannot hold (before 1 or after 9999).
    """
    kind = type(value)
    if kind is Decimal:
        return _number(value)
    if kind in _SAME:
        return value
    if kind is list:
        return [outward(item) for item in value]
    if kind is dict:
        return {key: outward(item) for key, item in value.items()}
    match value:
        case temporal.Date():
            return _python_date(value)
        case temporal.Time():
            return _python_time(value)
        case temporal.DateTime():
            return datetime.combine(_python_date(value.date), _python_time(value.time))
        case temporal.Nanos(nanos):
            try:
                return timedelta(microseconds=nanos // 1000 if nanos >= 0 else -(-nanos // 1000))
            except OverflowError:
                raise EvaluationError(
                    f"Expected a duration of at most 999999999 days, but got {temporal.show_duration(value)}."
                ) from None
        case temporal.Months(months):
            years, rest = divmod(abs(months), 12)
            sign = -1 if months < 0 else 1
            return Duration(years=sign * years, months=sign * rest)
        case Function():
            raise EvaluationError("Expected a value that can be stored, but got a function of FEEL.")
        case Range():
            raise EvaluationError("Expected a value that can be stored, but got a range of FEEL.")
    return value


def _number(value: Decimal) -> Any:
    """Decimals as ints and floats where these hold them exactly."""
    if not value.is_finite():
        return value
    if -30 < value.adjusted() < 30:
        if value == value.to_integral_value():
            return int(value)
        if Decimal(repr(float(value))) == value:
            return float(value)
    return value


def _python_date(value: temporal.Date) -> date:
    if not 1 <= value.year <= 9999:
        raise EvaluationError(f"Expected a year from 1 to 9999, but got {temporal.show_date(value)}.")
    return date(value.year, value.month, value.day)


def _python_time(value: temporal.Time) -> time:
    zone: Any = None
    if value.zone is not None:
        zone = ZoneInfo(value.zone)
    elif value.offset is not None:
        zone = timezone(timedelta(seconds=value.offset)) if value.offset else UTC
    return time(value.hour, value.minute, value.second, value.nano // 1000, tzinfo=zone)


def kind_of(value: Any) -> str:
    """What the kind of a value is called in FEEL."""
    if value is None:
        return "Null"
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return type(value).__name__


_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "boolean"),
    ((int, Decimal), "number"),
    (str, "string"),
    (dict, "context"),
    (list, "list"),
    (temporal.Date, "date"),
    (temporal.Time, "time"),
    (temporal.DateTime, "date and time"),
    (temporal.Nanos, "days and time duration"),
    (temporal.Months, "years and months duration"),
    (Range, "range"),
    (Function, "function"),
)
