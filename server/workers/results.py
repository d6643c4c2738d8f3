"""Takes results from the bus, hands them to the executor, acknowledges them after the commit."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import structlog

from server.errors import ConflictError, DomainError, NotFound, Unavailable
from server.ports.bus import Bus, ReceivedResult
from server.usecases.executor import Executor

log = structlog.get_logger("bpmnd.results")


class ResultConsumer:
    def __init__(self, bus: Bus, executor: Executor, *, batch: int = 200, timeout: float = 0.2) -> None:
        self.bus = bus
        self.executor = executor
        self.batch = batch
        self.timeout = timeout
        self.applied = 0
        self.dropped = 0

    def run_once(self) -> bool:
        """One portion: applied results and those that never can be are acknowledged, the others given back."""
        received = self.bus.consume_results(self.batch, self.timeout)
        if not received:
            return True
        try:
            futures = self.executor.submit_all([one.result for one in received])
        except Unavailable:
            self.bus.release(received)
            return False
        done: list[ReceivedResult] = []
        back: list[ReceivedResult] = []
        for one, future in zip(received, futures, strict=True):
            (done if self._settled(one, future) else back).append(one)
        self.bus.acknowledge(done)
        if back:
            self.bus.release(back)
            raise Unavailable("RESULTS_HELD", f"{len(back)} results could not be applied now")
        return True

    def _settled(self, one: ReceivedResult, future: Future[Any]) -> bool:
        try:
            future.result(60)
        except (NotFound, ConflictError) as error:
            # Delivered twice, late, or of an attempt that was given up: applied already or never to be.
            log.info("result_dropped", job=one.result.job_id, attempt=one.result.attempt, code=error.code)
            self.dropped += 1
            return True
        except Unavailable:
            return False
        except DomainError as error:
            log.warning("result_refused", job=one.result.job_id, code=error.code, message=error.message)
            self.dropped += 1
            return True
        except Exception as error:
            log.warning("result_failed", job=one.result.job_id, error=repr(error)[:300])
            return False
        self.applied += 1
        return True
