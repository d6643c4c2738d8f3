"""Results of jobs: which command a result means for the instance."""

from __future__ import annotations

import random
from datetime import timedelta

from bpmn.runtime import commands as c
from bpmn.runtime.state import WaitKind
from connectors.messages import Outcome, ResultMessage
from server.errors import ConflictError, Invalid, NotFound
from server.ports.records import JobRow
from server.usecases.executor.session import Session

FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 300.0
LONGEST_LEASE_SECONDS = 7 * 86_400.0


def apply_result(session: Session, job: JobRow | None, result: ResultMessage, retries: int | None) -> None:
    """Do what the result says. Raises NotFound JOB_GONE and Conflict STALE_ATTEMPT; a late result of the current
    attempt counts."""
    if job is None or session.is_ended:
        raise NotFound("JOB_GONE", f"Expected job '{result.job_id}' to wait for its result, but it is done or gone")
    if result.attempt != job.attempt:
        raise ConflictError(
            "STALE_ATTEMPT",
            f"Expected a result of attempt {job.attempt} of job '{result.job_id}', but got one of attempt "
            f"{result.attempt}",
        )
    if result.outcome in (Outcome.STARTED, Outcome.EXTENDED):
        _lease(session, job, result)
        return
    command = command_for(job, result, retries)
    if not session.is_running:
        # Paused: the effect has happened, so its result is kept and applied on resume. It ends the attempt, so that
        # the same result is not kept twice, and no worker gets the job meanwhile.
        session.enqueue(session.row.id, command.kind, c.to_dict(command), parked=True)
        job.attempt, job.due_at, job.locked_until = job.attempt + 1, None, None
        session.changes.updated_jobs.append(job)
        return
    if session.do(command).value == "GONE":
        raise NotFound("JOB_GONE", f"Expected job '{result.job_id}' to wait for its result, but it is done or gone")


def _lease(session: Session, job: JobRow, result: ResultMessage) -> None:
    seconds = 60.0 if result.lock_seconds is None else result.lock_seconds
    if not 0 < seconds <= LONGEST_LEASE_SECONDS:
        raise Invalid(
            "LEASE_INVALID", f"Expected a lease of up to {LONGEST_LEASE_SECONDS:.0f} seconds, but got {seconds}"
        )
    job.locked_until = session.now + timedelta(seconds=seconds)
    job.due_at = job.locked_until
    job.worker_id = result.worker_id or job.worker_id
    session.changes.updated_jobs.append(job)


def command_for(job: JobRow, result: ResultMessage, retries: int | None) -> c.Command:
    """What an outcome (other than a sign of life) asks of the instance."""
    if result.outcome is Outcome.COMPLETED:
        return c.CompleteJob(
            instance_id=job.instance_id,
            scope_id=job.scope_id,
            job_id=job.id,
            token_id=job.token_id,
            variables=result.variables,
        )
    if result.outcome is Outcome.ERROR:
        return c.ThrowError(
            instance_id=job.instance_id,
            scope_id=job.scope_id,
            wait=WaitKind.JOB,
            wait_id=job.id,
            token_id=job.token_id,
            error_code=result.error_code or "",
            message=result.message,
            variables=result.variables,
        )
    left = job.retries - 1 if retries is None else retries
    return c.FailJob(
        instance_id=job.instance_id,
        scope_id=job.scope_id,
        job_id=job.id,
        token_id=job.token_id,
        message=result.message or "The job failed without a message",
        attempt=job.attempt,
        retries=max(0, left) if result.retryable else 0,
        backoff_seconds=_backoff(job, result),
    )


def _backoff(job: JobRow, result: ResultMessage) -> float:
    """Said by the worker, else by the model, else doubling from a second, with jitter so that a thousand failures of
    one outage do not come back at once."""
    if result.backoff_seconds is not None:
        return max(0.0, result.backoff_seconds)
    if job.backoff:
        return job.backoff[min(job.attempt, len(job.backoff)) - 1]
    doubled = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** (job.attempt - 1))
    return doubled * random.uniform(0.8, 1.2)
