"""Keyset paging over a select."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, select, tuple_

from server.ports.queries import Listing, Page
from server.store.paging import limit_of, order_of, read_cursor, write_cursor
from server.store.sql import rows

if TYPE_CHECKING:
    from server.store.sql.store import SqlStore
    from server.store.sql.unit import SqlUnitOfWork

R = TypeVar("R")


class QueryBase:
    """Each question is asked on a snapshot of its own."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def _read(self) -> AbstractContextManager[SqlUnitOfWork]:
        return self._store.read()

    def _list(
        self,
        mapping: rows.Mapping[R],
        conditions: list[ColumnElement[bool]],
        page: Page,
        sorts: Mapping[str, ColumnElement[Any]],
    ) -> Listing[R]:
        """The rows of one table that meet all conditions, a page of them.

        Raises BadSort and BadCursor.
        """
        id = mapping.table.c.id
        order = order_of(page, sorts)
        key: list[ColumnElement[Any]] = [id] if order.name is None else [sorts[order.name], id]
        statement: Select[Any] = select(*mapping.columns, *(column.label(None) for column in key)).where(*conditions)
        position = read_cursor(page, order, len(key))
        if position is not None:
            left = tuple_(*key)
            right = tuple_(*position, types=[column.type for column in key])
            statement = statement.where(left < right if order.descending else left > right)
        statement = statement.order_by(*(column.desc() if order.descending else column.asc() for column in key))
        limit = limit_of(page)
        with self._read() as unit:
            found = unit.query(statement.limit(limit + 1)).all()
            total = unit.query(select(func.count()).where(*conditions)).scalar_one() if page.total else None
        items = [mapping.row(row[: len(mapping.columns)]) for row in found[:limit]]
        more = len(found) > limit
        next_cursor = write_cursor(order, *found[limit - 1][len(mapping.columns) :]) if more else None
        return Listing(items, next_cursor, total)
