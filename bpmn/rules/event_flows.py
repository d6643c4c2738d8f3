"""START_WITH_INCOMING, BOUNDARY_WITH_INCOMING, END_WITH_OUTGOING: start events begin, end events end."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.events import BoundaryEvent, EndEvent, StartEvent
from bpmn.rules.index import Index, error


def check(index: Index) -> Iterator[Finding]:
    for scope, node in index.nodes():
        if isinstance(node, StartEvent | BoundaryEvent) and scope.incoming.get(node.id):
            begins = isinstance(node, StartEvent)
            kind = "start" if begins else "boundary"
            yield error(
                "START_WITH_INCOMING" if begins else "BOUNDARY_WITH_INCOMING",
                node,
                f"Expected no sequence flow into {kind} event '{node.id}', but there is"
                f" '{scope.incoming[node.id][0].id}'.",
                "Let the flow go to the element after the event.",
            )
        if isinstance(node, EndEvent) and scope.outgoing.get(node.id):
            yield error(
                "END_WITH_OUTGOING",
                node,
                f"Expected no sequence flow out of end event '{node.id}', but there is"
                f" '{scope.outgoing[node.id][0].id}'.",
                "Use an intermediate throw event, or delete the flow.",
            )
