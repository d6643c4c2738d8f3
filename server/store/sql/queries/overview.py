"""What a first page needs, in four counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from server.ports.queries import Overview
from server.store.sql.queries.base import QueryBase
from server.store.sql.queries.tasks import candidate_of
from server.store.tables import incident, instance, user_task

_ACTIVE = ("OPEN", "CLAIMED")


class OverviewQueries(QueryBase):
    def overview(self, tenant_id: str, user: str | None, groups: Sequence[str]) -> Overview:
        """Instances by definition and status, open incidents, tasks of the user and tasks the user could claim."""
        counts: dict[str, dict[str, int]] = {}
        by_status = (
            select(instance.c.definition_key, instance.c.status, func.count().label("instances"))
            .where(instance.c.tenant_id == tenant_id)
            .group_by(instance.c.definition_key, instance.c.status)
            .order_by(instance.c.definition_key)
        )
        open_incidents = select(func.count()).where(incident.c.tenant_id == tenant_id, incident.c.resolved_at.is_(None))
        with self._read() as unit:
            for row in unit.query(by_status):
                counts.setdefault(row.definition_key, {})[row.status] = row.instances
            incidents = unit.query(open_incidents).scalar_one()
            mine = 0
            if user is not None:
                mine = unit.query(self._count(tenant_id, user_task.c.assignee == user)).scalar_one()
            claimable = 0
            candidate = self._candidate(tenant_id, user, groups)
            if candidate is not None:
                free = (user_task.c.assignee.is_(None), candidate)
                claimable = unit.query(self._count(tenant_id, *free)).scalar_one()
        return Overview(
            definitions=[{"definitionKey": key, "counts": statuses} for key, statuses in counts.items()],
            open_incidents=incidents,
            my_tasks=mine,
            claimable_tasks=claimable,
        )

    @staticmethod
    def _count(tenant_id: str, *conditions: ColumnElement[bool]) -> Select[Any]:
        return select(func.count()).where(
            user_task.c.tenant_id == tenant_id, user_task.c.status.in_(_ACTIVE), *conditions
        )

    @staticmethod
    def _candidate(tenant_id: str, user: str | None, groups: Sequence[str]) -> ColumnElement[bool] | None:
        ways: list[ColumnElement[bool]] = []
        if user is not None:
            ways.append(candidate_of(tenant_id, "USER", [user]))
        if groups:
            ways.append(candidate_of(tenant_id, "GROUP", list(groups)))
        return or_(*ways) if ways else None
