"""What a connector raises to say how its job ended. Any other exception is a failure that is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class BpmnError(Exception):
    """A business error of the process: a boundary event or event sub-process may catch its `code`.

    Not tried again. `variables` go to whoever catches the error.
    """

    def __init__(self, code: str, message: str = "", variables: Mapping[str, Any] | None = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
        self.variables: dict[str, Any] = dict(variables or {})


class Failure(Exception):
    """It did not work this time. Tried again while retries are left, unless `retryable` is false.

    `backoff_seconds` says when, for example from a Retry-After header; otherwise the connector's backoff decides.
    """

    def __init__(self, message: str, *, retryable: bool = True, backoff_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.backoff_seconds = backoff_seconds


class NonRetryable(Failure):
    """It will never work this way: raises an incident at once, whatever retries are left."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)


class TimeLimitExceeded(Failure):
    """The connector did not answer within its time limit."""
