"""The hook that every middleware has."""

from __future__ import annotations

from collections.abc import Callable

from connectors.connector import Connector
from connectors.job import Job
from connectors.messages import ResultMessage

Proceed = Callable[[], ResultMessage]
"""Runs the rest of the chain, the connector's function at its end."""


class Middleware:
    """Does nothing. Subclasses wrap the call; one object serves all threads of a worker."""

    def around(self, job: Job, connector: Connector, proceed: Proceed) -> ResultMessage:
        """Called once per job. Return what `proceed` returns, or another result, or raise."""
        return proceed()
