"""Abstract and manual tasks: nothing is executed, the token passes (BPMN 2.0.2, 13.3.3)."""

from __future__ import annotations

from bpmn.runtime.work import Work
from bpmn.spec.graph import Node


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    work.life.complete(scope_id, token_id, node)
