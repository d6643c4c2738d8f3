"""What the API needs of the executor."""

from __future__ import annotations

from typing import Protocol

from server.usecases.requests import Answer, Request


class ExecutorPort(Protocol):
    """Carries out requests, several in one transaction; blocks the caller until its request is committed."""

    def execute(self, request: Request, timeout: float | None = None) -> Answer:
        """The request's answer (see its class). Raises its DomainErrors, and Unavailable after `timeout` seconds or
        while the database cannot be reached."""
