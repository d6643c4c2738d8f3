"""QUANTITY_ZERO: a start or completion quantity of 0, which no activity can have, is read as 1.

ADONIS writes 0 into what it exports where nothing was said. The standard (BPMN 2.0.2, table 10.3) wants at least 1;
what is negative stays an error (QUANTITY_INVALID, `bpmn.spec.activities`).
"""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import Activity
from bpmn.rules.index import Index, warning


def check(index: Index) -> Iterator[Finding]:
    for _, node in index.nodes():
        if not isinstance(node, Activity):
            continue
        numbers = {"startQuantity": node.start_quantity, "completionQuantity": node.completion_quantity}
        for attribute, number in numbers.items():
            if number == 0:
                yield warning(
                    "QUANTITY_ZERO",
                    node,
                    f"Expected {attribute} of '{node.id}' to be at least 1, but it is 0; it is read as 1.",
                    f"Remove {attribute} (1 is what it is without), or set the number that is meant.",
                )
