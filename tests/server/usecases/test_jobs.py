"""Pulling jobs: waiting, waking, and leaving threads for others. Time does not pass by itself here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from server.ports.records import JobRow
from server.ports.store import SerializationFailure
from server.usecases.jobs import JobPuller
from server.usecases.waiting import WaitingPlaces

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)


def job(id: int = 1, *, mapped: bool = False) -> JobRow:
    return JobRow(
        instance_id=5,
        id=id,
        tenant_id="default",
        scope_id=6,
        token_id=7,
        element_id="t",
        element_name=None,
        definition_id=3,
        definition_key="order",
        version=1,
        business_key=None,
        type="charge",
        priority=0,
        headers={},
        mapped=mapped,
        result_variable=None,
        attempt=1,
        retries=3,
        backoff=(),
        due_at=NOW,
        created_at=NOW,
    )


class FakeStore:
    """Hands out what `answers` holds, one entry per transaction; raises entries that are exceptions."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.updated: list[JobRow] = []
        self.asked: dict[str, Any] = {}
        self.open = 0

    @contextmanager
    def begin(self) -> Iterator[Any]:
        self.open += 1
        try:
            yield self
        finally:
            self.open -= 1

    def claim_jobs_of_type(self, tenant_id: str, type: str, limit: int) -> list[JobRow]:
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    def now(self) -> datetime:
        return NOW

    def update_jobs(self, rows: list[JobRow]) -> None:
        self.updated += rows

    def visible_variables(self, refs: Any, *, own_only: Any, names: Any) -> dict[Any, Any]:
        self.asked = {"refs": refs, "own_only": own_only, "names": names}
        return {(5, 6): {"a": 1}}

    def commit(self) -> None:
        pass


def activate(puller: JobPuller, wait: float = 0.0, **more: Any) -> list[Any]:
    return puller.activate("default", "charge", max_jobs=3, lock_seconds=30, worker_id="w", wait_seconds=wait, **more)


def test_should_lease_what_it_hands_out() -> None:
    store = FakeStore([job(mapped=True)])

    [found] = activate(JobPuller(store), fetch_variables=["a"])  # type: ignore[arg-type]

    assert found.variables == {"a": 1}
    [row] = store.updated
    assert (row.worker_id, row.locked_until, row.due_at, row.attempt) == (
        "w",
        NOW + timedelta(seconds=30),
        NOW + timedelta(seconds=30),
        1,
    )
    assert store.asked == {"refs": {(5, 6)}, "own_only": {(5, 6)}, "names": ["a"]}


def test_should_look_again_after_a_lost_race() -> None:
    store = FakeStore(SerializationFailure("busy"), [], [job()])

    assert len(activate(JobPuller(store), wait=30)) == 1  # type: ignore[arg-type]


def test_should_wake_up_when_jobs_are_made_and_hold_no_transaction_meanwhile() -> None:
    # given a poll that waits
    store = FakeStore()
    puller = JobPuller(store)  # type: ignore[arg-type]
    found: list[Any] = []
    poll = threading.Thread(target=lambda: found.extend(activate(puller, wait=60)))
    poll.start()

    # when
    store.answers.append([job()])
    puller.wake()
    poll.join(10)

    # then
    assert (len(found), store.open) == (1, 0)


def test_should_answer_waiting_polls_when_the_server_goes_down() -> None:
    puller = JobPuller(FakeStore())  # type: ignore[arg-type]
    poll = threading.Thread(target=lambda: activate(puller, wait=60))
    poll.start()

    puller.close()
    poll.join(10)

    assert not poll.is_alive()


def test_should_answer_at_once_when_all_places_are_taken() -> None:
    places = WaitingPlaces(1)
    puller = JobPuller(FakeStore(), places=places)  # type: ignore[arg-type]

    with places.take() as taken:
        assert taken
        assert activate(puller, wait=3600) == []
