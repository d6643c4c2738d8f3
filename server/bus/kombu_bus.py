"""KombuBus: what the engine asks of the bus, on any broker that Kombu speaks to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from connectors.backoff import RECONNECT
from connectors.envelopes import event_envelope, job_envelope, read_result, result_envelope, text_header
from connectors.messages import JobMessage, MalformedMessage, ResultMessage
from connectors.queues import TENANT, Topology
from connectors.transport import Consumer, Incoming, TransportUnavailable, open_transport
from connectors.transport.per_thread import ThreadPublishers
from server.ports.bus import BusUnavailable, Delivery, PublicEvent, ReceivedResult

log = logging.getLogger(__name__)

PREFETCH = 500
"""Results in flight to one engine: several batches, so that the next is there when one commits."""


class KombuBus:
    """Implements `server.ports.bus.Bus`. Publishing is safe from any thread; results are consumed by one at a time.

    Args:
        url: broker URL, see `connectors.transport.open_transport`.
        prefix: first part of every exchange and queue name.
        queue_type: RabbitMQ only: `classic` or `quorum`.
        connect_timeout: seconds until a broker that does not answer counts as unavailable.
        visibility_seconds: Redis only, see `connectors.transport.redis`.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "bpmnd",
        queue_type: str = "classic",
        connect_timeout: float = 5.0,
        visibility_seconds: float = 600.0,
    ) -> None:
        self._topology = Topology(prefix, queue_type)
        self._transport = open_transport(
            url, self._topology, connect_timeout=connect_timeout, visibility_seconds=visibility_seconds
        )
        self._publishers = ThreadPublishers(self._transport)
        self._consumer: Consumer | None = None
        self._closed = threading.Event()
        self._failures = 0
        self._retry_at = 0.0

    def publish_jobs(self, jobs: Sequence[JobMessage], traceparents: Sequence[str | None] = ()) -> list[Delivery]:
        deliveries = [Delivery.UNROUTABLE] * len(jobs)
        routable = [index for index, job in enumerate(jobs) if self._topology.can_have_queue(job.type)]
        envelopes = [
            job_envelope(self._topology, jobs[index], traceparents[index] if index < len(traceparents) else None)
            for index in routable
        ]
        with _bus_errors():
            routed = self._publishers.current().publish(envelopes)
        for index, arrived in zip(routable, routed, strict=True):
            if arrived:
                deliveries[index] = Delivery.SENT
        return deliveries

    def bury_jobs(self, jobs: Sequence[JobMessage]) -> None:
        envelopes = [
            replace(
                job_envelope(self._topology, job),
                exchange="",
                routing_key=self._topology.dead_queue(self._topology.job_queue(job.type).name).name,
                mandatory=False,  # where nobody has made the queue there is nobody to look into it
            )
            for job in jobs
            if self._topology.can_have_queue(job.type)
        ]
        with _bus_errors():
            self._publishers.current().publish(envelopes)

    def routable(self, job_types: Collection[str]) -> set[str]:
        possible = [job_type for job_type in job_types if self._topology.can_have_queue(job_type)]
        with _bus_errors():
            publisher = self._publishers.current()
            return {job_type for job_type in possible if publisher.has_queue(self._topology.job_queue(job_type))}

    def publish_results(self, results: Sequence[ResultMessage], tenant_id: str = "default") -> None:
        envelopes = [result_envelope(self._topology, result, tenant_id) for result in results]
        with _bus_errors():
            publisher = self._publishers.current()
            if not all(publisher.publish(envelopes)):
                # Someone deleted the queue; a new connection declares it again.
                publisher.close()
                raise BusUnavailable(f"Expected queue '{self._topology.results_queue.name}', but it is gone")

    def publish_events(self, events: Sequence[PublicEvent]) -> None:
        envelopes = [event_envelope(self._topology, e.routing_key, e.body, e.tenant_id, e.key) for e in events]
        with _bus_errors():
            self._publishers.current().publish(envelopes)

    def consume_results(self, max_messages: int, timeout: float) -> list[ReceivedResult]:
        if self._consumer is None:
            self._consumer = self._transport.consumer([self._topology.results_queue], max(PREFETCH, max_messages))
        self._wait_out_backoff(timeout)
        try:
            messages = self._consumer.receive(max_messages, timeout)
        except TransportUnavailable as error:
            self._failures += 1
            self._retry_at = time.monotonic() + RECONNECT.delay(self._failures)
            raise BusUnavailable(str(error)) from error
        self._failures = 0
        return [received for message in messages if (received := self._read(message)) is not None]

    def acknowledge(self, received: Sequence[ReceivedResult]) -> None:
        if self._consumer is not None:
            self._consumer.acknowledge(_messages(received))

    def release(self, received: Sequence[ReceivedResult]) -> None:
        if self._consumer is not None:
            self._consumer.release(_messages(received))

    def bury_results(self, received: Sequence[ReceivedResult]) -> None:
        for message in _messages(received):
            if self._consumer is not None:
                self._consumer.bury(message)

    def volatile(self) -> bool:
        return self._transport.volatile

    def check(self) -> None:
        with _bus_errors():
            self._transport.check()

    def close(self) -> None:
        """Close every connection. Call when no other thread uses the bus any more."""
        self._closed.set()
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
        self._publishers.close()

    def _wait_out_backoff(self, timeout: float) -> None:
        """A caller that loops must not hammer a broker that is down: its timeout is spent waiting instead."""
        remaining = self._retry_at - time.monotonic()
        if self._failures and remaining > 0:
            self._closed.wait(min(remaining, timeout))
            if remaining > timeout:
                raise BusUnavailable(f"Expected a broker, but it could not be reached {self._failures} times in a row")

    def _read(self, message: Incoming) -> ReceivedResult | None:
        try:
            return ReceivedResult(result=read_result(message), tenant_id=text_header(message, TENANT), token=message)
        except MalformedMessage as error:
            log.warning("A message of queue '%s' went to its dead letters: %s", message.queue, error)
            if self._consumer is not None:
                self._consumer.bury(message)
            return None


@contextmanager
def _bus_errors() -> Iterator[None]:
    try:
        yield
    except TransportUnavailable as error:
        raise BusUnavailable(str(error)) from error


def _messages(received: Sequence[ReceivedResult]) -> list[Incoming]:
    return [one.token for one in received if isinstance(one.token, Incoming)]
