"""Lists of decisions."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists

from server.ports.queries import Listing, Page
from server.ports.records import DecisionRow
from server.store.sql import rows
from server.store.sql.queries.base import QueryBase
from server.store.tables import decision

SORTS = {
    "key": decision.c.key,
    "version": decision.c.version,
    "deployedAt": decision.c.deployed_at,
}


class DecisionQueries(QueryBase):
    def list_decisions(
        self, tenant_id: str, page: Page, *, key: str | None = None, latest: bool = False, name: str | None = None
    ) -> Listing[DecisionRow]:
        """Decisions by key, by (whole) name, only the latest of each key. Sorts: key, version, deployedAt."""
        conditions: list[ColumnElement[bool]] = [decision.c.tenant_id == tenant_id]
        if key is not None:
            conditions.append(decision.c.key == key)
        if name is not None:
            conditions.append(decision.c.name == name)
        if latest:
            newer = decision.alias("newer")
            conditions.append(
                ~exists().where(
                    newer.c.tenant_id == decision.c.tenant_id,
                    newer.c.key == decision.c.key,
                    newer.c.version > decision.c.version,
                )
            )
        return self._list(rows.decision, conditions, page, SORTS)
