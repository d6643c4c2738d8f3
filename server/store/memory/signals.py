"""Signals: who waits for one, and which definitions it starts."""

from __future__ import annotations

from operator import attrgetter

from server.ports.records import SignalStartRow, SignalSubscriptionRow
from server.ports.store import LARGEST_ID
from server.store.memory.base import UnitBase


class Signals(UnitBase):
    def last_signal_subscription(self, tenant_id: str, name: str) -> int | None:
        """The highest id among those that wait for the signal."""
        return max((row.id for row in self._waiting(tenant_id, name, LARGEST_ID)), default=None)

    def signal_subscriptions(
        self, tenant_id: str, name: str, limit: int, after: int = 0, up_to: int = LARGEST_ID
    ) -> list[SignalSubscriptionRow]:
        """Those that wait for the signal, id above `after` and at most `up_to`, in order of id."""
        found = [row for row in self._waiting(tenant_id, name, up_to) if row.id > after]
        return self._views.signal_subscription.thawed(found[:limit])

    def signal_receivers(self, tenant_id: str, name: str, limit: int, up_to: int = LARGEST_ID) -> tuple[list[int], int]:
        """Distinct instances that wait for the signal: the first `limit` in order of id, and how many there are."""
        found = sorted({row.instance_id for row in self._waiting(tenant_id, name, up_to)})
        return found[:limit], len(found)

    def signal_starts(self, tenant_id: str, name: str) -> list[SignalStartRow]:
        """Start events of the latest versions that wait for the signal."""
        found = sorted(self._views.signal_start.scan(tenant_id, name), key=attrgetter("definition_key", "element_id"))
        return self._views.signal_start.thawed(found)

    def _waiting(self, tenant_id: str, name: str, up_to: int) -> list[SignalSubscriptionRow]:
        found = [
            row
            for row in self._views.signal_subscription.scan()
            if (row.tenant_id, row.name) == (tenant_id, name) and row.id <= up_to
        ]
        return sorted(found, key=attrgetter("id"))
