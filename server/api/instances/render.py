"""Instances as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.api.errors import finding_json
from server.ports.queries import ActiveElement, Queries
from server.ports.records import InstanceRow
from server.usecases.requests import InstanceView, MigrationResult

MAX_CURRENT_STATE = 100
Elements = Mapping[str, tuple[str, str | None]]
"""(type, name) by element id."""


def show_instance(row: InstanceRow, current_state: Sequence[str], context: Mapping[str, Any] | None) -> dict[str, Any]:
    """`context` None leaves the field out (lists)."""
    shown: dict[str, Any] = {
        "id": str(row.id),
        "tenantId": row.tenant_id,
        "definitionId": str(row.definition_id),
        "definitionKey": row.definition_key,
        "version": row.version,
        "businessKey": row.business_key,
        "status": str(row.status),
        "currentState": list(current_state)[:MAX_CURRENT_STATE],
        "startedAt": row.started_at,
        "endedAt": row.ended_at,
        "incidents": row.incidents,
        "parentInstanceId": None if row.parent_instance_id is None else str(row.parent_instance_id),
        "rootInstanceId": str(row.root_instance_id),
        "parentElementId": row.parent_element_id,
    }
    if context is not None:
        shown["context"] = context
    return shown


def show_view(view: InstanceView) -> dict[str, Any]:
    """What the executor answers."""
    return show_instance(view.row, view.current_state, view.context)


def show_migration(result: MigrationResult) -> dict[str, Any]:
    return {"mapping": dict(result.mapping), "findings": [finding_json(finding) for finding in result.findings]}


def load_view(queries: Queries, row: InstanceRow) -> dict[str, Any]:
    """An instance with everything."""
    context = queries.variables([row.id]).get(row.id, {})
    return show_instance(row, _current_state(queries, row), context)


def load_list(queries: Queries, rows: Sequence[InstanceRow], *, with_context: bool) -> list[dict[str, Any]]:
    contexts = queries.variables([row.id for row in rows]) if with_context and rows else {}
    return [
        show_instance(row, _current_state(queries, row), contexts.get(row.id, {}) if with_context else None)
        for row in rows
    ]


def show_element(element: ActiveElement, elements: Elements) -> dict[str, Any]:
    kind, name = elements.get(element.element_id, (None, None))
    return {
        "elementId": element.element_id,
        "elementType": kind,
        "elementName": name,
        "tokenId": str(element.token_id),
        "scopeId": str(element.scope_id),
        "parentScopeId": None if element.parent_scope_id is None else str(element.parent_scope_id),
        "waits": [{**wait, "id": str(wait["id"])} if "id" in wait else dict(wait) for wait in element.waits],
    }


def show_event(event: Mapping[str, Any], elements: Elements) -> Mapping[str, Any]:
    """An event of the history, with type and name of its element."""
    found = elements.get(event.get("elementId", ""))
    if found is None:
        return event
    kind, name = found
    return {"elementType": kind, **({} if name is None else {"elementName": name}), **event}


def _current_state(queries: Queries, row: InstanceRow) -> Sequence[str]:
    """An ended instance has no active elements, so that finished ones cost no query."""
    return queries.current_elements(row.id, MAX_CURRENT_STATE) if row.ended_at is None else ()
