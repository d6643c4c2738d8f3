"""Many rows by one statement, close to the driver: the text is compiled once, each row only passes its type processors.

SQLAlchemy's own `executemany` builds the parameters of every row anew, which costs more than the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect

Params = dict[str, Any]
Processor = Callable[[Any], Any]


class Bulk:
    """A compiled insert, update or delete for rows that all have the same parameter names."""

    def __init__(self, dialect: Dialect, statement: Any, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
        self.text = str(compiled)
        bound = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
        self._processors: list[tuple[str, Processor]] = [
            (name, processor) for name, processor in bound.items() if processor is not None and name in names
        ]
        self._positions = tuple(compiled.positiontup) if compiled.positional else None

    def execute(self, connection: Connection, rows: list[Params]) -> None:
        """Run it once per row; the rows are used up."""
        for name, processor in self._processors:
            for row in rows:
                row[name] = processor(row[name])
        if self._positions is None:
            connection.exec_driver_sql(self.text, rows)
            return
        pick = itemgetter(*self._positions)
        single = len(self._positions) == 1
        connection.exec_driver_sql(self.text, [(pick(row),) if single else pick(row) for row in rows])


@lru_cache(maxsize=512)
def _bulk(dialect: Dialect, statement: Any, names: tuple[str, ...]) -> Bulk:
    return Bulk(dialect, statement, names)


def execute_many(connection: Connection, statement: Any, rows: list[Params]) -> None:
    """Run a statement that is kept (not built anew) once per row."""
    _bulk(connection.dialect, statement, tuple(rows[0])).execute(connection, rows)
