"""Cron expressions with seconds, in UTC: Quartz (Camunda 7, Flowable) and Spring (Camunda 8).

Six or seven fields: second, minute, hour, day of month, month, day of week, year. Quartz demands `?` in exactly one
of the two day fields and numbers days of the week 1 (Sunday) to 7; Spring knows no such rule and numbers them 0 or 7
(Sunday), 1 (Monday) to 6. So a `?` tells which of the two an expression is. Names (`MON`, `JAN`), lists, ranges
(also around the end: `FRI-MON`), steps, `L`, `L-3`, `LW`, `15W`, `6L`, `6#3` and macros (`@daily`) are understood.
Five fields are refused: in Unix cron the first is the minute.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MONTHS = {name: index for index, name in enumerate(calendar.month_abbr) if name}
_MONTH_NAMES = {name.upper(): index for name, index in _MONTHS.items()}
_WEEKDAY_NAMES = {name: index for index, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))}
_MACROS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_SEARCH_YEARS = 100
"""29 February on a given weekday may be 40 years away; what is not found in 100 never comes."""
_LONGEST = 500


class CronError(ValueError):
    """The text is no cron expression, or none that ever fires."""


@dataclass(frozen=True, slots=True)
class _DayOfWeek:
    """A day of the week (0 Sunday): every one (`number` None), the nth, or the last of the month (-1)."""

    weekday: int
    number: int | None = None


@dataclass(frozen=True, slots=True)
class _DayOfMonth:
    """A day of the month: `day` counts from the start, or (0, -1 ...) from the end; `near` is the nearest workday."""

    day: int
    near: bool = False


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[_DayOfMonth, ...] | None
    """None: every day."""
    months: tuple[int, ...]
    weekdays: tuple[_DayOfWeek, ...] | None
    years: frozenset[int] | None

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after `moment` (aware), in UTC; None where there is none within 100 years."""
        start = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        for year in range(start.year, min(start.year + _SEARCH_YEARS, _LAST_YEAR) + 1):
            if self.years is not None and year not in self.years:
                continue
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in self._days_of(year, month):
                    found = self._time_on(datetime(year, month, day, tzinfo=UTC), start)
                    if found is not None:
                        return found
        return None

    def _time_on(self, day: datetime, start: datetime) -> datetime | None:
        if day.date() < start.date():
            return None
        earliest = (start.hour, start.minute, start.second) if day.date() == start.date() else (0, 0, 0)
        for hour in self.hours:
            if hour < earliest[0]:
                continue
            for minute in self.minutes:
                if (hour, minute) < earliest[:2]:
                    continue
                for second in self.seconds:
                    if (hour, minute, second) >= earliest:
                        return day.replace(hour=hour, minute=minute, second=second)
        return None

    def _days_of(self, year: int, month: int) -> list[int]:
        first_weekday, length = calendar.monthrange(year, month)
        sunday_based = (first_weekday + 1) % 7
        days = set(range(1, length + 1))
        if self.days is not None:
            days &= {found for day in self.days if (found := _resolve(day, sunday_based, length)) is not None}
        if self.weekdays is not None:
            days = {day for day in days if any(_falls_on(each, day, sunday_based, length) for each in self.weekdays)}
        return sorted(days)


def parse_cron(text: str) -> Cron:
    """Parse an expression. Raises CronError for a wrong form and for one that never fires (30 February)."""
    source = _MACROS.get(text.strip().lower(), text.strip())
    if len(source) > _LONGEST:
        raise CronError(f"Expected a cron expression of at most {_LONGEST} characters, but it has {len(source)}.")
    fields = source.upper().split()
    if len(fields) == 5:
        raise CronError(f"Expected a cron expression that begins with the seconds (6 or 7 fields), but {text!r} has 5.")
    if len(fields) not in (6, 7):
        raise CronError(f"Expected a cron expression of 6 or 7 fields, but {text!r} has {len(fields)}.")
    second, minute, hour, day, month, weekday = fields[:6]
    quartz = "?" in (day, weekday)
    if day == weekday == "?":
        raise CronError(f"Expected '?' in one of the day fields, but {text!r} has it in both.")
    cron = Cron(
        seconds=_numbers(second, "seconds", 0, 59),
        minutes=_numbers(minute, "minutes", 0, 59),
        hours=_numbers(hour, "hours", 0, 23),
        days=_days(day),
        months=_numbers(month, "month", 1, 12, _MONTH_NAMES),
        weekdays=_weekdays(weekday, quartz),
        years=_years(fields[6]) if len(fields) == 7 else None,
    )
    first_year = min(cron.years) if cron.years else 2000
    if cron.next_after(datetime(first_year, 1, 1, tzinfo=UTC) - timedelta(seconds=1)) is None:
        raise CronError(f"Expected a cron expression that fires at some time, but {text!r} never does.")
    return cron


