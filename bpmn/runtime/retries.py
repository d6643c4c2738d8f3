"""Retries as models write them: `3` (Camunda 8), `R3/PT10S` or `PT10S,PT1M` (failedJobRetryTimeCycle)."""

from __future__ import annotations

import re

import isodate

_CYCLE = re.compile(r"R(\d+)/(P.+)")


class RetriesError(ValueError):
    """The text is none of the known forms."""


def parse_retries(text: str) -> tuple[int, tuple[float, ...]]:
    """(attempts in all, seconds to wait before the second, third ... one; the last repeats).

    Raises RetriesError. `PT10S,PT1M` means a first attempt and one after each interval.
    """
    text = text.strip()
    if text.isdigit():
        return int(text), ()
    cycle = _CYCLE.fullmatch(text)
    if cycle:
        return int(cycle.group(1)), (_seconds(cycle.group(2), text),)
    if text.startswith("P"):
        waits = tuple(_seconds(part.strip(), text) for part in text.split(","))
        return len(waits) + 1, waits
    raise RetriesError(f"Expected retries as a number, 'R3/PT10S' or 'PT10S,PT1M', but got '{text}'")


def _seconds(duration: str, text: str) -> float:
    try:
        value = isodate.parse_duration(duration)
        seconds = float(value.total_seconds())
    except (isodate.ISO8601Error, AttributeError, OverflowError) as error:
        raise RetriesError(f"Expected a duration like 'PT10S', but got '{duration}' in '{text}'") from error
    if seconds < 0:
        raise RetriesError(f"Expected a duration of 0 or more, but got '{duration}' in '{text}'")
    return seconds
