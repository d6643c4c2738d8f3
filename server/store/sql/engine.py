"""Connections: how SQLite and PostgreSQL are opened and what every transaction of theirs may count on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url

from server.store.sql.errors import translate_errors

BUSY_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 5
LOCK_TIMEOUT_MS = 10_000
STATEMENT_TIMEOUT_MS = 60_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 120_000


class UnsupportedDatabase(ValueError):
    """The URL names neither SQLite nor PostgreSQL."""


def parse_url(url: str) -> URL:
    """The URL with its driver filled in. Raises UnsupportedDatabase for any other database, or for no URL at all."""
    try:
        parsed = make_url(url)
    except Exception:
        raise UnsupportedDatabase("Expected a SQLAlchemy URL such as 'postgresql+psycopg://user@host/name'") from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        return parsed
    raise UnsupportedDatabase(
        f"Expected a URL of SQLite (sqlite:///file) or PostgreSQL (postgresql+psycopg://...), "
        f"but got '{parsed.drivername}'"
    )


def is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def open_engine(url: URL, *, read_only: bool = False) -> Engine:
    """An engine whose errors are the port's. `read_only` (SQLite) gives snapshots that never wait for the writer."""
    engine = _open_sqlite(url, read_only) if is_sqlite(url) else _open_postgres(url)
    translate_errors(engine)
    return engine


def _open_sqlite(url: URL, read_only: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise UnsupportedDatabase("Expected the path of a SQLite file, but got none; for tests there is memory://")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False, "isolation_level": None},
        pool_size=8 if read_only else 1,
        max_overflow=24 if read_only else 1,
    )

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA cache_size = -65536")
        cursor.execute("PRAGMA temp_store = MEMORY")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # IMMEDIATE takes the write lock at once: a transaction that reads first can then never fail to upgrade.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _open_postgres(url: URL) -> Engine:
    options = [
        str(url.query.get("options", "")),
        f"-c lock_timeout={LOCK_TIMEOUT_MS}",
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
        f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS}",
        "-c timezone=UTC",
        "-c jit=off",
        # Plans of prepared statements outlive the statistics they were made with: a table that was empty then must
        # not be read whole once it has a million rows. Every statement of ours has an index to go by.
        "-c enable_seqscan=off",
        "-c enable_hashjoin=off",
        "-c enable_mergejoin=off",
    ]
    return create_engine(
        url.difference_update_query(["options"]),
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": "bpmnd",
            "options": " ".join(options).strip(),
            "keepalives_idle": 30,
        },
        pool_size=8,
        max_overflow=24,
        pool_timeout=30,
        pool_pre_ping=False,
        pool_recycle=1800,
    )
