"""An instance goes on in another version: its rows name the elements and the definition of that version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from server.ports.records import MigratedInstanceRow, MigratedRow
from server.ports.store import Store
from tests.store.helpers import write
from tests.support import rows

MOVED: dict[str, Any] = {"definition_id": 70, "definition_key": "order2", "version": 9}


def test_should_name_other_elements(store: Store) -> None:
    # given
    scope, job, task, timer = rows.scope(1), rows.job(1), rows.task(1), rows.timer(1)
    message, signal, incident = rows.subscription(1), rows.signal_subscription(1), rows.incident(1)
    waits = [rows.condition_wait(1, 500, name) for name in ("x", "y")]
    others = [rows.condition_wait(1, 501, "x"), rows.condition_wait(2, 500, "x")]
    other_job = rows.job(2, id=job.id)
    write(
        store,
        new_instances=[rows.instance(id=1)],
        new_scopes=[scope],
        new_jobs=[job, other_job],
        new_tasks=[task],
        new_timers=[timer],
        new_message_subscriptions=[message],
        new_signal_subscriptions=[signal],
        new_condition_waits=[*waits, *others],
        new_incidents=[incident],
    )

    # when
    moved = (
        ("scope", scope.id), ("job", job.id), ("user_task", task.id), ("timer", timer.id), ("condition_wait", 500),
        ("message_subscription", message.id), ("signal_subscription", signal.id), ("incident", incident.id),
    )  # fmt: skip
    write(
        store,
        migrated_rows=[
            MigratedRow(instance_id=1, table=table, id=id, element_id="new", element_name="New") for table, id in moved
        ],
    )

    # then
    with store.begin() as unit:
        assert unit.load_scope_chains([(1, scope.id)]) == [replace(scope, element_id="new")]
        jobs = unit.load_jobs([(1, job.id)])
        assert jobs == {job.id: replace(job, element_id="new", element_name="New")}
        assert unit.load_jobs([(2, job.id)]) == {job.id: other_job}
        assert unit.load_tasks([(1, task.id)]) == {task.id: replace(task, element_id="new")}
        assert unit.claim_timers(9) == [replace(timer, element_id="new")]
        assert unit.condition_waits(1, ["x"], 9) == [replace(waits[0], element_id="new"), others[0]]
        assert unit.condition_waits(1, ["y"], 9) == [replace(waits[1], element_id="new")]
        assert unit.condition_waits(2, ["x"], 9) == [others[1]]
        assert unit.signal_subscriptions("default", signal.name, 9) == [replace(signal, element_id="new")]
        published = rows.message(name=message.name, correlation_key=message.correlation_key, has_correlation_key=True)
        assert unit.matching_subscriptions(published, 9) == [replace(message, element_id="new")]
        assert unit.load_incidents([(1, incident.id)]) == {incident.id: replace(incident, element_id="new")}


def test_should_name_another_definition_where_something_is_open(store: Store) -> None:
    # given
    instance, other = rows.instance(), rows.instance()
    job, elsewhere = rows.job(instance.id), rows.job(other.id)
    task, ended = rows.task(instance.id), rows.task(instance.id, status="COMPLETED", ended_at=rows.NOW)
    incident, resolved = rows.incident(instance.id), rows.incident(instance.id, resolved_at=rows.NOW)
    message, signal = rows.subscription(instance.id), rows.signal_subscription(instance.id)
    write(
        store,
        new_instances=[instance, other],
        new_jobs=[job, elsewhere],
        new_tasks=[task, ended],
        new_incidents=[incident, resolved],
        new_message_subscriptions=[message],
        new_signal_subscriptions=[signal],
    )

    # when
    write(store, migrated_instances=[MigratedInstanceRow(id=instance.id, **MOVED)])

    # then
    def of(id: int) -> tuple[int, int]:
        return instance.id, id

    definition: dict[str, Any] = {"definition_id": 70, "definition_key": "order2"}
    with store.begin() as unit:
        assert unit.find_instance("default", instance.id) == replace(instance, **MOVED)
        assert unit.find_instance("default", other.id) == other
        assert unit.load_jobs([of(job.id), (other.id, elsewhere.id)]) == {
            job.id: replace(job, **MOVED),
            elsewhere.id: elsewhere,
        }
        tasks = unit.load_tasks([of(task.id), of(ended.id)])
        assert tasks == {task.id: replace(task, **definition), ended.id: ended}
        incidents = unit.load_incidents([of(incident.id), of(resolved.id)])
        assert incidents == {incident.id: replace(incident, **definition), resolved.id: resolved}
        [signal_row] = unit.signal_subscriptions("default", signal.name, 9)
        assert signal_row == replace(signal, definition_key="order2")
        published = rows.message(name=message.name, correlation_key=message.correlation_key, has_correlation_key=True)
        assert unit.matching_subscriptions(published, 9) == [replace(message, definition_key="order2")]
