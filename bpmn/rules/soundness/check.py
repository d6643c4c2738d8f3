"""JOIN_DEADLOCK, TOKENS_MULTIPLY, LOOP_WITHOUT_END, UNREACHABLE behind joins, SOUNDNESS_NOT_DECIDED.

WARNINGs only: conditions are taken for free choices here, so that what is found may never come about in practice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bpmn.findings import Finding
from bpmn.model.activities import AdHocSubProcess
from bpmn.model.base import Element
from bpmn.model.gateways import ParallelGateway
from bpmn.rules.index import Index, Scope, info, warning
from bpmn.rules.reachability import reached
from bpmn.rules.soundness.build import build, decides_by_itself
from bpmn.rules.soundness.endless import Endless, endless
from bpmn.rules.soundness.explore import MAX_MARKINGS, Exploration, Growth, explore
from bpmn.rules.soundness.net import Kind, Net, Trace, flatten
from bpmn.rules.soundness.reduce import reduce
from bpmn.rules.soundness.stuck import Stuck, outermost_join, stuck_joins

_TOLD = 12
"""Elements of a path that a message names; of a longer one the middle is left out."""


def check(index: Index) -> Iterator[Finding]:
    left = MAX_MARKINGS
    for scope in index.scopes:
        if isinstance(scope.container, AdHocSubProcess) or not scope.content.flows:
            continue
        net = build(scope)
        if net is None:
            yield from _not_looked_at(scope)
            continue
        loop = endless(net)
        reduce(net)
        found = explore(net, left) if _is_worth_exploring(net) else Exploration()
        left = max(0, left - found.markings)
        yield from _findings(scope, net, loop, found)


def _findings(scope: Scope, net: Net, loop: Endless | None, found: Exploration) -> Iterator[Finding]:
    stuck = stuck_joins(scope, found.deadlocks)
    for entry in stuck.values():
        yield _deadlock(scope, entry)
    if loop is not None and not stuck.keys() & set(flatten(loop.path + loop.cycle)):
        yield _endless(scope, loop)
    for growth in found.growths:
        if loop is None or not set(growth.splits) & set(loop.splits):
            yield _growth(scope, growth)
    if found.complete and loop is None:
        yield from _behind_joins(scope, net, found)
    if not found.complete and not found.deadlocks and not found.growths:
        yield _not_decided(scope)


def _is_worth_exploring(net: Net) -> bool:
    """Whether tokens can still wait for each other, or grow in number by going round."""
    return next(net.joins, None) is not None or any(
        node.kind in (Kind.AND, Kind.OR_SPLIT) and len(node.outs) > 1 for node in net.nodes
    )


def _deadlock(scope: Scope, stuck: Stuck) -> Finding:
    node = scope.nodes[stuck.join]
    kind = "parallel" if isinstance(node, ParallelGateway) else "inclusive"
    missing = _names(stuck.missing) if stuck.missing else "them together"
    return warning(
        "JOIN_DEADLOCK",
        node,
        f"Expected a token on every incoming flow of {kind} gateway '{node.id}', but after"
        f" {_path(stuck.deadlock.path, node.id)} none comes over {missing}; it waits for ever.",
        "Join branches with the kind of gateway that split them, and lead each of them here.",
    )


def _growth(scope: Scope, growth: Growth) -> Finding:
    where = next((split for split in growth.splits if split in scope.nodes), scope.container.id)
    return warning(
        "TOKENS_MULTIPLY",
        _element(scope, where),
        f"Expected branches to be joined before '{where}' splits again, but after {_path(growth.path)} each turn"
        f" {_path(growth.cycle)} leaves more tokens than before.",
        "Join the branches inside the loop, or let one branch only lead back (exclusive gateway).",
    )


def _endless(scope: Scope, loop: Endless) -> Finding:
    if loop.splits:
        return warning(
            "TOKENS_MULTIPLY",
            _element(scope, loop.splits[0]),
            f"Expected a way to an end for every token, but after {_path(loop.path)} each turn {_path(loop.cycle)}"
            f" makes another token at '{loop.splits[0]}', and no choice leaves the loop.",
            "Let an exclusive gateway decide whether to go round again.",
        )
    where = next((element for element in reversed(flatten(loop.path)) if element in scope.nodes), scope.container.id)
    return warning(
        "LOOP_WITHOUT_END",
        _element(scope, where),
        f"Expected a way to an end from '{where}', but after {_path(loop.path)} there is only the loop"
        f" {_path(loop.cycle)}.",
        "Let an exclusive gateway leave the loop.",
    )


def _behind_joins(scope: Scope, net: Net, found: Exploration) -> Iterator[Finding]:
    """Elements to which all paths lead through joins that never complete."""
    dead = [node for node in net.joins if node not in found.acted]
    if not dead or any(node.kind is Kind.OR_JOIN for node in net.nodes):
        return  # inclusive joins may act in an order that was not tried
    following: dict[str, list[str]] = {}
    closed = {join for node in dead if (join := outermost_join(scope, node, following)) is not None}
    alive = reached(scope, closed)
    for node_id in reached(scope):
        if node_id not in alive and node_id not in closed and node_id in scope.nodes:
            yield warning(
                "UNREACHABLE",
                scope.nodes[node_id],
                f"Expected a token to get to '{node_id}', but all paths to it lead through"
                f" {_names(sorted(closed))}, which never completes.",
                "Correct the join (see its own finding).",
            )


def _not_looked_at(scope: Scope) -> Iterator[Finding]:
    """Only where something is there that could go wrong; what is misplaced has errors of its own."""
    because = next((node for node in scope.content.nodes if decides_by_itself(scope, node)), None)
    if because is not None:
        yield _not_decided(scope, because)


def _not_decided(scope: Scope, because: Element | None = None) -> Finding:
    reason = (
        "there are too many ways through it"
        if because is None
        else f"'{because.id}' decides by itself how many tokens it takes"
    )
    return info(
        "SOUNDNESS_NOT_DECIDED",
        scope.container,
        f"Expected to decide whether every join of '{scope.container.id}' completes, but {reason}; nothing wrong was"
        " found as far as it was looked at.",
        "Nothing to do; smaller sub-processes and gateways in pairs make models easier to check.",
    )


def _element(scope: Scope, element_id: str) -> Element:
    return scope.nodes.get(element_id, scope.container)


def _path(traces: tuple[Trace, ...], *last: str) -> str:
    names = [*flatten(traces), *last]
    if len(names) > _TOLD:
        names = [*names[: _TOLD // 2], "...", *names[-_TOLD // 2 :]]
    return " -> ".join(name if name == "..." else f"'{name}'" for name in names)


def _names(ids: Iterable[str]) -> str:
    return " and ".join(f"'{element_id}'" for element_id in ids)
