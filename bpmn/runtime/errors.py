"""BPMN errors and escalations: the nearest handler outward (BPMN 2.0.2, 13.5.3).

At each level first the boundary events of the activity, then the event sub-processes of the scope around it. What is
thrown inside an event sub-process is not caught by event sub-processes of the same scope, but further outward. What a
compensation handler throws goes to the event that has thrown the compensation, and outward from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bpmn.runtime.state import Phase, ScopeKind
from bpmn.runtime.work import Work
from bpmn.spec.elements import ErrorSpec, EscalationSpec
from bpmn.spec.graph import Node, NodeKind


class Catcher(NamedTuple):
    """A boundary event with the token of its host, or (token None) the start event of an event sub-process."""

    scope_id: int
    token_id: int | None
    node: Node


Spec = type[ErrorSpec] | type[EscalationSpec]


def find_catcher(work: Work, scope_id: int, token_id: int, code: str, spec: Spec = ErrorSpec) -> Catcher | None:
    """Who catches `code`, from the token itself outward. At one level a named code comes before catch-all."""
    current: tuple[int, int] | None = (scope_id, token_id)
    while current is not None:
        sid, tid = current
        token = work.draft.scope(sid).tokens[tid]
        node = work.graph.nodes[token.element]
        if node.boundary and token.phase is not Phase.COMPENSATING and not work.is_inner(sid, node):
            catcher = _matching(node.boundary, code, spec)
            if catcher is not None:
                return Catcher(sid, tid, catcher)
        if token.thrower is not None:
            current = token.thrower
            continue
        container = work.container(sid)
        if container is not None and container.event_starts and node.kind is not NodeKind.EVENT_SUB_PROCESS:
            catcher = _matching(container.event_starts, code, spec)
            if catcher is not None:
                return Catcher(sid, None, catcher)
        current = owner_of(work, sid)
    return None


def owner_of(work: Work, scope_id: int) -> tuple[int, int] | None:
    """(scope, token) of the activity that a scope belongs to; None for the process."""
    scope = work.draft.scope(scope_id)
    if scope.kind is ScopeKind.ITEM:
        assert scope.parent is not None
        scope = work.draft.scope(scope.parent)
    if scope.parent is None or scope.owner is None:
        return None
    return scope.parent, scope.owner


def _matching(candidates: Iterable[Node], code: str, spec: Spec) -> Node | None:
    every: Node | None = None
    for candidate in candidates:
        for node in candidate.parts or (candidate,):
            if isinstance(node.spec, spec):
                if node.spec.code == code:
                    return node
                if node.spec.code is None and every is None:
                    every = node
    return every
