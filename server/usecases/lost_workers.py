"""Jobs whose worker was lost: its lease ran out without a result."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bpmn.runtime.commands import FailJob, to_dict
from server.ports.records import CommandRow, JobRow

log = structlog.get_logger("bpmnd.jobs")

GIVEN_UP = timedelta(minutes=5)
"""How long a job that was given up is left alone: until then the command that raises its incident has run."""


def take_over(job: JobRow, limit: int) -> bool:
    """Make it a new attempt, so that whoever had it cannot report for whoever gets it; the caller writes the row.

    False where `limit` workers in a row were lost with it: it may be what kills them. See `give_up`.
    """
    job.lost += 1
    if job.lost >= limit:
        return False
    job.attempt, job.locked_until, job.worker_id = job.attempt + 1, None, None
    return True


def give_up(job: JobRow, now: datetime) -> CommandRow:
    """Nobody gets it any more. The command, to be written with the row, raises its incident, whatever retries are
    left; who resolves that begins anew."""
    command = FailJob(
        instance_id=job.instance_id,
        scope_id=job.scope_id,
        job_id=job.id,
        token_id=job.token_id,
        message=f"Expected a worker to end this job of type '{job.type}', but {job.lost} in a row were lost while they "
        f"had it, the last one was '{job.worker_id or 'unknown'}'; find out whether it is this job that ends them",
        attempt=job.attempt,
        retries=0,
    )
    log.warning("job_given_up", job=job.id, type=job.type, instance=job.instance_id, lost=job.lost)
    job.lost, job.locked_until, job.due_at = 0, None, now + GIVEN_UP
    return CommandRow(
        instance_id=job.instance_id,
        id=job.id,
        tenant_id=job.tenant_id,
        kind=command.kind,
        payload=to_dict(command),
        due_at=now,
    )
