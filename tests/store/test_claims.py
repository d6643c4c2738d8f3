"""Claims: due rows in order, locked until the end of the transaction, skipped by others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from server.ports.records import Changes, TimerStartRow
from server.ports.store import Store, UnitOfWork
from tests.store.helpers import write
from tests.support import rows
from tests.support.rows import NOW
from tests.support.stores import Database, ManualClock


def in_another_unit(database: Database, question: Callable[[UnitOfWork], Any]) -> tuple[threading.Thread, list[Any]]:
    """Ask in a second transaction at the same time. Only PostgreSQL answers before the first has ended."""
    answers: list[Any] = []

    def ask() -> None:
        with database.open().begin() as unit:
            answers.append(question(unit))
            unit.commit()

    thread = threading.Thread(target=ask)
    thread.start()
    if database.kind == "postgresql":
        thread.join()
    return thread, answers


def test_should_claim_due_commands_in_order_of_id(store: Store, clock: ManualClock) -> None:
    later = rows.command(due_at=clock.now.replace(hour=13))
    parked = rows.command(due_at=None)
    due = [rows.command(due_at=clock.now, payload={"n": n}) for n in range(3)]
    write(store, new_commands=[*reversed(due), later, parked])

    with store.begin() as unit:
        assert unit.claim_commands(10) == due
        assert unit.claim_commands(2) == due[:2]


def test_should_claim_a_command_again_after_its_attempts_and_time_were_changed(
    store: Store, clock: ManualClock
) -> None:
    row = rows.command()
    write(store, new_commands=[row])
    row.attempts, row.due_at = 1, clock.now.replace(minute=1)
    write(store, updated_commands=[row])

    with store.begin() as unit:
        assert unit.claim_commands(1) == []
    clock.advance(minutes=1)
    with store.begin() as unit:
        assert unit.claim_commands(1) == [row]


def test_should_skip_commands_that_another_unit_holds(database: Database) -> None:
    store = database.open()
    first, second = rows.command(), rows.command()
    write(store, new_commands=[first, second])

    with store.begin() as unit:
        assert unit.claim_commands(1) == [first]
        thread, answers = in_another_unit(database, lambda other: other.claim_commands(2))
        unit.write(Changes(deleted_commands=[(first.instance_id, first.id)]))
        unit.commit()
    thread.join()

    assert answers == [[second]]


def test_should_leave_out_instances_that_another_unit_holds(database: Database) -> None:
    store = database.open()
    mine, free = rows.instance(), rows.instance()
    write(store, new_instances=[mine, free])

    with store.begin() as unit:
        assert set(unit.lock_instances([mine.id])) == {mine.id}
        thread, answers = in_another_unit(
            database,
            lambda other: (set(other.lock_instances([mine.id, free.id, 5])), other.instances_exist([mine.id, 5])),
        )
        unit.commit()
    thread.join()

    locked, existing = answers[0]
    assert existing == {mine.id}
    assert locked == ({free.id} if database.kind == "postgresql" else {mine.id, free.id})


def test_should_claim_due_timers_earliest_first(store: Store, clock: ManualClock) -> None:
    late = rows.timer(due_at=NOW.replace(minute=2))
    early = rows.timer(due_at=NOW.replace(minute=1), cycle="R3/PT1M", remaining=2)
    write(store, new_timers=[late, early])

    with store.begin() as unit:
        assert unit.claim_timers(10) == []
    clock.advance(minutes=2)
    with store.begin() as unit:
        assert unit.claim_timers(10) == [early, late]
        assert unit.claim_timers(1) == [early]


def test_should_claim_due_timer_starts(store: Store) -> None:
    due = TimerStartRow(
        id=1, tenant_id="default", definition_id=7, definition_key="order", element_id="start", due_at=NOW,
        cycle=None, remaining=None,
    )  # fmt: skip
    write(store, new_timer_starts=[due])

    with store.begin() as unit:
        assert unit.claim_timer_starts(5) == [due]
        unit.write(Changes(deleted_timer_starts=[1]))
        unit.commit()
    with store.begin() as unit:
        assert unit.claim_timer_starts(5) == []


@pytest.mark.parametrize("shift", [None, 3600])
def test_should_hand_out_nothing_of_a_paused_instance_and_all_of_it_after_resuming(
    store: Store, clock: ManualClock, shift: int | None
) -> None:
    paused, other = 1, 2
    write(
        store,
        new_commands=[rows.command(paused, id=11), rows.command(other, id=21)],
        new_jobs=[rows.job(paused, id=12), rows.job(other, id=22)],
        new_timers=[rows.timer(paused, id=13), rows.timer(other, id=23)],
    )

    with store.begin() as unit:
        unit.park_commands(paused)
        unit.commit()

    with store.begin() as unit:
        assert [row.id for row in unit.claim_commands(10)] == [21]
        assert [row.id for row in unit.claim_due_jobs(10)] == [22]
        assert [row.id for row in unit.claim_jobs_of_type("default", "charge", 10)] == [22]
        assert [row.id for row in unit.claim_timers(10)] == [23]

    clock.advance(hours=1)
    with store.begin() as unit:
        unit.unpark_commands(paused, shift_timers=None if shift is None else (clock.now - NOW))
        unit.commit()

    with store.begin() as unit:
        assert [row.id for row in unit.claim_commands(10)] == [11, 21]
        assert unit.claim_commands(1)[0].due_at == clock.now
        assert [row.id for row in unit.claim_due_jobs(10)] == [12, 22]
        timers = {row.id: row.due_at for row in unit.claim_timers(10)}
        assert timers == {13: NOW if shift is None else clock.now, 23: NOW}
