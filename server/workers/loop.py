"""A thread that does one thing again and again, can be woken early, and ends when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger("bpmnd.workers")

LONGEST_PAUSE = 5.0


class Loop:
    """Calls `work()` until stopped. It returns True where there may be more to do at once.

    A failing `work` is logged and tried again after a pause that grows to five seconds.
    """

    def __init__(self, name: str, work: Callable[[], bool], pause: float) -> None:
        self.name = name
        self._work = work
        self._pause = pause
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """Ask it to end after the current round."""
        self._stop.set()
        self._wake.set()

    def join(self, timeout: float) -> None:
        self._thread.join(max(0.0, timeout))

    def stopping(self) -> bool:
        return self._stop.is_set()

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            self._wake.clear()
            try:
                again = self._work()
                failures = 0
            except Exception as error:
                failures += 1
                pause = min(LONGEST_PAUSE, 0.1 * 2**failures)
                log.warning("loop_failed", loop=self.name, error=repr(error)[:500], pause=pause)
                self._stop.wait(pause)
                continue
            if not again:
                self._wake.wait(self._pause)
