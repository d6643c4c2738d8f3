"""DATA_NOT_MOVED: data associations that only draw how data flows have no effect; variables are seen by scope."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import Activity
from bpmn.model.base import Dialect
from bpmn.model.data_flow import MOVING, associations, moves, own_items
from bpmn.model.events import Event
from bpmn.rules.index import Index, info


def check(index: Index) -> Iterator[Finding]:
    counts: Counter[int] = Counter()
    for scope, node in index.nodes():
        if isinstance(node, Activity | Event):
            counts[id(scope.process)] += _drawn(index.model.dialect, node)
    for process in index.model.processes:
        if count := counts[id(process)]:
            yield info(
                "DATA_NOT_MOVED",
                process,
                f"Expected variables to carry data, but process '{process.id}' draws {count} data associations; they"
                " document the model and move nothing.",
                "Nothing to do: every element sees the variables of its scopes.",
            )


def _drawn(dialect: Dialect, node: Activity | Event) -> int:
    """How many of its associations move nothing."""
    own = [item.id for item in own_items(node)]
    return sum(1 for entry in associations(node) if dialect not in MOVING or not moves(entry, own))
