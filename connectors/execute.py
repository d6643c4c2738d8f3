"""Run one job through the middleware; what bus worker, HTTP worker and tests have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from connectors.connector import Connector
from connectors.errors import Failure, NonRetryable
from connectors.job import Job
from connectors.messages import Outcome, ResultMessage
from connectors.middleware import Middleware, Proceed


def execute(
    job: Job, connector: Connector, middleware: Sequence[Middleware], instead: Failure | None = None
) -> ResultMessage:
    """The result of a job, or what becomes of it where it fails with `instead` without being run. Raises only what the
    middleware lets through; the default list lets nothing through."""
    proceed: Proceed = partial(_call, job, connector) if instead is None else partial(_fail, instead)
    for each in reversed(middleware):
        proceed = partial(each.around, job, connector, proceed)
    return proceed()


def _fail(failure: Failure) -> ResultMessage:
    raise failure


def _call(job: Job, connector: Connector) -> ResultMessage:
    variables = connector(job)
    if variables is None:
        variables = {}
    if not isinstance(variables, Mapping):
        raise NonRetryable(
            f"Expected connector '{connector.name}' to return a mapping of variables or None, "
            f"but it returned {type(variables).__name__}"
        )
    return ResultMessage(job_id=job.id, attempt=job.attempt, outcome=Outcome.COMPLETED, variables=dict(variables))
