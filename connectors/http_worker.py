"""The worker for those who cannot reach the bus: pulls jobs over HTTP with a lease, by long polling."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

import httpx

from connectors.backoff import RECONNECT
from connectors.connector import Connector
from connectors.execute import execute
from connectors.http_client import JobsClient, RequestRefused, ServerUnavailable
from connectors.job import Job
from connectors.messages import JobMessage, Outcome, ResultMessage
from connectors.middleware import Middleware, default_middleware
from connectors.registry import Registry
from connectors.sender import deadline_in

log = logging.getLogger(__name__)

LEASE_MARGIN_SECONDS = 30.0
"""How much longer than its time limit a job is leased: time to report its failure."""


class HttpWorker:
    """Runs connectors in this process until told to stop, like `connectors.worker.Worker`, over `/api/v1/jobs`.

    Args:
        server: base URL of the server, such as `http://127.0.0.1:8080`.
        token: bearer token with the role worker.
        registry: the connectors; `types` selects some of their job types.
        concurrency: jobs of one type done at the same time.
        wait_seconds: how long the server may hold a request until there is work; at most 60. Stopping an idle worker
            takes up to this long.
        shutdown_seconds: how long running jobs may take to end once `run` is told to stop.
        transport: how httpx sends requests; for tests.
    """

    def __init__(
        self,
        server: str,
        token: str | None,
        registry: Registry,
        *,
        types: Iterable[str] | None = None,
        concurrency: int = 8,
        worker_id: str | None = None,
        wait_seconds: float = 5.0,
        middleware: Sequence[Middleware] | None = None,
        shutdown_seconds: float = 8.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._registry = registry if types is None else registry.only(types)
        if not len(self._registry):
            raise ValueError("Expected at least one connector, but the registry is empty")
        if concurrency < 1:
            raise ValueError(f"Expected a concurrency of at least 1, but got {concurrency}")
        self.worker_id = worker_id or f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self._client = JobsClient(server, token, self.worker_id, transport=transport)
        self._concurrency = concurrency
        self._wait_seconds = wait_seconds
        self._middleware = list(default_middleware() if middleware is None else middleware)
        self._shutdown_seconds = shutdown_seconds
        self._leases: dict[tuple[str, int], _Lease] = {}

    @property
    def types(self) -> list[str]:
        return self._registry.types()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then end what runs, for at most `shutdown_seconds`; the rest goes to others when
        its lease ends."""
        pollers = [
            # A thread per type: the server is asked for one type at a time, and none may keep another waiting.
            threading.Thread(target=self._poll, args=(job_type, stop), name=f"poll-{job_type}", daemon=True)
            for job_type in self.types
        ]
        for poller in pollers:
            poller.start()
        log.info("Worker '%s' polls for %s", self.worker_id, ", ".join(self.types))
        while not stop.wait(0.5):
            self._renew_leases()
        left = deadline_in(self._wait_seconds + self._shutdown_seconds)
        while any(poller.is_alive() for poller in pollers) and left() > 0:
            self._renew_leases()
            for poller in pollers:
                poller.join(min(0.2, left()))
        self._client.close()
        log.info("Worker '%s' has stopped", self.worker_id)

    def _poll(self, job_type: str, stop: threading.Event) -> None:
        connector = self._registry.get(job_type)
        assert connector is not None
        ended = threading.Event()
        # Daemon threads: a function that never returns must not keep the process from ending.
        running: list[threading.Thread] = []
        failures = 0
        while not stop.is_set():
            ended.clear()
            running = [each for each in running if each.is_alive()]
            if len(running) >= self._concurrency:
                ended.wait(0.5)
                continue
            try:
                messages = self._client.activate(
                    job_type,
                    max_jobs=self._concurrency - len(running),
                    lock_seconds=_lease_seconds(connector),
                    # With work under way a short wait: its end frees a thread that should be used.
                    wait_seconds=min(self._wait_seconds, 1.0) if running else self._wait_seconds,
                    variables=connector.variables,
                )
                failures = 0
            except (ServerUnavailable, RequestRefused) as error:
                failures += 1
                delay = RECONNECT.delay(failures)
                log.warning("Worker '%s' asks for '%s' again in %.1f s: %s", self.worker_id, job_type, delay, error)
                stop.wait(delay)
                continue
            for message in messages:
                thread = threading.Thread(target=self._do, args=(message, connector, ended), daemon=True)
                thread.start()
                running.append(thread)
        left = deadline_in(self._shutdown_seconds)
        for each in running:
            each.join(left())

    def _do(self, message: JobMessage, connector: Connector, ended: threading.Event) -> None:
        try:
            self._do_job(message, connector)
        finally:
            ended.set()

    def _do_job(self, message: JobMessage, connector: Connector) -> None:
        lease = _Lease(message, _lease_seconds(connector), renews=connector.long or connector.timeout is None)
        self._leases[lease.key] = lease

        def extend(seconds: float) -> None:
            self._report(replace(lease.extension(seconds), worker_id=self.worker_id), patience=5.0)

        try:
            job = Job.from_message(message, names=connector.variables, send_heartbeat=extend)
            result = execute(job, connector, self._middleware)
        except Exception as error:
            result = ResultMessage(
                job_id=message.id,
                attempt=message.attempt,
                outcome=Outcome.FAILED,
                message=f"{type(error).__name__}: {error}",
            )
        finally:
            self._leases.pop(lease.key, None)
        # Worth telling for as long as the lease runs; after that another worker has the job.
        self._report(replace(result, worker_id=self.worker_id), patience=lease.seconds)

    def _report(self, result: ResultMessage, patience: float) -> None:
        left = deadline_in(patience)
        failures = 0
        while True:
            try:
                if not self._client.report(result):
                    log.warning("Nobody waits for the %s of job '%s' any more", result.outcome, result.job_id)
                return
            except ServerUnavailable as error:
                failures += 1
                if left() <= 0:
                    log.warning("The %s of job '%s' could not be told: %s", result.outcome, result.job_id, error)
                    return
                time.sleep(min(RECONNECT.delay(failures), left()))
            except (TypeError, ValueError, RecursionError) as error:
                result = _unsendable(result, error)
            except RequestRefused as error:
                if result.outcome in (Outcome.FAILED, Outcome.STARTED, Outcome.EXTENDED):
                    log.error("The %s of job '%s' was refused: %s", result.outcome, result.job_id, error)
                    return
                result = _unsendable(result, error)

    def _renew_leases(self) -> None:
        for lease in list(self._leases.values()):
            if lease.due():
                self._report(replace(lease.extension(lease.seconds), worker_id=self.worker_id), patience=0.0)


