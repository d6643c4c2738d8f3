"""Active elements, read from the scopes' documents."""

from __future__ import annotations

from collections.abc import Iterable

from bpmn.runtime.document import scope_from_document
from bpmn.runtime.state import ScopeKind, ScopeState
from server.ports.queries import ActiveElement
from server.ports.records import InstanceRow, ScopeRow


def elements_of(row: ScopeRow) -> list[ActiveElement]:
    """One entry per token of the scope, in order of token id."""
    scope = scope_from_document(
        row.document,
        id=row.id,
        kind=row.kind,
        element=row.element_id,
        parent=row.parent_id,
        owner=row.owner_token_id,
        state=row.state,
        index=row.item_index,
    )
    is_root = row.id == row.instance_id
    return [
        ActiveElement(
            element_id=token.element,
            token_id=token.id,
            scope_id=row.id,
            parent_scope_id=None if is_root else row.parent_id,
            waits=[
                {"kind": str(wait.kind), "id": wait.id, "elementId": wait.element.partition("$")[0]}
                for wait in token.waits
            ],
        )
        for token in sorted(scope.tokens.values(), key=lambda token: token.id)
    ]


def root_scope(instance: InstanceRow) -> ScopeRow:
    """The root scope, which is kept in the instance's row."""
    return ScopeRow(
        instance_id=instance.id,
        id=instance.id,
        tenant_id=instance.tenant_id,
        parent_id=instance.id,
        owner_token_id=None,
        element_id=instance.definition_key,
        kind=ScopeKind.PROCESS,
        state=ScopeState.ACTIVE,
        document=instance.document,
        active=instance.active,
    )


def distinct_elements(active: Iterable[str], limit: int) -> list[str]:
    """Distinct ids of elements out of the space-separated lists of scopes, at most `limit`."""
    found: dict[str, None] = {}
    for ids in active:
        for element in ids.split():
            if element not in found:
                if len(found) == limit:
                    return list(found)
                found[element] = None
    return list(found)
