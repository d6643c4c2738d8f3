"""Ids: 63-bit integers, ordered by time, made by the application without asking the database.

Layout, from the top: 41 bits milliseconds since 2020-01-01 UTC (enough until 2089), 10 bits node, 12 bits sequence.
Node numbers are leased in the database (`Store.lease_node`), so no two processes make the same id.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
NODE_BITS = 10
SEQUENCE_BITS = 12
NODES = 1 << NODE_BITS
TIME_SHIFT = NODE_BITS + SEQUENCE_BITS

_EPOCH_MS = int(EPOCH.timestamp() * 1000)
_SEQUENCES = 1 << SEQUENCE_BITS


def system_clock_ms() -> int:
    """Milliseconds since 1970 by the machine's clock."""
    return time.time_ns() // 1_000_000


def lowest_id(at: datetime) -> int:
    """The smallest id that can be made at `at` or later; the bound of a history partition. Times before 2020 give 0."""
    milliseconds = (at - EPOCH) // timedelta(milliseconds=1)
    return max(milliseconds, 0) << TIME_SHIFT


def time_of(id: int) -> datetime:
    """When the id was made, to the millisecond."""
    return EPOCH + timedelta(milliseconds=id >> TIME_SHIFT)


def node_of(id: int) -> int:
    """Number of the node that made the id."""
    return (id >> SEQUENCE_BITS) & (NODES - 1)


class IdGenerator:
    """Makes ids that only rise; safe to share between threads.

    When more ids are asked for than a millisecond holds, or the clock goes back, time is borrowed from the future:
    the generator goes on from its own last millisecond and never waits.
    """

    def __init__(self, node: int, clock_ms: Callable[[], int] = system_clock_ms) -> None:
        """`clock_ms` gives milliseconds since 1970. Raises ValueError for a node outside 0..1023."""
        if not 0 <= node < NODES:
            raise ValueError(f"Expected a node number from 0 to {NODES - 1}, but got {node}")
        self.node = node
        self._clock_ms = clock_ms
        self._lock = threading.Lock()
        self._last_ms = 0
        self._sequence = 0

    def __call__(self) -> int:
        """The next id."""
        with self._lock:
            now = self._clock_ms() - _EPOCH_MS
            if now > self._last_ms:
                self._start(now)
            else:
                self._sequence += 1
                if self._sequence == _SEQUENCES:
                    self._start(self._last_ms + 1)
            return self._last_ms << TIME_SHIFT | self.node << SEQUENCE_BITS | self._sequence

    next = __call__

    def _start(self, ms: int) -> None:
        self._last_ms = ms
        # A fixed start would give idle systems ids with equal low bits, and the outbox shards by them.
        self._sequence = ms & 15
