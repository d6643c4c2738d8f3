"""The read side: lists and views for the API. Plain rows out, no objects of the engine, no locks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from server.ports.records import DecisionRow, DefinitionRow, IncidentRow, InstanceRow, UserTaskRow

Value = Any
T = TypeVar("T")


class BadCursor(ValueError):
    """The cursor is not one of ours, or belongs to another sort order."""


class BadSort(ValueError):
    """The sort is not one of those the list knows; the message names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    limit: int = 50
    cursor: str | None = None
    sort: str | None = None
    """A field of the list's own (`startedAt`, `-startedAt` descending); None: by id."""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    items: Sequence[T]
    next_cursor: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    status: Sequence[str] = ()
    definition_key: str | None = None
    definition_id: int | None = None
    business_key: str | None = None
    parent_instance_id: int | None = None
    root_instance_id: int | None = None
    variables: Sequence[tuple[str, Value]] = ()
    """Each root variable equals the value (indexed, typed; 1 equals 1.0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    status: Sequence[str] = ()
    instance_id: int | None = None
    definition_key: str | None = None
    assignee: str | None = None
    candidate_user: str | None = None
    candidate_groups: Sequence[str] = ()
    due_before: datetime | None = None
    business_key: str | None = None
    element_id: str | None = None
    visible_to: tuple[str, Sequence[str]] | None = None
    """(user, groups): only tasks whose assignee or owner is the user, that name the user or one of the groups as
    candidate, or that name nobody at all (no assignee, no candidates)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    instance_id: int | None = None
    definition_key: str | None = None
    element_id: str | None = None
    kind: str | None = None
    open_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveElement:
    element_id: str
    token_id: int
    scope_id: int
    parent_scope_id: int | None
    waits: Sequence[Mapping[str, Any]]
    """`{kind, id, elementId}` of what it waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    definitions: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    """`{definitionKey, counts: {RUNNING: n, ...}}`."""
    open_incidents: int = 0
    my_tasks: int = 0
    claimable_tasks: int = 0


class Queries(Protocol):
    """All take the tenant first. Lists answer at most `page.limit` items and an opaque cursor for the next."""

    def list_definitions(
        self, tenant_id: str, page: Page, *, key: str | None = None, latest: bool = False, name: str | None = None
    ) -> Listing[DefinitionRow]: ...

    def list_decisions(
        self, tenant_id: str, page: Page, *, key: str | None = None, latest: bool = False, name: str | None = None
    ) -> Listing[DecisionRow]: ...

    def list_instances(self, tenant_id: str, where: InstanceFilter, page: Page) -> Listing[InstanceRow]: ...

    def list_tasks(self, tenant_id: str, where: TaskFilter, page: Page) -> Listing[UserTaskRow]: ...

    def list_incidents(self, tenant_id: str, where: IncidentFilter, page: Page) -> Listing[IncidentRow]: ...

    def list_history(self, tenant_id: str, instance_id: int, page: Page) -> Listing[Mapping[str, Any]]:
        """Events in order: `{seq, at, ...}` plus what the step's document holds; large values put back."""

    def find_instance(self, tenant_id: str, instance_id: int) -> InstanceRow | None: ...

    def current_elements(self, instance_id: int, limit: int = 100) -> list[str]:
        """Distinct ids of elements with a token, over all scopes."""

    def active_elements(self, tenant_id: str, instance_id: int, page: Page) -> Listing[ActiveElement]: ...

    def variables(self, instance_ids: Sequence[int]) -> dict[int, dict[str, Value]]:
        """Root variables, values loaded, per instance."""

    def scope_variables(self, instance_id: int, scope_id: int) -> dict[str, Value] | None:
        """Variables the scope sees (its own and its ancestors'); None where it does not exist."""

    def find_task(self, tenant_id: str, task_id: int) -> UserTaskRow | None: ...

    def find_incident(self, tenant_id: str, incident_id: int) -> IncidentRow | None: ...

    def overview(self, tenant_id: str, user: str | None, groups: Sequence[str]) -> Overview: ...
