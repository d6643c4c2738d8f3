"""From the steps of history to the events in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any


def page_of_events(
    steps: Iterable[tuple[int, datetime, list[Mapping[str, Any]]]], descending: bool, after: int | None
) -> list[dict[str, Any]]:
    """The events of the steps, each with its `seq` and `at`, in the order of the steps, those after `after` only.

    A step is (sequence of its last event, time, events); it may begin before and end after the position.
    """
    shown: list[dict[str, Any]] = []
    for last, at, events in steps:
        numbered = list(enumerate(events, start=last - len(events) + 1))
        for sequence, event in reversed(numbered) if descending else numbered:
            if after is None or (sequence < after if descending else sequence > after):
                shown.append({"seq": sequence, "at": at, **event})
    return shown
