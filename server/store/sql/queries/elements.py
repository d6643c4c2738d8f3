"""Where the tokens of an instance are."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select, union_all

from server.ports.queries import ActiveElement, Listing, Page
from server.ports.records import InstanceRow, ScopeRow
from server.store.elements import distinct_elements, elements_of, root_scope
from server.store.paging import limit_of, order_of, read_cursor, write_cursor
from server.store.sql import rows
from server.store.sql.queries.base import QueryBase
from server.store.sql.unit import SqlUnitOfWork
from server.store.tables import instance, scope

_CHUNK = 200
"""Scopes that are read at a time: bodies of multi-instances have no tokens."""


class ElementQueries(QueryBase):
    def current_elements(self, instance_id: int, limit: int = 100) -> list[str]:
        """Distinct ids of elements with a token, over all scopes; those of the root scope first."""
        statement = union_all(
            select(instance.c.active).where(instance.c.id == instance_id),
            select(scope.c.active).where(scope.c.instance_id == instance_id, scope.c.active != "").distinct(),
        )
        with self._read() as unit:
            return distinct_elements(unit.query(statement).scalars(), limit)

    def active_elements(self, tenant_id: str, instance_id: int, page: Page) -> Listing[ActiveElement]:
        """One entry per token, by scope (the root first) and token."""
        order = order_of(page, ())
        position = read_cursor(page, order, 2)
        limit = limit_of(page)
        found: list[ActiveElement] = []
        with self._read() as unit:
            owner = unit.find_instance(tenant_id, instance_id)
            if owner is None:
                return Listing([], None, 0 if page.total else None)
            for row in self._scopes(unit, owner, None if position is None else position[0]):
                found.extend(
                    element
                    for element in elements_of(row)
                    if position is None or row.id != position[0] or element.token_id > position[1]
                )
                if len(found) > limit:
                    break
            total = sum(len(elements_of(row)) for row in self._scopes(unit, owner, None)) if page.total else None
        last = found[limit - 1] if len(found) > limit else None
        cursor = None if last is None else write_cursor(order, last.scope_id, last.token_id)
        return Listing(found[:limit], cursor, total)

    @staticmethod
    def _scopes(unit: SqlUnitOfWork, owner: InstanceRow, start: int | None) -> Iterator[ScopeRow]:
        """The root scope, then the others by id; from scope `start` on where it is given."""
        if start is None or start == owner.id:
            yield root_scope(owner)
            start = None
        first = 0 if start is None else start
        while True:
            chunk: list[ScopeRow] = rows.scope.rows(
                unit.query(
                    select(*rows.scope.columns)
                    .where(scope.c.instance_id == owner.id, scope.c.id >= first)
                    .order_by(scope.c.id)
                    .limit(_CHUNK)
                )
            )
            yield from chunk
            if len(chunk) < _CHUNK:
                return
            first = chunk[-1].id + 1
