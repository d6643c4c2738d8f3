"""A whole server on each kind of store, with a clock that the test moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from server.ports.store import SerializationFailure, Store
from server.store.memory.store import MemoryStore
from server.store.sql.store import SqlStore
from server.store.tables import metadata
from tests.support.app import App, running_app
from tests.support.stores import (  # noqa: F401
    KINDS,
    Database,
    ManualClock,
    clock,
    database,
    empty_sqlite,
    postgres_schema,
    sqlite_template,
    temporary_schema,
)

RunApp = Callable[..., App]


@pytest.fixture
def run_app(tmp_path: Path, database: Database) -> Iterator[RunApp]:  # noqa: F811
    """Starts a server with these connectors, handlers and settings; all are stopped after the test.

    Called twice it starts two on one database (not in memory).
    """
    with ExitStack() as stack:

        def run(**options: Any) -> App:
            options = {"store": database.url, "clock": database.clock} | options
            return stack.enter_context(running_app(tmp_path, **options))

        yield run


@pytest.fixture(params=KINDS)
def app(request: pytest.FixtureRequest, servers: Callable[[str], App]) -> App:
    """A server without connectors: jobs wait to be pulled. It goes on from test to test, its store begins empty."""
    app = servers(request.param)
    assert app.clock is not None
    app.clock.now = ManualClock().now
    empty(app.server.store)
    return app


@pytest.fixture(scope="session")
def servers(
    tmp_path_factory: pytest.TempPathFactory,
    sqlite_template: Path,  # noqa: F811
) -> Iterator[Callable[[str], App]]:
    """One running server per kind of store, started when first asked for."""
    running: dict[str, App] = {}
    with ExitStack() as stack:

        def server(kind: str) -> App:
            if kind not in running:
                directory = tmp_path_factory.mktemp(kind)
                if kind == "memory":
                    url = "memory://"
                elif kind == "sqlite":
                    url = empty_sqlite(sqlite_template, directory)
                else:
                    url = stack.enter_context(temporary_schema())
                    SqlStore(url).migrate()
                running[kind] = stack.enter_context(running_app(directory, store=url, clock=ManualClock()))
            return running[kind]

        yield server


def empty(store: Store) -> None:
    """Delete every row but the lease of the running server's node number.

    The server may still be publishing what the test before left behind: two deletes that meet can be a deadlock,
    and the one the database chose to end is done again.
    """
    for attempt in range(20):
        try:
            _empty(store)
        except SerializationFailure:
            if attempt == 19:
                raise
            time.sleep(0.05)
        else:
            return


def _empty(store: Store) -> None:
    if isinstance(store, MemoryStore):
        with store.begin():
            for name, table in vars(store._data).items():
                if name != "node_lease":
                    table.groups.clear()
        return
    with store.begin() as unit:
        for table in metadata.tables.values():
            if table.name != "node_lease":
                unit.query(table.delete())  # type: ignore[attr-defined]
        unit.commit()
