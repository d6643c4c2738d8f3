"""Exceptions become results."""

from __future__ import annotations

from connectors.connector import Connector
from connectors.errors import BpmnError, Failure
from connectors.job import Job
from connectors.messages import Outcome, ResultMessage
from connectors.middleware.base import Middleware, Proceed

MAX_MESSAGE = 4_000
"""Characters: an exception may carry a whole page, an incident shows a few lines."""


class Outcomes(Middleware):
    """BpmnError becomes ERROR; Failure says itself whether it may be tried again; anything else may."""

    def around(self, job: Job, connector: Connector, proceed: Proceed) -> ResultMessage:
        try:
            return proceed()
        except BpmnError as error:
            return ResultMessage(
                job_id=job.id,
                attempt=job.attempt,
                outcome=Outcome.ERROR,
                error_code=error.code,
                message=error.message[:MAX_MESSAGE] or None,
                variables=error.variables,
            )
        except Failure as failure:
            return failed(job, str(failure), retryable=failure.retryable, backoff_seconds=failure.backoff_seconds)
        except Exception as error:
            job.log.debug("%s raised", connector.name, exc_info=True)
            return failed(job, f"{type(error).__name__}: {error}")


def failed(job: Job, message: str, *, retryable: bool = True, backoff_seconds: float | None = None) -> ResultMessage:
    """A FAILED result for a job."""
    return ResultMessage(
        job_id=job.id,
        attempt=job.attempt,
        outcome=Outcome.FAILED,
        message=message[:MAX_MESSAGE],
        retryable=retryable,
        backoff_seconds=backoff_seconds,
    )
