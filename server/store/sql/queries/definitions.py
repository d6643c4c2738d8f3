"""Lists of definitions."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists

from server.ports.queries import Listing, Page
from server.ports.records import DefinitionRow
from server.store.sql import rows
from server.store.sql.queries.base import QueryBase
from server.store.tables import definition

SORTS = {
    "key": definition.c.key,
    "version": definition.c.version,
    "deployedAt": definition.c.deployed_at,
}


class DefinitionQueries(QueryBase):
    def list_definitions(
        self, tenant_id: str, page: Page, *, key: str | None = None, latest: bool = False, name: str | None = None
    ) -> Listing[DefinitionRow]:
        """Definitions by key, by (whole) name, only the latest of each key. Sorts: key, version, deployedAt."""
        conditions: list[ColumnElement[bool]] = [definition.c.tenant_id == tenant_id]
        if key is not None:
            conditions.append(definition.c.key == key)
        if name is not None:
            conditions.append(definition.c.name == name)
        if latest:
            newer = definition.alias("newer")
            conditions.append(
                ~exists().where(
                    newer.c.tenant_id == definition.c.tenant_id,
                    newer.c.key == definition.c.key,
                    newer.c.version > definition.c.version,
                )
            )
        return self._list(rows.definition, conditions, page, SORTS)
