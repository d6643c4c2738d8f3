"""One job inside a worker, from the message that brought it to the results it sends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from connectors.connector import Connector
from connectors.envelopes import result_envelope, text_header
from connectors.errors import Failure, TimeLimitExceeded
from connectors.execute import execute
from connectors.job import Job
from connectors.messages import JobMessage, Outcome, ResultMessage
from connectors.middleware import Middleware
from connectors.queues import TRACEPARENT, Topology
from connectors.sender import ResultSender
from connectors.transport import Incoming, Outgoing

log = logging.getLogger(__name__)

Settle = Callable[["Execution"], None]
"""Called once the message of a job may be acknowledged."""

Announce = Callable[[ResultMessage], None]
"""Tells the engine of a STARTED, and returns when it is durable."""

ACKNOWLEDGED_LOOK_SECONDS = 0.2


class Execution:
    """Runs in a thread of the worker; `beat` is called by the worker's own loop.

    The message is acknowledged after the result is confirmed, or, for a long job, after its STARTED is: from then on
    the lease in the engine's database says that someone works on it.

    A job that somebody may have had before is announced like a long one, and begun only when its message is
    acknowledged. If it is what ends its workers, the broker would hand it out for ever; a lease that runs out is
    counted.
    """

    def __init__(
        self,
        message: JobMessage,
        incoming: Incoming,
        connector: Connector,
        *,
        topology: Topology,
        sender: ResultSender,
        settle: Settle,
        worker_id: str,
        stopping: threading.Event | None = None,
        announce: Announce | None = None,
    ) -> None:
        self.message = message
        self._incoming = incoming
        self.connector = connector
        self._topology = topology
        self._sender = sender
        self._settle = settle
        self._worker_id = worker_id
        self._stopping = stopping or threading.Event()
        self._announce = announce
        self._suspect = incoming.redelivered or message.repeated or message.lost > 0
        self._keeps_lease = connector.long or self._suspect
        self._traceparent = text_header(incoming, TRACEPARENT)
        self._acknowledged = threading.Event()
        self._lock = threading.Lock()
        self._started = False
        self._finished = False
        self._confirmed = False
        self._lease_renewal = float("inf")
        self._deadline = float("inf")
        self._job: Job | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.message.id, self.message.attempt

    @property
    def incoming(self) -> Incoming:
        """The message to acknowledge: the latest that brought this attempt."""
        return self._incoming

    @property
    def finished(self) -> bool:
        """Whether the work is done and its result handed to the sender."""
        return self._finished

    @property
    def over(self) -> bool:
        """Whether nothing is left to do but to acknowledge: finished, and the message's result confirmed."""
        return self._finished and self._confirmed

    def run(self, middleware: Sequence[Middleware], *, refusal: Failure | None = None) -> None:
        """Do the work and send its result; with a `refusal` fail with it instead.

        `middleware` without TimeLimit: the worker looks whether an execution is `overdue` and lets it `expire`.
        """
        job = Job.from_message(self.message, names=self.connector.variables, send_heartbeat=self.heartbeat)
        if self._keeps_lease:
            self.heartbeat(self.connector.lease_seconds)
        if self._suspect and not self._may_begin():
            return
        self._job = job
        if self.connector.timeout is not None and refusal is None:
            self._deadline = time.monotonic() + self.connector.timeout
        if not self._finish(self._execute(job, middleware, refusal)):
            job.log.warning("%s returned after its time limit; its result is dropped", self.connector.name)

    def overdue(self, now: float) -> bool:
        return now >= self._deadline and not self._finished

    def expire(self, middleware: Sequence[Middleware]) -> bool:
        """Fail (to be tried again) instead of waiting any longer; False where the work ended just now."""
        assert self._job is not None
        self._deadline = float("inf")
        limit = TimeLimitExceeded(
            f"Expected connector '{self.connector.name}' to return within {self.connector.timeout:g} s, but it did not"
        )
        return self._finish(self._execute(self._job, middleware, limit))

    def _execute(self, job: Job, middleware: Sequence[Middleware], instead: Failure | None) -> ResultMessage:
        try:
            result = execute(job, self.connector, middleware, instead)
        except Exception as error:
            result = self._result(Outcome.FAILED, message=f"{type(error).__name__}: {error}")
        return replace(result, worker_id=self._worker_id, instance_id=self.message.instance_id)

    def heartbeat(self, seconds: float) -> None:
        """STARTED at the first call, EXTENDED afterwards; nothing once the result is sent."""
        with self._lock:
            if self._finished:
                return
            first = not self._started
            self._started = True
            # Renewed by the worker at a third of the time, so that two of them may get lost.
            self._lease_renewal = time.monotonic() + seconds / 3 if self._keeps_lease else float("inf")
            outcome = Outcome.STARTED if first else Outcome.EXTENDED
            self._send(self._result(outcome, lock_seconds=seconds), settles=first)

    def acknowledged(self) -> None:
        """The broker will not hand the message out again. Called by the worker's own loop."""
        self._acknowledged.set()

    def beat(self, now: float) -> None:
        """Renew the lease of a long job where its time has come."""
        if now >= self._lease_renewal:
            self.heartbeat(self.connector.lease_seconds)

    def replace_message(self, incoming: Incoming) -> bool:
        """The broker delivered the job again while it runs (its connection broke): acknowledge that message instead.

        Returns whether `incoming` may be acknowledged at once.
        """
        with self._lock:
            self._incoming = incoming
            return self._confirmed

    def _may_begin(self) -> bool:
        """Waits until nothing but the lease says that the job is at work; False where the worker stops first."""
        if self._announce is not None:
            try:
                self._announce(self._result(Outcome.STARTED, lock_seconds=self.connector.lease_seconds))
            except Exception as error:
                log.info("Job '%s' was announced, but nobody waits for it: %s", self.message.id, error)
        while not self._acknowledged.wait(ACKNOWLEDGED_LOOK_SECONDS):
            if self._stopping.is_set():
                return False
        return True

    def _finish(self, result: ResultMessage) -> bool:
        """Send the result, unless there is one already."""
        with self._lock:
            if self._finished:
                return False
            self._finished = True
            self._lease_renewal = self._deadline = float("inf")
            self._send(result, settles=not self._started)
            return True

    def _send(self, result: ResultMessage, *, settles: bool) -> None:
        try:
            envelope = self._envelope(result)
        except (TypeError, ValueError, RecursionError) as error:
            reason = str(error).encode("ascii", "backslashreplace").decode()
            envelope = self._envelope(
                self._result(
                    Outcome.FAILED,
                    message=f"Expected connector '{self.connector.name}' to return JSON values, but {reason}",
                    retryable=False,
                )
            )
        self._sender.send(envelope, self._on_confirmed if settles else None)

    def _envelope(self, result: ResultMessage) -> Outgoing:
        return result_envelope(self._topology, result, self.message.tenant_id, self._traceparent)

    def _on_confirmed(self) -> None:
        with self._lock:
            self._confirmed = True
        self._settle(self)

    def _result(
        self,
        outcome: Outcome,
        *,
        message: str | None = None,
        retryable: bool = True,
        lock_seconds: float | None = None,
    ) -> ResultMessage:
        return ResultMessage(
            job_id=self.message.id,
            attempt=self.message.attempt,
            outcome=outcome,
            message=message,
            retryable=retryable,
            lock_seconds=lock_seconds,
            worker_id=self._worker_id,
            instance_id=self.message.instance_id,
        )