def _years(field: str) -> frozenset[int] | None:
    return None if field == "*" else frozenset(_numbers(field, "year", _FIRST_YEAR, _LAST_YEAR))


def _numbers(field: str, what: str, low: int, high: int, names: dict[str, int] | None = None) -> tuple[int, ...]:
    found: set[int] = set()
    for part in field.split(","):
        found.update(_part(part, what, low, high, names or {}))
    return tuple(sorted(found))


def _part(part: str, what: str, low: int, high: int, names: dict[str, int]) -> list[int]:
    span, slash, step_text = part.partition("/")
    step = _number(step_text, what, 1, high + 1, {}) if slash else 1
    if span in ("*", "") and (span or slash):
        return list(range(low, high + 1, step))
    first_text, dash, last_text = span.partition("-")
    first = _number(first_text, what, low, high, names)
    if not dash:
        return list(range(first, high + 1, step)) if slash else [first]
    last = _number(last_text, what, low, high, names)
    if last < first and what != "year":
        last += high - low + 1  # 22-2: around the end
    return [(value - low) % (high - low + 1) + low for value in range(first, last + 1, step)]


def _number(text: str, what: str, low: int, high: int, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if re.fullmatch("[0-9]{1,4}", text) and low <= int(text) <= high:
        return int(text)
    raise CronError(f"Expected {what} from {low} to {high}, but found {text!r}.")


def _days(field: str) -> tuple[_DayOfMonth, ...] | None:
    if field in ("*", "?"):
        return None
    found: list[_DayOfMonth] = []
    for part in field.split(","):
        last = re.fullmatch(r"L(?:-([0-9]{1,2}))?(W)?", part)
        near = re.fullmatch(r"([0-9]{1,2})W", part)
        if last:
            offset = _number(last.group(1) or "0", "days before the last of the month", 0, 30, {})
            found.append(_DayOfMonth(-offset, near=last.group(2) is not None))
        elif near:
            found.append(_DayOfMonth(_number(near.group(1), "day of month", 1, 31, {}), near=True))
        else:
            found.extend(_DayOfMonth(day) for day in _part(part, "day of month", 1, 31, {}))
    return tuple(found)


def _weekdays(field: str, quartz: bool) -> tuple[_DayOfWeek, ...] | None:
    if field in ("*", "?"):
        return None
    low, high = (1, 7) if quartz else (0, 7)
    shift = 1 if quartz else 0
    names = {name: index + shift for name, index in _WEEKDAY_NAMES.items()}
    found: list[_DayOfWeek] = []
    for part in field.split(","):
        special = re.fullmatch(r"([0-9A-Z]+?)(?:#([1-5])|(L))", part)
        if part == "L":
            found.append(_DayOfWeek(6))  # Quartz: the last day of the week, Saturday
        elif special and part not in names:
            weekday = (_number(special.group(1), "day of week", low, high, names) - shift) % 7
            found.append(_DayOfWeek(weekday, int(special.group(2) or -1)))
        else:
            top = 7 if quartz or re.search(r"7", part) else 6
            days = _part(part, "day of week", low, top, names)
            found.extend(_DayOfWeek((day - shift) % 7) for day in days)
    return tuple(dict.fromkeys(found))


def _resolve(wanted: _DayOfMonth, first_weekday: int, length: int) -> int | None:
    day = wanted.day if wanted.day > 0 else length + wanted.day
    if not 1 <= day <= length:
        return None
    if not wanted.near:
        return day
    weekday = (first_weekday + day - 1) % 7
    if weekday == 6:  # Saturday: the Friday before, unless that is another month
        return day - 1 if day > 1 else day + 2
    if weekday == 0:  # Sunday: the Monday after, unless that is another month
        return day + 1 if day < length else day - 2
    return day


def _falls_on(wanted: _DayOfWeek, day: int, first_weekday: int, length: int) -> bool:
    if (first_weekday + day - 1) % 7 != wanted.weekday:
        return False
    if wanted.number is None:
        return True
    return day + 7 > length if wanted.number == -1 else (day - 1) // 7 + 1 == wanted.number
