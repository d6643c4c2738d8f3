"""A consumer over any Kombu transport.

Deliveries are only buffered inside Kombu's callback and handed out afterwards: publishing or acknowledging inside the
callback drains the connection again and recurses.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from kombu.connection import Connection
from kombu.entity import Queue

from connectors.queues import DEAD_SUFFIX, Topology
from connectors.transport.base import Incoming, TransportUnavailable
from connectors.transport.kombu_link import KombuLink, discard

log = logging.getLogger(__name__)

HEARTBEAT_CHECK_SECONDS = 1.0


class KombuConsumer:
    """Implements Consumer. Subclasses say what their broker does better than the common ground."""

    heartbeat_seconds: float = 0
    """0 is off. A heartbeat that is switched on but not serviced kills the connection; `receive` services it."""

    def __init__(self, link: KombuLink, topology: Topology, queues: Sequence[Queue], prefetch: int) -> None:
        self._link = link
        self._topology = topology
        self._queues = tuple(queues)
        self._prefetch = prefetch
        self._connection: Connection | None = None
        self._channel: Any = None
        self._buffer: deque[Incoming] = deque()
        self._outstanding: dict[Any, None] = {}
        """Delivery tags of this channel that are neither acknowledged nor given back, in order."""

    def receive(self, max_messages: int, timeout: float) -> list[Incoming]:
        connection = self._connected()
        deadline = time.monotonic() + timeout
        try:
            with self._link.errors(connection):
                while len(self._buffer) < max_messages:
                    wait = 0.0 if self._buffer else max(0.0, deadline - time.monotonic())
                    try:
                        self._drain(connection, min(wait, HEARTBEAT_CHECK_SECONDS), max_messages)
                    except TimeoutError as error:
                        if error.errno is not None:
                            raise  # the operating system gave the connection up, this is no idle moment
                        if self._buffer or time.monotonic() >= deadline:
                            break
                    self._service_heartbeat(connection)
        except TransportUnavailable:
            self._lose_connection()
            raise
        return [self._buffer.popleft() for _ in range(min(max_messages, len(self._buffer)))]

    def acknowledge(self, messages: Sequence[Incoming]) -> None:
        self._on_channel(messages, self._acknowledge)

    def release(self, messages: Sequence[Incoming]) -> None:
        def give_back(current: list[Incoming]) -> None:
            for message in current:
                self._channel.basic_reject(message.delivery_tag, requeue=True)

        self._on_channel(messages, give_back)

    def bury(self, message: Incoming) -> None:
        self._on_channel([message], lambda current: self._bury(current[0]))

    def close(self) -> None:
        connection = self._connection
        self._forget()
        discard(connection)

    def _acknowledge(self, messages: list[Incoming]) -> None:
        for message in messages:
            self._channel.basic_ack(message.delivery_tag)

    def _bury(self, message: Incoming) -> None:
        """Brokers without dead letter exchanges: publish a copy, then acknowledge."""
        copy = self._channel.prepare_message(
            message.body,
            content_type=message.content_type,
            content_encoding="binary",
            headers=dict(message.headers),
            properties={"delivery_mode": 2},
        )
        self._channel.basic_publish(copy, exchange="", routing_key=message.queue + DEAD_SUFFIX)
        self._channel.basic_ack(message.delivery_tag)

    def _drain(self, connection: Connection, timeout: float, enough: int) -> None:
        """Take what has come into the buffer; raises TimeoutError where nothing has, for so long."""
        connection.drain_events(timeout=timeout)

    def _service_heartbeat(self, connection: Connection) -> None:
        """Nothing to do where the transport has none."""

    def _on_channel(self, messages: Sequence[Incoming], action: Any) -> None:
        current = [m for m in messages if m.channel is self._channel and m.delivery_tag in self._outstanding]
        if not current or self._connection is None:
            return
        try:
            with self._link.errors(self._connection):
                action(current)
        except TransportUnavailable as error:
            # The broker gives them out again; the next `receive` connects again and reports a broker that is gone.
            log.warning("Lost the connection while acknowledging: %s", error)
            self._lose_connection()
            return
        for message in current:
            self._outstanding.pop(message.delivery_tag, None)

    def _connected(self) -> Connection:
        if self._connection is not None:
            return self._connection
        connection = self._link.connect(self.heartbeat_seconds)
        try:
            with self._link.errors(connection):
                channel = connection.channel()
                self._channel = channel
                self._declare(channel)
                channel.basic_qos(0, self._prefetch, False)
                for number, queue in enumerate(self._queues):
                    channel.basic_consume(
                        queue.name,
                        no_ack=False,
                        callback=self._receiver(queue.name, channel),
                        consumer_tag=f"{queue.name}#{number}",
                    )
        except BaseException:
            self._forget()
            discard(connection)
            raise
        self._connection = connection
        return connection

    def _declare(self, channel: Any) -> None:
        for queue in self._queues:
            self._topology.dead_queue(queue.name)(channel).declare()
            queue(channel).declare()

    def _receiver(self, queue: str, channel: Any) -> Any:
        def on_message(raw: Any) -> None:
            message = channel.message_to_python(raw)
            body = message.body
            self._outstanding[message.delivery_tag] = None
            self._buffer.append(
                Incoming(
                    queue=queue,
                    body=body if isinstance(body, bytes) else str(body or "").encode(),
                    content_type=message.content_type,
                    headers=message.headers or {},
                    redelivered=bool(
                        (message.delivery_info or {}).get("redelivered") or (message.headers or {}).get("redelivered")
                    ),
                    delivery_tag=message.delivery_tag,
                    channel=channel,
                )
            )

        return on_message

    def _lose_connection(self) -> None:
        connection = self._connection
        self._forget()
        discard(connection)

    def _forget(self) -> None:
        self._connection = None
        self._channel = None
        self._buffer.clear()
        self._outstanding.clear()
