"""LOOP_MAXIMUM: loopMaximum is no negative number (0 is none) (BPMN 2.0.2, 10.3.8)."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import Activity, StandardLoop
from bpmn.rules.index import Index, warning


def check(index: Index) -> Iterator[Finding]:
    for _, node in index.nodes():
        if isinstance(node, Activity) and isinstance(node.loop, StandardLoop):
            maximum = node.loop.maximum
            if maximum is not None and maximum < 0:
                yield warning(
                    "LOOP_MAXIMUM",
                    node,
                    f"Expected loopMaximum of '{node.id}' not to be negative, but it is {maximum}; the loop is not"
                    " repeated.",
                    "Correct or remove loopMaximum.",
                    line=node.loop.line,
                )
