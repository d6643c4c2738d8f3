"""The read side of the memory store: the same lists, made by filtering and sorting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, TypeVar

from server.ports.queries import (
    ActiveElement,
    IncidentFilter,
    InstanceFilter,
    Listing,
    Overview,
    Page,
    TaskFilter,
)
from server.ports.records import DecisionRow, DefinitionRow, IncidentRow, InstanceRow, UserTaskRow
from server.ports.store import Value
from server.store.elements import distinct_elements, elements_of, root_scope
from server.store.memory.store import MemoryStore, MemoryUnitOfWork
from server.store.memory.tables import View
from server.store.paging import limit_of, order_of, read_cursor, write_cursor
from server.store.steps import page_of_events
from server.store.values import same_value

R = TypeVar("R")
Sorts = Mapping[str, Callable[[Any], Any]]

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_DEFINITION_SORTS: Sorts = {
    "key": attrgetter("key"),
    "version": attrgetter("version"),
    "deployedAt": attrgetter("deployed_at"),
}
_INSTANCE_SORTS: Sorts = {"startedAt": attrgetter("started_at")}
_TASK_SORTS: Sorts = {
    "createdAt": attrgetter("created_at"),
    "priority": attrgetter("priority"),
    "dueDate": lambda row: row.due_date or _NEVER,
}
_INCIDENT_SORTS: Sorts = {"createdAt": attrgetter("created_at")}


class MemoryQueries:
    """Implements `server.ports.queries.Queries`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def list_definitions(
        self, tenant_id: str, page: Page, *, key: str | None = None, latest: bool = False, name: str | None = None
    ) -> Listing[DefinitionRow]:
        """Definitions by key, by (whole) name, only the latest of each key. Sorts: key, version, deployedAt."""
        with self._store.read() as unit:
            mine = [row for row in unit._views.definition.scan() if row.tenant_id == tenant_id]
            highest: dict[str, int] = {}
            for row in mine:
                highest[row.key] = max(row.version, highest.get(row.key, 0))
            found = (
                row
                for row in mine
                if key in (None, row.key) and name in (None, row.name)
                and (not latest or row.version == highest[row.key])
            )  # fmt: skip
            return _page(unit._views.definition, found, page, _DEFINITION_SORTS)

    def list_decisions(
        self, tenant_id: str, page: Page, *, key: str | None = None, latest: bool = False, name: str | None = None
    ) -> Listing[DecisionRow]:
        """Decisions by key, by (whole) name, only the latest of each key. Sorts: key, version, deployedAt."""
        with self._store.read() as unit:
            mine = [row for row in unit._views.decision.scan() if row.tenant_id == tenant_id]
            highest: dict[str, int] = {}
            for row in mine:
                highest[row.key] = max(row.version, highest.get(row.key, 0))
            found = (
                row
                for row in mine
                if key in (None, row.key) and name in (None, row.name)
                and (not latest or row.version == highest[row.key])
            )  # fmt: skip
            return _page(unit._views.decision, found, page, _DEFINITION_SORTS)

    def list_instances(self, tenant_id: str, where: InstanceFilter, page: Page) -> Listing[InstanceRow]:
        """Instances that meet every criterion. Sorts: startedAt."""
        equal = {
            "definition_key": where.definition_key,
            "definition_id": where.definition_id,
            "business_key": where.business_key,
            "parent_instance_id": where.parent_instance_id,
            "root_instance_id": where.root_instance_id,
        }
        with self._store.read() as unit:
            found = (
                row
                for row in _matching(unit._views.instance, tenant_id, where.status, equal)
                if all(_has_variable(unit, row.id, name, value) for name, value in where.variables)
            )
            return _page(unit._views.instance, found, page, _INSTANCE_SORTS)

    def list_tasks(self, tenant_id: str, where: TaskFilter, page: Page) -> Listing[UserTaskRow]:
        """User tasks that meet every criterion. Sorts: createdAt, priority, dueDate (without one: last)."""
        equal = {
            "instance_id": where.instance_id,
            "definition_key": where.definition_key,
            "assignee": where.assignee,
            "business_key": where.business_key,
            "element_id": where.element_id,
        }
        groups = set(where.candidate_groups)
        with self._store.read() as unit:
            found = (
                row
                for row in _matching(unit._views.user_task, tenant_id, where.status, equal)
                if (where.due_before is None or (row.due_date is not None and row.due_date < where.due_before))
                and (where.candidate_user is None or where.candidate_user in row.candidate_users)
                and (not groups or groups & set(row.candidate_groups))
                and (where.visible_to is None or _visible(row, *where.visible_to))
            )
            return _page(unit._views.user_task, found, page, _TASK_SORTS)

    def list_incidents(self, tenant_id: str, where: IncidentFilter, page: Page) -> Listing[IncidentRow]:
        """Incidents that meet every criterion. Sorts: createdAt."""
        equal = {
            "instance_id": where.instance_id,
            "definition_key": where.definition_key,
            "element_id": where.element_id,
            "kind": where.kind,
        }
        with self._store.read() as unit:
            found = (
                row
                for row in _matching(unit._views.incident, tenant_id, (), equal)
                if row.resolved_at is None or not where.open_only
            )
            return _page(unit._views.incident, found, page, _INCIDENT_SORTS)

    def list_history(self, tenant_id: str, instance_id: int, page: Page) -> Listing[Mapping[str, Any]]:
        """Events in order: `{seq, at, ...}` plus what the step's document holds. Sorts: seq."""
        order = order_of(page, ["seq"])
        position = read_cursor(page, order, 1)
        limit = limit_of(page)
        with self._store.read() as unit:
            steps = unit._views.history.thawed(
                row for row in unit._views.history.scan(instance_id) if row.tenant_id == tenant_id
            )
            owner = unit.find_instance(tenant_id, instance_id)
        steps.sort(key=attrgetter("sequence"), reverse=order.descending)
        after = None if position is None else position[0]
        events = page_of_events(((row.sequence, row.at, row.events) for row in steps), order.descending, after)
        total = (owner.sequence if owner is not None else 0) if page.total else None
        cursor = write_cursor(order, events[limit - 1]["seq"]) if len(events) > limit else None
        return Listing(events[:limit], cursor, total)

    def find_instance(self, tenant_id: str, instance_id: int) -> InstanceRow | None:
        """The instance, where the tenant has it."""
        with self._store.read() as unit:
            return unit.find_instance(tenant_id, instance_id)

    def current_elements(self, instance_id: int, limit: int = 100) -> list[str]:
        """Distinct ids of elements with a token, over all scopes; those of the root scope first."""
        with self._store.read() as unit:
            owner = unit._views.instance.get(instance_id)
            if owner is None:
                return []
            scopes = (row.active for row in unit._views.scope.scan(instance_id))
            return distinct_elements([owner.active, *scopes], limit)

    def active_elements(self, tenant_id: str, instance_id: int, page: Page) -> Listing[ActiveElement]:
        """One entry per token, by scope (the root first) and token."""
        order = order_of(page, ())
        position = read_cursor(page, order, 2)
        limit = limit_of(page)
        with self._store.read() as unit:
            owner = unit.find_instance(tenant_id, instance_id)
            if owner is None:
                return Listing([], None, 0 if page.total else None)
            scopes = sorted(unit._views.scope.thawed(unit._views.scope.scan(instance_id)), key=attrgetter("id"))
        found = [element for row in [root_scope(owner), *scopes] for element in elements_of(row)]

        def place(element: ActiveElement) -> tuple[bool, int, int]:
            return element.scope_id != instance_id, element.scope_id, element.token_id

        start = None if position is None else (position[0] != instance_id, *position)
        shown = [element for element in found if start is None or place(element) > start]
        last = shown[limit - 1] if len(shown) > limit else None
        cursor = None if last is None else write_cursor(order, last.scope_id, last.token_id)
        return Listing(shown[:limit], cursor, len(found) if page.total else None)

    def variables(self, instance_ids: Sequence[int]) -> dict[int, dict[str, Value]]:
        """Root variables, values loaded, per instance."""
        with self._store.read() as unit:
            found = unit.visible_variables([(id, id) for id in instance_ids])
        return {instance_id: values for (instance_id, _), values in found.items()}

    def scope_variables(self, instance_id: int, scope_id: int) -> dict[str, Value] | None:
        """Variables the scope sees (its own and its ancestors'); None where it does not exist."""
        ref = (instance_id, scope_id)
        with self._store.read() as unit:
            known = unit.instances_exist([instance_id]) if scope_id == instance_id else unit.load_scope_chains([ref])
            return unit.visible_variables([ref])[ref] if known else None

    def find_task(self, tenant_id: str, task_id: int) -> UserTaskRow | None:
        """The task, where the tenant has it."""
        with self._store.read() as unit:
            return _by_id(unit._views.user_task, tenant_id, task_id)

    def find_incident(self, tenant_id: str, incident_id: int) -> IncidentRow | None:
        """The incident, open or resolved, where the tenant has it."""
        with self._store.read() as unit:
            return _by_id(unit._views.incident, tenant_id, incident_id)

    def overview(self, tenant_id: str, user: str | None, groups: Sequence[str]) -> Overview:
        """Instances by definition and status, open incidents, tasks of the user and tasks the user could claim."""
        counts: dict[str, dict[str, int]] = {}
        with self._store.read() as unit:
            for row in unit._views.instance.scan():
                if row.tenant_id == tenant_id:
                    statuses = counts.setdefault(row.definition_key, {})
                    statuses[row.status] = statuses.get(row.status, 0) + 1
            incidents = sum(
                row.tenant_id == tenant_id and row.resolved_at is None for row in unit._views.incident.scan()
            )
            tasks = list(_matching(unit._views.user_task, tenant_id, ("OPEN", "CLAIMED"), {}))
        free = [row for row in tasks if row.assignee is None]
        return Overview(
            definitions=[{"definitionKey": key, "counts": counts[key]} for key in sorted(counts)],
            open_incidents=incidents,
            my_tasks=sum(user is not None and row.assignee == user for row in tasks),
            claimable_tasks=sum(
                (user is not None and user in row.candidate_users) or bool(set(groups) & set(row.candidate_groups))
                for row in free
            ),
        )


