"""Intermediate catch event: waits for what it names; a link passes on what its throw events have sent."""

from __future__ import annotations

from bpmn.runtime.boundary import await_event
from bpmn.runtime.work import Work
from bpmn.spec.elements import LinkSpec
from bpmn.spec.graph import Node


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    if isinstance(node.spec, LinkSpec):
        work.life.complete(scope_id, token_id, node)
    else:
        await_event(work, scope_id, token_id, node)
