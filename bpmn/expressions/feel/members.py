"""What stands behind a dot: entries of contexts, properties of dates, times, durations and ranges (table 65)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.values import Range


def member_of(value: Any, name: str) -> Any:
    """Null where the value has no such member; of a list, the members of its items."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list):
        return [member_of(item, name) for item in value]
    match value:
        case temporal.Date():
            return _read(_DATE, value, name)
        case temporal.DateTime():
            if name in _DATE:
                return _DATE[name](value.date)
            if name == "time offset":
                return _offset(value.offset)
            return _read(_TIME, value.time, name)
        case temporal.Time():
            return _read(_TIME, value, name)
        case temporal.Months():
            return _read(_MONTHS, value, name)
        case temporal.Nanos():
            return _read(_NANOS, value, name)
        case Range():
            return _read(_RANGE, value, name)
    return None


def _read(table: dict[str, Callable[[Any], Any]], value: Any, name: str) -> Any:
    read = table.get(name)
    return None if read is None else read(value)


def _offset(seconds: int | None) -> temporal.Nanos | None:
    return None if seconds is None else temporal.Nanos(seconds * temporal.NANOS)


def _signed(total: int, divisor: int, modulus: int | None = None) -> int:
    """A part of a duration, with the duration's sign."""
    part = abs(total) // divisor
    part = part if modulus is None else part % modulus
    return -part if total < 0 else part


_DATE: dict[str, Callable[[Any], Any]] = {
    "year": lambda day: day.year,
    "month": lambda day: day.month,
    "day": lambda day: day.day,
    "weekday": lambda day: day.weekday,
}
_TIME: dict[str, Callable[[Any], Any]] = {
    "hour": lambda clock: clock.hour,
    "minute": lambda clock: clock.minute,
    "second": lambda clock: clock.second,
    "time offset": lambda clock: _offset(temporal.time_offset(clock)),
    "timezone": lambda clock: clock.zone,
}
_MONTHS: dict[str, Callable[[Any], Any]] = {
    "years": lambda duration: _signed(duration.months, 12),
    "months": lambda duration: _signed(duration.months, 1, 12),
}
_NANOS: dict[str, Callable[[Any], Any]] = {
    "days": lambda duration: _signed(duration.nanos, temporal.DAY_NANOS),
    "hours": lambda duration: _signed(duration.nanos, 3600 * temporal.NANOS, 24),
    "minutes": lambda duration: _signed(duration.nanos, 60 * temporal.NANOS, 60),
    "seconds": lambda duration: _signed(duration.nanos, temporal.NANOS, 60),
}
_RANGE: dict[str, Callable[[Any], Any]] = {
    "start": lambda range_: None if range_.operator == "!=" else range_.start,
    "end": lambda range_: None if range_.operator == "!=" else range_.end,
    "start included": lambda range_: range_.start_included,
    "end included": lambda range_: range_.end_included,
}
MEMBER_NAMES = (*_DATE, *_TIME, *_MONTHS, *_NANOS, *_RANGE)
