"""UNREACHABLE: nodes no token can get to."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bpmn.findings import Finding
from bpmn.model.activities import Activity, AdHocSubProcess, ReceiveTask, SubProcess
from bpmn.model.definitions import FlowNode
from bpmn.model.events import (
    BoundaryEvent,
    Event,
    IntermediateCatchEvent,
    IntermediateThrowEvent,
    LinkEventDefinition,
    StartEvent,
)
from bpmn.model.gateways import EventBasedGateway
from bpmn.rules.index import Index, Scope, warning


def check(index: Index) -> Iterator[Finding]:
    for scope in index.scopes:
        if isinstance(scope.container, AdHocSubProcess):
            continue  # activities of an ad-hoc sub-process start without flows
        found = reached(scope)
        for node in scope.content.nodes:
            if node.id not in found:
                yield warning(
                    "UNREACHABLE",
                    node,
                    f"Expected a path from a start event to '{node.id}', but there is none.",
                    "Connect the element, or delete it.",
                )


def reached(scope: Scope, closed: Collection[str] = ()) -> dict[str, None]:
    """Ids of the nodes with a path from a start of the scope, in the order found; no path leads through `closed`."""
    boundaries: dict[str, list[str]] = {}
    for node in scope.content.nodes:
        if isinstance(node, BoundaryEvent) and node.attached_to is not None:
            boundaries.setdefault(node.attached_to, []).append(node.id)
    links = link_targets(scope)
    waiting = [node.id for node in reversed(scope.content.nodes) if begins(node) or is_apart(node)]
    found: dict[str, None] = {}
    while waiting:
        node_id = waiting.pop()
        if node_id not in found and node_id not in closed:
            found[node_id] = None
            waiting.extend(boundaries.get(node_id, ()))
            waiting.extend(links.get(node_id, ()))
            waiting.extend(flow.target for flow in scope.outgoing.get(node_id, ()) if flow.target is not None)
    return found


def begins(node: FlowNode) -> bool:
    """Whether an instance of the scope starts at the node."""
    match node:
        case StartEvent():
            return True
        case ReceiveTask() | EventBasedGateway():
            return node.instantiate
        case _:
            return False


def is_apart(node: FlowNode) -> bool:
    """True for what runs without any sequence flow into it: event sub-processes and compensation handlers."""
    return isinstance(node, Activity) and (
        node.is_for_compensation or (isinstance(node, SubProcess) and node.triggered_by_event)
    )


def link_targets(scope: Scope) -> dict[str, list[str]]:
    """Throwing link event -> the catching link events of its name."""
    catching: dict[str | None, list[str]] = {}
    throwing: list[tuple[str, str | None]] = []
    for node in scope.content.nodes:
        if not isinstance(node, Event):
            continue
        for definition in node.definitions:
            if isinstance(definition, LinkEventDefinition):
                if isinstance(node, IntermediateCatchEvent):
                    catching.setdefault(definition.name, []).append(node.id)
                elif isinstance(node, IntermediateThrowEvent):
                    throwing.append((node.id, definition.name))
    return {node_id: catching[name] for node_id, name in throwing if name in catching}
