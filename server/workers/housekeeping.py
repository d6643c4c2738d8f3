"""What has to be tidied now and then, in small portions: expired messages, old idempotency keys, partitions to come."""

from __future__ import annotations

import time
from datetime import timedelta

from server.ports.store import Store

IDEMPOTENCY_KEPT = timedelta(hours=24)
PORTION = 1000
PARTITIONS_SECONDS = 86_400.0


class Housekeeping:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._next_partitions = 0.0

    def run_once(self) -> bool:
        """True where a portion was full."""
        with self.store.begin() as unit:
            messages = unit.delete_expired_messages(PORTION)
            keys = unit.delete_old_idempotency(unit.now() - IDEMPOTENCY_KEPT, PORTION)
            unit.commit()
        today = time.monotonic()
        if today >= self._next_partitions:
            self._next_partitions = today + PARTITIONS_SECONDS
            self.store.ensure_partitions()
        return messages == PORTION or keys == PORTION
