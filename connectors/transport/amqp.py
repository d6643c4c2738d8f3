"""RabbitMQ: publisher confirms read asynchronously in a window, mandatory messages, dead letter exchanges.

Confirm mode alone drops unroutable messages silently, so messages that must arrive are `mandatory`: the broker returns
them (`basic.return`) before it confirms them. Waiting for each confirm costs a round trip per message (2,000/s);
reading them while the window is written does seven times as much.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from amqp.exceptions import NotFound
from kombu.connection import Connection
from kombu.entity import Queue

from connectors.queues import CONTENT_ENCODING, CONTENT_TYPE, PERSISTENT, Topology
from connectors.transport.base import Consumer, Incoming, Outgoing, Publisher, TransportUnavailable
from connectors.transport.corked import corked
from connectors.transport.kombu_consumer import HEARTBEAT_CHECK_SECONDS, KombuConsumer
from connectors.transport.kombu_link import KombuLink, discard
from connectors.transport.read_ahead import dispatch_what_is_read, read_ahead

CONFIRM_WINDOW = 500
CONFIRM_SECONDS = 10.0
HEARTBEAT_SECONDS = 60.0


class AmqpTransport:
    """Implements Transport for RabbitMQ."""

    def __init__(self, url: str, topology: Topology, *, connect_timeout: float = 5.0) -> None:
        self._topology = topology
        self._link = KombuLink(
            url,
            connect_timeout=connect_timeout,
            # A broker that blocks its publishers (memory or disk alarm) stops reading: writes must not wait forever.
            options={"write_timeout": CONFIRM_SECONDS},
        )

    @property
    def volatile(self) -> bool:
        return False

    def publisher(self) -> Publisher:
        return AmqpPublisher(self._link, self._topology)

    def consumer(self, queues: Sequence[Queue], prefetch: int) -> Consumer:
        return AmqpConsumer(self._link, self._topology, queues, prefetch)

    def check(self) -> None:
        discard(self._link.connect())


class AmqpConsumer(KombuConsumer):
    """Acknowledges runs of messages at once and lets the broker move dead letters."""

    heartbeat_seconds = HEARTBEAT_SECONDS
    _heartbeat_check_at = 0.0

    def _acknowledge(self, messages: list[Incoming]) -> None:
        tags = sorted(message.delivery_tag for message in messages)
        mine = set(tags)
        oldest = next((tag for tag in self._outstanding if tag not in mine), None)
        below = [tag for tag in tags if oldest is None or tag < oldest]
        if below:
            self._channel.basic_ack(below[-1], multiple=True)
        for tag in tags[len(below) :]:
            self._channel.basic_ack(tag)

    def _bury(self, message: Incoming) -> None:
        self._channel.basic_reject(message.delivery_tag, requeue=False)

    def _service_heartbeat(self, connection: Connection) -> None:
        now = time.monotonic()
        if now >= self._heartbeat_check_at:
            self._heartbeat_check_at = now + HEARTBEAT_CHECK_SECONDS
            connection.heartbeat_check()

    def _declare(self, channel: Any) -> None:
        read_ahead(channel.connection.transport)
        super()._declare(channel)

    def _drain(self, connection: Connection, timeout: float, enough: int) -> None:
        connection.drain_events(timeout=timeout)
        dispatch_what_is_read(connection.connection, lambda: len(self._buffer) >= enough)

    def _receiver(self, queue: str, channel: Any) -> Any:
        def on_message(raw: Any) -> None:
            # As py-amqp gives it: Kombu's message would decode and copy what is only passed on here.
            properties = raw.properties
            self._outstanding[raw.delivery_tag] = None
            self._buffer.append(
                Incoming(
                    queue=queue,
                    body=raw.body if isinstance(raw.body, bytes) else str(raw.body or "").encode(),
                    content_type=properties.get("content_type"),
                    headers=properties.get("application_headers") or {},
                    redelivered=bool(raw.delivery_info["redelivered"]),
                    delivery_tag=raw.delivery_tag,
                    channel=channel,
                )
            )

        return on_message


class AmqpPublisher:
    """Implements Publisher with a window of asynchronous confirms."""

    def __init__(self, link: KombuLink, topology: Topology) -> None:
        self._link = link
        self._topology = topology
        self._connection: Connection | None = None
        self._channel: Any = None
        self._published = 0
        self._unconfirmed: dict[int, None] = {}
        self._refused = False
        self._returned: set[str] = set()

    def publish(self, messages: Sequence[Outgoing]) -> list[bool]:
        routed: list[bool] = []
        for start in range(0, len(messages), CONFIRM_WINDOW):
            window = messages[start : start + CONFIRM_WINDOW]
            was_connected = self._connection is not None
            try:
                routed += self._publish_window(window)
            except TransportUnavailable:
                # A connection that sat idle may have died unnoticed; a fresh one decides whether the broker is there.
                if not was_connected:
                    raise
                routed += self._publish_window(window)
        return routed

    def has_queue(self, queue: Queue) -> bool:
        connection = self._connected()
        with self._link.errors(connection):
            # A broker that has no such queue closes the channel.
            channel = connection.channel()
            try:
                channel.queue_declare(queue=queue.name, passive=True)
            except NotFound:
                return False
            channel.close()
            return True

    def close(self) -> None:
        connection = self._connection
        self._forget()
        discard(connection)

    def _publish_window(self, window: Sequence[Outgoing]) -> list[bool]:
        try:
            connection = self._connected()
            with self._link.errors(connection):
                return self._send(connection, window)
        except BaseException:
            # Confirms of a window that was given up must not be counted for the next one.
            self.close()
            raise

    def _send(self, connection: Connection, window: Sequence[Outgoing]) -> list[bool]:
        self._unconfirmed.clear()
        self._returned.clear()
        self._refused = False
        with corked(connection.connection.transport):
            for message in window:
                self._published += 1
                self._unconfirmed[self._published] = None
                self._channel.basic_publish(
                    self._channel.prepare_message(
                        message.body,
                        content_type=CONTENT_TYPE,
                        content_encoding=CONTENT_ENCODING,
                        headers=dict(message.headers),
                        properties={"delivery_mode": PERSISTENT, "message_id": message.message_id},
                    ),
                    exchange=message.exchange,
                    routing_key=message.routing_key,
                    mandatory=message.mandatory,
                )
        deadline = time.monotonic() + CONFIRM_SECONDS
        while self._unconfirmed:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise self._link.unavailable(f"it did not confirm {len(self._unconfirmed)} messages in time")
            connection.drain_events(timeout=remaining)
            dispatch_what_is_read(connection.connection, lambda: not self._unconfirmed)
        if self._refused:
            raise self._link.unavailable("it refused a message (basic.nack)")
        return [message.message_id not in self._returned for message in window]

    def _connected(self) -> Connection:
        if self._connection is not None:
            return self._connection
        connection = self._link.connect()
        try:
            with self._link.errors(connection):
                channel = connection.channel()
                for exchange in self._topology.exchanges:
                    exchange(channel).declare()
                results = self._topology.results_queue
                self._topology.dead_queue(results.name)(channel).declare()
                results(channel).declare()
                read_ahead(connection.connection.transport)
                channel.confirm_select()
                channel.events["basic_ack"].add(self._on_ack)
                channel.events["basic_nack"].add(self._on_nack)
                channel.events["basic_return"].add(self._on_return)
        except BaseException:
            discard(connection)
            raise
        self._connection, self._channel, self._published = connection, channel, 0
        return connection

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:
        if multiple:
            for tag in list(takewhile(lambda tag: tag <= delivery_tag, self._unconfirmed)):
                del self._unconfirmed[tag]
        else:
            self._unconfirmed.pop(delivery_tag, None)

    def _on_nack(self, delivery_tag: int, multiple: bool) -> None:
        self._refused = True
        self._on_ack(delivery_tag, multiple)

    def _on_return(self, reason: Exception, exchange: str, routing_key: str, message: Any) -> None:
        self._returned.add(message.properties.get("message_id", ""))

    def _forget(self) -> None:
        self._connection = None
        self._channel = None
