"""Date and time functions (DMN 1.5, 10.3.4.6 and 10.3.4.11)."""

from __future__ import annotations

from typing import Any

from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.functions.signature import simple
from bpmn.expressions.feel.operations import equal
from bpmn.expressions.feel.scope import Run
from bpmn.expressions.feel.values import inward, kind_of

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _day(value: Any) -> temporal.Date:
    return value.date if isinstance(value, temporal.DateTime) else value


def day_of_year(value: Any) -> int:
    day = _day(value)
    return day.number - temporal.Date(day.year, 1, 1).number + 1


def week_of_year(value: Any) -> int:
    """ISO 8601: the first week has the year's first Thursday."""
    day = _day(value)
    thursday = day.number - day.weekday + 4
    for year in (day.year + 1, day.year, day.year - 1):
        first = temporal.Date(year, 1, 1).number
        if thursday >= first:
            return (thursday - first) // 7 + 1
    return 1


def last_day_of_month(value: Any) -> temporal.Date:
    """Camunda 8."""
    day = _day(value)
    return temporal.Date(day.year, day.month, temporal.days_in(day.year, day.month))


def now(run: Run) -> Any:
    return inward(run.now)


def today(run: Run) -> Any:
    return inward(run.now).date


def same(first: Any, second: Any) -> bool:
    """`is`: of one kind and equal, down to the form of the offset of a time."""
    if kind_of(first) != kind_of(second):
        return False
    match first, second:
        case temporal.Time(), temporal.Time():
            return _form(first) == _form(second)
        case temporal.DateTime(), temporal.DateTime():
            return bool(first.date == second.date) and _form(first.time) == _form(second.time)
    return equal(first, second) is True


def _form(clock: temporal.Time) -> tuple[Any, ...]:
    return clock.nanos, clock.offset, clock.zone


FUNCTIONS = (
    simple("day of year", "date: day", day_of_year),
    simple("day of week", "date: day", lambda value: _DAYS[_day(value).weekday - 1]),
    simple("month of year", "date: day", lambda value: _MONTHS[_day(value).month - 1]),
    simple("week of year", "date: day", week_of_year),
    simple("last day of month", "date: day", last_day_of_month),
    simple("now", "", now, with_run=True),
    simple("today", "", today, with_run=True),
    simple("is", "value1: any, value2: any", same),
)
