"""How messages travel: Kombu behind four small classes, with what is special about a broker in a file of its own.

Shared by workers and the server's bus, so that both sides declare the same topology and keep the same promises.
A further broker is added as a file with a `Transport` and a line in `open_transport`.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from connectors.queues import Topology
from connectors.transport.amqp import AmqpTransport
from connectors.transport.base import (
    Consumer,
    Incoming,
    Outgoing,
    Publisher,
    Transport,
    TransportUnavailable,
    UnsupportedTransport,
)
from connectors.transport.memory import MemoryTransport
from connectors.transport.redis import DEFAULT_VISIBILITY_SECONDS, RedisTransport

__all__ = [
    "Consumer",
    "Incoming",
    "Outgoing",
    "Publisher",
    "Transport",
    "TransportUnavailable",
    "UnsupportedTransport",
    "open_transport",
]


def open_transport(
    url: str,
    topology: Topology | None = None,
    *,
    connect_timeout: float = 5.0,
    visibility_seconds: float = DEFAULT_VISIBILITY_SECONDS,
) -> Transport:
    """The transport for a broker URL; nothing is connected yet.

    Args:
        url: `memory://[name]`, `amqp[s]://user:password@host:port/vhost`, `redis[s]://host:port/db` or
            `confluentkafka://[user:password@]host:port[,host:port...]` (see `connectors.transport.kafka_link`).
        topology: names under a prefix; the default is `bpmnd`.
        connect_timeout: seconds after which a broker that does not answer is unavailable.
        visibility_seconds: Redis only: after how long an unacknowledged message is given to another consumer.

    Raises:
        UnsupportedTransport: the URL names no broker that is supported.
    """
    topology = topology or Topology()
    scheme = urlsplit(url.split(";")[0]).scheme or url
    match scheme:
        case "memory":
            return MemoryTransport(url, topology)
        case "amqp" | "amqps" | "pyamqp":
            return AmqpTransport(url, topology, connect_timeout=connect_timeout)
        case "redis" | "rediss":
            return RedisTransport(url, topology, connect_timeout=connect_timeout, visibility_seconds=visibility_seconds)
        case "confluentkafka":
            return _kafka(url, topology, connect_timeout)
        case _:
            raise UnsupportedTransport(
                f"Expected a broker URL that starts with memory://, amqp://, amqps://, redis://, rediss:// or "
                f"confluentkafka://, but '{scheme}' is not supported"
            )


def _kafka(url: str, topology: Topology, connect_timeout: float) -> Transport:
    """Kafka's client is an extra: who has no Kafka need not install it."""
    try:
        from connectors.transport.kafka import KafkaTransport
    except ModuleNotFoundError as error:
        raise UnsupportedTransport(
            "Expected a broker URL of an installed transport, but confluent-kafka is missing; "
            "run: pip install 'bpmnd[kafka]'"
        ) from error
    return KafkaTransport(url, topology, connect_timeout=connect_timeout)
