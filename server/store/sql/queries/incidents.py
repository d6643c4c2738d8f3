"""Lists of incidents."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select

from server.ports.queries import IncidentFilter, Listing, Page
from server.ports.records import IncidentRow
from server.store.sql import rows
from server.store.sql.queries.base import QueryBase
from server.store.tables import incident

SORTS = {"createdAt": incident.c.created_at}


class IncidentQueries(QueryBase):
    def list_incidents(self, tenant_id: str, where: IncidentFilter, page: Page) -> Listing[IncidentRow]:
        """Incidents that meet every criterion. Sorts: createdAt."""
        conditions: list[ColumnElement[bool]] = [incident.c.tenant_id == tenant_id]
        equal: list[tuple[Any, Any]] = [
            (incident.c.instance_id, where.instance_id),
            (incident.c.definition_key, where.definition_key),
            (incident.c.element_id, where.element_id),
            (incident.c.kind, where.kind),
        ]
        conditions.extend(column == value for column, value in equal if value is not None)
        if where.open_only:
            conditions.append(incident.c.resolved_at.is_(None))
        return self._list(rows.incident, conditions, page, SORTS)

    def find_incident(self, tenant_id: str, incident_id: int) -> IncidentRow | None:
        """The incident, open or resolved, where the tenant has it."""
        statement = select(*rows.incident.columns).where(
            incident.c.id == incident_id, incident.c.tenant_id == tenant_id
        )
        with self._read() as unit:
            found = unit.query(statement).first()
        return None if found is None else rows.incident.row(found)
