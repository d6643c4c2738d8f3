"""One line per job."""

from __future__ import annotations

import logging
import time

from connectors.connector import Connector
from connectors.job import Job
from connectors.messages import Outcome, ResultMessage
from connectors.middleware.base import Middleware, Proceed


class Logging(Middleware):
    """Says how each job ended and how long it took. Variables are never logged: they may be confidential."""

    def around(self, job: Job, connector: Connector, proceed: Proceed) -> ResultMessage:
        started = time.monotonic()
        result = proceed()
        seconds = time.monotonic() - started
        match result.outcome:
            case Outcome.COMPLETED:
                job.log.debug("%s completed in %.3f s", connector.name, seconds)
            case Outcome.ERROR:
                job.log.info("%s threw BPMN error '%s' after %.3f s", connector.name, result.error_code, seconds)
            case _:
                job.log.log(
                    logging.WARNING,
                    "%s failed at attempt %d after %.3f s (%s): %s",
                    connector.name,
                    job.attempt,
                    seconds,
                    "may be tried again" if result.retryable else "not to be tried again",
                    result.message,
                )
        return result
