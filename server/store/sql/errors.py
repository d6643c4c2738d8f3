"""Database errors become the exceptions of the port, in this one place."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from sqlalchemy import Engine, Index, PrimaryKeyConstraint, UniqueConstraint, event
from sqlalchemy.engine import ExceptionContext

from server.ports.store import Conflict, SerializationFailure, StoreUnavailable
from server.store.tables import metadata

_RETRYABLE = {"40001", "40P01", "55P03", "57014"}
"""Serialization failure, deadlock, lock not available (`lock_timeout`), query cancelled (`statement_timeout`)."""
_UNAVAILABLE_CLASSES = ("08", "53", "57P", "28", "3D")
"""Connection, resources, operator intervention, authorization, no such database."""


def translate_errors(engine: Engine) -> None:
    """Let every error of this engine's connections be raised as the port's."""
    event.listen(engine, "handle_error", _translate)


def _translate(context: ExceptionContext) -> None:
    translated = port_error(context.original_exception)
    if translated is not None:
        raise translated from context.original_exception


def port_error(error: BaseException) -> Exception | None:
    """The port's exception for an error of the driver; None where it is a defect of ours and should stay as it is."""
    if isinstance(error, sqlite3.Error):
        return _sqlite_error(error)
    if type(error).__module__.split(".", 1)[0] == "psycopg":
        return _postgres_error(error)
    return None


def _postgres_error(error: Any) -> Exception | None:
    state: str | None = getattr(error, "sqlstate", None)
    if state == "23505":
        return Conflict(error.diag.constraint_name or "unknown")
    if state in _RETRYABLE:
        return SerializationFailure(f"Expected the transaction to go through, but {error}")
    connection_lost = state is None and type(error).__name__ in {"OperationalError", "ConnectionTimeout"}
    if connection_lost or (state is not None and state.startswith(_UNAVAILABLE_CLASSES)):
        return StoreUnavailable(f"Expected PostgreSQL to answer, but {str(error).strip()}")
    return None


def _sqlite_error(error: sqlite3.Error) -> Exception | None:
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError) and text.startswith("UNIQUE constraint failed"):
        return Conflict(_constraint_name(text))
    if isinstance(error, sqlite3.OperationalError):
        if "locked" in text or "busy" in text:
            return SerializationFailure(f"Expected to write to the database file, but {text}")
        if any(words in text for words in ("unable to open", "disk I/O", "full", "readonly", "not a database")):
            return StoreUnavailable(f"Expected to use the database file, but {text}")
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in text:
        return StoreUnavailable(f"Expected a SQLite database file, but {text}")
    return None


def _constraint_name(text: str) -> str:
    """SQLite names columns (`UNIQUE constraint failed: t.a, t.b`), or the index where it has an expression."""
    named = re.search(r"index '([^']+)'", text)
    if named:
        return named.group(1)
    columns = [part.strip() for part in text.partition(": ")[2].split(",")]
    table_name = columns[0].partition(".")[0]
    names = {column.rpartition(".")[2] for column in columns}
    table = metadata.tables.get(table_name)
    unique: list[Index | UniqueConstraint | PrimaryKeyConstraint] = []
    if table is not None:
        unique = [item for item in table.indexes if item.unique]
        unique.append(table.primary_key)
    for candidate in unique:
        if {column.name for column in candidate.columns} == names:
            return str(candidate.name)
    return "unknown"
