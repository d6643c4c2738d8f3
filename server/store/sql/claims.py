"""Claims: rows that are due, locked until the end of the transaction, those locked by others skipped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Integer, bindparam, false, select

from server.ports.records import CommandRow, InstanceRow, TimerRow, TimerStartRow
from server.store.sql import rows
from server.store.sql.arrays import Dialect, bind_list, is_in
from server.store.sql.base import UnitBase
from server.store.sql.statements import per_dialect
from server.store.tables import command, instance, timer, timer_start

_NOW = bindparam("now", type_=command.c.due_at.type)
_LIMIT = bindparam("limit", type_=Integer())

_DUE_COMMANDS = (
    select(*rows.command.columns)
    .where(command.c.due_at.is_not(None), command.c.due_at <= _NOW)
    .order_by(command.c.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_DUE_TIMERS = (
    select(*rows.timer.columns)
    .where(timer.c.paused == false(), timer.c.due_at <= _NOW)
    .order_by(timer.c.due_at, timer.c.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_DUE_TIMER_STARTS = (
    select(*rows.timer_start.columns)
    .where(timer_start.c.due_at <= _NOW)
    .order_by(timer_start.c.due_at, timer_start.c.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)


@per_dialect
def _lock_instances(dialect: Dialect) -> Any:
    return (
        select(*rows.instance.columns)
        .where(is_in(dialect, instance.c.id, "ids"))
        .order_by(instance.c.id)
        .with_for_update(skip_locked=True)
    )


@per_dialect
def _existing_instances(dialect: Dialect) -> Any:
    return select(instance.c.id).where(is_in(dialect, instance.c.id, "ids"))


class Claims(UnitBase):
    def claim_commands(self, limit: int) -> list[CommandRow]:
        """Due commands in order of id; the rows stay locked until the end of the transaction."""
        return rows.command.rows(self._execute(_DUE_COMMANDS, {"now": self.now(), "limit": limit}))

    def claim_timers(self, limit: int) -> list[TimerRow]:
        """Timers with `due_at <= now` of instances that are not paused, earliest first."""
        return rows.timer.rows(self._execute(_DUE_TIMERS, {"now": self.now(), "limit": limit}))

    def claim_timer_starts(self, limit: int) -> list[TimerStartRow]:
        """Timer starts with `due_at <= now`, earliest first."""
        return rows.timer_start.rows(self._execute(_DUE_TIMER_STARTS, {"now": self.now(), "limit": limit}))

    def lock_instances(self, ids: Iterable[int]) -> dict[int, InstanceRow]:
        """Lock and read; what is missing in the answer is locked by another transaction or does not exist."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        result = self._execute(_lock_instances(self._dialect), {"ids": bind_list(self._dialect, wanted)})
        return {row.id: row for row in rows.instance.rows(result)}

    def instances_exist(self, ids: Iterable[int]) -> set[int]:
        """Those of the ids that exist, locked or not."""
        wanted = list(set(ids))
        if not wanted:
            return set()
        result = self._execute(_existing_instances(self._dialect), {"ids": bind_list(self._dialect, wanted)})
        return set(result.scalars())
