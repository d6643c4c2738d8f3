"""Flows out of gateways and activities: EVENT_GATEWAY_TARGET, CONDITION_MISSING, CONDITION_IGNORED ..."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import ReceiveTask
from bpmn.model.definitions import SequenceFlow
from bpmn.model.events import IntermediateCatchEvent, LinkEventDefinition
from bpmn.model.gateways import EventBasedGateway, ExclusiveGateway, Gateway, InclusiveGateway, ParallelGateway
from bpmn.rules.index import Index, Scope, error, warning


def check(index: Index) -> Iterator[Finding]:
    for scope, node in index.nodes():
        if not isinstance(node, Gateway):
            continue
        flows = scope.outgoing.get(node.id, [])
        match node:
            case EventBasedGateway():
                yield from _event_based(scope, node, flows)
                yield from _ignored(node, flows)
            case ParallelGateway():
                yield from _ignored(node, flows)
            case ExclusiveGateway() | InclusiveGateway() if len(flows) > 1:
                yield from _conditions(node, flows)


def _event_based(scope: Scope, gateway: EventBasedGateway, flows: list[SequenceFlow]) -> Iterator[Finding]:
    if not flows:
        yield error(
            "EVENT_GATEWAY_TARGET",
            gateway,
            f"Expected sequence flows out of event-based gateway '{gateway.id}', but it has none.",
            "Connect it to the events it waits for.",
        )
    for flow in flows:
        target = scope.nodes.get(flow.target or "")
        if target is None:
            continue  # the rule sequence_flows refuses it
        catches = isinstance(target, ReceiveTask) or (
            isinstance(target, IntermediateCatchEvent)
            and not any(isinstance(definition, LinkEventDefinition) for definition in target.definitions)
        )
        if not catches or len(scope.incoming.get(target.id, [])) > 1:
            yield error(
                "EVENT_GATEWAY_TARGET",
                gateway,
                f"Expected each target of event-based gateway '{gateway.id}' to be a catch event or receive task with"
                f" this one incoming flow, but '{target.id}' is not.",
                "Put a message, timer, signal or conditional catch event between the gateway and the element.",
            )


def _ignored(gateway: Gateway, flows: list[SequenceFlow]) -> Iterator[Finding]:
    for flow in flows:
        if flow.condition is not None:
            yield warning(
                "CONDITION_IGNORED",
                flow,
                f"Expected no condition on flow '{flow.id}', since it leaves gateway '{gateway.id}', which takes every"
                " flow whatever its condition.",
                "Use an exclusive or inclusive gateway, or remove the condition.",
            )


def _conditions(gateway: ExclusiveGateway | InclusiveGateway, flows: list[SequenceFlow]) -> Iterator[Finding]:
    for flow in flows:
        if flow.id == gateway.default_flow:
            if flow.condition is not None:
                yield warning(
                    "CONDITION_IGNORED",
                    flow,
                    f"Expected no condition on default flow '{flow.id}', but it has one; it is not evaluated.",
                    "Remove the condition, or make another flow the default.",
                )
        elif flow.condition is None:
            yield warning(
                "CONDITION_MISSING",
                flow,
                f"Expected a condition on flow '{flow.id}' out of gateway '{gateway.id}', but it has none; it counts"
                " as true.",
                "Add a condition, or make it the default flow.",
            )
