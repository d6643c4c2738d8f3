"""History: rows are steps, the list shows events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from server.ports.queries import Listing, Page
from server.store.history_values import put_back
from server.store.paging import limit_of, order_of, read_cursor, write_cursor
from server.store.sql.queries.base import QueryBase
from server.store.steps import page_of_events
from server.store.tables import history, history_value, instance

_STEPS = select(history.c.sequence, history.c.at, history.c.events)


class HistoryQueries(QueryBase):
    def list_history(self, tenant_id: str, instance_id: int, page: Page) -> Listing[Mapping[str, Any]]:
        """Events in order: `{seq, at, ...}` plus what the step's document holds; large values put back. Sorts: seq."""
        order = order_of(page, ["seq"])
        position = read_cursor(page, order, 1)
        after: int | None = None if position is None else position[0]
        limit = limit_of(page)
        mine = (history.c.instance_id == instance_id, history.c.tenant_id == tenant_id)
        statement = _STEPS.where(*mine)
        if after is not None and not order.descending:
            statement = statement.where(history.c.sequence > after)
        elif after is not None:  # the step that holds the event before the position has a higher number than it
            holder = select(func.min(history.c.sequence)).where(*mine, history.c.sequence >= after - 1)
            statement = statement.where(history.c.sequence <= holder.scalar_subquery())
        by_sequence = history.c.sequence.desc() if order.descending else history.c.sequence
        with self._read() as unit:
            steps = unit.query(statement.order_by(by_sequence).limit(limit + 1)).all()
            events = page_of_events(((row.sequence, row.at, row.events) for row in steps), order.descending, after)
            more = len(events) > limit

            def load(hashes: set[str]) -> dict[str, bytes]:
                values = select(history_value.c.hash, history_value.c.value).where(
                    history_value.c.instance_id == instance_id, history_value.c.hash.in_(hashes)
                )
                return {row.hash: row.value for row in unit.query(values)}

            shown = put_back(events[:limit], load)
            total: int | None = None
            if page.total:
                count = select(instance.c.sequence).where(
                    instance.c.id == instance_id, instance.c.tenant_id == tenant_id
                )
                total = unit.query(count).scalar() or 0
        return Listing(shown, write_cursor(order, shown[-1]["seq"]) if more else None, total)
