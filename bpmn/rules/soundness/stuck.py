"""Which joins of a deadlock are its cause: those that do not only wait for another one that is stuck."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bpmn.model.events import BoundaryEvent
from bpmn.model.gateways import ParallelGateway
from bpmn.rules.index import Scope
from bpmn.rules.reachability import link_targets
from bpmn.rules.soundness.explore import Deadlock
from bpmn.rules.soundness.net import NetNode

_MOST = 100
"""Edges of a join, and joins behind each, that are looked into."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A join that waits for ever. `missing`: its flows over which nothing comes; `deadlock`: how it came about."""

    join: str
    missing: tuple[str, ...]
    deadlock: Deadlock


def stuck_joins(scope: Scope, deadlocks: list[Deadlock]) -> dict[str, Stuck]:
    """The joins that wait for ever, by id, each with the nearest deadlock that shows it."""
    found: dict[str, Stuck] = {}
    for deadlock in deadlocks:
        arrived, joins = _arrivals(scope, dict(entry for edge in deadlock.waiting for entry in edge.entries))
        stuck = [
            Stuck(join, tuple(flow.id for flow in scope.incoming.get(join, ()) if flow.id not in arrived), deadlock)
            for join in joins
        ]
        behind = _behind(scope, joins)
        sources = {flow.id: flow.source for entry in stuck for flow in scope.incoming.get(entry.join, ())}
        causes = [
            entry
            for entry in stuck
            if all(origin == entry.join for flow in entry.missing for origin in behind.get(sources[flow] or "", ()))
        ]
        for entry in causes or stuck:
            found.setdefault(entry.join, entry)
    return found


def _arrivals(scope: Scope, arrived: dict[str, str]) -> tuple[set[str], list[str]]:
    """Flows with a token (given: with the join each leads to), and the joins that wait.

    The net may have fused several joins to one that waits. Those of them to which all tokens have come go on: the next
    ones behind them wait.
    """
    passed: set[str] = set()
    while True:
        joins = list(dict.fromkeys(arrived.values()))
        complete = [
            join
            for join in joins
            if join not in passed
            and isinstance(scope.nodes[join], ParallelGateway)
            and all(flow.id in arrived for flow in scope.incoming[join])
        ]
        if not complete:
            return set(arrived), [join for join in joins if join not in passed] or joins
        passed.update(complete)
        for join in complete:
            for flow, target in _next_joins(scope, join):
                arrived.setdefault(flow, target)


def _next_joins(scope: Scope, node_id: str) -> Iterator[tuple[str, str]]:
    """Flows into parallel joins to which a token can come without passing another, with the joins."""
    seen: set[str] = set()
    waiting = [node_id]
    while waiting:
        for flow in scope.outgoing.get(waiting.pop(), ()):
            target = flow.target or ""
            if len(scope.incoming.get(target, ())) > 1 and isinstance(scope.nodes.get(target), ParallelGateway):
                yield flow.id, target
            elif target not in seen:
                seen.add(target)
                waiting.append(target)


def outermost_join(scope: Scope, node: NetNode, following: dict[str, list[str]]) -> str | None:
    """Of the joins fused to a node the one that waits for all of its edges; None where that is not plain.

    `following` remembers from call to call which joins come next after each.
    """
    if len(node.ins) > _MOST:
        return None
    chains: list[dict[str, None]] = []
    for edge in node.ins:
        chain = dict.fromkeys(join for _, join in edge.entries)
        waiting = list(chain)
        for join in waiting:  # grows while it is walked
            if len(chain) > _MOST:
                break
            if join not in following:
                following[join] = [target for _, target in _next_joins(scope, join)]
            new = [target for target in following[join] if target not in chain]
            chain.update(dict.fromkeys(new))
            waiting.extend(new)
        chains.append(chain)
    return next((join for join in chains[0] if all(join in chain for chain in chains)), None)


def _behind(scope: Scope, joins: list[str]) -> dict[str, list[str]]:
    """Node -> joins behind which it lies, two of them at most: enough to know whether there is another than one."""
    boundaries: dict[str, list[str]] = {}
    for node in scope.content.nodes:
        if isinstance(node, BoundaryEvent) and node.attached_to is not None:
            boundaries.setdefault(node.attached_to, []).append(node.id)
    links = link_targets(scope)
    behind: dict[str, list[str]] = {}
    waiting = [(join, join) for join in joins]
    while waiting:
        node_id, origin = waiting.pop()
        origins = behind.setdefault(node_id, [])
        if origin not in origins and len(origins) < 2:
            origins.append(origin)
            waiting.extend((flow.target, origin) for flow in scope.outgoing.get(node_id, ()) if flow.target)
            waiting.extend((target, origin) for target in (*boundaries.get(node_id, ()), *links.get(node_id, ())))
    return behind
