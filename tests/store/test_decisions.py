"""Decisions: versions, tags, what came with a deployment, lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from server.ports.queries import Page, Queries
from server.ports.store import Conflict, Store
from tests.support import rows
from tests.support.rows import NOW


def test_should_find_a_decision_by_id_version_and_tag(store: Store) -> None:
    first, second, third = (
        rows.decision(version=1, version_tag="spring"),
        rows.decision(version=2, version_tag="summer"),
        rows.decision(version=3, version_tag="summer"),
    )
    other = rows.decision(tenant_id="other", version=9)
    with store.begin() as unit:
        for row in (first, second, third, other):
            unit.insert_decision(row)
        unit.commit()

    with store.begin() as unit:
        assert unit.find_decision("default", first.id) == first
        assert unit.find_decision(None, other.id) == other
        assert unit.find_decision("default", other.id) is None
        assert unit.find_decision_by_key("default", "rate") == third
        assert unit.find_decision_by_key("default", "rate", 2) == second
        assert unit.find_decision_by_key("default", "rate", 4) is None
        assert unit.find_decision_by_key("default", "rate", version_tag="spring") == first
        assert unit.find_decision_by_key("default", "rate", version_tag="summer") == third
        assert unit.find_decision_by_key("default", "rate", version_tag="autumn") is None
        assert unit.find_decision_by_key("default", "nowhere") is None


def test_should_give_every_version_once(store: Store) -> None:
    with store.begin() as unit:
        unit.insert_decision(rows.decision())
        unit.commit()

    with store.begin() as unit, pytest.raises(Conflict, match="uq_decision_tenant_id_key_version"):
        unit.insert_decision(rows.decision())


def test_should_find_the_version_of_a_deployment(store: Store) -> None:
    first, unchanged, second = (rows.deployment(deployed_at=NOW + timedelta(hours=hour)) for hour in range(3))
    with store.begin() as unit:
        for deployment in (first, unchanged, second):
            unit.insert_deployment(deployment, [])
        for version, deployment in ((1, first), (2, second)):
            unit.insert_decision(
                rows.decision(version=version, deployment_id=deployment.id, deployed_at=deployment.deployed_at)
            )
        unit.commit()

    with store.begin() as unit:
        found = [unit.decision_in_deployment("default", each.id, "rate") for each in (first, unchanged, second)]
        assert [row.version for row in found if row] == [1, 1, 2]
        assert unit.decision_in_deployment("default", unchanged.id, "other") is None


def test_should_read_the_files_of_a_kind(store: Store) -> None:
    deployment = rows.deployment()
    with store.begin() as unit:
        unit.insert_deployment(
            deployment,
            [
                rows.resource(deployment.id, "b.dmn", kind="dmn"),
                rows.resource(deployment.id, "a.dmn", kind="dmn", content=b"<a/>"),
                rows.resource(deployment.id),
            ],
        )
        unit.commit()

    with store.begin() as unit:
        found = unit.resources(deployment.id, "dmn")
        assert [(row.name, row.content) for row in found] == [("a.dmn", b"<a/>"), ("b.dmn", b"<definitions/>")]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [("rate", 1), ("rate", 2), ("risk", 1)]),
        ({"key": "rate"}, [("rate", 1), ("rate", 2)]),
        ({"latest": True}, [("rate", 2), ("risk", 1)]),
        ({"name": "Risk"}, [("risk", 1)]),
    ],
)
def test_should_list_decisions(
    store: Store, queries: Queries, filters: dict[str, Any], expected: list[tuple[str, int]]
) -> None:
    with store.begin() as unit:
        for row in (
            rows.decision(),
            rows.decision(version=2),
            rows.decision(key="risk", name="Risk"),
            rows.decision(tenant_id="other", key="hidden"),
        ):
            unit.insert_decision(row)
        unit.commit()

    listing = queries.list_decisions("default", Page(sort="key"), **filters)

    assert sorted((row.key, row.version) for row in listing.items) == expected
