"""Takes results from the bus, hands them to the executor, acknowledges them after the commit."""

from __future__ import annotations

from concurrent.futures import Future
from enum import Enum, auto
from typing import Any

import structlog

from server.errors import ConflictError, DomainError, NotFound, Unavailable
from server.ports.bus import Bus, ReceivedResult
from server.usecases.executor import Executor
from server.workers.checked import checked

log = structlog.get_logger("bpmnd.results")


class Fate(Enum):
    """What becomes of a message."""

    DONE = auto()
    BACK = auto()
    DEAD = auto()


class ResultConsumer:
    def __init__(self, bus: Bus, executor: Executor, *, batch: int = 200, timeout: float = 0.2) -> None:
        self.bus = bus
        self.executor = executor
        self.batch = batch
        self.timeout = timeout
        self.applied = 0
        self.dropped = 0

    def run_once(self) -> bool:
        """One portion: applied results and those that never can be are acknowledged, the others given back, unless
        it is the result itself that fails: it goes to the dead letters."""
        received = self.bus.consume_results(self.batch, self.timeout)
        if not received:
            return True
        try:
            futures = self.executor.submit_all([checked(one.result) for one in received])
        except Unavailable:
            self.bus.release(received)
            return False
        by_fate: dict[Fate, list[ReceivedResult]] = {fate: [] for fate in Fate}
        for one, future in zip(received, futures, strict=True):
            by_fate[self._settled(one, future)].append(one)
        self.bus.acknowledge(by_fate[Fate.DONE])
        self.bus.bury_results(by_fate[Fate.DEAD])
        back = by_fate[Fate.BACK]
        if back:
            self.bus.release(back)
            raise Unavailable("RESULTS_HELD", f"{len(back)} results could not be applied now")
        return True

    def _settled(self, one: ReceivedResult, future: Future[Any]) -> Fate:
        try:
            future.result(60)
        except (NotFound, ConflictError) as error:
            # Delivered twice, late, or of an attempt that was given up: applied already or never to be.
            log.info("result_dropped", job=one.result.job_id[:50], attempt=one.result.attempt, code=error.code)
            self.dropped += 1
            return Fate.DONE
        except (Unavailable, TimeoutError):
            return Fate.BACK
        except DomainError as error:
            log.warning("result_refused", job=one.result.job_id[:50], code=error.code, message=error.message)
            self.dropped += 1
            return Fate.DONE
        except Exception as error:
            # It fails alone and would fail again, before everything that comes behind it.
            log.error("result_failed", job=one.result.job_id[:50], error=repr(error)[:300])
            self.dropped += 1
            return Fate.DEAD
        self.applied += 1
        return Fate.DONE
