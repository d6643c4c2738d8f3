"""Complex gateway (13.4.5): joining in `bpmn.runtime.complex_gateway`, the choice of flows in `bpmn.runtime.flows`."""

from __future__ import annotations

from bpmn.runtime.work import Work
from bpmn.spec.graph import Node


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    work.life.complete(scope_id, token_id, node)
