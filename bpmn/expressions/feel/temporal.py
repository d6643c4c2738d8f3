"""Dates, times and durations of FEEL (DMN 1.5, 10.3.2.3.4 to 10.3.2.3.8).

Python's own types are too narrow for them: FEEL's years run from -999,999,999 to 999,999,999, seconds have nine
fractional digits, a time may name a zone, and a duration is either of months or of seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

MAX_YEAR = 999_999_999
NANOS = 1_000_000_000
DAY_NANOS = 86_400 * NANOS
MAX_MONTHS = 12 * MAX_YEAR
MAX_DURATION = (2**63) * NANOS
_LONGEST_OFFSET = 18 * 3600

_DATE = re.compile(r"(-?)(\d{4}|[1-9]\d{4,8})-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:(Z)|([+-])(\d\d):(\d\d)(?::(\d\d))?|@([A-Za-z][\w+-]*(?:/[\w+-]+)*))?",
    re.ASCII,
)
_MONTHS = re.compile(r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?", re.ASCII)
_SECONDS = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d*))?S)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Date:
    """A day of the proleptic Gregorian calendar."""

    year: int
    month: int
    day: int

    @property
    def number(self) -> int:
        """Days since 1970-01-01."""
        year = self.year - (self.month <= 2)
        era, of_era = divmod(year, 400)
        of_year = (153 * (self.month + (-3 if self.month > 2 else 9)) + 2) // 5 + self.day - 1
        return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468

    @property
    def weekday(self) -> int:
        """1 on Monday to 7 on Sunday."""
        return (self.number + 3) % 7 + 1


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day, with an offset from UTC in seconds, or the name of a zone, or neither."""

    hour: int
    minute: int
    second: int
    nano: int = 0
    offset: int | None = None
    zone: str | None = None

    @property
    def nanos(self) -> int:
        """Since midnight, as the clock shows it."""
        return (self.hour * 3600 + self.minute * 60 + self.second) * NANOS + self.nano


