"""LANE_MEMBER_MISSING, LANE_AMBIGUOUS: a flow node is in one lane of a lane set (BPMN 2.0.2, 10.8)."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.definitions import Lane
from bpmn.rules.index import Index, Scope, info, warning


def check(index: Index) -> Iterator[Finding]:
    for scope in index.scopes:
        if scope.content.lanes:
            yield from _lanes(index, scope)


def _lanes(index: Index, scope: Scope) -> Iterator[Finding]:
    first: dict[str, Lane] = {}
    for lane in _leaves(scope.content.lanes):
        missing = [node_id for node_id in lane.nodes if node_id not in index.scope_of]
        if missing:
            more = f" (and of {len(missing) - 1} more)" if len(missing) > 1 else ""
            yield info(
                "LANE_MEMBER_MISSING",
                lane,
                f"Expected '{missing[0]}'{more}, to which lane '{lane.id}' refers, to be a flow node, but it is none.",
                "Nothing to do; only flow nodes are assigned by lane.",
            )
        for node_id in lane.nodes:
            if node_id in index.scope_of and (other := first.setdefault(node_id, lane)) is not lane:
                yield warning(
                    "LANE_AMBIGUOUS",
                    lane,
                    f"Expected '{node_id}' in one lane, but it is in '{other.id}' and in '{lane.id}'.",
                    "Remove one flowNodeRef.",
                )


def _leaves(lanes: tuple[Lane, ...]) -> Iterator[Lane]:
    """Lanes that hold no lanes: the others repeat what is in theirs."""
    waiting = list(reversed(lanes))
    while waiting:
        lane = waiting.pop()
        if lane.lanes:
            waiting.extend(reversed(lane.lanes))
        else:
            yield lane
