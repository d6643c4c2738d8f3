"""COMPENSATION_...: handlers stand beside the flow, joined by an association to the boundary event that calls them.

Source: BPMN 2.0.2, 10.7 and 13.5.5 (handlers), 10.5.5 (activityRef).
"""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import Activity
from bpmn.model.events import BoundaryEvent, CompensateEventDefinition, Event, StartEvent
from bpmn.rules.index import Index, Scope, error, warning

_Associated = dict[str | None, list[str | None]]
"""Element -> what it is joined to by associations, whatever their direction."""


def check(index: Index) -> Iterator[Finding]:
    # Tools write an association into whichever process or sub-process encloses it.
    joined = [
        (association.source, association.target) for scope in index.scopes for association in scope.content.associations
    ]
    associated: _Associated = {}
    for source, target in joined:
        associated.setdefault(source, []).append(target)
        associated.setdefault(target, []).append(source)
    for scope, node in index.nodes():
        if isinstance(node, Activity) and node.is_for_compensation:
            yield from _handler(scope, node, associated)
        elif isinstance(node, Event):
            for definition in node.definitions:
                if isinstance(definition, CompensateEventDefinition):
                    if isinstance(node, BoundaryEvent):
                        yield from _boundary(scope, node, associated)
                    elif isinstance(node, StartEvent):
                        yield from _start(index, scope, node)
                    yield from _activity(index, scope, node, definition)


def _handler(scope: Scope, handler: Activity, associated: _Associated) -> Iterator[Finding]:
    for flow in (*scope.incoming.get(handler.id, ()), *scope.outgoing.get(handler.id, ())):
        yield error(
            "COMPENSATION_HANDLER_FLOW",
            handler,
            f"Expected no sequence flow at compensation handler '{handler.id}', but there is '{flow.id}'.",
            "Join the handler to its boundary event by an association, and delete the flow.",
        )
    if handler.id not in associated:
        yield warning(
            "COMPENSATION_HANDLER_UNUSED",
            handler,
            f"Expected an association from a compensation boundary event to handler '{handler.id}', but there is none;"
            " it is never carried out.",
            "Draw the association, or remove isForCompensation.",
        )


def _boundary(scope: Scope, event: BoundaryEvent, associated: _Associated) -> Iterator[Finding]:
    for flow in scope.outgoing.get(event.id, ()):
        yield error(
            "COMPENSATION_BOUNDARY_FLOW",
            event,
            f"Expected no sequence flow out of compensation boundary event '{event.id}', but there is '{flow.id}'.",
            "Join the event to its handler by an association.",
        )
    handlers = [scope.nodes[end] for end in associated.get(event.id, ()) if end in scope.nodes]
    if not any(isinstance(handler, Activity) and handler.is_for_compensation for handler in handlers):
        yield warning(
            "COMPENSATION_HANDLER_MISSING",
            event,
            f"Expected an association from compensation boundary event '{event.id}' to an activity with"
            " isForCompensation, but there is none; nothing is compensated.",
            "Draw the association, and mark the activity as compensation handler.",
        )


def _start(index: Index, scope: Scope, start: StartEvent) -> Iterator[Finding]:
    around = index.scope_of.get(scope.container.id)
    if around is not None and around.is_process:
        yield warning(
            "COMPENSATION_START_UNUSED",
            start,
            f"Expected compensation event sub-process '{scope.container.id}' in a sub-process, but process"
            f" '{around.container.id}' is never compensated as a whole; it is never carried out.",
            "Move it into the sub-process that it compensates.",
        )


def _activity(index: Index, scope: Scope, event: Event, definition: CompensateEventDefinition) -> Iterator[Finding]:
    ref = definition.activity_ref
    if ref is None:
        return
    there = index.scope_of.get(ref)
    if there is None or not isinstance(there.nodes[ref], Activity):
        yield error(
            "COMPENSATION_ACTIVITY_MISSING",
            event,
            f"Expected activity '{ref}', which '{event.id}' compensates, in the process, but there is none.",
            "Correct activityRef, or remove it to compensate the whole scope.",
            line=definition.line,
        )
    elif there not in _visible(index, scope):
        yield warning(
            "COMPENSATION_ACTIVITY_FOREIGN",
            event,
            f"Expected '{event.id}' to compensate an activity of '{scope.container.id}' or, from an event sub-process,"
            f" of what encloses it, but '{ref}' is in '{there.container.id}'; nothing is compensated.",
            "Throw the compensation in the scope of the activity.",
            line=definition.line,
        )


def _visible(index: Index, scope: Scope) -> list[Scope]:
    """The scopes whose activities an event in `scope` can compensate: its own, around event sub-processes the next."""
    found = [scope]
    while found[-1].is_event_sub_process and found[-1].container.id in index.scope_of:
        found.append(index.scope_of[found[-1].container.id])
    return found
