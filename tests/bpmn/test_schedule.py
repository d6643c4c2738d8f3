"""Timers: dates, durations, cycles, cron."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from isodate import Duration

from bpmn.cron import CronError, parse_cron
from bpmn.model.events import TimerKind
from bpmn.schedule import ScheduleError, TimerPlan, check_timer, next_plan, plan_timer

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def firings(plan: TimerPlan | None, count: int) -> list[datetime]:
    found = []
    while plan is not None and len(found) < count:
        found.append(plan.due_at)
        plan = next_plan(plan, plan.due_at)
    return found


@pytest.mark.parametrize(
    ("value", "due"),
    [
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00"),
        ("2026-05-01T10:00:00", "2026-05-01T10:00"),
        ("2026-05-01T10:00:00+02:00", "2026-05-01T08:00"),
        (" 2019-09-09T12:00:00.500Z\n", "2019-09-09T12:00:00.500"),
        ("2026-05-01", "2026-05-01T00:00"),
        ("20260501T100000Z", "2026-05-01T10:00"),
        (date(2026, 5, 1), "2026-05-01T00:00"),
        (datetime(2026, 5, 1, 10), "2026-05-01T10:00"),
        (datetime(2026, 5, 1, 10, tzinfo=timezone(timedelta(hours=1))), "2026-05-01T09:00"),
        ("PT1H", "2026-01-31T13:00"),
    ],
)
def test_should_plan_dates(value: object, due: str) -> None:
    assert plan_timer(TimerKind.DATE, value, NOW) == TimerPlan(at(due), None, 0)


@pytest.mark.parametrize(
    ("value", "due"),
    [
        ("PT30S", "2026-01-31T12:00:30"),
        ("P1D", "2026-02-01T12:00"),
        ("P2W", "2026-02-14T12:00"),
        ("P1M", "2026-02-28T12:00"),
        ("P1Y1M", "2027-02-28T12:00"),
        ("P1Y2M3DT4H5M6.5S", "2027-04-03T16:05:06.500"),
        ("PT0S", "2026-01-31T12:00"),
        ("PT99H", "2026-02-04T15:00"),
        (timedelta(minutes=5), "2026-01-31T12:05"),
        (Duration(months=1), "2026-02-28T12:00"),
    ],
)
def test_should_plan_durations(value: object, due: str) -> None:
    assert plan_timer(TimerKind.DURATION, value, NOW).due_at == at(due)


@pytest.mark.parametrize(
    ("value", "due", "total"),
    [
        ("R3/PT10S", ["2026-01-31T12:00:10", "2026-01-31T12:00:20", "2026-01-31T12:00:30"], 3),
        ("R1/P5D", ["2026-02-05T12:00"], 1),
        ("R/PT1H", ["2026-01-31T13:00", "2026-01-31T14:00"], None),
        ("R/P1M", ["2026-02-28T12:00", "2026-03-31T12:00", "2026-04-30T12:00"], None),
        ("R/P1Y", ["2027-01-31T12:00", "2028-01-31T12:00"], None),
        ("R2/2026-02-01T00:00:00Z/PT1H", ["2026-02-01T00:00", "2026-02-01T01:00"], 2),
        ("R5/2026-01-31T10:30:00Z/PT1H", ["2026-01-31T12:30", "2026-01-31T13:30", "2026-01-31T14:30"], 3),
        ("R/2026-01-31T12:00:00Z/PT1H", ["2026-01-31T12:00", "2026-01-31T13:00"], None),
        ("R/PT1H/2026-01-31T14:30:00Z", ["2026-01-31T13:00", "2026-01-31T14:00"], 2),
        ("R/2020-01-31T00:00:00Z/P1M", ["2026-02-29T00:00".replace("29", "28"), "2026-03-31T00:00"], None),
        ("R/2026-02-01T00:00:00Z/2026-02-01T06:00:00Z", ["2026-02-01T00:00", "2026-02-01T06:00"], None),
        ("R3/PT0.5S", ["2026-01-31T12:00:00.500", "2026-01-31T12:00:01"], 3),
    ],
)
def test_should_repeat_without_drift(value: str, due: list[str], total: int | None) -> None:
    plan = plan_timer(TimerKind.CYCLE, value, NOW)

    assert firings(plan, len(due)) == [at(each) for each in due]
    assert len(firings(plan, 50)) == (total or 50)


def test_should_skip_what_was_missed_and_keep_the_count() -> None:
    plan = plan_timer(TimerKind.CYCLE, "R3/PT10S", NOW)

    late = next_plan(plan, NOW + timedelta(seconds=47))

    assert late is not None
    assert (late.due_at, late.remaining) == (NOW + timedelta(seconds=50), 1)


def test_should_skip_a_century_of_missed_firings_at_once() -> None:
    for cycle in ("R/PT1S", "R/P1M", "0/1 * * * * ?"):
        plan = next_plan(plan_timer(TimerKind.CYCLE, cycle, NOW - timedelta(days=36_500)), NOW)
        assert plan is not None
        assert NOW < plan.due_at <= NOW + timedelta(days=31)


def test_should_stop_cycles_at_their_end() -> None:
    for cycle in ("R/PT1H", "0 0 * * * ?"):
        plan = plan_timer(TimerKind.CYCLE, cycle, NOW, end="2026-01-31T14:30:00Z")
        assert firings(plan, 9) == [at("2026-01-31T13:00"), at("2026-01-31T14:00")]


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        (TimerKind.DATE, "tomorrow", "ISO 8601 date"),
        (TimerKind.DATE, "2026-02-30", "ISO 8601 date"),
        (TimerKind.DATE, 5, "ISO 8601 date"),
        (TimerKind.DATE, None, "ISO 8601 date"),
        (TimerKind.DATE, "", "Expected a time"),
        (TimerKind.DURATION, "1 hour", "ISO 8601 duration"),
        (TimerKind.DURATION, "P", "duration"),
        (TimerKind.DURATION, 30, "ISO 8601 duration"),
        (TimerKind.DURATION, "P99999Y", "years 1 and 9999"),
        (TimerKind.DURATION, "P99999999999999999999D", "Expected"),
        (TimerKind.CYCLE, "R0/PT1S", "at least once"),
        (TimerKind.CYCLE, "R3/PT0S", "above zero"),
        (TimerKind.CYCLE, "R3/-PT1S", "form"),
        (TimerKind.CYCLE, "R3/", "such as"),
        (TimerKind.CYCLE, "R3/x/y/z", "form"),
        (TimerKind.CYCLE, "R-1/PT1S", "such as"),
        (TimerKind.CYCLE, "PT1H", "cron"),
        (TimerKind.CYCLE, timedelta(hours=1), "cycle"),
        (TimerKind.CYCLE, "R2/2020-01-01T00:00:00Z/PT1H", "has passed"),
        (TimerKind.CYCLE, "0 0 0 1 1 ? 2020", "none after"),
        (TimerKind.CYCLE, "* * * * *", "6 or 7 fields"),
        (TimerKind.CYCLE, "0 0 0 30 2 ?", "never"),
        (TimerKind.CYCLE, "x" * 10_000, "Expected a time"),
    ],
)
def test_should_refuse_what_never_comes(kind: TimerKind, value: object, says: str) -> None:
    with pytest.raises(ScheduleError, match=says):
        plan_timer(kind, value, NOW)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0/5 0/1 * 1/1 * ?", ["2026-01-31T12:00:05", "2026-01-31T12:00:10"]),
        ("0 0/5 * * * ?", ["2026-01-31T12:05", "2026-01-31T12:10"]),
        ("0 0 12 * * ?", ["2026-02-01T12:00", "2026-02-02T12:00"]),
        ("0 15 10 ? * MON-FRI", ["2026-02-02T10:15", "2026-02-03T10:15"]),
        ("0 0 9 ? * 2", ["2026-02-02T09:00", "2026-02-09T09:00"]),
        ("0 0 9 * * 1", ["2026-02-02T09:00", "2026-02-09T09:00"]),
        ("0 0 9 * * 0", ["2026-02-01T09:00", "2026-02-08T09:00"]),
        ("0 0 9 * * 7", ["2026-02-01T09:00", "2026-02-08T09:00"]),
        ("0 0 9 ? * FRI-SUN", ["2026-02-01T09:00", "2026-02-06T09:00", "2026-02-07T09:00"]),
        ("0 0 0 L * ?", ["2026-02-28T00:00", "2026-03-31T00:00"]),
        ("0 0 0 L-3 * ?", ["2026-02-25T00:00"]),
        ("0 0 0 LW * ?", ["2026-02-27T00:00", "2026-03-31T00:00"]),
        ("0 0 0 15W * ?", ["2026-02-16T00:00", "2026-03-16T00:00", "2026-04-15T00:00"]),
        ("0 0 0 1W * ?", ["2026-02-02T00:00", "2026-03-02T00:00"]),
        ("0 0 0 ? * 6L", ["2026-02-27T00:00", "2026-03-27T00:00"]),
        ("0 0 0 ? * FRI#3", ["2026-02-20T00:00", "2026-03-20T00:00"]),
        ("0 0 0 29 2 ?", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 0 0 1 JAN,JUL ?", ["2026-07-01T00:00", "2027-01-01T00:00"]),
        ("0 30 22-1/1 * * ?", ["2026-01-31T22:30", "2026-01-31T23:30", "2026-02-01T00:30", "2026-02-01T01:30"]),
        ("0 0 0 1 1 ? 2030-2031", ["2030-01-01T00:00", "2031-01-01T00:00"]),
        ("0 0 0 13 * FRI", ["2026-02-13T00:00", "2026-03-13T00:00", "2026-11-13T00:00"]),
        ("@hourly", ["2026-01-31T13:00", "2026-01-31T14:00"]),
        ("@weekly", ["2026-02-01T00:00", "2026-02-08T00:00"]),
        ("59 59 23 31 12 ?", ["2026-12-31T23:59:59"]),
    ],
)
def test_should_find_the_next_times_of_cron(cron: str, expected: list[str]) -> None:
    plan = plan_timer(TimerKind.CYCLE, cron, NOW)

    assert firings(plan, len(expected)) == [at(each) for each in expected]


@pytest.mark.parametrize(
    "cron",
    [
        "", "x", "60 * * * * ?", "* 60 * * * ?", "* * 24 * * ?", "* * * 32 * ?", "* * * 0 * ?", "* * * * 13 ?",
        "* * * ? * 8",
        "* * * ? * 0", "* * * * * 8", "* * * ? * ?", "* * * * FOO ?", "*/0 * * * * ?", "1,,2 * * * * ?", "1- * * * * ?",
        "* * * ? * 6#6", "* * * ? * #", "* * * 32W * ?", "* * * L-31 * ?", "0 0 0 31 2,4,6 ?", "* * * * * ? 1900",
        "1 2 3 4 5 6 7 8",
        "-1 * * * * ?", "@never", "0 0 0 C * ?", "* * * * * ? 2031-2030", "1" * 600,
    ],
)  # fmt: skip
def test_should_refuse_other_cron(cron: str) -> None:
    with pytest.raises(CronError, match="Expected"):
        parse_cron(cron)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (TimerKind.DATE, "2019-09-09T12:00:00"),
        (TimerKind.DURATION, "P10D"),
        (TimerKind.CYCLE, "R6/P1D"),
        (TimerKind.CYCLE, "R2/2001-01-01T00:00:00Z/PT1H"),
        (TimerKind.CYCLE, "0 0 0 1 1 ? 2001"),
    ],
)
def test_should_accept_literals_at_upload(kind: TimerKind, text: str) -> None:
    check_timer(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [(TimerKind.DATE, "x"), (TimerKind.DURATION, "x"), (TimerKind.CYCLE, "x"), (TimerKind.CYCLE, "R/x"),
     (TimerKind.CYCLE, "0 0 0 30 2 ?")],
)  # fmt: skip
def test_should_refuse_literals_at_upload(kind: TimerKind, text: str) -> None:
    with pytest.raises(ScheduleError, match="Expected"):
        check_timer(kind, text)
