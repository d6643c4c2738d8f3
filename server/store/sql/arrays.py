"""Lists as one parameter, so that a statement has the same text (and plan) for one id as for a thousand.

PostgreSQL takes arrays (`= ANY(...)`, `unnest`), SQLite a JSON text (`json_each`). Statements are built per dialect.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from sqlalchemy import ARRAY, BigInteger, ColumnElement, FromClause, Text, bindparam, func, not_, select
from sqlalchemy.types import TypeEngine

Dialect = Literal["sqlite", "postgresql"]


def is_in(dialect: Dialect, column: ColumnElement[Any], name: str, type: TypeEngine[Any] | None = None) -> Any:
    """`column` is one of the values of parameter `name` (see `bind_list`); numbers unless another type is given."""
    if dialect == "postgresql":
        return column == func.any(bindparam(name, type_=ARRAY(type or BigInteger())))
    return column.in_(select(func.json_each(bindparam(name, type_=Text())).table_valued("value").c.value))


def is_not_in(dialect: Dialect, column: ColumnElement[Any], name: str, type: TypeEngine[Any] | None = None) -> Any:
    return not_(is_in(dialect, column, name, type))


def bind_list(dialect: Dialect, values: Iterable[Any]) -> Any:
    """The parameter of `is_in`."""
    return list(values) if dialect == "postgresql" else json.dumps(list(values))


def rows_of(dialect: Dialect, name: str, *columns: tuple[str, TypeEngine[Any]]) -> FromClause:
    """The parameter rows `name` (see `bind_rows`) as something to join with."""
    if dialect == "postgresql":
        arrays = [bindparam(f"{name}_{column}", type_=ARRAY(type)) for column, type in columns]
        unnested = func.unnest(*arrays).table_valued(*(column for column, _ in columns), name=name)
        return unnested.render_derived()
    each = func.json_each(bindparam(name, type_=Text())).table_valued("value", name=f"{name}_each")
    extracted = [
        func.json_extract(each.c.value, f"$[{position}]").label(column) for position, (column, _) in enumerate(columns)
    ]
    return select(*extracted).subquery(name)


def bind_rows(dialect: Dialect, name: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """The parameters of `rows_of`."""
    if dialect == "sqlite":
        return {name: json.dumps(list(rows))}
    unzipped: Iterable[tuple[Any, ...]] = zip(*rows, strict=True)
    return {f"{name}_{column}": list(values) for column, values in zip(columns, unzipped, strict=True)}


def refs(dialect: Dialect) -> FromClause:
    """Pairs (instance_id, id) under the name `refs`."""
    return rows_of(dialect, "refs", ("instance_id", BigInteger()), ("id", BigInteger()))


def bind_refs(dialect: Dialect, pairs: Iterable[tuple[int, int]]) -> dict[str, Any]:
    """The parameters of `refs`; there must be at least one pair."""
    return bind_rows(dialect, "refs", ("instance_id", "id"), pairs)
