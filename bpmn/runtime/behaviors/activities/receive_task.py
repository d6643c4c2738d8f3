"""Receive task: waits for its message (instantiating receive tasks are start events of the graph)."""

from __future__ import annotations

from bpmn.runtime.boundary import await_event
from bpmn.runtime.work import Work
from bpmn.spec.graph import Node


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    await_event(work, scope_id, token_id, node)
