"""CANCEL_NOT_ALLOWED, CANCEL_NOT_CAUGHT: cancel events belong to transactions (BPMN 2.0.2, 10.5.3, 10.5.4, 13.3.5)."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import Transaction
from bpmn.model.events import BoundaryEvent, CancelEventDefinition, EndEvent, Event
from bpmn.rules.index import Index, Scope, error, warning


def check(index: Index) -> Iterator[Finding]:
    cancels = [(scope, node) for scope, node in index.nodes() if isinstance(node, Event) and _cancels(node)]
    if not cancels:
        return
    inside: set[int] = set()
    for scope in index.scopes:  # parents come before their children
        if isinstance(scope.container, Transaction) or id(scope.container) in inside:
            inside.add(id(scope.container))
            inside.update(map(id, scope.content.nodes))
    yield from _not_caught(index, [scope for scope, event in cancels if isinstance(event, EndEvent)])
    for scope, event in cancels:
        if isinstance(event, EndEvent) and id(scope.container) not in inside:
            yield error(
                "CANCEL_NOT_ALLOWED",
                event,
                f"Expected cancel end event '{event.id}' inside a transaction, but '{scope.container.id}' is none.",
                "Make the sub-process a transaction, or throw an error.",
            )
        elif isinstance(event, BoundaryEvent) and not isinstance(scope.nodes.get(event.attached_to or ""), Transaction):
            yield error(
                "CANCEL_NOT_ALLOWED",
                event,
                f"Expected cancel boundary event '{event.id}' to be attached to a transaction, but"
                f" '{event.attached_to}' is none.",
                "Make the sub-process a transaction, or catch an error.",
            )


def _not_caught(index: Index, thrown: list[Scope]) -> Iterator[Finding]:
    """Transactions that are cancelled but do not say how to go on."""
    seen: set[str] = set()
    for scope in thrown:
        current: Scope | None = scope
        while current is not None and not isinstance(current.container, Transaction):
            current = index.scope_of.get(current.container.id)
        if current is None or current.container.id in seen:
            continue
        transaction = current.container
        seen.add(transaction.id)
        beside = index.scope_of[transaction.id].content.nodes
        if not any(isinstance(e, BoundaryEvent) and e.attached_to == transaction.id and _cancels(e) for e in beside):
            yield warning(
                "CANCEL_NOT_CAUGHT",
                transaction,
                f"Expected a cancel boundary event at transaction '{transaction.id}', which can be cancelled, but there"
                " is none; after compensation nothing goes on from it.",
                "Attach a cancel boundary event and connect it to what follows.",
            )


def _cancels(event: Event) -> bool:
    return any(isinstance(definition, CancelEventDefinition) for definition in event.definitions)
