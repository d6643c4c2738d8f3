"""Queues inside one process, for the embedded default.

Kombu's own memory transport polls (1 s by default, or idle CPU) and is one broker for the whole process. This one wakes
its consumers and keeps a broker per URL name: `memory://a` and `memory://b` share nothing. A broker lives as long as
one transport of its name. The durable queue of the embedded default is the job table; this only wakes workers up.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from kombu.entity import Queue
from kombu.transport import base, virtual

from connectors.queues import Topology
from connectors.transport.base import Consumer, Publisher
from connectors.transport.kombu_consumer import KombuConsumer
from connectors.transport.kombu_link import KombuLink
from connectors.transport.virtual import VirtualPublisher


class MemoryBroker:
    """Queues and bindings of one name."""

    def __init__(self) -> None:
        self.state = virtual.BrokerState()
        self.declaring = threading.RLock()
        self._queues: dict[str, deque[Any]] = {}
        self._changed = threading.Condition()
        self._puts = 0

    def has(self, queue: str) -> bool:
        return queue in self._queues

    def size(self, queue: str) -> int:
        return len(self._queues.get(queue, ()))

    def add(self, queue: str) -> None:
        with self._changed:
            self._queues.setdefault(queue, deque())

    def remove(self, queue: str) -> int:
        with self._changed:
            return len(self._queues.pop(queue, ()))

    def put(self, queue: str, message: Any) -> None:
        with self._changed:
            self._queues.setdefault(queue, deque()).append(message)
            self._puts += 1
            self._changed.notify_all()

    def get(self, queue: str) -> Any:
        """The oldest message; raises queue.Empty."""
        with self._changed:
            messages = self._queues.get(queue)
            if not messages:
                raise Empty
            return messages.popleft()

    def ticket(self) -> int:
        """Take it before looking into queues, to wait for what came after."""
        return self._puts

    def wait(self, ticket: int, timeout: float | None) -> bool:
        """Whether something was put since the ticket was taken, within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._puts != ticket, timeout)


class _Channel(virtual.Channel):
    """Kombu's channel over a MemoryBroker."""

    do_restore = True
    body_encoding = ""  # bodies stay bytes: nothing leaves the process
    supports_fanout = False

    def _has_queue(self, queue: str, **_: Any) -> bool:
        return self._broker.has(queue)

    def _new_queue(self, queue: str, **_: Any) -> None:
        self._broker.add(queue)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        return self._broker.get(queue)

    def _put(self, queue: str, message: Any, **_: Any) -> None:
        self._broker.put(queue, message)

    def _size(self, queue: str) -> int:
        return self._broker.size(queue)

    def _delete(self, queue: str, *_: Any, **__: Any) -> None:
        self._broker.remove(queue)

    def _purge(self, queue: str) -> int:
        removed = self._broker.remove(queue)
        self._broker.add(queue)
        return removed

    @property
    def _broker(self) -> MemoryBroker:
        return self.connection.broker  # type: ignore[no-any-return]


class _KombuMemory(virtual.Transport):
    """Kombu's transport over a MemoryBroker, which comes in the transport options."""

    Channel = _Channel
    driver_type = "memory"
    driver_name = "memory"
    implements = base.Transport.implements

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)  # type: ignore[no-untyped-call]
        self.broker: MemoryBroker = client.transport_options["broker"]
        self.state = self.broker.state
        self._take: Callable[..., Any] = self.cycle.get  # type: ignore[union-attr]

    def driver_version(self) -> str:
        return "N/A"

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            ticket = self.broker.ticket()
            try:
                self._take(self._deliver)
                return
            except Empty:
                remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
                if not self.broker.wait(ticket, remaining):
                    raise TimeoutError from None


_brokers: WeakValueDictionary[str, MemoryBroker] = WeakValueDictionary()
_brokers_lock = threading.Lock()


class MemoryTransport:
    """Implements Transport inside one process."""

    def __init__(self, url: str, topology: Topology) -> None:
        self._topology = topology
        parts = urlsplit(url)
        name = (parts.netloc + parts.path).strip("/")
        with _brokers_lock:
            self._broker = _brokers.get(name) or MemoryBroker()
            _brokers[name] = self._broker
        self._link = KombuLink(
            "memory://localhost", connect_timeout=5.0, options={"broker": self._broker}, transport=_KombuMemory
        )

    @property
    def volatile(self) -> bool:
        return True

    def publisher(self) -> Publisher:
        return _MemoryPublisher(self._link, self._topology, self._broker)

    def consumer(self, queues: Sequence[Queue], prefetch: int) -> Consumer:
        return _MemoryConsumer(self._link, self._topology, queues, prefetch, self._broker)

    def check(self) -> None:
        """Always there."""


class _MemoryPublisher(VirtualPublisher):
    """Declares alone: Kombu's broker state is plain dicts and lists, where two threads at once may lose a binding."""

    def __init__(self, link: KombuLink, topology: Topology, broker: MemoryBroker) -> None:
        super().__init__(link, topology)
        self._broker = broker

    def _declare(self, channel: Any) -> None:
        with self._broker.declaring:
            super()._declare(channel)


class _MemoryConsumer(KombuConsumer):
    """Declares alone, for the same reason."""

    def __init__(
        self, link: KombuLink, topology: Topology, queues: Sequence[Queue], prefetch: int, broker: MemoryBroker
    ) -> None:
        super().__init__(link, topology, queues, prefetch)
        self._broker = broker

    def _declare(self, channel: Any) -> None:
        with self._broker.declaring:
            super()._declare(channel)
