"""Jobs pulled over HTTP: hand out due jobs with a lease, wait for some where there are none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

from server.ports.records import Changes, JobRow
from server.ports.store import SerializationFailure, Store, UnitOfWork
from server.usecases.lost_workers import give_up, take_over
from server.usecases.waiting import WaitingPlaces

FIRST_WAIT = 0.05
LONGEST_WAIT = 0.5


@dataclass(frozen=True, slots=True)
class ActivatedJob:
    """A job and the variables its worker gets."""

    row: JobRow
    variables: Mapping[str, Any]


class JobPuller:
    """`activate` never holds a transaction while it waits. `wake` ends the waiting early (call it when jobs were
    created); without it a waiting poll looks again by itself at least twice a second, so that jobs made by other
    processes are found as well."""

    def __init__(
        self,
        store: Store,
        *,
        places: WaitingPlaces | None = None,
        clock: Callable[[], float] = monotonic,
        lost_limit: int = 5,
    ) -> None:
        self._store = store
        self._clock = clock
        self._changed = threading.Condition()
        self._version = 0
        self._closed = False
        self._places = places or WaitingPlaces(16)
        self._lost_limit = lost_limit

    def wake(self) -> None:
        """There may be new jobs."""
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Waiting polls answer at once (the server is going down)."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def activate(
        self,
        tenant_id: str,
        type: str,
        *,
        max_jobs: int,
        lock_seconds: float,
        worker_id: str,
        wait_seconds: float = 0.0,
        fetch_variables: Sequence[str] | None = None,
    ) -> list[ActivatedJob]:
        """Up to `max_jobs` jobs of the type, leased to the worker for `lock_seconds`; waits up to `wait_seconds` for
        the first. Where all places for waiting are taken it answers at once: threads must be left for others."""
        with self._changed:
            version = self._version
        jobs = self._claim(tenant_id, type, max_jobs, lock_seconds, worker_id, fetch_variables)
        if jobs or wait_seconds <= 0:
            return jobs
        with self._places.take() as taken:
            if not taken:
                return jobs
            deadline = self._clock() + wait_seconds
            pause = FIRST_WAIT
            while not jobs and (left := deadline - self._clock()) > 0:
                with self._changed:
                    if self._closed:
                        break
                    if self._version == version:
                        self._changed.wait(min(pause, left))
                    version = self._version
                pause = min(pause * 2, LONGEST_WAIT)
                jobs = self._claim(tenant_id, type, max_jobs, lock_seconds, worker_id, fetch_variables)
            return jobs

    def _claim(
        self,
        tenant_id: str,
        type: str,
        max_jobs: int,
        lock_seconds: float,
        worker_id: str,
        fetch_variables: Sequence[str] | None,
    ) -> list[ActivatedJob]:
        try:
            with self._store.begin() as unit:
                rows = unit.claim_jobs_of_type(tenant_id, type, max_jobs)
                if not rows:
                    return []
                # Where a lease ran out, whoever had it must not report for the one who has it now.
                lost = [row for row in rows if row.locked_until is not None and not take_over(row, self._lost_limit)]
                if lost:
                    unit.write(Changes(new_commands=[give_up(row, unit.now()) for row in lost], updated_jobs=lost))
                    rows = [row for row in rows if row not in lost]
                locked_until = unit.now() + timedelta(seconds=lock_seconds)
                for row in rows:
                    row.worker_id = worker_id
                    row.locked_until = row.due_at = locked_until
                unit.update_jobs(rows)
                jobs = _with_variables(unit, rows, fetch_variables)
                unit.commit()
                return jobs
        except SerializationFailure:
            return []  # others were faster; a waiting poll looks again


def _with_variables(unit: UnitOfWork, rows: Sequence[JobRow], names: Sequence[str] | None) -> list[ActivatedJob]:
    """A job whose element has input mappings gets just what they made, the others what their scope sees."""
    refs = {(row.instance_id, row.scope_id) for row in rows}
    mapped = {(row.instance_id, row.scope_id) for row in rows if row.mapped}
    visible = unit.visible_variables(refs, own_only=mapped, names=names)
    return [ActivatedJob(row, visible.get((row.instance_id, row.scope_id), {})) for row in rows]
