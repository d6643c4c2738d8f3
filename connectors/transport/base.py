"""The contract between the bus or worker and a broker: publish, receive, acknowledge, release, bury."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kombu.entity import Queue


class TransportUnavailable(Exception):
    """The broker cannot be reached or did not confirm; nothing is known about the messages of the call."""


class UnsupportedTransport(ValueError):
    """The broker URL names a transport that does not exist here."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish. `body` is the encoded JSON; `mandatory` asks whether a queue took it."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    headers: Mapping[str, str] = field(default_factory=dict)
    mandatory: bool = False
    key: str = ""
    """What it concerns (the instance): messages of one key stay in order where the broker partitions."""


@dataclass(frozen=True, slots=True, eq=False)
class Incoming:
    """A message taken from a queue and not yet acknowledged."""

    queue: str
    body: bytes
    content_type: str | None
    headers: Mapping[str, Any]
    redelivered: bool
    delivery_tag: Any
    channel: object
    """The channel it came by: after a reconnect an old message can no longer be acknowledged, and need not be."""
    raw: Any = None


class Publisher(Protocol):
    """Publishes from one thread over one connection, which it opens when needed and opens again when it broke."""

    def publish(self, messages: Sequence[Outgoing]) -> list[bool]:
        """Publish in order; True per message that a queue took (always True where `mandatory` is false).

        Returns when the broker has confirmed all of them. Raises TransportUnavailable; then each message may or may
        not have been sent.
        """

    def has_queue(self, queue: Queue) -> bool:
        """Whether the broker has this queue. Raises TransportUnavailable."""

    def close(self) -> None: ...


class Consumer(Protocol):
    """Receives in one thread over one connection. Every method must be called from that thread."""

    def receive(self, max_messages: int, timeout: float) -> list[Incoming]:
        """Wait up to `timeout` seconds for the first message, then take what is there, at most `max_messages`.

        Connects, or connects again, by itself. Raises TransportUnavailable while the broker cannot be reached;
        messages received before the connection broke come again from the broker.
        """

    def acknowledge(self, messages: Sequence[Incoming]) -> None:
        """The broker may forget these. Messages of a lost connection are passed over: they come again."""

    def release(self, messages: Sequence[Incoming]) -> None:
        """Give these back to their queues."""

    def bury(self, message: Incoming) -> None:
        """Move a message that no one can use to the dead letter queue."""

    def close(self) -> None:
        """Close the connection; what was not acknowledged goes back to its queue."""


class Transport(Protocol):
    """A broker and how to talk to it."""

    @property
    def volatile(self) -> bool:
        """Whether messages vanish with the process."""

    def publisher(self) -> Publisher: ...

    def consumer(self, queues: Sequence[Queue], prefetch: int) -> Consumer:
        """A consumer of these queues, which it declares with their dead letter queues. Does not connect yet."""

    def check(self) -> None:
        """Raises TransportUnavailable with a text that helps where the broker cannot be reached."""
