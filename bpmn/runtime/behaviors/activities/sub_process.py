"""Embedded sub-process: a scope of its own, entered at its none start event (BPMN 2.0.2, 13.3.4)."""

from __future__ import annotations

from bpmn.runtime.behaviors.activities import ad_hoc
from bpmn.runtime.work import Work
from bpmn.spec.elements import AdHocSpec
from bpmn.spec.graph import Node


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    assert node.content is not None
    child = work.life_scope(scope_id, token_id)
    if isinstance(node.spec, AdHocSpec):
        ad_hoc.begin(work, child, node, node.spec)
        return
    start = node.content.none_start
    if start is None:
        work.later(work.life.check_scope, child)
        return
    work.later(work.life.activate, child, start)
