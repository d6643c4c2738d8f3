"""The worker: takes jobs of its types from the bus, runs their connectors, sends the results.

Three kinds of threads: the one that calls `run` receives and acknowledges, `concurrency` threads do the work outside
of any Kombu callback, one publishes results. Each of the connections belongs to one thread. A message is acknowledged
only after the result of its job is confirmed, so that the broker gives the jobs of a dead worker to another.

Jobs that workers were lost with before have a further thread to themselves, one after the other: should one of them end
this worker too, none of the others is blamed for it.
"""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from uuid import uuid4

from connectors.backoff import RECONNECT
from connectors.crew import Crew
from connectors.envelopes import read_job
from connectors.errors import Failure
from connectors.execution import Announce, Execution
from connectors.messages import MalformedMessage
from connectors.middleware import Middleware, TimeLimit, default_middleware
from connectors.middleware.time_limit import MAX_STUCK
from connectors.queues import DEFAULT_PREFIX, Topology
from connectors.registry import Registry
from connectors.sender import ResultSender, deadline_in
from connectors.transport import Consumer, Incoming, TransportUnavailable, open_transport

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
"""How long the loop waits for a message when nothing runs; also how soon it notices that it should stop."""

BUSY_SECONDS = (0.002, 0.05)
"""How long it waits while messages wait to be acknowledged: the longer nothing happened, the longer."""

LOOK_SECONDS = 0.05
"""How often it looks whether a job takes too long or needs its lease renewed."""

SHUTDOWN_SECONDS = 7.0

REMEMBERED = 10_000
"""Jobs whose message is dropped when the broker brings it twice. One that the engine sends again is done again."""


