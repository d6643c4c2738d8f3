"""The database as a store: connections, transactions, node numbers, schema."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from server.ports.store import SerializationFailure, StoreUnavailable
from server.store import migrate
from server.store.partitions import ensure_partitions
from server.store.sql.arrays import Dialect
from server.store.sql.engine import BUSY_TIMEOUT_SECONDS, is_sqlite, open_engine, parse_url
from server.store.sql.unit import SqlUnitOfWork


class SqlStore:
    """Implements `server.ports.store.Store` on SQLite and PostgreSQL."""

    def __init__(self, url: str, *, clock: Callable[[], datetime] | None = None) -> None:
        """Connects at first use. `clock` replaces the database's time (tests). Raises ValueError for another URL."""
        self.url = parse_url(url)
        self.dialect: Dialect = "sqlite" if is_sqlite(self.url) else "postgresql"
        self._clock = clock
        self._engine = open_engine(self.url)
        self._readers = open_engine(self.url, read_only=True) if self.dialect == "sqlite" else self._engine
        self._write_lock = threading.Lock()
        self._owner = uuid.uuid4().hex

    @property
    def engine(self) -> Engine:
        """The engine of writing transactions, for maintenance and tests."""
        return self._engine

    @contextmanager
    def begin(self) -> Iterator[SqlUnitOfWork]:
        """One transaction; leaving the block without `commit` rolls back."""
        with self._one_writer(), self._connect(self._engine) as connection:
            yield SqlUnitOfWork(connection, self.dialect, self._clock)

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """A snapshot for the read side; on SQLite it neither waits for the writer nor may it write."""
        with self._connect(self._readers) as connection:
            yield SqlUnitOfWork(connection, self.dialect, self._clock)

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        """SQLite has one writer: threads queue here instead of polling the file's lock."""
        if self.dialect == "postgresql":
            yield
            return
        if not self._write_lock.acquire(timeout=BUSY_TIMEOUT_SECONDS):
            raise SerializationFailure(
                f"Expected the other transactions of this process to end within {BUSY_TIMEOUT_SECONDS} s, "
                "but one is still open"
            )
        try:
            yield
        finally:
            self._write_lock.release()

    @contextmanager
    def _connect(self, engine: Engine) -> Iterator[Connection]:
        try:
            connection = engine.connect()
        except PoolTimeout as error:
            raise StoreUnavailable(f"Expected a free database connection, but {error}") from error
        with connection:
            connection.begin()  # at once and not with the first statement: SQLite's lock is the unit's lock
            yield connection

    def lease_node(self) -> int:
        """A node number 0..1023 for the id generator, held for a minute after the last `renew_node`."""
        with self.begin() as unit:
            node = unit.lease_node(self._owner)
            unit.commit()
            return node

    def renew_node(self, node: int) -> bool:
        """Whether this store still holds the number; where it does not, ids must not be made with it any more."""
        with self.begin() as unit:
            renewed = unit.renew_node(self._owner, node)
            unit.commit()
            return renewed

    def release_node(self, node: int) -> None:
        """Give the number back."""
        with self.begin() as unit:
            unit.release_node(self._owner, node)
            unit.commit()

    def migrate(self) -> None:
        """Bring the schema up to date, history partitions included."""
        migrate.upgrade(self.url)

    def schema_status(self) -> tuple[str | None, str]:
        """(revision in the database, newest revision of this release)."""
        with self._connect(self._readers if self.shared() else self._engine) as connection:
            return migrate.current(connection), migrate.head()

    def shared(self) -> bool:
        """True on PostgreSQL: several processes may use it, an operator runs migrations."""
        return self.dialect == "postgresql"

    def ensure_partitions(self) -> None:
        """PostgreSQL: make the coming months' partitions of history. Run it daily; it costs one look."""
        if self.dialect == "postgresql":
            with self.begin() as unit:
                ensure_partitions(unit._connection, unit.now())
                unit.commit()

    def check(self) -> None:
        """Raises StoreUnavailable with a helpful text."""
        with self._connect(self._readers) as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections; the store may not be used afterwards."""
        self._readers.dispose()
        self._engine.dispose()