def _visible(row: UserTaskRow, user: str, groups: Sequence[str]) -> bool:
    """Theirs, offered to them, or nobody's (see `TaskFilter.visible_to`)."""
    offered = row.candidate_users or row.candidate_groups
    nobodys = row.assignee is None and not offered
    candidate = user in row.candidate_users or not set(groups).isdisjoint(row.candidate_groups)
    return user in (row.assignee, row.owner) or nobodys or candidate


def _matching(view: View[R], tenant_id: str, status: Sequence[str], equal: Mapping[str, Any]) -> Iterable[R]:
    wanted = {name: value for name, value in equal.items() if value is not None}
    for row in view.scan():
        values: Any = row
        if (
            values.tenant_id == tenant_id
            and (not status or values.status in status)
            and all(getattr(values, name) == value for name, value in wanted.items())
        ):
            yield row


def _has_variable(unit: MemoryUnitOfWork, instance_id: int, name: str, value: Value) -> bool:
    variable = unit._views.variable.find(instance_id, instance_id, name)
    return variable is not None and same_value(variable.value, value)


def _by_id(view: View[R], tenant_id: str, id: int) -> R | None:
    for row in _matching(view, tenant_id, (), {"id": id}):
        return view.table.thaw(row)
    return None


def _page(view: View[R], found: Iterable[R], page: Page, sorts: Sorts) -> Listing[R]:
    order = order_of(page, sorts)
    by = None if order.name is None else sorts[order.name]

    def position_of(row: Any) -> tuple[Any, ...]:
        return (row.id,) if by is None else (by(row), row.id)

    rows = sorted(found, key=position_of, reverse=order.descending)
    start = read_cursor(page, order, 1 if by is None else 2)
    if start is None:
        shown = rows
    elif order.descending:
        shown = [row for row in rows if position_of(row) < start]
    else:
        shown = [row for row in rows if position_of(row) > start]
    limit = limit_of(page)
    cursor = write_cursor(order, *position_of(shown[limit - 1])) if len(shown) > limit else None
    return Listing(view.thawed(shown[:limit]), cursor, len(rows) if page.total else None)
