"""What every part of the SQL unit of work stands on: the connection, the dialect, the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Executable, func, select
from sqlalchemy.engine import CursorResult

from server.store.sql.arrays import Dialect

_DATABASE_TIME = select(func.clock_timestamp())


class UnitBase:
    """One open transaction."""

    def __init__(self, connection: Connection, dialect: Dialect, clock: Callable[[], datetime] | None) -> None:
        self._connection = connection
        self._dialect = dialect
        self._clock = clock
        self._now: datetime | None = None

    def now(self) -> datetime:
        """The database's time (or the injected clock's), read once per unit. SQLite's is that of the machine."""
        if self._now is None:
            if self._clock is not None:
                self._now = self._clock()
            elif self._dialect == "sqlite":
                self._now = datetime.now(UTC)
            else:
                moment: datetime = self._connection.execute(_DATABASE_TIME).scalar_one()
                self._now = moment.astimezone(UTC)
        return self._now

    def _execute(self, statement: Executable, params: Any = None) -> CursorResult[Any]:
        return self._connection.execute(statement, params)

    def query(self, statement: Executable) -> CursorResult[Any]:
        """A question of the read side."""
        return self._execute(statement)
