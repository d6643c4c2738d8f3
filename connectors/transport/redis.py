"""Redis through Kombu: lists as queues, acknowledgements emulated.

A message that was received and not acknowledged stays in a hash and is given to another consumer after the visibility
timeout, or at once when its consumer closes in order. There are no confirms: what Redis loses (no persistence, a
failover) is sent again by the engine's redispatch.
"""

from __future__ import annotations

from collections.abc import Sequence

from kombu.entity import Queue

from connectors.queues import Topology
from connectors.transport.base import Consumer, Publisher
from connectors.transport.kombu_consumer import KombuConsumer
from connectors.transport.kombu_link import KombuLink, discard
from connectors.transport.virtual import VirtualPublisher

DEFAULT_VISIBILITY_SECONDS = 600.0
"""Longer than a short job takes, prefetched ones that wait for a thread included; longer jobs declare themselves."""

SOCKET_SECONDS = 30.0
"""Longer than a blocking read of the consumer (1 s), short enough to notice a host that is gone."""


class RedisTransport:
    """Implements Transport for Redis."""

    def __init__(
        self,
        url: str,
        topology: Topology,
        *,
        connect_timeout: float = 5.0,
        visibility_seconds: float = DEFAULT_VISIBILITY_SECONDS,
    ) -> None:
        self._topology = topology
        prefix = topology.prefix
        self._link = KombuLink(
            url,
            connect_timeout=connect_timeout,
            options={
                "visibility_timeout": visibility_seconds,
                # Kombu's own names are shared by everything on the database, Celery included.
                "unacked_key": f"{prefix}.unacked",
                "unacked_index_key": f"{prefix}.unacked_index",
                "unacked_mutex_key": f"{prefix}.unacked_mutex",
                "socket_connect_timeout": connect_timeout,
                "socket_timeout": SOCKET_SECONDS,
                "socket_keepalive": True,
                # Queues are plain lists without priorities, so that BRPOP names each queue once.
                "priority_steps": [0],
            },
        )

    @property
    def volatile(self) -> bool:
        return False

    def publisher(self) -> Publisher:
        return VirtualPublisher(self._link, self._topology)

    def consumer(self, queues: Sequence[Queue], prefetch: int) -> Consumer:
        return KombuConsumer(self._link, self._topology, queues, prefetch)

    def check(self) -> None:
        discard(self._link.connect())
