"""Scope -> net.

Sub-processes, call activities and multi-instances are one step; conditions are free choices; a boundary event is
another way out of its host, or, where it does not interrupt, a token more (at most one, however often it may happen).
Error, cancel and terminate end events end every token of the scope. Elements without a path from a start are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bpmn.model.activities import Activity
from bpmn.model.definitions import FlowNode, SequenceFlow
from bpmn.model.events import (
    BoundaryEvent,
    CancelEventDefinition,
    CompensateEventDefinition,
    EndEvent,
    ErrorEventDefinition,
    StartEvent,
    TerminateEventDefinition,
)
from bpmn.model.gateways import (
    ComplexGateway,
    EventBasedGateway,
    ExclusiveGateway,
    InclusiveGateway,
    ParallelGateway,
)
from bpmn.rules.index import Scope
from bpmn.rules.reachability import begins, is_apart, link_targets, reached
from bpmn.rules.soundness.net import Kind, Net, NetNode, Role, Trace, connect

_KILLS = (TerminateEventDefinition, ErrorEventDefinition, CancelEventDefinition)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way out of an element: over a sequence flow, or from a throwing to the catching link event."""

    flow: str | None
    target: str
    role: Role


@dataclass(slots=True)
class _Builder:
    scope: Scope
    net: Net
    end: NetNode
    kill: NetNode
    ways: dict[str, list[_Way]] = field(default_factory=dict)
    arrivals: dict[str, int] = field(default_factory=dict)
    """Number of ways into an element."""
    boundaries: dict[str, list[BoundaryEvent]] = field(default_factory=dict)
    entrances: dict[str, NetNode] = field(default_factory=dict)
    waiting: list[FlowNode] = field(default_factory=list)


def build(scope: Scope) -> Net | None:
    """The net of the scope's tokens.

    None where nothing starts, where flows lead into starts or out of ends (rules of their own refuse that), or where an
    element decides by itself how many tokens it takes (joining complex gateways, quantities other than 1).
    """
    nodes = [scope.nodes[node_id] for node_id in reached(scope) if node_id in scope.nodes]
    nodes = [node for node in nodes if not is_apart(node)]
    starts = [node for node in nodes if begins(node)]
    if not starts or any(_is_misplaced(scope, node) or decides_by_itself(scope, node) for node in nodes):
        return None
    first = NetNode(Kind.XOR, scope.container.id)
    net = Net(connect(None, first), {first: None})
    end, kill = (net.add(kind, scope.container.id) for kind in (Kind.END, Kind.KILL))
    builder = _Builder(scope, net, end, kill)
    _collect_ways(builder, nodes)
    for node in starts:
        builder.arrivals[node.id] = builder.arrivals.get(node.id, 0) + 1
    for node in starts:
        _lead_to(builder, first, _Way(None, node.id, Role.FORCED))
    while builder.waiting:
        _leave(builder, builder.waiting.pop())
    return net


def _is_misplaced(scope: Scope, node: FlowNode) -> bool:
    if isinstance(node, EndEvent):
        return bool(scope.outgoing.get(node.id))
    return isinstance(node, StartEvent | BoundaryEvent) and bool(scope.incoming.get(node.id))


def decides_by_itself(scope: Scope, node: FlowNode) -> bool:
    """Whether it is the element that says how many tokens it takes or gives."""
    if isinstance(node, ComplexGateway):
        return len(scope.incoming.get(node.id, ())) > 1
    # 0 is read as 1
    return isinstance(node, Activity) and bool({node.start_quantity, node.completion_quantity} - {0, 1})


def _collect_ways(builder: _Builder, nodes: list[FlowNode]) -> None:
    inside = {node.id for node in nodes}
    links = link_targets(builder.scope)
    for node in nodes:
        if isinstance(node, BoundaryEvent) and node.attached_to in inside and not _compensates(node):
            builder.boundaries.setdefault(node.attached_to, []).append(node)
        flows = [flow for flow in builder.scope.outgoing.get(node.id, ()) if flow.target in inside]
        conditional = _is_conditional(node, flows)
        default: str | None = getattr(node, "default_flow", None)
        ways = [
            _Way(flow.id, flow.target, _role(flow, default) if conditional else Role.FORCED)
            for flow in flows
            if flow.target is not None
        ]
        ways.extend(_Way(None, target, Role.FORCED) for target in links.get(node.id, ()) if target in inside)
        builder.ways[node.id] = ways
        for way in ways:
            builder.arrivals[way.target] = builder.arrivals.get(way.target, 0) + 1


