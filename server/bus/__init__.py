"""The bus port over Kombu. A broker's own ways are in `connectors.transport`, shared with the workers."""

from __future__ import annotations

from server.bus.kombu_bus import KombuBus
from server.ports.bus import Bus

__all__ = ["KombuBus", "open_bus"]


def open_bus(url: str, *, prefix: str = "bpmnd", queue_type: str = "classic") -> Bus:
    """The bus for a broker URL (`memory://[name]`, `amqp[s]://`, `redis[s]://`, `confluentkafka://`).

    Does not connect yet.

    Raises ValueError where the URL names no supported broker.
    """
    return KombuBus(url, prefix=prefix, queue_type=queue_type)
