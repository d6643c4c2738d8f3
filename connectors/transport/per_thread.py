"""A publisher per thread: a broker connection that threads share hangs or corrupts frames."""

from __future__ import annotations

import threading

from connectors.transport.base import Publisher, Transport


class ThreadPublishers:
    """Hands each thread its own publisher; closes those of threads that ended when a new one asks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._publishers: dict[threading.Thread, Publisher] = {}

    def current(self) -> Publisher:
        thread = threading.current_thread()
        publisher = self._publishers.get(thread)
        if publisher is None:
            with self._lock:
                gone = [
                    (other, self._publishers.pop(other)) for other in list(self._publishers) if not other.is_alive()
                ]
                publisher = self._publishers[thread] = self._transport.publisher()
            for _, left_behind in gone:
                left_behind.close()
        return publisher

    def close(self) -> None:
        """Close them all; call when no thread publishes any more."""
        with self._lock:
            publishers = list(self._publishers.values())
            self._publishers.clear()
        for publisher in publishers:
            publisher.close()