def _compensates(event: BoundaryEvent) -> bool:
    return any(isinstance(definition, CompensateEventDefinition) for definition in event.definitions)


def _is_conditional(node: FlowNode, flows: list[SequenceFlow]) -> bool:
    """Whether conditions decide, for each flow by itself, if it is taken (BPMN 2.0.2, 13.2.1 and 13.4.3)."""
    if isinstance(node, ExclusiveGateway | ParallelGateway | EventBasedGateway):
        return False
    return getattr(node, "default_flow", None) is not None or any(flow.condition is not None for flow in flows)


def _role(flow: SequenceFlow, default: str | None) -> Role:
    if flow.id == default:
        return Role.DEFAULT
    return Role.FORCED if flow.condition is None else Role.OPTIONAL


def _lead_to(builder: _Builder, source: NetNode, way: _Way, before: Trace = ()) -> None:
    """An edge to what the way leads to; elements that only pass a token on are told by its trace."""
    passed: list[str] = []
    role = way.role
    while _passes_on(builder, way.target):
        passed.append(way.target)
        (way,) = builder.ways[way.target]
    node = builder.scope.nodes[way.target]
    joins = isinstance(node, ParallelGateway | InclusiveGateway) and builder.arrivals[node.id] > 1
    if not joins:
        passed.append(node.id)
    trace: Trace = (*before, *passed)
    if not (builder.ways[node.id] or builder.boundaries.get(node.id) or joins):
        connect(source, builder.kill if _kills(node) else builder.end, trace, role=role)
        return
    entrance = builder.entrances.get(node.id)
    if entrance is None:
        kind = Kind.XOR
        if joins:
            kind = Kind.AND if isinstance(node, ParallelGateway) else Kind.OR_JOIN
        entrance = builder.entrances[node.id] = builder.net.add(kind, node.id)
        builder.waiting.append(node)
    entries = ((way.flow or way.target, node.id),) if joins else ()
    connect(source, entrance, trace, entries, role)


def _passes_on(builder: _Builder, node_id: str) -> bool:
    return builder.arrivals[node_id] == 1 and len(builder.ways[node_id]) == 1 and not builder.boundaries.get(node_id)


def _kills(node: FlowNode) -> bool:
    return isinstance(node, EndEvent) and any(isinstance(definition, _KILLS) for definition in node.definitions)


def _leave(builder: _Builder, node: FlowNode) -> None:
    """The edges out of an element, and out of the boundary events at it."""
    source = builder.entrances[node.id]
    trace: Trace = ()
    if source.kind is not Kind.XOR:
        trace = (node.id,)  # a join is passed once, however many edges lead into it
    boundaries = builder.boundaries.get(node.id, [])
    if not boundaries:
        _split(builder, source, node, trace)
        return
    beside = [event for event in boundaries if not event.cancel_activity]
    instead = [event for event in boundaries if event.cancel_activity]
    if beside:
        split = builder.net.add(Kind.OR_SPLIT, node.id)
        connect(source, split, trace)
        for event in beside:
            _boundary(builder, split, event, Role.OPTIONAL)
        source, trace = builder.net.add(Kind.XOR, node.id), ()
        connect(split, source)
    for event in instead:
        _boundary(builder, source, event, Role.FORCED)
    normal = builder.net.add(Kind.XOR, node.id)
    connect(source, normal, trace)
    _split(builder, normal, node, ())


def _boundary(builder: _Builder, source: NetNode, event: BoundaryEvent, role: Role) -> None:
    way_out = builder.net.add(Kind.XOR, event.id)
    connect(source, way_out, (event.id,), role=role)
    _split(builder, way_out, event, ())


def _split(builder: _Builder, source: NetNode, node: FlowNode, trace: Trace) -> None:
    ways = builder.ways[node.id]
    if not ways:
        connect(source, builder.end, trace)
        return
    kind = _split_kind(node, ways)
    if kind is not source.kind and len(ways) > 1:
        split = builder.net.add(kind, node.id)
        connect(source, split, trace)
        source, trace = split, ()
    for way in ways:
        role = way.role if source.kind is Kind.OR_SPLIT else Role.FORCED
        _lead_to(builder, source, _Way(way.flow, way.target, role), trace)
        if kind is Kind.AND:
            trace = ()


def _split_kind(node: FlowNode, ways: list[_Way]) -> Kind:
    if isinstance(node, ExclusiveGateway) or (isinstance(node, EventBasedGateway) and not node.parallel):
        return Kind.XOR
    return Kind.AND if all(way.role is Role.FORCED for way in ways) else Kind.OR_SPLIT