class Worker:
    """Runs connectors in this process until told to stop.

    Args:
        bus_url: broker URL, see `connectors.transport.open_transport`; `memory://` shares the process's own broker.
        registry: the connectors; `types` selects some of their job types.
        concurrency: jobs done at the same time.
        worker_id: names this worker in results; the default is host, process and a random part.
        prefix: first part of every exchange and queue name.
        middleware: what happens around every connector; the default is `default_middleware()`.
        shutdown_seconds: how long running jobs may take to end once `run` is told to stop.
        visibility_seconds: Redis only: after how long an unacknowledged job is given to another worker.
        queue_type: RabbitMQ only: `classic` or `quorum`, the same for all processes.
        announce: tells the engine that a job was begun, where the broker forgets with the process (see Execution).

    Raises:
        UnsupportedTransport: the URL names no supported broker.
        ValueError: no job types, or one that no connector does or that no queue can have.
    """

    def __init__(
        self,
        bus_url: str,
        registry: Registry,
        *,
        types: Iterable[str] | None = None,
        concurrency: int = 8,
        worker_id: str | None = None,
        prefix: str = DEFAULT_PREFIX,
        middleware: Sequence[Middleware] | None = None,
        shutdown_seconds: float = SHUTDOWN_SECONDS,
        visibility_seconds: float = 600.0,
        queue_type: str = "classic",
        announce: Announce | None = None,
    ) -> None:
        self._registry = registry if types is None else registry.only(types)
        self._topology = Topology(prefix, queue_type)
        for job_type in self._registry.types():
            if not self._topology.can_have_queue(job_type):
                raise ValueError(f"Expected a job type that a queue can be named after, but got '{job_type}'")
        if not len(self._registry):
            raise ValueError("Expected at least one connector, but the registry is empty")
        if concurrency < 1:
            raise ValueError(f"Expected a concurrency of at least 1, but got {concurrency}")
        self._transport = open_transport(bus_url, self._topology, visibility_seconds=visibility_seconds)
        self._concurrency = concurrency
        self._shutdown_seconds = shutdown_seconds
        chain = list(default_middleware() if middleware is None else middleware)
        self._middleware = [each for each in chain if not isinstance(each, TimeLimit)]
        self._limits_time = len(chain) > len(self._middleware)
        self._crew = Crew("worker", concurrency, self._do)
        self._suspects = Crew("worker-suspects", 1, self._do)
        self._settled: queue.SimpleQueue[Execution] = queue.SimpleQueue()
        self._running: dict[tuple[str, int], Execution] = {}
        self._announce = announce
        self._stopping = threading.Event()
        self._done: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._waiting = 0
        self._last_activity = 0.0
        self._look_at = 0.0
        self.worker_id = worker_id or f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self.ready = threading.Event()
        """Set once the queues of all job types are declared and consumed: jobs are routable from now on.

        Cleared while the broker is away, and at the end, once the jobs that were not begun are given back.
        """

    @property
    def types(self) -> list[str]:
        return self._registry.types()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then end within `shutdown_seconds` (and a little).

        Jobs that run by then are finished if they can; the others are given back to their queues. Reconnects by
        itself for as long as it takes.
        """
        consumer = self._transport.consumer(
            [self._topology.job_queue(job_type) for job_type in self.types],
            prefetch=self._prefetch(),
        )
        sender = ResultSender(self._transport)
        sender.start()
        for crew in (self._crew, self._suspects):
            crew.start()
        log.info("Worker '%s' handles %s", self.worker_id, ", ".join(self.types))
        try:
            self._serve(consumer, sender, stop)
        finally:
            self._shut_down(consumer, sender)

    def _serve(self, consumer: Consumer, sender: ResultSender, stop: threading.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                batch = consumer.receive(self._prefetch(), self._patience())
            except TransportUnavailable as error:
                failures += 1
                self.ready.clear()
                delay = RECONNECT.delay(failures)
                log.warning("Worker '%s' waits for its broker, next try in %.1f s: %s", self.worker_id, delay, error)
                self._look_after()
                stop.wait(delay)
                continue
            failures = 0
            self.ready.set()
            for incoming in batch:
                self._accept(consumer, sender, incoming)
            self._acknowledge(consumer)
            self._look_after()

    def _accept(self, consumer: Consumer, sender: ResultSender, incoming: Incoming) -> None:
        self._last_activity = time.monotonic()
        try:
            message = read_job(incoming)
            connector = self._registry.get(message.type)
            if connector is None:
                raise MalformedMessage(f"Expected a job type of this worker, but got '{message.type}'")
        except MalformedMessage as error:
            log.warning("A message of queue '%s' went to its dead letters: %s", incoming.queue, error)
            consumer.bury(incoming)
            return
        key = message.id, message.attempt
        running = self._running.get(key)
        if running is not None:
            if running.replace_message(incoming):
                consumer.acknowledge([incoming])
            return
        if key in self._done and not message.repeated:
            log.info("A message of job '%s' came twice and was dropped, its result is sent", message.id)
            consumer.acknowledge([incoming])
            return
        execution = Execution(
            message,
            incoming,
            connector,
            topology=self._topology,
            sender=sender,
            settle=self._settled.put,
            worker_id=self.worker_id,
            stopping=self._stopping,
            announce=self._announce,
        )
        self._running[execution.key] = execution
        self._waiting += 1
        (self._suspects if message.lost > 0 else self._crew).put(execution)

    def _do(self, execution: Execution) -> None:
        refusal = None
        if execution.connector.timeout is not None and self._limits_time and self._stuck() >= MAX_STUCK:
            refusal = Failure(
                f"Expected a free thread for connector '{execution.connector.name}', but {self._stuck()} threads run "
                f"past their time limit; restart the worker"
            )
        execution.run(self._middleware, refusal=refusal)
        self._forget(execution)

    def _stuck(self) -> int:
        return self._crew.stuck + self._suspects.stuck

    def _acknowledge(self, consumer: Consumer) -> None:
        done: list[Execution] = []
        while not self._settled.empty():
            execution = self._settled.get()
            done.append(execution)
            self._forget(execution)
        if done:
            self._last_activity = time.monotonic()
            self._waiting -= len(done)
            consumer.acknowledge([execution.incoming for execution in done])
            for execution in done:
                execution.acknowledged()

    def _forget(self, execution: Execution) -> None:
        """Kept until its result is confirmed, so that a message that comes again does not do the work again."""
        if execution.over and self._running.pop(execution.key, None) is not None:
            self._done[execution.key] = None
            if len(self._done) > REMEMBERED:
                self._done.popitem(last=False)

    def _look_after(self) -> None:
        """Renew leases, and give up what takes longer than its connector may."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        for execution in list(self._running.values()):
            execution.beat(now)
            if self._limits_time and execution.overdue(now) and execution.expire(self._middleware):
                for crew in (self._crew, self._suspects):
                    crew.write_off(execution)

    def _prefetch(self) -> int:
        """Messages at hand: enough to keep the threads busy between two looks at the queue, and to acknowledge and
        confirm many at a time; few enough that other workers get their share of slow jobs."""
        return max(64, 8 * self._concurrency)

    def _patience(self) -> float:
        """How long to wait for the next message: acknowledgements cannot interrupt the wait on every broker."""
        if self._waiting <= 0:
            return IDLE_SECONDS
        quickest, slowest = BUSY_SECONDS
        return min(slowest, max(quickest, (time.monotonic() - self._last_activity) / 10))

    def _shut_down(self, consumer: Consumer, sender: ResultSender) -> None:
        left = deadline_in(self._shutdown_seconds)
        self._stopping.set()
        unstarted: list[Incoming] = []
        for crew in (self._crew, self._suspects):
            for execution in crew.take_back():
                self._running.pop(execution.key, None)
                unstarted.append(execution.incoming)
        consumer.release(unstarted)
        self.ready.clear()
        for crew in (self._crew, self._suspects):
            crew.stop()
        for crew in (self._crew, self._suspects):
            crew.join(lambda: left() - 1.0)
        abandoned = [execution for execution in list(self._running.values()) if not execution.finished]
        if abandoned:
            log.warning("Worker '%s' stops while %d jobs still run; they go to others", self.worker_id, len(abandoned))
        if not sender.stop(max(1.0, left())):
            log.warning("Worker '%s' stops with results that no broker took; their jobs run again", self.worker_id)
        self._acknowledge(consumer)
        # What is left unacknowledged goes back to its queue.
        consumer.close()
        log.info("Worker '%s' has stopped", self.worker_id)
