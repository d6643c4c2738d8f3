"""The outbox: rows are claimed by deleting them; a relay never remembers a position."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, bindparam, delete, func, literal, select

from server.ports.records import OutboxRow
from server.store.sql import rows
from server.store.sql.arrays import Dialect, bind_list, is_in
from server.store.sql.base import UnitBase
from server.store.sql.statements import per_dialect
from server.store.tables import outbox

_SHARDS_WITH_ROWS = select(outbox.c.shard).group_by(outbox.c.shard).order_by(func.min(outbox.c.id))
_LOCK_CLASS = func.hashtext(func.concat(literal("bpmnd.outbox."), func.current_schema()))
"""First key of the advisory locks of shards, the second is the shard. The locks belong to the whole database, so that
installations in several schemas of one need keys of their own."""

_TRY_LOCK = select(func.pg_try_advisory_xact_lock(_LOCK_CLASS, bindparam("shard", type_=Integer())))
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
        claimed: list[OutboxRow] = []
        for shard in self._execute(_SHARDS_WITH_ROWS).scalars().all():
            if len(claimed) >= limit:
                break
            if self._hold(shard):
                claimed.extend(self._claim_shard(shard, limit - len(claimed)))
        return claimed

    def _hold(self, shard: int) -> bool:
        if self._dialect == "sqlite":
            return True
        return bool(self._execute(_TRY_LOCK, {"shard": shard}).scalar_one())

    def _claim_shard(self, shard: int, limit: int) -> list[OutboxRow]:
        """The instances whose rows are oldest, and of these the rows in order: ids of nodes may differ in time."""
        instances = set(self._execute(_OLDEST, {"shard": shard, "limit": limit}).scalars())
        if not instances:
            return []
        params = {"ids": bind_list(self._dialect, instances), "limit": limit}
        found = rows.outbox.rows(self._execute(_rows_of_instances(self._dialect), params))
        self._execute(
            _DELETE,
            [{"key_instance_id": row.instance_id, "key_sequence": row.sequence, "key_id": row.id} for row in found],
        )
        return found
