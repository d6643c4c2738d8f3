"""Which sequence flows a node's token leaves over (BPMN 2.0.2, 13.2.1 and 13.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpmn.runtime import complex_gateway
from bpmn.runtime.needs import Fail
from bpmn.runtime.work import Work
from bpmn.spec.elements import ComplexGatewaySpec
from bpmn.spec.graph import Flow, Node, NodeKind


def choose(work: Work, scope_id: int, node: Node) -> tuple[Flow, ...]:
    """The flows to take, in document order. Fail where conditions leave none."""
    if node.kind is NodeKind.EXCLUSIVE_GATEWAY:
        return _first(work, scope_id, node)
    if node.kind is NodeKind.COMPLEX_GATEWAY:
        return _complex(work, scope_id, node)
    if node.kind is NodeKind.INCLUSIVE_GATEWAY or node.conditional_flows:
        return _all_true(work, scope_id, node)
    return node.outgoing


def _first(work: Work, scope_id: int, node: Node) -> tuple[Flow, ...]:
    """Exclusive: the first flow whose condition is true; a flow without a condition counts as true."""
    if len(node.outgoing) == 1 and node.outgoing[0].condition is None:
        return node.outgoing
    for flow in node.outgoing:
        if flow is node.default:
            continue
        if flow.condition is None or work.condition(flow.condition, scope_id, node, f"condition of flow '{flow.id}'"):
            return (flow,)
    return _default(node)


def _complex(work: Work, scope_id: int, node: Node) -> tuple[Flow, ...]:
    """Complex (13.4.5): as inclusive when it starts; when it resets, the flows whose condition is true, if any.

    The standard takes every flow whose condition is true a second time with the reset. It does not say what a flow
    without a condition is then; here it is taken only at the start, so that a join of three out of five goes on once.
    """
    if not isinstance(node.spec, ComplexGatewaySpec) or not node.reach:
        return _all_true(work, scope_id, node)
    extra = {"waitingForStart": complex_gateway.starts(work, scope_id, node)}
    if extra["waitingForStart"]:
        return _all_true(work, scope_id, node, extra)
    return tuple(
        flow
        for flow in node.outgoing
        if flow is not node.default
        and flow.condition is not None
        and work.condition(flow.condition, scope_id, node, f"condition of flow '{flow.id}'", extra=extra)
    )


def _all_true(work: Work, scope_id: int, node: Node, extra: Mapping[str, Any] | None = None) -> tuple[Flow, ...]:
    taken = tuple(
        flow
        for flow in node.outgoing
        if flow is not node.default
        and (
            flow.condition is None
            or work.condition(flow.condition, scope_id, node, f"condition of flow '{flow.id}'", extra=extra)
        )
    )
    return taken or _default(node)


def _default(node: Node) -> tuple[Flow, ...]:
    if node.default is not None:
        return (node.default,)
    if not node.outgoing:
        return ()
    raise Fail(
        "NO_FLOW_SELECTED",
        f"Expected a condition of the outgoing flows of '{node.id}' to be true or a default flow, but none is",
    )
