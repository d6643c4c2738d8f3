"""Deployments and definitions: versions, defaults, starts, deletion."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from server.ports.records import DefinitionRow, MessageStartRow, TimerStartRow
from server.ports.store import Conflict, Store
from tests.store.helpers import write
from tests.support import rows
from tests.support.rows import NOW
from tests.support.stores import Database


def deploy(store: Store, *definitions: DefinitionRow) -> None:
    with store.begin() as unit:
        for definition in definitions:
            unit.insert_definition(definition)
        unit.commit()


def test_should_keep_a_deployment_with_its_files_and_definitions(store: Store) -> None:
    deployment = rows.deployment(deployed_by="ann")
    definition = rows.definition(deployment_id=deployment.id, version_tag="v1", history_ttl="P30D")
    with store.begin() as unit:
        unit.insert_deployment(deployment, [rows.resource(deployment.id, content=b"\x00\xff<a/>")])
        unit.insert_definition(definition)
        unit.commit()

    with store.begin() as unit:
        assert unit.resource(deployment.id, "order.bpmn") == b"\x00\xff<a/>"
        assert unit.resource(deployment.id, "other.bpmn") is None
        assert unit.find_definition("default", definition.id) == definition
        assert unit.find_definition(None, definition.id) == definition
        assert unit.find_definition("other", definition.id) is None
        assert unit.definition_in_deployment("default", deployment.id, "order") == definition
        assert unit.definition_in_deployment("default", deployment.id, "invoice") is None


def test_should_find_the_version_that_was_the_latest_when_a_deployment_brought_none(store: Store) -> None:
    deployments = [rows.deployment(deployed_at=NOW + timedelta(hours=hour)) for hour in (0, 1, 2, 2, 3)]
    first, unchanged, second, at_once, _ = deployments
    with store.begin() as unit:
        for deployment in deployments:
            unit.insert_deployment(deployment, [])
        for version, deployment in ((1, first), (2, second), (3, at_once)):
            unit.insert_definition(
                rows.definition(version=version, deployment_id=deployment.id, deployed_at=deployment.deployed_at)
            )
        unit.commit()

    with store.begin() as unit:
        found = [unit.definition_in_deployment("default", deployment.id, "order") for deployment in deployments]
        assert [row.version for row in found if row] == [1, 1, 2, 3, 3]
        assert unit.definition_in_deployment("default", unchanged.id, "invoice") is None
        assert unit.definition_in_deployment("other", unchanged.id, "order") is None
        assert unit.definition_in_deployment("default", 99, "order") is None


@pytest.mark.parametrize(
    ("asked", "version"),
    [({}, 3), ({"version": 1}, 1), ({"version": 9}, None), ({"version_tag": "a"}, 2), ({"version_tag": "z"}, None)],
)
def test_should_find_a_version_of_a_key(store: Store, asked: dict[str, Any], version: int | None) -> None:
    deploy(
        store,
        rows.definition(version=1, version_tag="a"),
        rows.definition(version=2, version_tag="a"),
        rows.definition(version=3),
        rows.definition(version=4, key="invoice"),
        rows.definition(version=5, tenant_id="other"),
    )

    with store.begin() as unit:
        found = unit.find_definition_by_key("default", "order", **asked)

    assert (found.version if found else None) == version


def test_should_prefer_the_default_version(store: Store) -> None:
    first, second = rows.definition(version=1), rows.definition(version=2)
    deploy(store, first, second)
    first.is_default, first.suspended = True, True
    with store.begin() as unit:
        unit.update_definition(first)
        unit.commit()

    with store.begin() as unit:
        assert unit.find_definition_by_key("default", "order") == first
        assert unit.latest_definition("default", "order") == second
        assert unit.latest_definition("default", "invoice") is None


def test_should_refuse_a_version_twice(store: Store) -> None:
    deploy(store, rows.definition(version=1))

    with pytest.raises(Conflict) as refused:
        deploy(store, rows.definition(version=1))

    assert refused.value.constraint == "uq_definition_tenant_id_key_version"


def test_should_number_versions_one_after_the_other(database: Database) -> None:
    store = database.open()
    barrier = threading.Barrier(4)

    def deploy_next() -> None:
        barrier.wait()
        for _ in range(5):
            with store.begin() as unit:
                unit.lock_definition_key("default", "order")
                unit.insert_definition(rows.definition(version=unit.next_definition_version("default", "order")))
                unit.commit()

    threads = [threading.Thread(target=deploy_next) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.begin() as unit:
        latest = unit.latest_definition("default", "order")
    assert latest is not None
    assert latest.version == 20


def test_should_never_give_the_number_of_a_deleted_version_again(store: Store) -> None:
    definition = rows.definition(version=1)
    deploy(store, definition)
    with store.begin() as unit:
        unit.delete_definition("default", definition.id)
        unit.commit()

    with store.begin() as unit:
        assert unit.next_definition_version("default", "order") == 2
        assert unit.next_definition_version("default", "invoice") == 1


def test_should_replace_the_starts_of_a_key(store: Store) -> None:
    def message_start(name: str, key: str) -> MessageStartRow:
        return MessageStartRow(
            tenant_id="default", message_name=name, definition_id=len(key), definition_key=key, element_id="s",
            correlation_key=[1],
        )  # fmt: skip

    def timer_start(id: int, key: str) -> TimerStartRow:
        return TimerStartRow(
            id=id, tenant_id="default", definition_id=7, definition_key=key, element_id="t", due_at=NOW, cycle="R",
            remaining=3,
        )  # fmt: skip

    with store.begin() as unit:
        unit.replace_starts("default", "order", [message_start("a", "order")], [timer_start(1, "order")])
        unit.replace_starts("default", "invoice", [message_start("a", "invoice")], [timer_start(2, "invoice")])
        unit.replace_starts("default", "order", [message_start("b", "order")], [timer_start(3, "order")])
        unit.commit()

    with store.begin() as unit:
        assert unit.message_starts("default", "a") == [message_start("a", "invoice")]
        assert unit.message_starts("default", "b") == [message_start("b", "order")]
        assert unit.claim_timer_starts(10) == [timer_start(2, "invoice"), timer_start(3, "order")]
        unit.replace_starts("default", "order", [], [])
        assert unit.message_starts("default", "b") == []


def test_should_delete_a_definition_and_its_file_with_the_last_one(store: Store) -> None:
    deployment = rows.deployment()
    first = rows.definition(deployment_id=deployment.id, key="a")
    second = rows.definition(deployment_id=deployment.id, key="b")
    with store.begin() as unit:
        unit.insert_deployment(deployment, [rows.resource(deployment.id), rows.resource(deployment.id, "form.json")])
        unit.insert_definition(first)
        unit.insert_definition(second)
        unit.commit()

    with store.begin() as unit:
        unit.delete_definition("other", first.id)
        assert unit.find_definition("default", first.id) == first
        unit.delete_definition("default", first.id)
        assert unit.find_definition("default", first.id) is None
        assert unit.resource(deployment.id, "order.bpmn") is not None
        unit.delete_definition("default", second.id)
        assert unit.resource(deployment.id, "order.bpmn") is None
        assert unit.resource(deployment.id, "form.json") is not None


def test_should_count_and_delete_instances_with_everything_of_theirs(store: Store) -> None:
    doomed = [rows.instance(status=status) for status in ("RUNNING", "PAUSED", "COMPLETED")]
    kept = rows.instance(definition_id=8)
    write(
        store,
        new_instances=[*doomed, kept],
        new_scopes=[rows.scope(row.id, id=row.id + 500) for row in [*doomed, kept]],
        set_variables=[rows.variable(row.id, "x", 1) for row in [*doomed, kept]],
        new_jobs=[rows.job(row.id) for row in [*doomed, kept]],
        new_tasks=[rows.task(row.id, candidate_users=("ann",)) for row in [*doomed, kept]],
        history=[rows.history(row.id, 1, {"type": "X", "v": "x" * 9000}) for row in [*doomed, kept]],
        outbox=[rows.outbox(row.id, 1) for row in [*doomed, kept]],
    )

    with store.begin() as unit:
        assert unit.count_running_instances("default", 7) == 2
        assert unit.count_running_instances("other", 7) == 0
        assert unit.delete_instances_of_definition("other", 7, 10) == 0
        assert unit.delete_instances_of_definition("default", 7, 2) == 2
        assert unit.delete_instances_of_definition("default", 7, 10) == 1
        assert unit.delete_instances_of_definition("default", 7, 10) == 0
        unit.commit()

    with store.begin() as unit:
        everyone = [row.id for row in [*doomed, kept]]
        assert unit.instances_exist(everyone) == {kept.id}
        assert {row.instance_id for row in unit.load_variables([(id, id) for id in everyone])} == {kept.id}
        assert {row.instance_id for row in unit.load_scope_chains([(id, id + 500) for id in everyone])} == {kept.id}
        assert {job.instance_id for job in unit.claim_due_jobs(10)} == {kept.id}
        assert {row.instance_id for row in unit.claim_outbox(10)} == {kept.id}
