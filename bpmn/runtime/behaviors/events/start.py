"""Start events: the token passes; what started the instance was decided before."""

from __future__ import annotations

from bpmn.runtime.work import Work
from bpmn.spec.graph import Node


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    work.life.complete(scope_id, token_id, node)
