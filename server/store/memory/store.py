"""The memory store itself: one writer, readers see what is committed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from server.ports.store import SerializationFailure
from server.store.memory.data import Data
from server.store.memory.decisions import Decisions
from server.store.memory.loading import Loading
from server.store.memory.requests import Requests
from server.store.memory.signals import Signals
from server.store.memory.waits import Waits
from server.store.memory.write import Writing

WRITER_TIMEOUT_SECONDS = 30
REVISION = "memory"


class MemoryUnitOfWork(Loading, Writing, Waits, Signals, Decisions, Requests):
    """Implements `server.ports.store.UnitOfWork`; made by `MemoryStore.begin`."""

    def __init__(self, data: Data, clock: Callable[[], datetime] | None, merging: threading.Lock) -> None:
        super().__init__(data, clock)
        self._merging = merging

    def commit(self) -> None:
        """Make everything visible to readers and later units."""
        with self._merging:
            for view in self._views.all():
                view.merge()


class MemoryStore:
    """Implements `server.ports.store.Store`; nothing survives the process."""

    def __init__(self, *, clock: Callable[[], datetime] | None = None) -> None:
        self._data = Data()
        self._clock = clock
        self._writing = threading.Lock()
        self._merging = threading.Lock()
        self._owner = uuid.uuid4().hex

    @contextmanager
    def begin(self) -> Iterator[MemoryUnitOfWork]:
        """One transaction; leaving the block without `commit` rolls back."""
        if not self._writing.acquire(timeout=WRITER_TIMEOUT_SECONDS):
            raise SerializationFailure(
                f"Expected the other transactions to end within {WRITER_TIMEOUT_SECONDS} s, but one is still open"
            )
        try:
            yield MemoryUnitOfWork(self._data, self._clock, self._merging)
        finally:
            self._writing.release()

    @contextmanager
    def read(self) -> Iterator[MemoryUnitOfWork]:
        """What is committed; nothing is merged into it meanwhile."""
        with self._merging:
            yield MemoryUnitOfWork(self._data, self._clock, self._merging)

    def lease_node(self) -> int:
        """A node number 0..1023 for the id generator, held for a minute after the last `renew_node`."""
        with self.begin() as unit:
            node = unit.lease_node(self._owner)
            unit.commit()
            return node

    def renew_node(self, node: int) -> bool:
        """Whether this store still holds the number."""
        with self.begin() as unit:
            renewed = unit.renew_node(self._owner, node)
            unit.commit()
            return renewed

    def release_node(self, node: int) -> None:
        """Give the number back."""
        with self.begin() as unit:
            unit.release_node(self._owner, node)
            unit.commit()

    def migrate(self) -> None:
        """There is no schema."""

    def ensure_partitions(self) -> None:
        """There are no partitions."""

    def schema_status(self) -> tuple[str | None, str]:
        """Always up to date."""
        return REVISION, REVISION

    def shared(self) -> bool:
        """False: no other process sees it."""
        return False

    def check(self) -> None:
        """Always there."""

    def close(self) -> None:
        """Nothing to close."""
