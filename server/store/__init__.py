"""The store: SQLite, PostgreSQL and memory behind `server.ports.store` and `server.ports.queries`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from server.ports.queries import Queries
from server.ports.store import Store
from server.store.memory import MemoryQueries, MemoryStore
from server.store.sql.queries import SqlQueries
from server.store.sql.store import SqlStore


def open_store(url: str, clock: Callable[[], datetime] | None = None) -> Store:
    """The store of a URL: `sqlite:///file`, `postgresql+psycopg://...`, `memory://` (a new one with every call).

    `clock` replaces the database's time (tests). Raises ValueError for any other URL; connects at first use.
    """
    if url.startswith("memory://"):
        return MemoryStore(clock=clock)
    return SqlStore(url, clock=clock)


def open_queries(store: Store) -> Queries:
    """The read side of a store that `open_store` made."""
    if isinstance(store, SqlStore):
        return SqlQueries(store)
    if isinstance(store, MemoryStore):
        return MemoryQueries(store)
    raise TypeError(f"Expected a store of 'open_store', but got '{type(store).__name__}'")


__all__ = ["open_queries", "open_store"]
