"""Parallel gateway: takes one token of each incoming flow, gives one to each outgoing flow (13.4.1).

The waiting happens in `bpmn.runtime.joins`; a token is put here once all are together.
"""

from __future__ import annotations

from bpmn.runtime.work import Work
from bpmn.spec.graph import Node


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    work.life.complete(scope_id, token_id, node)
