"""BOUNDARY_NEVER_HAPPENS: boundary events at activities that are over at once, or never throw what they catch.

Source: BPMN 2.0.2, 10.5.4; a wrong host is only certain where the host is no activity (`boundary_events`).
"""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import Activity, CallActivity, ManualTask, SubProcess, Task
from bpmn.model.events import BoundaryEvent, CompensateEventDefinition, EscalationEventDefinition
from bpmn.rules.index import Index, warning

_OVER_AT_ONCE = (Task, ManualTask)
_ESCALATE = (SubProcess, CallActivity)


def check(index: Index) -> Iterator[Finding]:
    for scope, event in index.nodes():
        if not isinstance(event, BoundaryEvent):
            continue
        host = scope.nodes.get(event.attached_to or "")
        kinds = {type(definition) for definition in event.definitions}
        if not isinstance(host, Activity) or kinds == {CompensateEventDefinition}:
            continue
        reason = None
        if isinstance(host, _OVER_AT_ONCE):
            reason = "is over at once"
        elif kinds == {EscalationEventDefinition} and not isinstance(host, _ESCALATE) and host.loop is None:
            reason = "throws no escalations"
        if reason is not None:
            yield warning(
                "BOUNDARY_NEVER_HAPPENS",
                event,
                f"Expected boundary event '{event.id}' at an activity during which it can happen, but '{host.id}'"
                f" {reason}.",
                "Use another kind of task (user, receive, service ...), or delete the event.",
            )
