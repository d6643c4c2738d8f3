"""Requests that wait: for an instance to end, for a job to do. None of them holds a transaction meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from server.ports.queries import Queries
from server.ports.records import InstanceRow

FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.2


class WaitingPlaces:
    """How many requests may wait at once: each keeps a thread busy, and some must be left for the others."""

    def __init__(self, limit: int) -> None:
        self._places = threading.BoundedSemaphore(max(1, limit))
        self._closed = threading.Event()

    def close(self) -> None:
        """Nobody waits any longer (the server is going down)."""
        self._closed.set()

    def pause(self, seconds: float) -> bool:
        """Wait so long; True at once where nobody is to wait any longer."""
        return self._closed.wait(seconds)

    @contextmanager
    def take(self) -> Iterator[bool]:
        """False where all places are taken; then the caller answers without waiting."""
        taken = self._places.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self._places.release()


def wait_until_ended(
    queries: Queries,
    tenant_id: str,
    instance_id: int,
    seconds: float,
    *,
    clock: Callable[[], float] = monotonic,
    pause: Callable[[float], object] = sleep,
) -> InstanceRow | None:
    """The instance's row once it has ended, or as it is when the time is up; looks again at growing intervals. A
    `pause` that answers true ends the waiting."""
    deadline = clock() + seconds
    interval = FIRST_PAUSE
    while True:
        row = queries.find_instance(tenant_id, instance_id)
        left = deadline - clock()
        if row is None or row.ended_at is not None or left <= 0:
            return row
        if pause(min(interval, left)):
            return row
        interval = min(interval * 2, LONGEST_PAUSE)
