"""The job as a connector's function sees it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from connectors.messages import JobMessage

_log = logging.getLogger("connectors.job")


def _no_heartbeat(seconds: float) -> None:
    """Where a job runs without an engine, nobody waits for a heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work.

    Attributes:
        id: the same for every attempt.
        variables: what the task's input mappings, or else the connector's declaration, select.
        headers: constants of the model (task headers, field injections).
        attempt: 1 for the first try.
        retries: attempts left, this one included.
    """

    id: str
    type: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    business_key: str | None = None
    instance_id: str = ""
    definition_key: str = ""
    definition_version: int = 0
    element_id: str = ""
    element_name: str | None = None
    tenant_id: str = "default"
    attempt: int = 1
    retries: int = 3
    send_heartbeat: Callable[[float], None] = field(default=_no_heartbeat, repr=False)

    @classmethod
    def from_message(
        cls,
        message: JobMessage,
        *,
        names: tuple[str, ...] | None = None,
        send_heartbeat: Callable[[float], None] = _no_heartbeat,
    ) -> Job:
        """The job of a message, with only the variables in `names` (None: all of them)."""
        variables = message.variables
        if names is not None:
            variables = {name: variables[name] for name in names if name in variables}
        return cls(
            id=message.id,
            type=message.type,
            variables=dict(variables),
            headers=dict(message.headers),
            business_key=message.business_key,
            instance_id=message.instance_id,
            definition_key=message.definition_key,
            definition_version=message.version,
            element_id=message.element_id,
            element_name=message.element_name,
            tenant_id=message.tenant_id,
            attempt=message.attempt,
            retries=message.retries,
            send_heartbeat=send_heartbeat,
        )

    @property
    def idempotency_key(self) -> str:
        """Give it to the service that is called: an outward call happens at least once, always with this key."""
        return self.id

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose lines name the job."""
        return _JobLog(_log, {"jobId": self.id, "jobType": self.type, "instanceId": self.instance_id})

    def heartbeat(self, seconds: float) -> None:
        """Say that the work goes on and needs up to `seconds` more; from then on the engine keeps a lease.

        A job that calls this becomes a long one: it is not handed to another worker before the lease ends.
        """
        if seconds <= 0:
            raise ValueError(f"Expected a positive number of seconds, but got {seconds!r}")
        self.send_heartbeat(seconds)


class _JobLog(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        context = dict(self.extra or {})
        kwargs["extra"] = {**context, **(kwargs.get("extra") or {})}
        return f"[job {context['jobId']}] {msg}", kwargs
