"""Lists of instances and their variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from server.ports.queries import InstanceFilter, Listing, Page
from server.ports.records import InstanceRow
from server.ports.store import Value
from server.store.sql import rows
from server.store.sql.queries.base import QueryBase
from server.store.tables import instance, variable
from server.store.values import index_hash

SORTS = {"startedAt": instance.c.started_at}


class InstanceQueries(QueryBase):
    def list_instances(self, tenant_id: str, where: InstanceFilter, page: Page) -> Listing[InstanceRow]:
        """Instances that meet every criterion. Sorts: startedAt."""
        conditions: list[ColumnElement[bool]] = [instance.c.tenant_id == tenant_id]
        if where.status:
            conditions.append(instance.c.status.in_(list(where.status)))
        equal: list[tuple[Any, Any]] = [
            (instance.c.definition_key, where.definition_key),
            (instance.c.definition_id, where.definition_id),
            (instance.c.business_key, where.business_key),
            (instance.c.parent_instance_id, where.parent_instance_id),
            (instance.c.root_instance_id, where.root_instance_id),
        ]
        conditions.extend(column == value for column, value in equal if value is not None)
        conditions.extend(_has_variable(tenant_id, name, value) for name, value in where.variables)
        return self._list(rows.instance, conditions, page, SORTS)

    def find_instance(self, tenant_id: str, instance_id: int) -> InstanceRow | None:
        """The instance, where the tenant has it."""
        with self._read() as unit:
            return unit.find_instance(tenant_id, instance_id)

    def variables(self, instance_ids: Sequence[int]) -> dict[int, dict[str, Value]]:
        """Root variables, values loaded, per instance."""
        with self._read() as unit:
            found = unit.visible_variables([(id, id) for id in instance_ids])
        return {instance_id: values for (instance_id, _), values in found.items()}

    def scope_variables(self, instance_id: int, scope_id: int) -> dict[str, Value] | None:
        """Variables the scope sees (its own and its ancestors'); None where it does not exist."""
        ref = (instance_id, scope_id)
        with self._read() as unit:
            known = unit.instances_exist([instance_id]) if scope_id == instance_id else unit.load_scope_chains([ref])
            return unit.visible_variables([ref])[ref] if known else None


def _has_variable(tenant_id: str, name: str, value: Value) -> ColumnElement[bool]:
    """Scalars by index over all instances; lists and maps are compared as they are stored, instance by instance."""
    digest = index_hash(value)
    if digest is None:
        return exists().where(
            variable.c.instance_id == instance.c.id,
            variable.c.scope_id == instance.c.id,
            variable.c.name == name,
            variable.c.value == value,
        )
    return instance.c.id.in_(
        select(variable.c.instance_id).where(
            variable.c.tenant_id == tenant_id,
            variable.c.name == name,
            variable.c.value_hash == digest,
            variable.c.value_hash.is_not(None),
        )
    )
