"""What every part of the memory store's unit of work stands on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from server.store.memory.data import Data, Views


class UnitBase:
    """One open transaction."""

    def __init__(self, data: Data, clock: Callable[[], datetime] | None) -> None:
        self._views = Views(data)
        self._clock = clock
        self._now: datetime | None = None

    def now(self) -> datetime:
        """The machine's time (or the injected clock's), read once per unit."""
        if self._now is None:
            self._now = datetime.now(UTC) if self._clock is None else self._clock()
        return self._now