@dataclass
class _Lease:
    """The lease of a running job."""

    message: JobMessage
    seconds: float
    renews: bool
    _renew_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._plan(self.seconds)

    @property
    def key(self) -> tuple[str, int]:
        return self.message.id, self.message.attempt

    def due(self) -> bool:
        return self.renews and time.monotonic() >= self._renew_at

    def extension(self, seconds: float) -> ResultMessage:
        self._plan(seconds)
        return ResultMessage(
            job_id=self.message.id, attempt=self.message.attempt, outcome=Outcome.EXTENDED, lock_seconds=seconds
        )

    def _plan(self, seconds: float) -> None:
        self._renew_at = time.monotonic() + seconds / 3


def _lease_seconds(connector: Connector) -> float:
    if connector.long or connector.timeout is None:
        return max(1.0, connector.lease_seconds)
    return connector.timeout + LEASE_MARGIN_SECONDS


def _unsendable(result: ResultMessage, reason: Exception) -> ResultMessage:
    text = str(reason).encode("ascii", "backslashreplace").decode()
    return ResultMessage(
        job_id=result.job_id,
        attempt=result.attempt,
        outcome=Outcome.FAILED,
        message=f"Expected a result that the server takes, but {text}",
        retryable=False,
        worker_id=result.worker_id,
    )
