"""Every bad request of the table is answered with its problem, changes nothing, and the server goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.store.migrate import upgrade
from tests.acceptance.refusals import documents, requests, rules, states
from tests.acceptance.refusals.refusal import Refusal, fill
from tests.acceptance.refusals.world import World, running_world
from tests.support.stores import temporary_schema

pytestmark = pytest.mark.acceptance

ROWS = [*documents.ROWS, *rules.ROWS, *requests.ROWS, *states.ROWS]
ROWS_OF_DATABASES = [
    *(*requests.BODIES, *requests.TYPES, *requests.PARAMETERS, *requests.KEYS),
    *(*states.FOREIGN, *states.CROSS, *states.NAMED, *states.TASKS, *states.JOBS, *states.OTHERS),
]
"""Those that may get as far as the database."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("refusals")) as running:
        yield running


@pytest.fixture(scope="module")
def world_on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with temporary_schema() as url:
        upgrade(url)
        with running_world(tmp_path_factory.mktemp("refusals"), url) as running:
            yield running


@pytest.mark.xdist_group("refusals")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_should_refuse(world: World, row: Refusal) -> None:
    _check(world, row)


@pytest.mark.database
@pytest.mark.xdist_group("refusals-on-postgresql")
@pytest.mark.parametrize("row", ROWS_OF_DATABASES, ids=lambda row: row.name)
def test_should_refuse_on_postgresql(world_on_postgresql: World, row: Refusal) -> None:
    """Values that SQLite takes and PostgreSQL does not must not get that far."""
    _check(world_on_postgresql, row)


def _check(world: World, row: Refusal) -> None:
    before = world.fingerprint()

    answer = row.send(world)

    assert (answer.status_code, answer.mimetype) == (row.status, "application/problem+json"), answer.get_data(
        as_text=True
    )[:500]
    problem = answer.get_json()
    assert {"type", "title", "status", "detail", "errors"} <= set(problem)
    assert (problem["status"], bool(problem["title"]), bool(problem["detail"])) == (row.status, True, True)
    error = problem["errors"][0]
    assert error["code"] == row.code, problem
    assert "Expected" in error["message"], error
    for word in row.says:
        assert fill(word, world) in problem["detail"] + error["message"], (word, problem)
    if row.pointer is not None:
        assert error.get("pointer", "") == row.pointer, problem
    if row.element is not None:
        assert (error["elementId"], error.get("line")) == (row.element, row.line or error.get("line")), problem
    elif row.line is not None:
        assert error["line"] == row.line, problem
    if "findings" in problem:
        assert all(
            finding["hint"] and (finding["file"] or row.code == "MIGRATION_INVALID")  # not of a file: of an instance
            for finding in problem["findings"]
            if finding["severity"] == "ERROR"
        )
    assert len(answer.data) < 20_000
    after = world.fingerprint()
    assert {table for table in before if before[table] != after[table]} <= row.leaves
    world.still_works()


def test_should_name_every_refusal_once() -> None:
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names))
