"""Signals: who waits for one, and which definitions it starts. A broadcast reads them in portions."""

from __future__ import annotations

from sqlalchemy import Integer, bindparam, func, select

from server.ports.records import SignalStartRow, SignalSubscriptionRow
from server.ports.store import LARGEST_ID
from server.store.sql import rows
from server.store.sql.base import UnitBase
from server.store.tables import signal_start, signal_subscription

_ID = signal_subscription.c.id
_LIMIT = bindparam("limit", type_=Integer())
_OF_SIGNAL = (
    signal_subscription.c.tenant_id == bindparam("tenant_id"),
    signal_subscription.c.name == bindparam("name"),
)
_UP_TO = bindparam("up_to", type_=_ID.type) >= _ID
_LAST = select(_ID).where(*_OF_SIGNAL).order_by(_ID.desc()).limit(1)
_PORTION = (
    select(*rows.signal_subscription.columns)
    .where(*_OF_SIGNAL, bindparam("after", type_=_ID.type) < _ID, _UP_TO)
    .order_by(_ID)
    .limit(_LIMIT)
)
_RECEIVERS = (
    select(signal_subscription.c.instance_id)
    .where(*_OF_SIGNAL, _UP_TO)
    .distinct()
    .order_by(signal_subscription.c.instance_id)
    .limit(_LIMIT)
)
_COUNT = select(func.count(signal_subscription.c.instance_id.distinct())).where(*_OF_SIGNAL, _UP_TO)
_STARTS = (
    select(*rows.signal_start.columns)
    .where(signal_start.c.tenant_id == bindparam("tenant_id"), signal_start.c.signal_name == bindparam("name"))
    .order_by(signal_start.c.definition_key, signal_start.c.element_id)
)


class Signals(UnitBase):
    def last_signal_subscription(self, tenant_id: str, name: str) -> int | None:
        """The highest id among those that wait for the signal."""
        found: int | None = self._execute(_LAST, {"tenant_id": tenant_id, "name": name}).scalar()
        return found

    def signal_subscriptions(
        self, tenant_id: str, name: str, limit: int, after: int = 0, up_to: int = LARGEST_ID
    ) -> list[SignalSubscriptionRow]:
        """Those that wait for the signal, id above `after` and at most `up_to`, in order of id."""
        params = {"tenant_id": tenant_id, "name": name, "limit": limit, "after": after, "up_to": up_to}
        return rows.signal_subscription.rows(self._execute(_PORTION, params))

    def signal_receivers(self, tenant_id: str, name: str, limit: int, up_to: int = LARGEST_ID) -> tuple[list[int], int]:
        """Distinct instances that wait for the signal: the first `limit` in order of id, and how many there are."""
        params = {"tenant_id": tenant_id, "name": name, "up_to": up_to}
        listed = list(self._execute(_RECEIVERS, params | {"limit": limit}).scalars())
        if len(listed) < limit:
            return listed, len(listed)
        return listed, int(self._execute(_COUNT, params).scalar_one())

    def signal_starts(self, tenant_id: str, name: str) -> list[SignalStartRow]:
        """Start events of the latest versions that wait for the signal."""
        return rows.signal_start.rows(self._execute(_STARTS, {"tenant_id": tenant_id, "name": name}))
