"""FLOW_SOURCE_MISSING, FLOW_TARGET_MISSING, FLOW_CROSSES_SCOPE: sequence flows connect two nodes of one scope."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.definitions import SequenceFlow
from bpmn.rules.index import Index, Scope, error


def check(index: Index) -> Iterator[Finding]:
    for scope in index.scopes:
        for flow in scope.content.flows:
            yield from _end(index, scope, flow, flow.source, "source", "FLOW_SOURCE_MISSING")
            yield from _end(index, scope, flow, flow.target, "target", "FLOW_TARGET_MISSING")


def _end(index: Index, scope: Scope, flow: SequenceFlow, node_id: str | None, end: str, code: str) -> Iterator[Finding]:
    if node_id is None:
        yield error(
            code,
            flow,
            f"Expected a {end} of sequence flow '{flow.id}', but it has none.",
            "Connect the flow at both ends, or delete it.",
        )
    elif node_id not in scope.nodes and node_id in index.scope_of:
        yield error(
            "FLOW_CROSSES_SCOPE",
            flow,
            f"Expected the {end} of sequence flow '{flow.id}' in '{scope.container.id}', but '{node_id}' is in"
            f" '{index.scope_of[node_id].container.id}'.",
            "Let the flow end at the sub-process, or use a message, link or boundary event.",
        )
    elif node_id not in scope.nodes:
        yield error(
            code,
            flow,
            f"Expected the {end} of sequence flow '{flow.id}' to be a flow node, but there is no '{node_id}'.",
            "Connect the flow at both ends, or delete it.",
        )
