"""Jobs, and what is found by id: user tasks and incidents."""

from __future__ import annotations

from datetime import timedelta

from server.ports.store import Store
from tests.store.helpers import write
from tests.support import rows
from tests.support.rows import NOW
from tests.support.stores import ManualClock


def test_should_keep_every_column_of_a_job(store: Store) -> None:
    job = rows.job(
        1, headers={"url": "x", "n": [1, None]}, backoff=(1.5, 60.0), mapped=True, result_variable="r", priority=-3,
        business_key="B", worker_id="w", locked_until=NOW, dispatched=True, element_name=None,
    )  # fmt: skip
    write(store, new_jobs=[job])

    with store.begin() as unit:
        assert unit.locate_jobs([job.id, 5]) == {job.id: 1}
        assert unit.load_jobs([(1, job.id), (1, 5), (2, job.id)]) == {job.id: job}


def test_should_claim_due_jobs_by_time_without_excluded_types(store: Store, clock: ManualClock) -> None:
    second = rows.job(due_at=NOW)
    first = rows.job(due_at=NOW - timedelta(seconds=1))
    excluded = rows.job(type="unknown")
    future, broken = rows.job(due_at=NOW + timedelta(seconds=1)), rows.job(due_at=None)
    write(store, new_jobs=[second, first, excluded, future, broken])

    with store.begin() as unit:
        assert [job.id for job in unit.claim_due_jobs(10, ["unknown"])] == [first.id, second.id]
        assert [job.id for job in unit.claim_due_jobs(10)] == [first.id, second.id, excluded.id]
        assert [job.id for job in unit.claim_due_jobs(1, ["unknown"])] == [first.id]


def test_should_claim_jobs_of_a_type_by_priority(store: Store) -> None:
    low, high, middle = rows.job(priority=0), rows.job(priority=9), rows.job(priority=5)
    others = [rows.job(type="mail"), rows.job(tenant_id="other")]
    write(store, new_jobs=[low, high, middle, *others])

    with store.begin() as unit:
        assert [job.id for job in unit.claim_jobs_of_type("default", "charge", 10)] == [high.id, middle.id, low.id]
        assert [job.id for job in unit.claim_jobs_of_type("default", "charge", 1)] == [high.id]


def test_should_hand_out_a_job_again_when_its_lease_is_over(store: Store, clock: ManualClock) -> None:
    job = rows.job()
    write(store, new_jobs=[job])
    job.due_at = job.locked_until = clock.now + timedelta(seconds=30)
    job.worker_id, job.dispatched, job.attempt, job.retries = "w", True, 2, 1
    with store.begin() as unit:
        unit.update_jobs([job])
        unit.commit()

    with store.begin() as unit:
        assert unit.claim_due_jobs(10) == []
    clock.advance(seconds=30)
    with store.begin() as unit:
        assert unit.claim_due_jobs(10) == [job]


def test_should_send_dispatched_jobs_again_after_the_bus_forgot_them(store: Store) -> None:
    later = NOW + timedelta(hours=1)
    sent = rows.job(dispatched=True, due_at=later)
    leased = rows.job(dispatched=True, due_at=later, locked_until=later)
    broken = rows.job(dispatched=True, due_at=None)
    backing_off = rows.job(due_at=later)
    write(store, new_jobs=[sent, leased, broken, backing_off])

    with store.begin() as unit:
        assert unit.reset_dispatched_jobs() == 1
        claimed = unit.claim_due_jobs(10)

    assert [(job.id, job.dispatched) for job in claimed] == [(sent.id, True)]


def test_should_keep_every_column_of_a_user_task(store: Store) -> None:
    task = rows.task(
        1, candidate_users=("ann", "bob"), candidate_groups=("sales",), form={"key": "f", "fields": []},
        due_date=NOW, follow_up_date=NOW, assignee="ann", owner="bob", delegation="PENDING", priority=7,
    )  # fmt: skip
    write(store, new_tasks=[task])

    with store.begin() as unit:
        assert unit.locate_tasks([task.id]) == {task.id: 1}
        assert unit.load_tasks([(1, task.id)]) == {task.id: task}


def test_should_update_and_end_a_user_task(store: Store) -> None:
    task = rows.task(1, candidate_users=("ann",))
    write(store, new_tasks=[task])
    task.status, task.assignee, task.candidate_users, task.candidate_groups = "CLAIMED", "bob", ("bob",), ("sales",)
    write(store, updated_tasks=[task])
    with store.begin() as unit:
        assert unit.load_tasks([(1, task.id)]) == {task.id: task}

    write(store, ended_tasks=[(1, task.id, "COMPLETED", NOW)])

    task.status, task.ended_at = "COMPLETED", NOW
    with store.begin() as unit:
        assert unit.load_tasks([(1, task.id)]) == {task.id: task}


def test_should_keep_and_resolve_incidents(store: Store) -> None:
    incident = rows.incident(1, job_id=4, error_code="E", message="ünïcode", scope_id=9, token_id=8)
    write(store, new_incidents=[incident])
    with store.begin() as unit:
        assert unit.locate_incidents([incident.id, 1]) == {incident.id: 1}
        assert unit.load_incidents([(1, incident.id)]) == {incident.id: incident}

    write(store, resolved_incidents=[(1, incident.id, NOW)])

    with store.begin() as unit:
        assert unit.load_incidents([(1, incident.id)])[incident.id].resolved_at == NOW