@dataclass(frozen=True, slots=True)
class DateTime:
    """A day and a time of it."""

    date: Date
    time: Time

    @property
    def local(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00, as calendar and clock show it."""
        return self.date.number * DAY_NANOS + self.time.nanos

    @property
    def offset(self) -> int | None:
        """Seconds east of UTC at this moment, None for a local time."""
        if self.time.zone is None:
            return self.time.offset
        return zone_offset(self.time.zone, self)

    @property
    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z; a local time counts as UTC."""
        return self.local - (self.offset or 0) * NANOS


@dataclass(frozen=True, slots=True)
class Months:
    """A years and months duration."""

    months: int


@dataclass(frozen=True, slots=True)
class Nanos:
    """A days and time duration."""

    nanos: int


UTC_MIDNIGHT = Time(0, 0, 0, offset=0)
Duration = Months | Nanos


def make_date(year: int, month: int, day: int) -> Date | None:
    """None where there is no such day."""
    if abs(year) > MAX_YEAR or not 1 <= month <= 12 or not 1 <= day <= days_in(year, month):
        return None
    return Date(year, month, day)


def days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def date_of(number: int) -> Date | None:
    """The day that many days after 1970-01-01; None beyond FEEL's years."""
    era, of_era = divmod(number + 719_468, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    return make_date(year, month, of_year - (153 * shifted + 2) // 5 + 1)


def make_time(hour: int, minute: int, second: int, nano: int = 0, offset: int | None = None) -> Time | None:
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return None
    if offset is not None and abs(offset) > _LONGEST_OFFSET:
        return None
    return Time(hour, minute, second, nano, offset)


def time_of(nanos: int, like: Time) -> Time:
    """The time of day that long after midnight, round the clock, with offset and zone of `like`."""
    seconds, nano = divmod(nanos % DAY_NANOS, NANOS)
    return Time(seconds // 3600, seconds // 60 % 60, seconds % 60, nano, like.offset, like.zone)


def moment_of(local: int, like: Time) -> DateTime | None:
    """From nanoseconds on the local calendar and clock."""
    day = date_of(local // DAY_NANOS)
    return None if day is None else DateTime(day, time_of(local, like))


def at_instant(instant: int, like: Time) -> DateTime | None:
    """The moment as a clock with offset or zone of `like` shows it."""
    if like.zone is None:
        return moment_of(instant + (like.offset or 0) * NANOS, like)
    in_utc = moment_of(instant, Time(0, 0, 0, offset=0))
    if in_utc is None:
        return None
    seconds = _zone(like.zone).utcoffset(_python(in_utc).astimezone(_zone(like.zone)))
    return moment_of(instant + int((seconds or timedelta()).total_seconds()) * NANOS, like)


def midnight_utc(day: Date) -> DateTime:
    """What a date is where a date and time is wanted (DMN 1.5, 10.3.2.9.4)."""
    return DateTime(day, UTC_MIDNIGHT)


# Texts


def parse_date(text: str) -> Date | None:
    """`2017-12-31`; None where the text is no date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year = int(match[2])
    return make_date(-year if match[1] else year, int(match[3]), int(match[4]))


def parse_time(text: str) -> Time | None:
    """`10:30:00`, with `Z`, `+02:00` or `@Europe/Paris` behind it; None where the text is no time."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    if (hour, minute, second, match[4] or "0") == (24, 0, 0, "0"):
        hour = 0
    nano = int((match[4] or "").ljust(9, "0"))
    offset = None
    if match[5]:
        offset = 0
    elif match[6]:
        if int(match[8]) > 59 or int(match[9] or 0) > 59:
            return None
        offset = int(match[7]) * 3600 + int(match[8]) * 60 + int(match[9] or 0)
        offset = -offset if match[6] == "-" else offset
    plain = make_time(hour, minute, second, nano, offset)
    if plain is None or match[10] is None:
        return plain
    return Time(hour, minute, second, nano, None, match[10]) if known_zone(match[10]) else None


def parse_date_time(text: str) -> DateTime | None:
    """`2017-12-31T10:30:00Z`; a date alone is its midnight without offset."""
    day_text, mark, time_text = text.partition("T")
    day = parse_date(day_text)
    clock = parse_time(time_text) if mark else Time(0, 0, 0)
    if day is None or clock is None:
        return None
    if time_text.startswith("24:"):  # the end of the day is the next one's begin
        day = date_of(day.number + 1)
    return None if day is None else DateTime(day, clock)


def parse_duration(text: str) -> Duration | None:
    """`P1Y2M` or `P1DT2H3M4.5S`; None where the text is no duration, or mixes both kinds."""
    if len(text) > 100:
        return None
    match = _MONTHS.fullmatch(text)
    if match is not None and (match[2] or match[3]):
        months = int(match[2] or 0) * 12 + int(match[3] or 0)
        return limited(Months(-months if match[1] else months))
    match = _SECONDS.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        return None
    seconds = ((int(match[2] or 0) * 24 + int(match[3] or 0)) * 60 + int(match[4] or 0)) * 60 + int(match[5] or 0)
    nanos = seconds * NANOS + int((match[6] or "")[:9].ljust(9, "0"))
    return limited(Nanos(-nanos if match[1] else nanos))


def limited(duration: Duration) -> Duration | None:
    """None for a duration beyond what FEEL's dates span."""
    if isinstance(duration, Months):
        return duration if abs(duration.months) <= MAX_MONTHS * 2 else None
    return duration if abs(duration.nanos) <= MAX_DURATION else None


def show_date(day: Date) -> str:
    return f"{'-' if day.year < 0 else ''}{abs(day.year):04d}-{day.month:02d}-{day.day:02d}"


def show_time(clock: Time) -> str:
    text = f"{clock.hour:02d}:{clock.minute:02d}:{clock.second:02d}"
    if clock.nano:
        text += f".{clock.nano:09d}".rstrip("0")
    if clock.zone is not None:
        return f"{text}@{clock.zone}"
    if clock.offset is None:
        return text
    return text + ("Z" if clock.offset == 0 else _show_offset(clock.offset))


def _show_offset(offset: int) -> str:
    sign, seconds = ("-" if offset < 0 else "+"), abs(offset)
    text = f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    return text + (f":{seconds % 60:02d}" if seconds % 60 else "")


def show_date_time(moment: DateTime) -> str:
    return f"{show_date(moment.date)}T{show_time(moment.time)}"


def show_duration(duration: Duration) -> str:
    if isinstance(duration, Months):
        years, months = divmod(abs(duration.months), 12)
        parts = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-" if duration.months < 0 else "") + "P" + (parts or "0M")
    seconds, nano = divmod(abs(duration.nanos), NANOS)
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    rest = str(seconds % 60) + (f".{nano:09d}".rstrip("0") if nano else "")
    parts = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + (f"{rest}S" if rest != "0" else "")
    text = (f"{days}D" if days else "") + (f"T{parts}" if parts else "")
    return ("-" if duration.nanos < 0 else "") + "P" + (text or "T0S")


# Zones


@lru_cache(maxsize=512)
def known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _python(moment: DateTime) -> datetime:
    """The moment as Python's, with a year that it knows: rules of zones far away are those of the nearest year."""
    year = min(max(moment.date.year, 2), 9998)
    day = min(moment.date.day, days_in(year, moment.date.month))
    clock = moment.time
    offset = None if clock.offset is None else timezone(timedelta(seconds=clock.offset))
    return datetime(year, moment.date.month, day, clock.hour, clock.minute, clock.second, tzinfo=offset)


def zone_offset(name: str, moment: DateTime) -> int:
    """Seconds east of UTC in the zone, when its calendar and clock show the moment."""
    offset = _zone(name).utcoffset(_python(moment).replace(tzinfo=None))
    return int((offset or timedelta()).total_seconds())


def time_offset(clock: Time) -> int | None:
    """Seconds east of UTC; of a zone what it has at 1970-01-01, as a time alone has no day."""
    if clock.zone is None:
        return clock.offset
    return zone_offset(clock.zone, DateTime(Date(1970, 1, 1), clock))


# Arithmetic (DMN 1.5, tables 57 and 58). Every function answers None where there is no result.


def add(left: Any, right: Any) -> Any:
    match left, right:
        case Months(), Months():
            return limited(Months(left.months + right.months))
        case Nanos(), Nanos():
            return limited(Nanos(left.nanos + right.nanos))
        case ((Months() | Nanos()), (Date() | DateTime() | Time())):
            return add(right, left)
        case Date(), Months():
            return _later_month(left, right.months)
        case DateTime(), Months():
            day = _later_month(left.date, right.months)
            return None if day is None else DateTime(day, left.time)
        case Date(), Nanos():
            moment = at_instant(midnight_utc(left).instant + right.nanos, UTC_MIDNIGHT)
            return None if moment is None else moment.date
        case DateTime(), Nanos():
            if left.time.zone is not None:
                return at_instant(left.instant + right.nanos, left.time)
            return moment_of(left.local + right.nanos, left.time)
        case Time(), Nanos():
            return time_of(left.nanos + right.nanos, left)
    return None


def subtract(left: Any, right: Any) -> Any:
    match left, right:
        case _, Months():
            return add(left, Months(-right.months))
        case _, Nanos():
            return add(left, Nanos(-right.nanos))
        case Time(), Time():
            first, second = time_offset(left), time_offset(right)
            if (first is None) != (second is None):
                return None
            return Nanos(left.nanos - right.nanos - ((first or 0) - (second or 0)) * NANOS)
        case ((Date() | DateTime()), (Date() | DateTime())):
            first_moment = midnight_utc(left) if isinstance(left, Date) else left
            second_moment = midnight_utc(right) if isinstance(right, Date) else right
            if (first_moment.offset is None) != (second_moment.offset is None):
                return None
            return limited(Nanos(first_moment.instant - second_moment.instant))
    return None


def _later_month(day: Date, months: int) -> Date | None:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return make_date(year, month + 1, min(day.day, days_in(year, month + 1)))


def months_between(first: Date | DateTime, second: Date | DateTime) -> Months:
    """Whole months from the first to the second (`years and months duration`)."""
    if _month_key(second) < _month_key(first):
        return Months(-months_between(second, first).months)
    start, end = _day(first), _day(second)
    months = (end.year - start.year) * 12 + end.month - start.month
    return Months(months - (_in_month(second) < _in_month(first)))


def _day(value: Date | DateTime) -> Date:
    return value if isinstance(value, Date) else value.date


def _in_month(value: Date | DateTime) -> tuple[int, int]:
    return (value.day, 0) if isinstance(value, Date) else (value.date.day, 0)


def _month_key(value: Date | DateTime) -> tuple[int, int, tuple[int, int]]:
    day = _day(value)
    return day.year, day.month, _in_month(value)


def equal(left: Any, right: Any) -> bool | None:
    """Whether two of the same kind are the same; None where the kinds differ.

    Fractions of a second do not tell times apart: equality is that of the properties (hour, minute, second, ...), as
    the DMN TCK has it.
    """
    match left, right:
        case Time(), Time():
            return _clock_seconds(left) == _clock_seconds(right)
        case DateTime(), DateTime():
            if (left.offset is None) != (right.offset is None):
                return False
            return left.instant // NANOS == right.instant // NANOS
        case (Date(), Date()) | (Months(), Months()) | (Nanos(), Nanos()):
            return bool(left == right)
    return None


def _clock_seconds(clock: Time) -> tuple[int, bool]:
    offset = time_offset(clock)
    return (clock.nanos // NANOS - (offset or 0)) % 86_400, offset is None


def order(left: Any, right: Any) -> int | None:
    """Negative, zero or positive as the left is before, at or after the right; None where they cannot be compared."""
    first: int
    second: int
    match left, right:
        case Date(), Date():
            first, second = left.number, right.number
        case ((Date() | DateTime()), (Date() | DateTime())):
            start = midnight_utc(left) if isinstance(left, Date) else left
            end = midnight_utc(right) if isinstance(right, Date) else right
            if (start.offset is None) != (end.offset is None):
                return None
            first, second = start.instant, end.instant
        case Time(), Time():
            start_offset, end_offset = time_offset(left), time_offset(right)
            if (start_offset is None) != (end_offset is None):
                return None
            first = left.nanos - (start_offset or 0) * NANOS
            second = right.nanos - (end_offset or 0) * NANOS
        case Months(), Months():
            first, second = left.months, right.months
        case Nanos(), Nanos():
            first, second = left.nanos, right.nanos
        case _:
            return None
    return (first > second) - (first < second)
