"""Jobs: found, handed out, sent again. Also what a pause hides: commands, jobs and timers of the instance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import BindParameter, Integer, Text, and_, bindparam, false, null, select, true, update

from server.ports.records import IncidentRow, JobRow, UserTaskRow
from server.ports.store import Ref
from server.store.sql import rows
from server.store.sql.arrays import Dialect, bind_list, bind_refs, is_in, is_not_in, refs
from server.store.sql.base import UnitBase
from server.store.sql.bulk import execute_many, pipelined
from server.store.sql.statements import per_dialect
from server.store.sql.write import UPDATE_JOB, job_update
from server.store.tables import command, incident, job, timer, user_task

_NOW = bindparam("now", type_=job.c.due_at.type)
_LIMIT = bindparam("limit", type_=Integer())
_DUE = and_(job.c.due_at.is_not(None), job.c.paused == false(), job.c.due_at <= _NOW)

_JOBS_OF_TYPE = (
    select(*rows.job.columns)
    .where(job.c.tenant_id == bindparam("tenant_id"), job.c.type == bindparam("type"), _DUE)
    .order_by(job.c.priority.desc(), job.c.due_at, job.c.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_RESET_DISPATCHED = (
    update(job)
    .where(job.c.dispatched == true(), job.c.locked_until.is_(None), job.c.due_at.is_not(None))
    .values(due_at=_NOW)
)
_INSTANCE: BindParameter[int] = bindparam("instance")
_PARK_COMMANDS = update(command).where(command.c.instance_id == _INSTANCE).values(due_at=null())
_UNPARK_COMMANDS = (
    update(command).where(command.c.instance_id == _INSTANCE, command.c.due_at.is_(None)).values(due_at=_NOW)
)
_PAUSE_JOBS = update(job).where(job.c.instance_id == _INSTANCE).values(paused=true())
_RESUME_JOBS = update(job).where(job.c.instance_id == _INSTANCE).values(paused=false())
_PAUSE_TIMERS = update(timer).where(timer.c.instance_id == _INSTANCE).values(paused=true())
_RESUME_TIMERS = update(timer).where(timer.c.instance_id == _INSTANCE).values(paused=false())
_TIMER_DUE_DATES = select(timer.c.id, timer.c.due_at).where(timer.c.instance_id == _INSTANCE)
_SHIFT_TIMER = (
    update(timer)
    .where(timer.c.instance_id == _INSTANCE, timer.c.id == bindparam("timer"))
    .values(due_at=bindparam("new_due_at"))
)


@per_dialect
def _due_jobs(dialect: Dialect) -> Any:
    return (
        select(*rows.job.columns)
        .where(_DUE, is_not_in(dialect, job.c.type, "excluded", Text()))
        .order_by(job.c.due_at, job.c.id)
        .limit(_LIMIT)
        .with_for_update(skip_locked=True)
    )


def _locate(table: Any) -> Any:
    @per_dialect
    def statement(dialect: Dialect) -> Any:
        return select(table.c.id, table.c.instance_id).where(is_in(dialect, table.c.id, "ids"))

    return statement


def _load(mapping: rows.Mapping[Any]) -> Any:
    @per_dialect
    def statement(dialect: Dialect) -> Any:
        given = refs(dialect)
        table = mapping.table
        same = and_(table.c.instance_id == given.c.instance_id, table.c.id == given.c.id)
        return select(*mapping.columns).join_from(given, table, same)

    return statement


_locate_jobs, _locate_tasks, _locate_incidents = _locate(job), _locate(user_task), _locate(incident)
_load_jobs, _load_tasks, _load_incidents = _load(rows.job), _load(rows.user_task), _load(rows.incident)


class Jobs(UnitBase):
    """Jobs, and finding user tasks and incidents by id in the same way."""

    def locate_jobs(self, job_ids: Iterable[int]) -> dict[int, int]:
        """Job id -> instance id, for those that exist."""
        return self._located(_locate_jobs, job_ids)

    def locate_tasks(self, task_ids: Iterable[int]) -> dict[int, int]:
        """Task id -> instance id, for those that exist."""
        return self._located(_locate_tasks, task_ids)

    def locate_incidents(self, incident_ids: Iterable[int]) -> dict[int, int]:
        """Incident id -> instance id, for those that exist."""
        return self._located(_locate_incidents, incident_ids)

    def load_jobs(self, refs: Iterable[Ref]) -> dict[int, JobRow]:
        """The jobs by id, for those that exist."""
        return self._loaded(_load_jobs, rows.job, refs)

    def load_tasks(self, refs: Iterable[Ref]) -> dict[int, UserTaskRow]:
        """The user tasks by id, for those that exist."""
        return self._loaded(_load_tasks, rows.user_task, refs)

    def load_incidents(self, refs: Iterable[Ref]) -> dict[int, IncidentRow]:
        """The incidents by id, for those that exist."""
        return self._loaded(_load_incidents, rows.incident, refs)

    def _located(self, statement: Any, ids: Iterable[int]) -> dict[int, int]:
        wanted = list(set(ids))
        if not wanted:
            return {}
        result = self._execute(statement(self._dialect), {"ids": bind_list(self._dialect, wanted)})
        return {row.id: row.instance_id for row in result}

    def _loaded(self, statement: Any, mapping: rows.Mapping[Any], refs: Iterable[Ref]) -> dict[int, Any]:
        wanted = set(refs)
        if not wanted:
            return {}
        result = self._execute(statement(self._dialect), bind_refs(self._dialect, wanted))
        return {row.id: row for row in mapping.rows(result)}

    def claim_due_jobs(self, limit: int, exclude_types: Iterable[str] = ()) -> list[JobRow]:
        """Jobs with `due_at <= now` whose type is not excluded, by due time; none of paused instances."""
        params = {"now": self.now(), "limit": limit, "excluded": bind_list(self._dialect, exclude_types)}
        return rows.job.rows(self._execute(_due_jobs(self._dialect), params))

    def claim_jobs_of_type(self, tenant_id: str, type: str, limit: int) -> list[JobRow]:
        """As `claim_due_jobs` for one type and tenant, highest priority first."""
        params = {"tenant_id": tenant_id, "type": type, "now": self.now(), "limit": limit}
        return rows.job.rows(self._execute(_JOBS_OF_TYPE, params))

    def update_jobs(self, jobs: Sequence[JobRow]) -> None:
        """As `Changes.updated_jobs`."""
        if jobs:
            with pipelined(self._connection):
                execute_many(self._connection, UPDATE_JOB, [job_update(row) for row in jobs])

    def reset_dispatched_jobs(self) -> int:
        """Every dispatched job without a lease is due now; those with an incident stay as they are."""
        return self._execute(_RESET_DISPATCHED, {"now": self.now()}).rowcount

    def park_commands(self, instance_id: int) -> None:
        """The instance is paused: its commands are not due any more, its jobs and timers are not handed out."""
        for statement in (_PARK_COMMANDS, _PAUSE_JOBS, _PAUSE_TIMERS):
            self._execute(statement, {"instance": instance_id})

    def release_commands(self, instance_id: int) -> None:
        """Parked commands of the instance are due now; jobs and timers stay as they are."""
        self._execute(_UNPARK_COMMANDS, {"instance": instance_id, "now": self.now()})

    def unpark_commands(self, instance_id: int, *, shift_timers: timedelta | None = None) -> None:
        """The instance goes on: parked commands are due now, jobs and timers are handed out again.

        `shift_timers` moves the due dates of its timers (they stood still); without it they catch up.
        """
        if shift_timers:
            due_dates = self._execute(_TIMER_DUE_DATES, {"instance": instance_id}).all()
            moved = [
                {"instance": instance_id, "timer": row.id, "new_due_at": row.due_at + shift_timers} for row in due_dates
            ]
            if moved:
                self._execute(_SHIFT_TIMER, moved)
        self.release_commands(instance_id)
        self._execute(_RESUME_JOBS, {"instance": instance_id})
        self._execute(_RESUME_TIMERS, {"instance": instance_id})
