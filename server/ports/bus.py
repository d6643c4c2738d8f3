"""The bus as the engine sees it. The database decides, the bus carries: any message may be lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from connectors.messages import JobMessage, ResultMessage


class BusUnavailable(Exception):
    """The broker cannot be reached or did not confirm; nothing is known about the messages of this call."""


class Delivery(StrEnum):
    SENT = "SENT"
    """The broker has it (confirmed, where the broker confirms)."""
    UNROUTABLE = "UNROUTABLE"
    """No queue exists for the job type: no worker has ever announced it. The job waits to be pulled."""


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """A CloudEvent for the topic exchange `bpmnd.events`; `body` is its JSON, or what to make it of."""

    routing_key: str
    body: Mapping[str, Any] | str
    tenant_id: str
    key: str | None = None
    """Events with the same key stay in order; default: the subject of the event."""


@dataclass(frozen=True, slots=True)
class ReceivedResult:
    """A result taken from the queue, not yet acknowledged. `token` is the adapter's handle for `acknowledge`."""

    result: ResultMessage
    tenant_id: str | None
    token: object


class Bus(Protocol):
    """Implementations are safe to call from several threads (one connection per thread inside)."""

    def publish_jobs(self, jobs: Sequence[JobMessage], traceparents: Sequence[str | None] = ()) -> list[Delivery]:
        """Publish each to `bpmnd.jobs` with routing key `<type>`; returns one Delivery per job, in order.

        Raises BusUnavailable; then each message may or may not have been sent.
        """

    def bury_jobs(self, jobs: Sequence[JobMessage]) -> None:
        """Put each among the dead letters of its type, for a person to look at. Raises BusUnavailable."""

    def routable(self, job_types: Collection[str]) -> set[str]:
        """Those job types that have a queue. Raises BusUnavailable."""

    def publish_results(self, results: Sequence[ResultMessage], tenant_id: str = "default") -> None:
        """Publish to `bpmnd.results` (used by workers and tests). Raises BusUnavailable."""

    def publish_events(self, events: Sequence[PublicEvent]) -> None:
        """Publish in the given order to `bpmnd.events`. Raises BusUnavailable."""

    def consume_results(self, max_messages: int, timeout: float) -> list[ReceivedResult]:
        """Up to `max_messages` results; waits up to `timeout` seconds for the first, then takes what is there.

        Must be called from one thread at a time, the same thread that calls `acknowledge`. Malformed bodies go to
        `bpmnd.results.dead` with a log line and are not returned. Reconnects by itself; raises BusUnavailable while
        the broker cannot be reached.
        """

    def acknowledge(self, received: Sequence[ReceivedResult]) -> None:
        """Tell the broker that these results are applied (after the commit)."""

    def release(self, received: Sequence[ReceivedResult]) -> None:
        """Give results back to the queue (they could not be applied now)."""

    def bury_results(self, received: Sequence[ReceivedResult]) -> None:
        """Put results that cannot be applied among the dead letters."""

    def volatile(self) -> bool:
        """True where messages do not outlive the process (memory://): at start every dispatched job is sent again."""

    def check(self) -> None:
        """Raises BusUnavailable with a helpful text where the broker cannot be reached."""

    def close(self) -> None: ...


BusFactory = Callable[[str], Bus]
