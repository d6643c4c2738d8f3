"""Errors of the use cases. Each knows its HTTP status and problem code; the API turns them into problem+json once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bpmn.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One entry of a problem's `errors`. `pointer` is a JSON pointer into the request's body."""

    code: str
    message: str
    element_id: str | None = None
    line: int | None = None
    pointer: str | None = None


class DomainError(Exception):
    """Base. The message says what was expected, what was found (ids quoted) and what to do."""

    status = 400
    title = "Bad request"

    def __init__(self, code: str, message: str, *, details: Sequence[Detail] = (), **extra: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.extra = extra


class Invalid(DomainError):
    """The request is well-formed JSON, but cannot be carried out as it is (422)."""

    status = 422
    title = "Cannot be processed"


class InvalidModel(Invalid):
    """A model that cannot run; `findings` say why."""

    title = "The model cannot run"

    def __init__(self, message: str, findings: Sequence[Finding]) -> None:
        super().__init__("MODEL_INVALID", message)
        self.findings = tuple(findings)


class InvalidMigration(Invalid):
    """An instance that cannot go on in another version; `findings` say why."""

    title = "Cannot be migrated"

    def __init__(self, message: str, findings: Sequence[Finding]) -> None:
        super().__init__("MIGRATION_INVALID", message)
        self.findings = tuple(findings)


class Malformed(DomainError):
    """The request cannot be read (400)."""


class Unauthenticated(DomainError):
    status = 401
    title = "Not authenticated"


class Forbidden(DomainError):
    status = 403
    title = "Not allowed"


class NotFound(DomainError):
    status = 404
    title = "Not found"


class ConflictError(DomainError):
    """The resource is in another state than the request needs (409)."""

    status = 409
    title = "Conflict"


class TooLarge(DomainError):
    status = 413
    title = "Too large"


class TooMany(DomainError):
    status = 429
    title = "Too many requests"


class Unavailable(DomainError):
    """Database or executor cannot answer now (503); try again after `retry_after` seconds."""

    status = 503
    title = "Not available"

    def __init__(self, code: str, message: str, *, retry_after: int = 2) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after
