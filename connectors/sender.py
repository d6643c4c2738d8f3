"""The thread that publishes a worker's results, many at a time, and says when the broker has them."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from connectors.backoff import RECONNECT
from connectors.transport import Outgoing, Transport, TransportUnavailable

log = logging.getLogger(__name__)

MAX_BATCH = 200


@dataclass(frozen=True, slots=True)
class _Envelope:
    message: Outgoing
    confirmed: Callable[[], None] | None


class ResultSender:
    """Publishes in the order of `send`, over a connection of its own, until each result is confirmed.

    While the broker is away results wait here: giving one up would make its job run again for nothing.
    """

    def __init__(self, transport: Transport) -> None:
        self._publisher = transport.publisher()
        self._waiting: queue.SimpleQueue[_Envelope | None] = queue.SimpleQueue()
        self._give_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker-results", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def send(self, message: Outgoing, confirmed: Callable[[], None] | None = None) -> None:
        """Publish soon; `confirmed` is called in the sender's thread once the broker has the message."""
        self._waiting.put(_Envelope(message, confirmed))

    def stop(self, timeout: float) -> bool:
        """Publish what waits, for at most `timeout` seconds; False where some results were left unsent."""
        self._waiting.put(None)
        self._thread.join(timeout)
        if not self._thread.is_alive():
            return not self._give_up.is_set()
        self._give_up.set()
        self._thread.join(1.0)
        return False

    def _run(self) -> None:
        running = True
        while running:
            batch, running = self._next_batch()
            if batch:
                self._publish(batch)
        self._publisher.close()

    def _next_batch(self) -> tuple[list[_Envelope], bool]:
        batch: list[_Envelope] = []
        first = self._waiting.get()
        while first is not None:
            batch.append(first)
            if len(batch) >= MAX_BATCH:
                return batch, True
            try:
                first = self._waiting.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _publish(self, batch: list[_Envelope]) -> None:
        failures = 0
        while not self._give_up.is_set():
            try:
                routed = self._publisher.publish([each.message for each in batch])
                if all(routed):
                    break
                # Someone deleted the results queue; a new connection declares it again.
                self._publisher.close()
                reason: object = "the results queue is gone"
            except TransportUnavailable as error:
                reason = error
            failures += 1
            delay = RECONNECT.delay(failures)
            log.warning("%d results wait for %.1f s: %s", len(batch), delay, reason)
            self._give_up.wait(delay)
        else:
            return
        for each in batch:
            if each.confirmed is not None:
                each.confirmed()


def deadline_in(seconds: float) -> Callable[[], float]:
    """A countdown: the returned function says how many seconds are left, never less than none."""
    end = time.monotonic() + seconds
    return lambda: max(0.0, end - time.monotonic())
