"""Time limits for functions that cannot be stopped."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from connectors.connector import Connector
from connectors.errors import Failure, TimeLimitExceeded
from connectors.job import Job
from connectors.messages import ResultMessage
from connectors.middleware.base import Middleware, Proceed

MAX_STUCK = 32


class TimeLimit(Middleware):
    """Fails a job (to be tried again) whose connector does not return within its `timeout`.

    Python cannot end a running thread. The function goes on in a thread of its own that nobody waits for any more, and
    what it returns in the end is dropped; a function should therefore have time limits of its own, on sockets above
    all. At most `max_stuck` threads are left running like that. When they are used up, jobs that need a time limit
    fail without being started, until one of the threads comes back or the worker is restarted.
    """

    def __init__(self, max_stuck: int = MAX_STUCK) -> None:
        self._max_stuck = max_stuck
        self._lock = threading.Lock()
        self._idle: list[_Runner] = []
        self._stuck = 0

    @property
    def stuck(self) -> int:
        """How many threads run past their limit right now."""
        return self._stuck

    def around(self, job: Job, connector: Connector, proceed: Proceed) -> ResultMessage:
        if connector.timeout is None:
            return proceed()
        runner = self._take(connector)
        call = _Call(proceed)
        runner.start(call)
        if call.done.wait(connector.timeout):
            with self._lock:
                self._idle.append(runner)
            return call.outcome()
        return self._give_up(runner, call, job, connector)

    def _give_up(self, runner: _Runner, call: _Call, job: Job, connector: Connector) -> ResultMessage:
        with self._lock:
            # Counted here before the thread can come back and count itself out.
            self._stuck += 1
            stuck = self._stuck

        def came_back() -> None:
            with self._lock:
                self._stuck -= 1
            job.log.warning("%s returned after its time limit; its result is dropped", connector.name)
            runner.stop()

        call.when_done(came_back)
        job.log.warning(
            "%s still runs after its limit of %g s and cannot be stopped (%d threads like that, at most %d)",
            connector.name,
            connector.timeout,
            stuck,
            self._max_stuck,
        )
        raise TimeLimitExceeded(
            f"Expected connector '{connector.name}' to return within {connector.timeout:g} s, but it did not"
        )

    def _take(self, connector: Connector) -> _Runner:
        with self._lock:
            if self._stuck >= self._max_stuck:
                raise Failure(
                    f"Expected a free thread for connector '{connector.name}', but {self._stuck} threads run past "
                    f"their time limit; restart the worker"
                )
            return self._idle.pop() if self._idle else _Runner()


class _Call:
    """One call on its way through a runner."""

    def __init__(self, proceed: Proceed) -> None:
        self.done = threading.Event()
        self._proceed = proceed
        self._result: ResultMessage | None = None
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._callback: Callable[[], None] | None = None

    def run(self) -> None:
        try:
            self._result = self._proceed()
        except BaseException as error:
            self._error = error
        with self._lock:
            self.done.set()
            callback = self._callback
        if callback is not None:
            callback()

    def when_done(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if not self.done.is_set():
                self._callback = callback
                return
        callback()

    def outcome(self) -> ResultMessage:
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result


class _Runner:
    """A daemon thread that is used again: starting one per job costs more than handing over."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="connector", daemon=True).start()

    def start(self, call: _Call) -> None:
        self._calls.put(call)

    def stop(self) -> None:
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call.run()
            del call  # or its result lives until the next one
