"""The contract between engine and workers: job and result messages as they travel on the bus and over HTTP.

Imports nothing of the project: a worker in any language can do the same with this page beside it. JSON is
camelCase, times are RFC 3339 UTC, ids are decimal strings. Unknown fields are kept out of the way, never an error,
so that an older worker understands a newer engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class MalformedMessage(ValueError):
    """The body is not a job or result message; it belongs in the dead letter queue."""


class Outcome(StrEnum):
    COMPLETED = "COMPLETED"
    """The work is done; `variables` are its result."""
    FAILED = "FAILED"
    """It did not work this time; tried again while retries are left and `retryable` is not false."""
    ERROR = "ERROR"
    """A BPMN error: a boundary event may catch `errorCode`."""
    STARTED = "STARTED"
    """A long job was taken: from now on its lease runs in the database and the message may be acknowledged."""
    EXTENDED = "EXTENDED"
    """Heartbeat of a started job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMessage:
    """One piece of work for a connector."""

    id: str
    type: str
    instance_id: str
    definition_key: str
    version: int
    element_id: str
    element_name: str | None = None
    business_key: str | None = None
    tenant_id: str = "default"
    attempt: int = 1
    """1 for the first try; results of older attempts are dropped."""
    retries: int = 3
    """Attempts left, this one included."""
    locked_until: str | None = None
    repeated: bool = False
    """It was sent before: to be announced (STARTED) before the work begins."""
    lost: int = 0
    """Workers that were lost with it so far. It may be what ends them: no other such job should run beside it."""
    headers: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": self.type,
            "instanceId": self.instance_id,
            "definitionKey": self.definition_key,
            "version": self.version,
            "elementId": self.element_id,
            "elementName": self.element_name,
            "businessKey": self.business_key,
            "tenantId": self.tenant_id,
            "attempt": self.attempt,
            "retries": self.retries,
            "lockedUntil": self.locked_until,
            "repeated": self.repeated,
            "lost": self.lost,
            "headers": dict(self.headers),
            "variables": dict(self.variables),
        }

    @classmethod
    def from_json(cls, body: Any) -> JobMessage:
        """Raises MalformedMessage where a required field is missing or of the wrong type."""
        if not isinstance(body, Mapping):
            raise MalformedMessage(f"Expected a JSON object as job message, but got {type(body).__name__}")
        return cls(
            id=_text(body, "id"),
            type=_text(body, "type"),
            instance_id=_text(body, "instanceId"),
            definition_key=_text(body, "definitionKey"),
            version=_integer(body, "version", 0),
            element_id=_text(body, "elementId"),
            element_name=_optional_text(body, "elementName"),
            business_key=_optional_text(body, "businessKey"),
            tenant_id=_optional_text(body, "tenantId") or "default",
            attempt=_integer(body, "attempt", 1),
            retries=_integer(body, "retries", 3),
            locked_until=_optional_text(body, "lockedUntil"),
            repeated=body.get("repeated") is True,
            lost=_integer(body, "lost", 0),
            headers=_object(body, "headers"),
            variables=_object(body, "variables"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultMessage:
    """What became of a job."""

    job_id: str
    attempt: int
    outcome: Outcome
    variables: Mapping[str, Any] = field(default_factory=dict)
    error_code: str | None = None
    message: str | None = None
    retryable: bool = True
    backoff_seconds: float | None = None
    lock_seconds: float | None = None
    """With STARTED and EXTENDED: how long the lease runs from now."""
    worker_id: str | None = None
    instance_id: str | None = None
    """That of the job: keeps the results of an instance in order where the broker partitions."""

    def to_json(self) -> dict[str, Any]:
        return {
            "jobId": self.job_id,
            "attempt": self.attempt,
            "outcome": self.outcome.value,
            "variables": dict(self.variables),
            "errorCode": self.error_code,
            "message": self.message,
            "retryable": self.retryable,
            "backoffSeconds": self.backoff_seconds,
            "lockSeconds": self.lock_seconds,
            "workerId": self.worker_id,
            "instanceId": self.instance_id,
        }

    @classmethod
    def from_json(cls, body: Any) -> ResultMessage:
        """Raises MalformedMessage where a required field is missing or of the wrong type."""
        if not isinstance(body, Mapping):
            raise MalformedMessage(f"Expected a JSON object as result message, but got {type(body).__name__}")
        try:
            outcome = Outcome(_text(body, "outcome"))
        except ValueError as error:
            raise MalformedMessage(f"Expected 'outcome' to be one of {[o.value for o in Outcome]}") from error
        retryable = body.get("retryable", True)
        return cls(
            job_id=_text(body, "jobId"),
            attempt=_integer(body, "attempt", 1),
            outcome=outcome,
            variables=_object(body, "variables"),
            error_code=_optional_text(body, "errorCode"),
            message=_optional_text(body, "message"),
            retryable=retryable is not False,
            backoff_seconds=_number(body, "backoffSeconds"),
            lock_seconds=_number(body, "lockSeconds"),
            worker_id=_optional_text(body, "workerId"),
            instance_id=_optional_text(body, "instanceId"),
        )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedMessage(f"Expected '{name}' to be a non-empty string, but got {value!r}")
    return value


def _optional_text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedMessage(f"Expected '{name}' to be a string, but got {value!r}")
    return value


def _integer(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedMessage(f"Expected '{name}' to be an integer, but got {value!r}")
    return value


def _number(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedMessage(f"Expected '{name}' to be a number, but got {value!r}")
    return float(value)


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MalformedMessage(f"Expected '{name}' to be an object, but got {value!r}")
    return dict(value)
