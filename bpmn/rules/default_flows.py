"""DEFAULT_FLOW_FOREIGN: the default flow leaves the element that names it."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.rules.index import Index, error


def check(index: Index) -> Iterator[Finding]:
    for scope, node in index.nodes():
        default: str | None = getattr(node, "default_flow", None)
        if default is not None and all(flow.id != default for flow in scope.outgoing.get(node.id, ())):
            yield error(
                "DEFAULT_FLOW_FOREIGN",
                node,
                f"Expected the default flow '{default}' to leave '{node.id}', but it does not.",
                "Name one of the element's own outgoing flows, or remove the attribute default.",
            )
