"""Stores for tests: each fixture once per kind of database, empty at the start of every test.

Use in a `conftest.py`: `from tests.support.stores import clock, database, queries, store  # noqa: F401`.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from server.ports.queries import Queries
from server.ports.store import Store
from server.store import open_queries, open_store
from server.store.migrate import upgrade
from server.store.sql.store import SqlStore
from server.store.tables import metadata
from tests.support.services import postgres_url

KINDS = ["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.database)]


class ManualClock:
    """Time that only moves when a test says so."""

    def __init__(self, now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now


@dataclass
class Database:
    """One empty database; every `open` is what another process would have (the memory store has only one)."""

    kind: str
    url: str
    clock: ManualClock
    _opened: list[Store] = field(default_factory=list)

    def open(self, *, clock: Callable[[], datetime] | None = None) -> Store:
        """A store with the test's clock, or with another one."""
        if self.kind == "memory" and self._opened:
            return self._opened[0]
        store = open_store(self.url, clock=clock or self.clock)
        self._opened.append(store)
        return store

    def open_with_own_time(self) -> Store:
        """A store that asks the database for the time."""
        store = open_store(self.url)
        self._opened.append(store)
        return store

    def close(self) -> None:
        for store in self._opened:
            store.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    if request.param == "memory":
        url = "memory://"
    elif request.param == "sqlite":
        url = empty_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
    else:
        url = request.getfixturevalue("postgres_schema")
        empty_postgres(url)
    opened = Database(request.param, url, clock)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Store:
    return database.open()


@pytest.fixture
def queries(store: Store) -> Queries:
    return open_queries(store)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty file: copying it is faster than migrating for every test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    with create_engine(f"sqlite:///{path}").connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        connection.engine.dispose()
    return path


def empty_sqlite(template: Path, directory: Path) -> str:
    path = directory / "bpmnd.db"
    shutil.copyfile(template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_schema() -> Iterator[str]:
    """URL of a migrated schema of this test session's own, dropped afterwards."""
    with temporary_schema() as url:
        upgrade(url)
        yield url


class temporary_schema:
    """An empty schema of its own; `with` gives the URL that opens it."""

    def __init__(self) -> None:
        self._server = make_url(postgres_url())
        self._name = f"bpmnd_test_{uuid.uuid4().hex[:12]}"

    def __enter__(self) -> str:
        self._run(f"CREATE SCHEMA {self._name}")
        url: URL = self._server.update_query_dict({"options": f"-csearch_path={self._name}"})
        return url.render_as_string(hide_password=False)

    def __exit__(self, *_error: object) -> None:
        self._run(f"DROP SCHEMA {self._name} CASCADE")

    def _run(self, statement: str) -> None:
        engine = create_engine(self._server)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()


def empty_postgres(url: str) -> None:
    """Delete every row (faster than TRUNCATE on tables with few)."""
    engine = _cleaner(url)
    with engine.engine.begin() as connection:
        connection.execute(text("; ".join(f"DELETE FROM {table}" for table in metadata.tables)))
    engine.close()


@cache
def _cleaner(url: str) -> SqlStore:
    return SqlStore(url)
