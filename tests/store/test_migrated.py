"""An instance goes on in another version: its rows name the elements and the definition of that version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from server.ports.records import MigratedInstanceRow, MigratedRow, MigrationRow
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
            MigratedRow(instance_id=1, table=table, id=id, element_id="new", element_name="New", **MOVED)
            for table, id in moved
        ],
    )

    # then
    definition: dict[str, Any] = {"definition_id": 70, "definition_key": "order2"}
    with store.begin() as unit:
        assert unit.load_scope_chains([(1, scope.id)]) == [replace(scope, element_id="new")]
        jobs = unit.load_jobs([(1, job.id)])
        assert jobs == {job.id: replace(job, element_id="new", element_name="New", **MOVED)}
        assert unit.load_jobs([(2, job.id)]) == {job.id: other_job}
        assert unit.load_tasks([(1, task.id)]) == {task.id: replace(task, element_id="new", **definition)}
        assert unit.claim_timers(9) == [replace(timer, element_id="new")]
        assert unit.condition_waits(1, ["x"], 9) == [replace(waits[0], element_id="new"), others[0]]
        assert unit.condition_waits(1, ["y"], 9) == [replace(waits[1], element_id="new")]
        assert unit.condition_waits(2, ["x"], 9) == [others[1]]
        assert unit.signal_subscriptions("default", signal.name, 9) == [
            replace(signal, element_id="new", definition_key="order2")
        ]
        published = rows.message(name=message.name, correlation_key=message.correlation_key, has_correlation_key=True)
        assert unit.matching_subscriptions(published, 9) == [
            replace(message, element_id="new", definition_key="order2")
        ]
        assert unit.load_incidents([(1, incident.id)]) == {
            incident.id: replace(incident, element_id="new", **definition)
        }


def test_should_name_another_definition_where_no_element_is_concerned(store: Store) -> None:
    # given
    instance, other = rows.instance(), rows.instance()
    job, task = rows.job(instance.id), rows.task(instance.id)
    engine = rows.incident(instance.id, token_id=None)
    resolved = rows.incident(instance.id, token_id=None, resolved_at=rows.NOW)
    at_element = rows.incident(instance.id, token_id=5)
    write(
        store,
        new_instances=[instance, other],
        new_jobs=[job],
        new_tasks=[task],
        new_incidents=[engine, resolved, at_element],
    )

    # when
    write(store, migrated_instances=[MigratedInstanceRow(id=instance.id, **MOVED)])

    # then the rows of elements are moved one by one, by their own ids
    refs = [(instance.id, row.id) for row in (engine, resolved, at_element)]
    with store.begin() as unit:
        assert unit.find_instance("default", instance.id) == replace(instance, **MOVED)
        assert unit.find_instance("default", other.id) == other
        assert unit.load_jobs([(instance.id, job.id)]) == {job.id: job}
        assert unit.load_tasks([(instance.id, task.id)]) == {task.id: task}
        moved = replace(engine, definition_id=70, definition_key="order2")
        assert unit.load_incidents(refs) == {row.id: row for row in (moved, resolved, at_element)}


def test_should_keep_the_last_migration_of_an_instance(store: Store) -> None:
    # given
    def row(instance_id: int, state: str, **values: Any) -> MigrationRow:
        return MigrationRow(
            instance_id=instance_id,
            tenant_id="default",
            source_definition_id=7,
            target_definition_id=8,
            state=state,
            **{"id": 1, "mapping": {"a": "b"}, "findings": []} | values,
        )

    write(store, migrations=[row(1, "CHECKING"), row(2, "MOVING")])
    later = row(1, "REFUSED", id=2, mapping={}, findings=[{"code": "ELEMENT_NOT_MAPPED"}])

    # when
    with store.begin() as unit:
        on_their_way = [unit.count_running_instances("default", id) for id in (7, 8, 9)]
        elsewhere = unit.count_running_instances("other", 7)
    write(store, migrations=[later])

    # then
    assert (on_their_way, elsewhere) == ([2, 2, 0], 0)
    with store.begin() as unit:
        assert unit.find_migration(1) == later
        assert unit.find_migration(2) == row(2, "MOVING")
        assert unit.find_migration(3) is None
        assert unit.count_running_instances("default", 7) == 1


def test_should_load_scopes_some_at_a_time(store: Store) -> None:
    # given
    mine = [rows.scope(1, id=id) for id in (11, 12, 13)]
    write(store, new_instances=[rows.instance(id=1)], new_scopes=[*mine, rows.scope(2, id=12)])

    # when, then
    with store.begin() as unit:
        assert unit.load_portion(1, 0, 2) == mine[:2]
        assert unit.load_portion(1, 12, 2) == mine[2:]
        assert unit.load_portion(1, 13, 2) == []


def test_should_release_what_is_parked(store: Store) -> None:
    # given
    parked, other = rows.command(1, due_at=None), rows.command(2, due_at=None)
    job = rows.job(1)
    write(store, new_instances=[rows.instance(id=1), rows.instance(id=2)], new_commands=[parked, other], new_jobs=[job])
    with store.begin() as unit:
        unit.park_commands(1)
        unit.commit()

    # when
    with store.begin() as unit:
        unit.release_commands(1)
        unit.commit()

    # then commands are due, jobs of the paused instance are not
    with store.begin() as unit:
        assert [row.id for row in unit.claim_commands(9)] == [parked.id]
        assert unit.claim_due_jobs(9) == []
