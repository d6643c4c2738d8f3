"""When timers fire: ISO 8601 dates, durations and repeating intervals, and cron expressions (BPMN 2.0.2, table 10.101).

What the standards leave open follows Camunda 7 and Quartz:

- Times without a zone are UTC; every result is an aware date-time in UTC.
- `R3/PT10S` fires three times, the first after ten seconds. With a start (`R3/2026-01-01T00:00:00Z/PT1H`) the first
  firing is the start itself; those before now have passed and count.
- An interval never drifts: the nth firing is start + n * interval, months by the calendar (31 January, 28 February,
  31 March). Firings missed while nothing ran are skipped, not caught up, and do not use up the count.
- A `timeDate` that is a duration is one from now.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from isodate import Duration, ISO8601Error, parse_duration

from bpmn.cron import Cron, CronError, parse_cron
from bpmn.model.events import TimerKind

_REPEAT = re.compile(r"R([0-9]{0,9})/(.+)", re.DOTALL)
_UNTIL = " until "
_LONGEST = 500
_REFERENCE = datetime(2000, 1, 1, tzinfo=UTC)


class ScheduleError(ValueError):
    """The value is no time, duration or cycle, or one that never comes."""


@dataclass(frozen=True, slots=True)
class TimerPlan:
    """When a timer fires next, and what it needs to know to fire again."""

    due_at: datetime
    cycle: str | None
    """The cycle with its start filled in (`R/<start>/PT1H`), or the cron expression; None fires once."""
    remaining: int | None
    """Firings left after this one; None is endless."""


@dataclass(frozen=True, slots=True)
class _Repetition:
    count: int | None
    start: datetime | None
    period: timedelta | Duration
    end: datetime | None

    def text(self, start: datetime) -> str:
        parts = ["R", start.isoformat(), _duration_text(self.period)]
        return "/".join(parts + ([self.end.isoformat()] if self.end else []))


def plan_timer(kind: TimerKind, value: object, now: datetime, *, end: object = None) -> TimerPlan:
    """The first firing of a timer whose expression has `value`.

    Takes the text of the model or what an expression gave (str, date, datetime, timedelta, isodate.Duration); `end`
    is the time after which a cycle fires no more. Raises ScheduleError.
    """
    now = now.astimezone(UTC)
    try:
        match kind:
            case TimerKind.DATE:
                return TimerPlan(_date_or_duration(value, now), None, 0)
            case TimerKind.DURATION:
                return TimerPlan(_plus(now, _duration(value)), None, 0)
            case TimerKind.CYCLE:
                return _plan_cycle(value, now, None if end is None else _moment(end))
    except OverflowError as error:
        raise ScheduleError(f"Expected a time between the years 1 and 9999, but {value!r} leads to another.") from error


def next_plan(plan: TimerPlan, now: datetime) -> TimerPlan | None:
    """The firing after `plan`: the first of its cycle after both `now` and the planned time; None after the last."""
    if plan.cycle is None or plan.remaining == 0:
        return None
    after = max(plan.due_at, now.astimezone(UTC))
    remaining = None if plan.remaining is None else plan.remaining - 1
    try:
        if not plan.cycle.startswith("R"):
            due = _next_cron(plan.cycle, after)
        else:
            repetition = _repetition(plan.cycle)
            _, due = _occurrence_after(repetition, repetition.start or plan.due_at, after)
            if repetition.end is not None and due > repetition.end:
                return None
    except OverflowError:
        return None
    return None if due is None else TimerPlan(due, plan.cycle, remaining)


def check_timer(kind: TimerKind, text: str) -> None:
    """Check a literal of the model at upload. Raises ScheduleError; times in the past are fine."""
    if kind is not TimerKind.CYCLE:
        plan_timer(kind, text, _REFERENCE)
        return
    cleaned = _text(text)
    if cleaned.startswith("R"):
        _repetition(cleaned)
    else:
        _cron(cleaned)


def _plan_cycle(value: object, now: datetime, end: datetime | None) -> TimerPlan:
    if not isinstance(value, str):
        raise ScheduleError(f"Expected a cycle such as 'R3/PT10S' or a cron expression, but got {value!r}.")
    text = _text(value)
    if not text.startswith("R"):
        _cron(text)
        cycle = text if end is None else f"{text}{_UNTIL}{end.isoformat()}"
        due = _next_cron(cycle, now)
        if due is None:
            raise ScheduleError(
                f"Expected a cycle with a time to come, but {value!r} has none after {now.isoformat()}."
            )
        return TimerPlan(due, cycle, None)
    given = _repetition(text)
    repetition = _Repetition(given.count, given.start, given.period, min(filter(None, (given.end, end)), default=None))
    if repetition.start is None:
        start, passed, due = now, 0, _plus(now, repetition.period)
    else:
        start = due = repetition.start
        passed = 0
        if start < now:
            passed, due = _occurrence_after(repetition, start, now - timedelta(microseconds=1))
    remaining = None if repetition.count is None else repetition.count - passed - 1
    if (remaining is not None and remaining < 0) or (repetition.end is not None and due > repetition.end):
        raise ScheduleError(f"Expected a cycle with a time to come, but the last of {value!r} has passed.")
    return TimerPlan(due, repetition.text(start), remaining)


def _next_cron(cycle: str, after: datetime) -> datetime | None:
    text, _, end = cycle.partition(_UNTIL)
    due = _cron(text).next_after(after)
    return None if due is None or (end and due > _moment(end)) else due


def _occurrence_after(repetition: _Repetition, start: datetime, after: datetime) -> tuple[int, datetime]:
    """Number (from 0) and time of the first of start + n * period that is after `after`."""
    period = repetition.period
    if isinstance(period, timedelta):
        number = max(0, (after - start) // period + 1)
        return number, start + number * period
    # A month has at most 31 days: the estimate is never late, and at most a few steps early for each century.
    days = float(period.years) * 366 + float(period.months) * 31 + max(0.0, period.tdelta.total_seconds() / 86_400)
    number = max(0, int((after - start) / timedelta(days=days)) - 1)
    while (due := _plus(start, period * number)) <= after:
        number += 1
    return number, due


def _repetition(text: str) -> _Repetition:
    match = _REPEAT.fullmatch(text)
    if match is None:
        raise ScheduleError(f"Expected a cycle such as 'R3/PT10S', but got {text!r}.")
    count = int(match.group(1)) if match.group(1) else None
    if count == 0:
        raise ScheduleError(f"Expected a cycle that fires at least once, but got {text!r}.")
    parts = match.group(2).split("/")
    period_at = next((index for index, part in enumerate(parts) if part.startswith("P")), None)
    if period_at is None and len(parts) == 2:
        start, end = _moment(parts[0]), _moment(parts[1])
        return _Repetition(count, start, _positive(end - start, text), None)
    if period_at is None or len(parts) > 3 or period_at > 1 or len(parts) - period_at > 2:
        raise ScheduleError(f"Expected a cycle of the form R[n]/[start/]duration[/end], but got {text!r}.")
    return _Repetition(
        count,
        _moment(parts[0]) if period_at == 1 else None,
        _positive(_duration(parts[period_at]), text),
        _moment(parts[-1]) if len(parts) > period_at + 1 else None,
    )


def _positive(period: timedelta | Duration, text: str) -> timedelta | Duration:
    if _plus(_REFERENCE, period) <= _REFERENCE:
        raise ScheduleError(f"Expected a cycle with a duration above zero, but got {text!r}.")
    return period


def _cron(text: str) -> Cron:
    try:
        return parse_cron(text)
    except CronError as error:
        raise ScheduleError(str(error)) from error


def _date_or_duration(value: object, now: datetime) -> datetime:
    if isinstance(value, timedelta | Duration) or (isinstance(value, str) and _text(value).startswith("P")):
        return _plus(now, _duration(value))
    return _moment(value)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(_text(value))
        except ValueError as error:
            raise ScheduleError(
                f"Expected an ISO 8601 date such as '2026-01-01T00:00:00Z', but got {value!r}."
            ) from error
    else:
        raise ScheduleError(f"Expected an ISO 8601 date such as '2026-01-01T00:00:00Z', but got {value!r}.")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _duration(value: object) -> timedelta | Duration:
    if isinstance(value, timedelta | Duration):
        return value
    if isinstance(value, str):
        try:
            parsed: timedelta | Duration = parse_duration(_text(value))
        except (ISO8601Error, ValueError, ArithmeticError) as error:
            raise ScheduleError(f"Expected an ISO 8601 duration such as 'PT30S', but got {value!r}.") from error
        return parsed
    raise ScheduleError(f"Expected an ISO 8601 duration such as 'PT30S', but got {value!r}.")


def _plus(moment: datetime, period: timedelta | Duration) -> datetime:
    try:
        later: datetime = moment + period
    except (ValueError, ArithmeticError) as error:
        # isodate refuses fractions of months and years outside the calendar with ValueError.
        raise OverflowError(str(error)) from error
    return later


def _duration_text(period: timedelta | Duration) -> str:
    if isinstance(period, timedelta):
        return _seconds_text("P", period)
    return _seconds_text(f"P{period.years}Y{period.months}M", period.tdelta)


def _seconds_text(prefix: str, rest: timedelta) -> str:
    if prefix == "P" or rest:
        return f"{prefix}{rest.days}DT{rest.seconds}.{rest.microseconds:06d}S"
    return prefix


def _text(value: str) -> str:
    cleaned = value.strip()
    if not cleaned or len(cleaned) > _LONGEST:
        raise ScheduleError(f"Expected a time, duration or cycle, but got {cleaned[:40]!r}.")
    return cleaned
