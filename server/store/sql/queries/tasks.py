"""Lists of user tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select

from server.ports.queries import Listing, Page, TaskFilter
from server.ports.records import UserTaskRow
from server.store.sql import rows
from server.store.sql.queries.base import QueryBase
from server.store.tables import user_task, user_task_candidate

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Sorts tasks without a due date behind all others."""

SORTS: dict[str, ColumnElement[Any]] = {
    "createdAt": user_task.c.created_at,
    "priority": user_task.c.priority,
    "dueDate": func.coalesce(
        user_task.c.due_date, literal(NEVER, user_task.c.due_date.type), type_=user_task.c.due_date.type
    ),
}


class TaskQueries(QueryBase):
    def list_tasks(self, tenant_id: str, where: TaskFilter, page: Page) -> Listing[UserTaskRow]:
        """User tasks that meet every criterion. Sorts: createdAt, priority, dueDate (without one: last)."""
        conditions: list[ColumnElement[bool]] = [user_task.c.tenant_id == tenant_id]
        if where.status:
            conditions.append(user_task.c.status.in_(list(where.status)))
        equal: list[tuple[Any, Any]] = [
            (user_task.c.instance_id, where.instance_id),
            (user_task.c.definition_key, where.definition_key),
            (user_task.c.assignee, where.assignee),
            (user_task.c.business_key, where.business_key),
            (user_task.c.element_id, where.element_id),
        ]
        conditions.extend(column == value for column, value in equal if value is not None)
        if where.due_before is not None:
            conditions.append(user_task.c.due_date < where.due_before)
        if where.candidate_user is not None:
            conditions.append(candidate_of(tenant_id, "USER", [where.candidate_user]))
        if where.candidate_groups:
            conditions.append(candidate_of(tenant_id, "GROUP", list(where.candidate_groups)))
        if where.visible_to is not None:
            conditions.append(_visible(tenant_id, *where.visible_to))
        return self._list(rows.user_task, conditions, page, SORTS)

    def find_task(self, tenant_id: str, task_id: int) -> UserTaskRow | None:
        """The task, where the tenant has it."""
        statement = select(*rows.user_task.columns).where(user_task.c.id == task_id, user_task.c.tenant_id == tenant_id)
        with self._read() as unit:
            found = unit.query(statement).first()
        return None if found is None else rows.user_task.row(found)


def _visible(tenant_id: str, user: str, groups: Sequence[str]) -> ColumnElement[bool]:
    """Theirs, offered to them, or nobody's (see `TaskFilter.visible_to`)."""
    candidate = user_task_candidate
    offered = exists().where(
        candidate.c.tenant_id == user_task.c.tenant_id,
        candidate.c.instance_id == user_task.c.instance_id,
        candidate.c.task_id == user_task.c.id,
    )
    visible = or_(
        user_task.c.assignee == user,
        user_task.c.owner == user,
        and_(user_task.c.assignee.is_(None), ~offered),
        candidate_of(tenant_id, "USER", [user]),
    )
    return or_(visible, candidate_of(tenant_id, "GROUP", list(groups))) if groups else visible


def candidate_of(tenant_id: str, kind: str, names: list[str]) -> ColumnElement[bool]:
    """One of the names is a candidate of the task."""
    candidate = user_task_candidate
    return user_task.c.id.in_(
        select(candidate.c.task_id).where(
            candidate.c.tenant_id == tenant_id, candidate.c.kind == kind, candidate.c.name.in_(names)
        )
    )
