"""The executor's threads: take what waits, commit it together, tell who waits for the answer.

Alone, a request is a transaction of its own and is answered at once; under load whatever has come meanwhile shares the
next commit. A transaction that fails as a whole is rolled back and its items run singly, so that a bad one fails alone.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import structlog

from bpmn.expressions.api import NO_HANDLERS, Handlers
from bpmn.runtime.work import Limits
from connectors.messages import ResultMessage
from server.errors import ConflictError, InvalidMigration, NotFound, Unavailable
from server.ports.records import CommandRow, TimerRow, TimerStartRow
from server.ports.store import Conflict, SerializationFailure, Store, StoreUnavailable
from server.usecases import requests as rq
from server.usecases.decision_programs import DecisionPrograms
from server.usecases.executor.batch import Batch, BatchOptions, Report
from server.usecases.executor.graphs import GraphCache
from server.usecases.executor.items import Item
from server.usecases.executor.migrating import await_answer, look_at
from server.usecases.executor.quarantine import count_failure
from server.usecases.executor.session import EngineFailure

log = structlog.get_logger("bpmnd.executor")

A = TypeVar("A")


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorOptions:
    ids: Callable[[], int]
    """New ids, unique over all processes."""
    handlers: Handlers = NO_HANDLERS
    limits: Limits = field(default_factory=Limits)
    threads: int = 1
    """Writers. SQLite has one writer anyway; PostgreSQL gains from two."""
    batch_size: int = 50
    poll_seconds: float = 0.1
    polls: bool = True
    """Look for due timers and for commands that other processes wrote (roles `all` and `engine`)."""
    message_ttl_seconds: float = 3600.0
    publish_events: bool = True
    on_jobs: Callable[[], None] = _nothing
    """Called after a commit that made jobs due."""
    on_events: Callable[[], None] = _nothing
    """Called after a commit that wrote public events."""


@dataclass(slots=True)
class Counters:
    """What the executor has done since it started, for metrics."""

    batches: int = 0
    steps: int = 0
    failures: int = 0
    retries: int = 0


class Executor:
    """Implements `server.usecases.execution.ExecutorPort`. `start` before use, `stop` at the end."""

    def __init__(
        self,
        store: Store,
        options: ExecutorOptions,
        graphs: GraphCache | None = None,
        decisions: DecisionPrograms | None = None,
    ) -> None:
        self.store = store
        self.options = options
        self.graphs = graphs or GraphCache(options.handlers)
        self.counters = Counters()
        self._batch_options = BatchOptions(
            ids=options.ids,
            graphs=self.graphs,
            decisions=decisions or DecisionPrograms(),
            handlers=options.handlers,
            limits=options.limits,
            message_ttl_seconds=options.message_ttl_seconds,
            publish_events=options.publish_events,
        )
        self._condition = threading.Condition()
        self._queue: deque[Item] = deque()
        self._more_commands = False
        self._singles = 0
        self._next_poll = 0.0
        self._stopping = False
        self._threads: list[threading.Thread] = []

    # -- for callers --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        for number in range(self.options.threads):
            thread = threading.Thread(target=self._run, name=f"executor-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 8.0) -> None:
        """Finish what is queued, then end the threads; what is not done by `timeout` gets Unavailable."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._condition:
            left = list(self._queue)
            self._queue.clear()
        for item in left:
            item.error = Unavailable(
                "SHUTTING_DOWN", "Expected a running server, but it is shutting down; send the request again"
            )
            item.settle()

    def execute(self, request: rq.Request, timeout: float | None = None) -> rq.Answer:
        """See `ExecutorPort`. A published message is answered when it has been matched."""
        timeout = 30.0 if timeout is None else timeout
        deadline = time.monotonic() + timeout
        answer = self._result(self.submit(request), timeout)
        if isinstance(answer, rq.PublishResult) and answer.message_row_id is not None:
            return self._awaited(request, partial(self._await_match, answer.message_row_id, deadline))
        if isinstance(answer, rq.MigrationResult) and answer.pending is not None:
            return self._awaited(request, partial(self._migrated, request, answer.pending, deadline))
        return answer  # type: ignore[no-any-return]

    def submit(self, work: rq.Request | ResultMessage) -> Future[Any]:
        """Queue one piece of work; the future has its answer after the commit."""
        return self.submit_all([work])[0]

    def submit_all(self, works: Sequence[rq.Request | ResultMessage]) -> list[Future[Any]]:
        items = [Item(work, Future()) for work in works]
        with self._condition:
            if self._stopping:
                raise Unavailable(
                    "SHUTTING_DOWN", "Expected a running server, but it is shutting down; send the request again"
                )
            self._queue.extend(items)
            self._condition.notify()
        return [item.future for item in items if item.future is not None]

    def wake(self) -> None:
        """There may be commands to drain."""
        with self._condition:
            self._more_commands = True
            self._condition.notify()

    def queued(self) -> int:
        return len(self._queue)

    def _result(self, future: Future[Any], timeout: float) -> Any:
        try:
            return future.result(timeout)
        except FutureTimeout:
            raise Unavailable(
                "EXECUTOR_BUSY",
                f"Expected the request to be carried out within {timeout:.0f} seconds, but it was not; it may still "
                "be. Send it again with the same Idempotency-Key",
            ) from None

    def _awaited(self, request: rq.Request, wait: Callable[[], A]) -> A:
        """Wait for the final answer; the idempotency key gets it, or is free again where the request is refused."""
        idempotency = request.idempotency
        try:
            final = wait()
        except (ConflictError, InvalidMigration, NotFound):
            if idempotency is not None:
                with self.store.begin() as unit:
                    unit.delete_idempotency(idempotency.row)
                    unit.commit()
            raise
        if idempotency is not None:
            row = idempotency.row
            row.status, row.response = idempotency.render(final)
            with self.store.begin() as unit:
                unit.finish_idempotency(row)
                unit.commit()
        return final

    def _migrated(self, request: rq.Request, instance_id: int, deadline: float) -> rq.MigrationResult:
        if isinstance(request, rq.MigrateRequest) and request.dry_run:
            return look_at(self.store, self.graphs, request, self.options.limits.scopes_per_step)
        return await_answer(self.store, instance_id, deadline)

    def _await_match(self, message_row_id: int, deadline: float) -> rq.PublishResult:
        pause = 0.001
        while True:
            with self.store.read() as unit:
                message = unit.find_message(message_row_id)
            if message is None:
                return rq.PublishResult(result="CORRELATED")
            if message.state in ("CORRELATED", "STARTED", "BUFFERED"):
                return rq.PublishResult(result=message.state, instance_ids=message.instance_ids)
            if message.state == "EXPIRED":
                return rq.PublishResult(result="NONE")
            if message.state == "AMBIGUOUS":
                raise ConflictError(
                    "MESSAGE_AMBIGUOUS",
                    f"Expected one instance to wait for message '{message.name}', but several do; name a correlation "
                    "key, a business key or an instance, or set 'all'",
                )
            if time.monotonic() > deadline:
                raise Unavailable(
                    "MESSAGE_NOT_MATCHED",
                    f"Expected message '{message.name}' to be matched by now, but it is only stored yet; it will be",
                )
            self.wake()
            time.sleep(pause)
            pause = min(pause * 2, 0.05)

    # -- the threads --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            items, claim, limit = self._take()
            if items is None:
                return
            try:
                self._carry_out(items, claim, limit)
            except StoreUnavailable as error:
                log.warning("store_unavailable", error=str(error))
                self._refuse(items, Unavailable("STORE_UNAVAILABLE", f"The database cannot be reached: {error}"))
                time.sleep(0.5)
            except Exception as error:
                log.exception("executor_failed")
                self._refuse(items, error)
                time.sleep(0.1)

    def _take(self) -> tuple[list[Item] | None, bool, int]:
        """(items, whether to claim rows, how many at most); None to end."""
        size = self.options.batch_size
        with self._condition:
            while True:
                now = time.monotonic()
                poll_due = self.options.polls and now >= self._next_poll
                if self._queue or self._more_commands or poll_due:
                    break
                if self._stopping:
                    return None, False, 0
                wait = self._next_poll - now if self.options.polls else 1.0
                self._condition.wait(max(0.001, wait))
            items = [self._queue.popleft() for _ in range(min(size, len(self._queue)))]
            claim = self._more_commands or poll_due
            self._more_commands = False
            if poll_due:
                self._next_poll = now + self.options.poll_seconds
            if self._stopping and not items and not claim:
                return None, False, 0
            if claim and self._singles > 0:
                self._singles -= 1
                return items, claim, 1
            return items, claim, size

    def _carry_out(self, items: list[Item], claim: bool, limit: int) -> None:
        for attempt in range(5):
            claimed: list[Item] = []
            try:
                report = self._transaction(items, claim, limit, claimed)
            except SerializationFailure:
                self.counters.retries += 1
                time.sleep(0.005 * 2**attempt)
                continue
            except StoreUnavailable:
                raise
            except Exception as error:
                if isinstance(error, Conflict) and attempt == 0 and len(items) + len(claimed) == 1:
                    continue  # another transaction was first; what it wrote is visible now
                self.counters.failures += 1
                log.warning("batch_failed", items=len(items), claimed=len(claimed), error=repr(error)[:500])
                self._fail_alone(items, claimed, error)
                return
            self._after(report, items, limit)
            return
        raise StoreUnavailable("the transaction was rolled back five times in a row")

    def _transaction(self, items: list[Item], claim: bool, limit: int, claimed: list[Item]) -> Report:
        for item in items:
            item.answer, item.error, item.deferred = None, None, False
        with self.store.begin() as unit:
            if claim:
                claimed.extend(self._claim(unit, limit))
            everything = [*items, *claimed]
            if not everything:
                return Report()
            batch = Batch(unit, self._batch_options)
            batch.report.claimed = len(claimed)
            for item in batch.prepare(everything):
                batch.handle(item)
            for item in everything:
                if isinstance(item.error, EngineFailure):
                    count_failure(batch, item)
            batch.finish()
            unit.commit()
        self.counters.batches += 1
        self.counters.steps += batch.report.steps
        return batch.report

    def _claim(self, unit: Any, limit: int) -> list[Item]:
        rows: list[CommandRow | TimerRow | TimerStartRow] = list(unit.claim_commands(limit))
        if self.options.polls:
            for more in (unit.claim_timers, unit.claim_timer_starts):
                if limit > 1 or not rows:
                    rows.extend(more(limit))
        return [Item(row) for row in rows]

    def _after(self, report: Report, items: list[Item], limit: int) -> None:
        for item in items:
            if not item.deferred:
                item.settle()
        held = [item for item in report.deferred if item.future is not None]
        if held:
            time.sleep(0.002)
            with self._condition:
                self._queue.extendleft(reversed(held))
        if report.commands or report.claimed >= limit or (report.deferred and not held):
            if report.deferred and not report.commands:
                time.sleep(0.002)
            self.wake()
        if report.jobs:
            self.options.on_jobs()
        if report.events:
            self.options.on_events()

    def _fail_alone(self, items: list[Item], claimed: list[Item], error: Exception) -> None:
        """The batch as a whole failed: each request and result again, alone; claimed rows are counted and then come one
        by one."""
        if claimed:
            self._count_attempts(claimed, error)
            with self._condition:
                self._singles += len(claimed)
        if len(items) == 1 and not claimed:
            items[0].error = _as_domain_error(error)
            if isinstance(items[0].work, ResultMessage):
                self._put_aside(items[0], error)
            items[0].settle()
            return
        for item in items:
            if item.future is not None:
                self._carry_out([item], False, 1)
        if claimed:
            self.wake()

    def _put_aside(self, item: Item, error: Exception) -> None:
        """A result that cannot be applied: kept with an incident, so that its message need not come again."""
        try:
            self._count_attempts([item], error)
            item.error = None
        except Exception:
            log.exception("result_not_kept")

    def _count_attempts(self, claimed: list[Item], error: Exception) -> None:
        """Before they run again: an attempt that kills the process counts as well. Alone it shows which one fails."""
        with self.store.begin() as unit:
            batch = Batch(unit, self._batch_options)
            if len(claimed) == 1:
                for item in batch.prepare([Item(claimed[0].work)]):
                    item.error = EngineFailure(f"{type(error).__name__}: {error}"[:1000])
                    count_failure(batch, item)
            else:
                for item in claimed:
                    if isinstance(item.work, CommandRow):
                        item.work.attempts += 1
                        batch.changes.updated_commands.append(item.work)
            batch.finish()
            unit.commit()

    def _refuse(self, items: list[Item] | None, error: Exception) -> None:
        for item in items or ():
            item.error = error
            item.settle()


def _as_domain_error(error: Exception) -> Exception:
    if isinstance(error, Conflict):
        return ConflictError("CONFLICT", f"Expected to be the only one, but '{error.constraint}' is taken already")
    return error
