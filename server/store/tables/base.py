"""What the tables are made of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    Table,
    false,
    literal_column,
)
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from server.store.types import Document, Identifier, UtcDateTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


Number = BigInteger().with_variant(Integer(), "sqlite")
"""63-bit ids and counts; SQLite's INTEGER is as wide, and as a primary key it is the row id itself."""


def key(name: str, type: TypeEngine[Any] | None = None) -> Column[Any]:
    """A column of the primary key, given by the application."""
    return Column(name, type or Number, primary_key=True, autoincrement=False, nullable=False)


def number(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Number, nullable=null)


def count(name: str) -> Column[Any]:
    """A number that begins with none; rows of before the column count as none."""
    return Column(name, Number, nullable=False, server_default=literal_column("0"))


def text(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Identifier(), nullable=null)


def flag(name: str) -> Column[Any]:
    return Column(name, Boolean(), nullable=False, server_default=false())


def moment(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, UtcDateTime(), nullable=null)


def document(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, Document(), nullable=null)


def tenant() -> Column[Any]:
    return text("tenant_id")


def index(name: str, *columns: ColumnElement[Any], where: ClauseElement | None = None, unique: bool = False) -> Index:
    """An index, partial where a condition is given."""
    if where is None:
        return Index(name, *columns, unique=unique)
    return Index(name, *columns, unique=unique, postgresql_where=where, sqlite_where=where)


def hot(table: Table, *, fillfactor: int | None = None) -> None:
    """PostgreSQL: vacuum a table early whose rows live for seconds; leave room on its pages for updates in place."""
    options = ["autovacuum_vacuum_scale_factor = 0.02", "autovacuum_vacuum_threshold = 500"]
    if fillfactor is not None:
        options.append(f"fillfactor = {fillfactor}")
    table.info["postgresql_with"] = ", ".join(options)
