"""EVENT_GATEWAY_MIXED, EVENT_GATEWAY_PARALLEL, EVENT_GATEWAY_TARGET: what may stand behind event-based gateways.

Source: BPMN 2.0.2, 10.6.6.
"""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import ReceiveTask
from bpmn.model.definitions import FlowNode
from bpmn.model.events import BoundaryEvent, IntermediateCatchEvent, MessageEventDefinition
from bpmn.model.gateways import EventBasedGateway
from bpmn.rules.index import Index, error, warning


def check(index: Index) -> Iterator[Finding]:
    for scope, gateway in index.nodes():
        if not isinstance(gateway, EventBasedGateway):
            continue
        targets = [
            scope.nodes[flow.target] for flow in scope.outgoing.get(gateway.id, ()) if flow.target in scope.nodes
        ]
        tasks = [target for target in targets if isinstance(target, ReceiveTask)]
        hosts = (
            {node.attached_to for node in scope.content.nodes if isinstance(node, BoundaryEvent)} if tasks else set()
        )
        for task in tasks:
            if task.id in hosts or task.loop is not None:
                what = "boundary events" if task.id in hosts else "a loop"
                yield error(
                    "EVENT_GATEWAY_TARGET",
                    task,
                    f"Expected receive task '{task.id}' behind event-based gateway '{gateway.id}' to do nothing but"
                    f" receive, but it has {what}; the gateway waits in its place, so that they would never begin.",
                    "Put what has to follow the message into an element of its own.",
                )
        messages = next(filter(_catches_message, targets), None)
        if tasks and messages is not None:
            yield warning(
                "EVENT_GATEWAY_MIXED",
                gateway,
                f"Expected either message events or receive tasks behind event-based gateway '{gateway.id}', but there"
                f" are '{messages.id}' and '{tasks[0].id}'; bpmnd takes both, other tools refuse the model.",
                "Use catch events for all messages.",
            )
        if gateway.parallel and not gateway.instantiate:
            yield error(
                "EVENT_GATEWAY_PARALLEL",
                gateway,
                f"Expected event-based gateway '{gateway.id}' to be exclusive, but it is parallel, which BPMN only"
                " defines for gateways that start the process.",
                'Remove eventGatewayType, or set instantiate="true".',
            )


def _catches_message(node: FlowNode) -> bool:
    return isinstance(node, IntermediateCatchEvent) and any(
        isinstance(definition, MessageEventDefinition) for definition in node.definitions
    )
