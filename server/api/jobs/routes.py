"""`/jobs`: workers that cannot reach the bus take their work here."""

from __future__ import annotations

from typing import Any

from flask import Response

from connectors.messages import Outcome, ResultMessage
from server.api.auth import allowed, principal
from server.api.http import answer, perform
from server.api.jobs.schemas import (
    ActivateSchema,
    CompleteJobSchema,
    ExtendJobSchema,
    FailJobSchema,
    JobErrorSchema,
    JobsSchema,
)
from server.api.openapi import Resource, answers, body, idempotent
from server.api.services import services
from server.usecases.jobs import ActivatedJob
from server.usecases.requests import JobResultRequest

jobs = Resource(
    "Jobs",
    "Work for machines, pulled over HTTP with a lease. A job that is gone (404 JOB_GONE) is done, for "
    "a worker; an older attempt is 409 STALE_ATTEMPT.",
)


@jobs.route("POST", "/jobs/activate")
@allowed("worker")
@body(ActivateSchema)
@answers(200, JobsSchema)
def activate_jobs(data: dict[str, Any]) -> Response:
    """Take jobs; waits up to `waitSeconds` for the first (long poll)."""
    found = services().jobs.activate(
        principal().tenant_id,
        data["type"],
        max_jobs=data["maxJobs"],
        lock_seconds=data["lockSeconds"],
        worker_id=data["workerId"],
        wait_seconds=data["waitSeconds"],
        fetch_variables=data["fetchVariables"],
    )
    return answer({"jobs": [show_job(job) for job in found]})


@jobs.route("POST", "/jobs/<job_id>/complete")
@allowed("worker")
@idempotent
@body(CompleteJobSchema)
@answers(204)
def complete_job(data: dict[str, Any], job_id: str) -> Response:
    """The work is done."""
    return _report(data, job_id, Outcome.COMPLETED, variables=data["variables"])


@jobs.route("POST", "/jobs/<job_id>/fail")
@allowed("worker")
@idempotent
@body(FailJobSchema)
@answers(204)
def fail_job(data: dict[str, Any], job_id: str) -> Response:
    """It did not work this time; tried again while retries are left, then an incident."""
    return _report(
        data,
        job_id,
        Outcome.FAILED,
        retries=data.get("retries"),
        message=data["message"],
        backoff_seconds=data.get("backoffSeconds"),
    )


@jobs.route("POST", "/jobs/<job_id>/error")
@allowed("worker")
@idempotent
@body(JobErrorSchema)
@answers(204)
def throw_job_error(data: dict[str, Any], job_id: str) -> Response:
    """A BPMN error that a boundary event may catch."""
    return _report(
        data,
        job_id,
        Outcome.ERROR,
        error_code=data["errorCode"],
        message=data.get("message"),
        variables=data["variables"],
    )


@jobs.route("POST", "/jobs/<job_id>/extend")
@allowed("worker")
@idempotent
@body(ExtendJobSchema)
@answers(204)
def extend_job(data: dict[str, Any], job_id: str) -> Response:
    """Keep it for longer: the lease ends `lockSeconds` from now."""
    return _report(data, job_id, Outcome.EXTENDED, lock_seconds=data["lockSeconds"])


def show_job(job: ActivatedJob) -> dict[str, Any]:
    row = job.row
    return {
        "id": str(row.id),
        "tenantId": row.tenant_id,
        "type": row.type,
        "instanceId": str(row.instance_id),
        "definitionKey": row.definition_key,
        "version": row.version,
        "elementId": row.element_id,
        "elementName": row.element_name,
        "businessKey": row.business_key,
        "attempt": row.attempt,
        "retries": row.retries,
        "priority": row.priority,
        "lockedUntil": row.locked_until,
        "headers": row.headers,
        "variables": job.variables,
    }


def _report(
    data: dict[str, Any], job_id: str, outcome: Outcome, *, retries: int | None = None, **fields: Any
) -> Response:
    result = ResultMessage(
        job_id=job_id, attempt=data["attempt"], outcome=outcome, worker_id=data["workerId"], **fields
    )
    return perform(
        JobResultRequest,
        lambda _: None,
        action=f"job.{outcome.value.lower()}",
        target=job_id,
        result=result,
        retries=retries,
    )
