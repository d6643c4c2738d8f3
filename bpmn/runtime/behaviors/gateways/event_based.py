"""Event-based gateway: waits for all events behind it, the first to happen wins (13.4.4)."""

from __future__ import annotations

from bpmn.runtime.boundary import await_event
from bpmn.runtime.work import Work
from bpmn.spec.graph import Flow, Node


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    for flow in node.outgoing:
        await_event(work, scope_id, token_id, flow.target)


def flow_to(node: Node, event: Node) -> Flow:
    """The flow of the gateway that leads to the event that happened."""
    return next(flow for flow in node.outgoing if flow.target is event)
