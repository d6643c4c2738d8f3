"""Loops that nothing leaves: a token that gets there never comes to an end, and with a split inside becomes many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bpmn.rules.soundness.net import Edge, Kind, Net, NetNode, Role, Trace


@dataclass(frozen=True, slots=True)
class Endless:
    """`path` leads into the loop, `cycle` once around; `splits`: elements in it that make one token into several."""

    path: tuple[Trace, ...]
    cycle: tuple[Trace, ...]
    splits: tuple[str, ...]


def endless(net: Net) -> Endless | None:
    """The first loop, from the start on, without a way to an end. To be asked before the net is reduced.

    Only choices count as ways out, not what joins wait for: what is found is certain, but for event sub-processes,
    boundary events of the scope and people that end it.
    """
    finishing = _finishing(net)
    way = _way_to_first(net, lambda node: node not in finishing)
    if way is None:
        return None
    lasso = list(way)
    places = {lasso[-1].target: len(lasso)}
    while True:
        # A node that does not finish has an edge to another one.
        edge = next(after for after in lasso[-1].target.outs if after.target not in finishing)
        lasso.append(edge)
        if edge.target in places:
            break
        places[edge.target] = len(lasso)
    first = places[edge.target]
    cycle = lasso[first:]
    turning = dict.fromkeys(edge.source for edge in cycle)
    splits: tuple[str, ...] = ()
    if not any(node and node.kind in (Kind.AND, Kind.OR_JOIN) and len(node.ins) > 1 for node in turning):
        # A join in the loop may take back what a split made; whether it does is for the exploration to find out.
        splits = tuple(
            dict.fromkeys(node.element for node in turning if node and node.kind in _SPLITS and len(node.outs) > 1)
        )
    return Endless(tuple(edge.trace for edge in lasso[:first]), tuple(edge.trace for edge in cycle), splits)


def _way_to_first(net: Net, wanted: Callable[[NetNode], bool]) -> tuple[Edge, ...] | None:
    """The edges from the start to the nearest node wanted."""
    came: dict[NetNode, Edge] = {net.start.target: net.start}
    for node in (nearest := list(came)):  # grows while it is walked
        if wanted(node):
            way: list[Edge] = [came[node]]
            while (source := way[-1].source) is not None:
                way.append(came[source])
            return tuple(reversed(way))
        for edge in node.outs:
            if edge.target not in came:
                came[edge.target] = edge
                nearest.append(edge.target)
    return None


_SPLITS = (Kind.AND, Kind.OR_SPLIT)


def _finishing(net: Net) -> set[NetNode]:
    """Nodes from which every token can get to an end, as the least such set; or one can end all others."""
    killing: set[NetNode] = set()
    waiting = [node for node in net.nodes if node.kind is Kind.KILL]
    while waiting:
        node = waiting.pop()
        if node not in killing:
            killing.add(node)
            waiting.extend(edge.source for edge in node.ins if edge.source is not None)
    finishing = set(killing)
    forcing = {edge.source for node in net.nodes for edge in node.ins if edge.role is Role.FORCED}
    left: dict[NetNode, int] = {}
    waiting = [*killing, *(node for node in net.nodes if node.kind is Kind.END)]
    finishing.update(waiting)
    while waiting:
        for edge in waiting.pop().ins:
            source = edge.source
            if source is None or source in finishing:
                continue
            if source not in left:
                left[source] = _needed(source)
            if source.kind is not Kind.OR_SPLIT or edge.role is Role.FORCED or source not in forcing:
                left[source] -= 1
            if left[source] == 0:
                finishing.add(source)
                waiting.append(source)
    return finishing


def _needed(node: NetNode) -> int:
    """How many of the node's edges must lead to an end, for its token to get there."""
    if node.kind is Kind.AND:
        return len(node.outs)
    if node.kind is Kind.OR_SPLIT:
        return max(1, sum(edge.role is Role.FORCED for edge in node.outs))
    return 1
