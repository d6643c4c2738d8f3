"""Boundary events: BOUNDARY_HOST_MISSING, BOUNDARY_WITHOUT_OUTGOING, BOUNDARY_INTERRUPTS."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import Activity
from bpmn.model.events import BoundaryEvent, CompensateEventDefinition, ErrorEventDefinition, always_interrupts
from bpmn.rules.index import Index, error, warning


def check(index: Index) -> Iterator[Finding]:
    for scope, event in index.nodes():
        if not isinstance(event, BoundaryEvent):
            continue
        host = scope.nodes.get(event.attached_to or "")
        if not isinstance(host, Activity):
            found = "it names none" if event.attached_to is None else f"'{event.attached_to}' is not one"
            yield error(
                "BOUNDARY_HOST_MISSING",
                event,
                f"Expected boundary event '{event.id}' to be attached to an activity of '{scope.container.id}',"
                f" but {found}.",
                "Attach the event to a task, call activity or sub-process (attachedToRef).",
            )
        compensates = any(isinstance(definition, CompensateEventDefinition) for definition in event.definitions)
        if not scope.outgoing.get(event.id) and not compensates:
            yield warning(
                "BOUNDARY_WITHOUT_OUTGOING",
                event,
                f"Expected a sequence flow out of boundary event '{event.id}', but there is none.",
                "Connect the event to what handles it; without a flow its path just ends.",
            )
        if not event.cancel_activity and always_interrupts(event):
            kind = "error" if any(isinstance(d, ErrorEventDefinition) for d in event.definitions) else "cancel"
            yield warning(
                "BOUNDARY_INTERRUPTS",
                event,
                f"Expected {kind} boundary event '{event.id}' to interrupt, but it says cancelActivity=\"false\"; it"
                " interrupts all the same.",
                "Remove cancelActivity, or use an escalation.",
            )
