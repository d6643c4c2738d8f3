"""What cannot be carried out again and again: counted, put aside, shown as an incident of kind ENGINE."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bpmn.runtime import commands as c
from connectors.messages import ResultMessage
from server.ports.records import CommandRow, IncidentRow, TimerRow, TimerStartRow
from server.usecases.executor import rows
from server.usecases.executor.items import Item
from server.usecases.executor.results import command_for
from server.usecases.executor.session import EngineFailure, Session

if TYPE_CHECKING:
    from server.usecases.executor.batch import Batch

log = structlog.get_logger("bpmnd.executor")

ATTEMPTS = 3
PAUSE_SECONDS = 1.0


def count_failure(batch: Batch, item: Item) -> None:
    """An item failed inside the engine. Commands are tried three times, then parked with an incident; timers and
    results become parked commands at once, so that nothing is lost and nothing runs hot."""
    error = item.error
    assert isinstance(error, EngineFailure)
    session = batch.sessions.get(item.instance_id)
    log.error("engine_failure", instance=item.instance_id, work=type(item.work).__name__, error=str(error))
    match item.work:
        case CommandRow() as row:
            row.attempts += 1
            row.due_at = batch.now + timedelta(seconds=PAUSE_SECONDS * row.attempts)
            if row.attempts >= ATTEMPTS:
                row.due_at = None
                _incident(batch, session, f"The command {row.kind} failed {row.attempts} times: {error}")
            batch.changes.updated_commands.append(row)
        case TimerRow() as timer if session is not None:
            command = rows.fire_timer(timer)
            session.enqueue(timer.instance_id, command.kind, c.to_dict(command), parked=True)
            session.changes.deleted_timers.append((timer.instance_id, timer.id))
            _incident(batch, session, f"The timer of '{timer.element_id}' could not fire: {error}")
        case TimerStartRow() as start:
            # No instance could be made, so there is nothing to show an incident at; the next one may work.
            batch.plan_next_start(start)
        case ResultMessage() as result if session is not None:
            job = session.jobs.get(int(result.job_id))
            if job is not None:
                meant = command_for(job, result, None)
                session.enqueue(job.instance_id, meant.kind, c.to_dict(meant), parked=True)
                job.due_at = None
                session.changes.updated_jobs.append(job)
                _incident(batch, session, f"The result of job {job.id} could not be applied: {error}")
                item.error = None


def _incident(batch: Batch, session: Session | None, message: str) -> None:
    if session is None:
        return
    instance = session.instance
    instance.incidents += 1
    session.touched = True
    session.changes.new_incidents.append(
        IncidentRow(
            instance_id=instance.id,
            id=batch.options.ids(),
            tenant_id=instance.tenant_id,
            scope_id=None,
            token_id=None,
            definition_id=instance.definition_id,
            definition_key=instance.definition_key,
            element_id=None,
            kind="ENGINE",
            message=message[:2000],
            created_at=batch.now,
        )
    )
