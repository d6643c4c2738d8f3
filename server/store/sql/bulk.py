"""Many rows by one statement, close to the driver: the text is made once, each row only passes its type processors.

SQLAlchemy's own `executemany` builds the parameters of every row anew, which costs more than the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import itemgetter
from typing import Any

import psycopg
from sqlalchemy import Connection
from sqlalchemy.engine import Dialect

from server.store.sql.compiled import Compiled, Params
from server.store.sql.errors import port_error
from server.store.sql.several_rows import SeveralRows


def execute_many(connection: Connection, statement: Any, rows: list[Params]) -> None:
    """Run a statement that is kept (not built anew) once per row; the rows are used up.

    Of an update or delete the parameters that find the row begin with `key_`; of rows with the same key the last one
    counts. On PostgreSQL call it within `pipelined`.
    """
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        _several(connection.dialect, statement, names).execute(connection, rows)
    else:
        _one_by_one(connection.dialect, statement, names).execute(connection, rows)


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Statements of `execute_many` are sent without waiting for the answer of the one before (PostgreSQL)."""
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline():
            yield
    except psycopg.Error as error:
        translated = port_error(error)
        if translated is None:
            raise
        raise translated from error


class _OneByOne:
    def __init__(self, dialect: Dialect, statement: Any, names: Sequence[str]) -> None:
        self._compiled = Compiled(dialect, statement, names)
        positions = tuple(self._compiled.compiled.positiontup)
        self._pick: Callable[[Params], tuple[Any, ...]] = (
            itemgetter(*positions) if len(positions) > 1 else lambda row: (row[positions[0]],)
        )

    def execute(self, connection: Connection, rows: list[Params]) -> None:
        self._compiled.process(rows)
        connection.exec_driver_sql(self._compiled.text, [self._pick(row) for row in rows])


@lru_cache(maxsize=512)
def _several(dialect: Dialect, statement: Any, names: tuple[str, ...]) -> SeveralRows:
    return SeveralRows(dialect, statement, names)


@lru_cache(maxsize=512)
def _one_by_one(dialect: Dialect, statement: Any, names: tuple[str, ...]) -> _OneByOne:
    return _OneByOne(dialect, statement, names)
