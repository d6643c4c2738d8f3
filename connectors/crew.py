"""The threads that do a worker's jobs, each of which can be written off.

Python cannot end a running thread. A connector that does not return in time keeps the thread it runs in; the thread is
written off, another takes its place, and what the connector returns in the end is dropped. That costs a job that is
quick nothing: it runs in the thread that took it, without another one that waits for it.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from connectors.execution import Execution
from connectors.middleware.time_limit import MAX_STUCK

log = logging.getLogger(__name__)


class Crew:
    """`size` threads that take executions from one queue.

    Args:
        name: first part of the threads' names.
        size: jobs done at the same time.
        do: called in one of the threads with each execution.
    """

    def __init__(self, name: str, size: int, do: Callable[[Execution], None]) -> None:
        self._name = name
        self._size = size
        self._do = do
        self._queue: queue.SimpleQueue[Execution | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._hands: list[_Hand] = []
        self._started = 0
        self.stuck = 0
        """Threads that were written off and have not come back."""

    def start(self) -> None:
        for _ in range(self._size):
            self._add_hand()

    def put(self, execution: Execution) -> None:
        self._queue.put(execution)

    def take_back(self) -> list[Execution]:
        """The executions that no thread has begun."""
        found: list[Execution] = []
        while True:
            try:
                execution = self._queue.get_nowait()
            except queue.Empty:
                return found
            if execution is not None:
                found.append(execution)

    def write_off(self, execution: Execution) -> None:
        """Let another thread take the place of the one that is at this execution."""
        with self._lock:
            hand = next((hand for hand in self._hands if hand.execution is execution), None)
            if hand is None:
                return  # it has come back just now
            self._hands.remove(hand)
            hand.written_off = True
            self.stuck += 1
            stuck = self.stuck
        log.warning(
            "%s still runs job '%s' after its limit of %g s and cannot be stopped (%d threads like that, at most %d)",
            execution.connector.name,
            execution.message.id,
            execution.connector.timeout or 0.0,
            stuck,
            MAX_STUCK,
        )
        self._add_hand()

    def stop(self) -> None:
        """Ask every thread to end after what it is at."""
        for _ in range(self._size):
            self._queue.put(None)

    def join(self, left: Callable[[], float]) -> None:
        """Wait for them as long as `left()` says; those that were written off are not waited for."""
        for hand in list(self._hands):
            hand.thread.join(max(0.0, left()))

    def _add_hand(self) -> None:
        hand = _Hand()
        with self._lock:
            self._hands.append(hand)
            self._started += 1
            name = f"{self._name}-{self._started}"
        hand.thread = threading.Thread(target=self._work, args=(hand,), name=name, daemon=True)
        hand.thread.start()

    def _work(self, hand: _Hand) -> None:
        while (execution := self._queue.get()) is not None:
            hand.execution = execution
            self._do(execution)
            with self._lock:
                hand.execution = None
                if hand.written_off:
                    self.stuck -= 1
                    return
            del execution  # or its message lives until the next one


class _Hand:
    """One thread and what it is at."""

    def __init__(self) -> None:
        self.thread: threading.Thread
        self.execution: Execution | None = None
        self.written_off = False
