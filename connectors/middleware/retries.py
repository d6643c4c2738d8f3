"""When to try again. The engine counts the retries that the model allows; a connector may want fewer."""

from __future__ import annotations

import random
from dataclasses import replace

from connectors.connector import Connector
from connectors.job import Job
from connectors.messages import Outcome, ResultMessage
from connectors.middleware.base import Middleware, Proceed


class Retries(Middleware):
    """Adds the connector's backoff (exponential, with jitter) to failures that name none of their own."""

    def __init__(self, spread: random.Random | None = None) -> None:
        self._spread = spread

    def around(self, job: Job, connector: Connector, proceed: Proceed) -> ResultMessage:
        result = proceed()
        if result.outcome is not Outcome.FAILED or not result.retryable:
            return result
        if connector.retries is not None and job.attempt >= connector.retries:
            return replace(result, retryable=False, backoff_seconds=None)
        if result.backoff_seconds is None:
            return replace(result, backoff_seconds=round(connector.backoff.delay(job.attempt, self._spread), 3))
        return result
