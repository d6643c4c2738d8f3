"""JOIN_NEVER_COMPLETES: a parallel join with an incoming flow over which no token can come (BPMN 2.0.2, 13.4.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bpmn.findings import Finding
from bpmn.model.activities import AdHocSubProcess
from bpmn.model.definitions import FlowNode, SequenceFlow
from bpmn.model.gateways import ParallelGateway
from bpmn.rules.index import Index, Scope, error
from bpmn.rules.reachability import begins, reached


def check(index: Index) -> Iterator[Finding]:
    for scope in index.scopes:
        joins = [node for node in scope.content.nodes if _joins(scope, node)]
        if not joins or isinstance(scope.container, AdHocSubProcess) or not any(map(begins, scope.content.nodes)):
            continue  # without a start there is an error of its own
        found = reached(scope)
        for join in joins:
            flows = scope.incoming[join.id]
            silent = [flow for flow in flows if flow.source in scope.nodes and flow.source not in found]
            if silent and join.id in found:
                comes = next(flow for flow in flows if flow not in silent)
                yield _never(join, _path(scope, found, comes.source or ""), silent)


def _joins(scope: Scope, node: FlowNode) -> bool:
    return isinstance(node, ParallelGateway) and len(scope.incoming.get(node.id, ())) > 1


def _never(join: FlowNode, way: list[str], silent: list[SequenceFlow]) -> Finding:
    flows = " and ".join(f"'{flow.id}' (from '{flow.source}')" for flow in silent)
    path = " -> ".join(f"'{node_id}'" for node_id in way)
    return error(
        "JOIN_NEVER_COMPLETES",
        join,
        f"Expected a path from a start event to every incoming flow of parallel gateway '{join.id}', but there is none"
        f" to {flows}; a token that comes over {path} -> '{join.id}' waits for ever.",
        "Connect what the flow comes from, or delete the flow.",
    )


def _path(scope: Scope, found: Collection[str], node_id: str) -> list[str]:
    """A way from a start to the node, over sequence flows as far as they lead back; ends at 12 elements."""
    path = [node_id]
    while len(path) < 12:
        sources = [flow.source for flow in scope.incoming.get(path[-1], ())]
        before = next((source for source in sources if source in found and source not in path), None)
        if before is None:
            break
        path.append(before)
    return path[::-1]
