"""EVENT_SUB_PROCESS_FLOW, START_INTERRUPTS: event sub-processes are begun by their event alone (BPMN 2.0.2, 10.3.5)."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import SubProcess
from bpmn.model.events import CompensateEventDefinition, ErrorEventDefinition, StartEvent
from bpmn.rules.index import Index, error, warning

_INTERRUPTING = (ErrorEventDefinition, CompensateEventDefinition)


def check(index: Index) -> Iterator[Finding]:
    for scope, node in index.nodes():
        if isinstance(node, SubProcess) and node.triggered_by_event:
            for flow in (*scope.incoming.get(node.id, ()), *scope.outgoing.get(node.id, ())):
                yield error(
                    "EVENT_SUB_PROCESS_FLOW",
                    node,
                    f"Expected no sequence flow at event sub-process '{node.id}', but there is '{flow.id}'.",
                    "Delete the flow, or make it an embedded sub-process (triggeredByEvent).",
                )
        elif scope.is_event_sub_process and isinstance(node, StartEvent) and not node.is_interrupting:
            for definition in node.definitions:
                if isinstance(definition, _INTERRUPTING):
                    kind = type(definition).__name__.removesuffix("EventDefinition").lower()
                    yield warning(
                        "START_INTERRUPTS",
                        node,
                        f"Expected {kind} start event '{node.id}' to interrupt, but it says isInterrupting=\"false\";"
                        " BPMN only knows it as interrupting.",
                        "Remove isInterrupting.",
                    )
