"""What Kombu's virtual transports (memory, Redis) share: no confirms, routing decided by the publisher."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kombu.connection import Connection
from kombu.entity import Queue

from connectors.queues import CONTENT_ENCODING, CONTENT_TYPE, PERSISTENT, Topology
from connectors.transport.base import Outgoing, TransportUnavailable
from connectors.transport.kombu_link import KombuLink, discard


class VirtualPublisher:
    """Implements Publisher where a write that returned is the confirmation.

    A mandatory message is unroutable when no queue is bound in the exchange's table with its routing key.
    """

    def __init__(self, link: KombuLink, topology: Topology) -> None:
        self._link = link
        self._topology = topology
        self._connection: Connection | None = None
        self._channel: Any = None

    def publish(self, messages: Sequence[Outgoing]) -> list[bool]:
        if not messages:
            return []
        was_connected = self._connection is not None
        try:
            return self._publish(messages)
        except TransportUnavailable:
            # A connection that sat idle may have died unnoticed; a fresh one decides whether the broker is there.
            if not was_connected:
                raise
        return self._publish(messages)

    def has_queue(self, queue: Queue) -> bool:
        try:
            connection = self._connected()
            with self._link.errors(connection):
                return queue.routing_key in {entry[0] for entry in self._channel.get_table(queue.exchange.name)}
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        discard(connection)

    def _declare(self, channel: Any) -> None:
        for exchange in self._topology.exchanges:
            exchange(channel).declare()
        results = self._topology.results_queue
        self._topology.dead_queue(results.name)(channel).declare()
        results(channel).declare()

    def _publish(self, messages: Sequence[Outgoing]) -> list[bool]:
        try:
            connection = self._connected()
            with self._link.errors(connection):
                return self._send(messages)
        except BaseException:
            self.close()
            raise

    def _send(self, messages: Sequence[Outgoing]) -> list[bool]:
        bound = {
            exchange: {entry[0] for entry in self._channel.get_table(exchange)}
            for exchange in {message.exchange for message in messages if message.mandatory}
        }
        routed: list[bool] = []
        for message in messages:
            if message.mandatory and message.routing_key not in bound[message.exchange]:
                routed.append(False)
                continue
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
            )
            routed.append(True)
        return routed

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = self._link.connect()
            try:
                with self._link.errors(connection):
                    channel = connection.channel()
                    self._declare(channel)
            except BaseException:
                discard(connection)
                raise
            self._connection, self._channel = connection, channel
        return self._connection
