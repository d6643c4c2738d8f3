"""The outbox: rows are claimed by deleting them; a relay never remembers a position."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, bindparam, delete, func, select, text

from server.ports.records import OutboxRow
from server.store.shards import SHARDS
from server.store.sql import rows
from server.store.sql.arrays import Dialect, bind_list, is_in
from server.store.sql.base import UnitBase
from server.store.sql.bulk import execute_many, pipelined
from server.store.sql.statements import per_dialect
from server.store.tables import outbox

LEAST_OF_A_SHARD = 64
_SHARDS_WITH_ROWS = select(outbox.c.shard).group_by(outbox.c.shard).order_by(func.min(outbox.c.id))
_HOLD_SHARDS = text(
    f"SELECT shard FROM generate_series(0, {SHARDS - 1}) AS shard"
    " WHERE EXISTS (SELECT 1 FROM outbox WHERE outbox.shard = shard.shard)"
    " AND pg_try_advisory_xact_lock(hashtext(concat('bpmnd.outbox.', current_schema())), shard)"
)
"""The shards that have rows and that no other transaction holds. The locks belong to the whole database, so that
installations in several schemas of one need keys of their own."""
_OLDEST_OF_SHARDS = text(
    "SELECT oldest.instance_id FROM unnest(CAST(:shards AS integer[])) AS held(shard) CROSS JOIN LATERAL"
    " (SELECT instance_id FROM outbox WHERE outbox.shard = held.shard ORDER BY outbox.id LIMIT :most) AS oldest"
)
_OLDEST = (
    select(outbox.c.instance_id)
    .where(outbox.c.shard == bindparam("shard"))
    .order_by(outbox.c.id)
    .limit(bindparam("limit", type_=Integer()))
)


@per_dialect
def _rows_of_instances(dialect: Dialect) -> Any:
    return (
        select(*rows.outbox.columns)
        .where(is_in(dialect, outbox.c.instance_id, "ids"))
        .order_by(outbox.c.instance_id, outbox.c.sequence, outbox.c.id)
        .limit(bindparam("limit", type_=Integer()))
    )


_DELETE = delete(outbox).where(
    outbox.c.instance_id == bindparam("key_instance_id"),
    outbox.c.sequence == bindparam("key_sequence"),
    outbox.c.id == bindparam("key_id"),
)


class Outbox(UnitBase):
    def claim_outbox(self, limit: int) -> list[OutboxRow]:
        """Delete and return rows, per instance in order of sequence.

        On PostgreSQL each shard is held by an advisory lock until the end of the transaction, so that no two open
        transactions have rows of the same instance.
        """
        if self._dialect == "postgresql":
            return self._claim_held(limit)
        claimed: list[OutboxRow] = []
        for shard in self._execute(_SHARDS_WITH_ROWS).scalars().all():
            if len(claimed) >= limit:
                break
            oldest = self._execute(_OLDEST, {"shard": shard, "limit": limit - len(claimed)}).scalars()
            claimed.extend(self._claim(set(oldest), limit - len(claimed)))
        return claimed

    def _claim_held(self, limit: int) -> list[OutboxRow]:
        """Whatever the number of shards, it is four statements."""
        held = list(self._execute(_HOLD_SHARDS).scalars())
        if not held:
            return []
        most = min(limit, max(LEAST_OF_A_SHARD, 2 * limit // len(held)))
        return self._claim(set(self._execute(_OLDEST_OF_SHARDS, {"shards": held, "most": most}).scalars()), limit)

    def _claim(self, instances: set[int], limit: int) -> list[OutboxRow]:
        """The instances whose rows are oldest, and of these the rows in order: ids of nodes may differ in time."""
        if not instances:
            return []
        params = {"ids": bind_list(self._dialect, instances), "limit": limit}
        found = rows.outbox.rows(self._execute(_rows_of_instances(self._dialect), params))
        with pipelined(self._connection):
            execute_many(
                self._connection,
                _DELETE,
                [{"key_instance_id": row.instance_id, "key_sequence": row.sequence, "key_id": row.id} for row in found],
            )
        return found
