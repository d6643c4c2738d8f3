"""Loading the part of an instance that a command touches: scope chains, variables, items."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Integer, Text, and_, bindparam, case, func, literal_column, null, select, type_coerce

from server.ports.records import ConditionWaitRow, MigrationRow, ScopeRow, VariableRow
from server.ports.store import Ref, Value
from server.store.sql import rows
from server.store.sql.arrays import Dialect, bind_list, bind_refs, bind_rows, is_in, refs, rows_of
from server.store.sql.base import UnitBase
from server.store.sql.statements import per_dialect
from server.store.tables import condition_wait, item, migration, scope, variable
from server.store.types import StoredValue

SMALL_VALUE = 1024
"""Bytes up to which a value is read together with its name."""

_CHILDREN = (
    select(*rows.scope.columns)
    .where(
        scope.c.instance_id == bindparam("instance_id"),
        scope.c.parent_id == bindparam("scope_id"),
        scope.c.id > bindparam("after"),
    )
    .order_by(scope.c.id)
    .limit(bindparam("limit", type_=Integer()))
)
_PORTION = (
    select(*rows.scope.columns)
    .where(scope.c.instance_id == bindparam("instance_id"), scope.c.id > bindparam("after"))
    .order_by(scope.c.id)
    .limit(bindparam("limit", type_=Integer()))
)
_MIGRATION = select(*rows.migration.columns).where(migration.c.instance_id == bindparam("of_instance"))
_ITEMS = (
    select(item.c.item_index, item.c.value)
    .where(
        item.c.instance_id == bindparam("instance_id"),
        item.c.scope_id == bindparam("scope_id"),
        item.c.item_index >= bindparam("start"),
        item.c.item_index < bindparam("stop", type_=Integer()),
    )
    .order_by(item.c.item_index)
)
_OUTPUTS = (
    select(item.c.item_index, item.c.output)
    .where(item.c.instance_id == bindparam("instance_id"), item.c.scope_id == bindparam("scope_id"))
    .order_by(item.c.item_index)
)


def _chain_keys(dialect: Dialect) -> Any:
    """(instance, scope) of the given scopes and of their ancestors below the root."""
    given = refs(dialect)
    chain = select(given.c.instance_id, given.c.id).cte("chain", recursive=True)
    parent = select(scope.c.instance_id, scope.c.parent_id).where(
        scope.c.instance_id == chain.c.instance_id,
        scope.c.id == chain.c.id,
        scope.c.parent_id != scope.c.instance_id,
    )
    return chain.union(parent)


@per_dialect
def _scope_chains(dialect: Dialect) -> Any:
    chain = _chain_keys(dialect)
    return (
        select(*rows.scope.columns)
        .join_from(chain, scope, and_(scope.c.instance_id == chain.c.instance_id, scope.c.id == chain.c.id))
        .order_by(scope.c.instance_id, scope.c.id)
    )


@per_dialect
def _chain_parents(dialect: Dialect) -> Any:
    chain = _chain_keys(dialect)
    return select(scope.c.instance_id, scope.c.id, scope.c.parent_id).join_from(
        chain, scope, and_(scope.c.instance_id == chain.c.instance_id, scope.c.id == chain.c.id)
    )


def _in_scopes(dialect: Dialect) -> Any:
    given = refs(dialect)
    return given, and_(variable.c.instance_id == given.c.instance_id, variable.c.scope_id == given.c.id)


@per_dialect
def _variables(dialect: Dialect) -> Any:
    """Small values and the names of all; SQL NULL stands for UNLOADED."""
    given, same_scope = _in_scopes(dialect)
    small = case((func.length(variable.c.value) <= literal_column(str(SMALL_VALUE)), variable.c.value), else_=null())
    return select(
        variable.c.instance_id,
        variable.c.scope_id,
        variable.c.tenant_id,
        variable.c.name,
        type_coerce(small, StoredValue()),
    ).join_from(given, variable, same_scope)


@per_dialect
def _all_values(dialect: Dialect) -> Any:
    given, same_scope = _in_scopes(dialect)
    return select(*rows.variable.columns).join_from(given, variable, same_scope)


@per_dialect
def _named_values(dialect: Dialect) -> Any:
    given, same_scope = _in_scopes(dialect)
    return (
        select(*rows.variable.columns)
        .join_from(given, variable, same_scope)
        .where(is_in(dialect, variable.c.name, "names", Text()))
    )


_VALUE_KEYS = ("instance_id", "scope_id", "name")


@per_dialect
def _exact_values(dialect: Dialect) -> Any:
    given = rows_of(dialect, "wanted", ("instance_id", BigInteger()), ("scope_id", BigInteger()), ("name", Text()))
    return select(*rows.variable.columns).join_from(
        given,
        variable,
        and_(
            variable.c.instance_id == given.c.instance_id,
            variable.c.scope_id == given.c.scope_id,
            variable.c.name == given.c.name,
        ),
    )


@per_dialect
def _condition_waits(dialect: Dialect) -> Any:
    grouped = [column for column in rows.condition_wait.columns if column.name != "name"]
    columns = [func.min(column) if column.name == "name" else column for column in rows.condition_wait.columns]
    return (
        select(*columns)
        .where(
            condition_wait.c.instance_id == bindparam("instance_id"),
            condition_wait.c.id > bindparam("after"),
            is_in(dialect, condition_wait.c.name, "names", Text()),
        )
        .group_by(*grouped)
        .order_by(condition_wait.c.id)
        .limit(bindparam("limit", type_=Integer()))
    )


class Loading(UnitBase):
    def load_scope_chains(self, refs: Iterable[Ref]) -> list[ScopeRow]:
        """Each named scope and its ancestors below the root (the root is in the instance row), each once."""
        wanted = {ref for ref in refs if ref[0] != ref[1]}
        if not wanted:
            return []
        return rows.scope.rows(self._execute(_scope_chains(self._dialect), bind_refs(self._dialect, wanted)))

    def load_children(self, instance_id: int, scope_id: int, limit: int, after: int = 0) -> list[ScopeRow]:
        """Direct child scopes with ids above `after`, in order of id."""
        params = {"instance_id": instance_id, "scope_id": scope_id, "limit": limit, "after": after}
        return rows.scope.rows(self._execute(_CHILDREN, params))

    def load_portion(self, instance_id: int, after: int, limit: int) -> list[ScopeRow]:
        """Scopes of the instance below its root, with ids above `after`, in order of id."""
        params = {"instance_id": instance_id, "after": after, "limit": limit}
        return rows.scope.rows(self._execute(_PORTION, params))

    def find_migration(self, instance_id: int) -> MigrationRow | None:
        """The last migration of the instance that took many transactions."""
        found = rows.migration.rows(self._execute(_MIGRATION, {"of_instance": instance_id}))
        return found[0] if found else None

    def load_variables(self, refs: Iterable[Ref]) -> list[VariableRow]:
        """All names of the given scopes; values up to 1 kB are read, larger ones are UNLOADED."""
        wanted = set(refs)
        if not wanted:
            return []
        return rows.variable.rows(self._execute(_variables(self._dialect), bind_refs(self._dialect, wanted)))

    def load_values(self, refs: Iterable[tuple[int, int, str]]) -> list[VariableRow]:
        """The values of exactly these variables, whatever their size."""
        wanted = set(refs)
        if not wanted:
            return []
        params = bind_rows(self._dialect, "wanted", _VALUE_KEYS, wanted)
        return rows.variable.rows(self._execute(_exact_values(self._dialect), params))

    def load_items(self, instance_id: int, scope_id: int, start: int, count: int) -> list[tuple[int, Value]]:
        """Input items from index `start`, at most `count`, as (index, value)."""
        params = {"instance_id": instance_id, "scope_id": scope_id, "start": start, "stop": start + count}
        return [(row.item_index, row.value) for row in self._execute(_ITEMS, params)]

    def load_outputs(self, instance_id: int, scope_id: int) -> list[Value]:
        """All outputs of a body in order of index; null where none was stored."""
        outputs: list[Value] = []
        for row in self._execute(_OUTPUTS, {"instance_id": instance_id, "scope_id": scope_id}):
            outputs.extend([None] * (row.item_index - len(outputs)))
            outputs.append(row.output)
        return outputs

    def visible_variables(
        self, refs: Iterable[Ref], *, own_only: Iterable[Ref] = (), names: Iterable[str] | None = None
    ) -> dict[Ref, dict[str, Value]]:
        """Per scope all variables it sees (its own, then its ancestors'); for `own_only` just its own."""
        own = set(own_only)
        wanted = list(dict.fromkeys([*refs, *own]))
        if not wanted:
            return {}
        chains = self._chains([ref for ref in wanted if ref not in own])
        chains.update({ref: [ref] for ref in own})
        values: dict[Ref, dict[str, Value]] = {}
        for row in self._values_of({ref for chain in chains.values() for ref in chain}, names):
            values.setdefault((row.instance_id, row.scope_id), {})[row.name] = row.value
        seen: dict[Ref, dict[str, Value]] = {}
        for ref in wanted:
            visible: dict[str, Value] = {}
            for link in reversed(chains[ref]):
                visible.update(values.get(link, {}))
            seen[ref] = visible
        return seen

    def _chains(self, wanted: list[Ref]) -> dict[Ref, list[Ref]]:
        """Each scope's chain, itself first, the root last."""
        below_root = {ref for ref in wanted if ref[0] != ref[1]}
        parents: dict[Ref, int] = {}
        if below_root:
            result = self._execute(_chain_parents(self._dialect), bind_refs(self._dialect, below_root))
            parents = {(row.instance_id, row.id): row.parent_id for row in result}
        chains: dict[Ref, list[Ref]] = {}
        for ref in wanted:
            chain = [ref]
            while chain[-1] in parents:
                chain.append((ref[0], parents[chain[-1]]))
            chains[ref] = chain
        return chains

    def _values_of(self, scopes: set[Ref], names: Iterable[str] | None) -> list[VariableRow]:
        params = bind_refs(self._dialect, scopes)
        if names is None:
            return rows.variable.rows(self._execute(_all_values(self._dialect), params))
        params["names"] = bind_list(self._dialect, names)
        return rows.variable.rows(self._execute(_named_values(self._dialect), params))

    def condition_waits(
        self, instance_id: int, names: Iterable[str], limit: int, after: int = 0
    ) -> list[ConditionWaitRow]:
        """Waits of the instance on any of the names or on `*`, one row per wait, id above `after`, in order of id."""
        params = {
            "instance_id": instance_id,
            "names": bind_list(self._dialect, {*names, "*"}),
            "limit": limit,
            "after": after,
        }
        return rows.condition_wait.rows(self._execute(_condition_waits(self._dialect), params))
