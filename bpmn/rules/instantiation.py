"""INSTANTIATE_WITH_INCOMING, INSTANTIATE_NOT_ALLOWED: what starts a process stands at its beginning.

Source: BPMN 2.0.2, 10.3.3 (receive task) and 10.6.6 (event-based gateway).
"""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import ReceiveTask
from bpmn.model.gateways import EventBasedGateway
from bpmn.rules.index import Index, error


def check(index: Index) -> Iterator[Finding]:
    for scope, node in index.nodes():
        if not isinstance(node, ReceiveTask | EventBasedGateway) or not node.instantiate:
            continue
        if flows := scope.incoming.get(node.id):
            yield error(
                "INSTANTIATE_WITH_INCOMING",
                node,
                f"Expected no sequence flow into '{node.id}', since it starts the process, but there is"
                f" '{flows[0].id}'.",
                "Delete the flow, or remove instantiate.",
            )
        if not scope.is_process:
            yield error(
                "INSTANTIATE_NOT_ALLOWED",
                node,
                f"Expected '{node.id}' to start a process, but it is in sub-process '{scope.container.id}'.",
                "Remove instantiate; a sub-process begins at its start event.",
            )
