"""Ad-hoc sub-process (BPMN 2.0.2, 13.3.5): activities without a start event, in any order or one after the other.

The standard leaves to people or systems which of the enabled activities are performed. Here, as long as nobody says
otherwise, it is each of them once: all without incoming flows, or those that `zeebe:adHoc activeElementsCollection`
names; with sequential ordering the next starts when nothing is active any more. After each activity in it the
completion condition is evaluated. It completes when that is true, or when nothing is active or left to start.
"""

from __future__ import annotations

from bpmn.runtime import events as e
from bpmn.runtime.needs import Fail
from bpmn.runtime.state import ScopeKind, ScopeState
from bpmn.runtime.terminate import terminate_scope_content
from bpmn.runtime.work import Work
from bpmn.spec.elements import AdHocSpec
from bpmn.spec.graph import Node, NodeKind

_NO_ACTIVITIES = (
    NodeKind.EXCLUSIVE_GATEWAY,
    NodeKind.PARALLEL_GATEWAY,
    NodeKind.INCLUSIVE_GATEWAY,
    NodeKind.EVENT_BASED_GATEWAY,
    NodeKind.COMPLEX_GATEWAY,
    NodeKind.START_EVENT,
    NodeKind.END_EVENT,
    NodeKind.INTERMEDIATE_CATCH_EVENT,
    NodeKind.INTERMEDIATE_THROW_EVENT,
    NodeKind.BOUNDARY_EVENT,
    NodeKind.SEQUENCE_FLOW,
)


def begin(work: Work, scope_id: int, node: Node, spec: AdHocSpec) -> None:
    """Its scope is open: choose what is to be performed, and start the first or all. Raises Fail for unknown ids."""
    ids = spec.starts if spec.active_elements is None else _active_elements(work, scope_id, node, spec)
    if ids:
        work.emit(e.ElementRemembered(scope_id, node.id, ids))
    work.later(work.life.check_scope, scope_id)


def go_on(work: Work, scope_id: int) -> None:
    """Start what is due of what is yet to start, as much as the step allows."""
    scope = work.draft.loaded(scope_id)
    if scope is None or scope.kind is not ScopeKind.SUBPROCESS or not scope.memory:
        return
    node = work.graph.nodes[scope.element]
    waiting = scope.memory.get(node.id)
    if waiting is None or not isinstance(node.spec, AdHocSpec):
        return
    if node.spec.sequential and not scope.is_idle():
        return
    room = work.limits.transitions_per_step - work.transitions
    if room <= 0:
        work.cut.add(scope_id)
        return
    count = 1 if node.spec.sequential else room
    work.emit(e.ElementRemembered(scope_id, node.id, waiting[count:]))
    for id in waiting[:count]:
        if work.draft.loaded(scope_id) is None:
            return
        work.transitions += 1
        work.life.activate(scope_id, work.graph.nodes[id])
    if not node.spec.sequential and len(waiting) > count:
        work.cut.add(scope_id)


def is_enough(work: Work, scope_id: int, node: Node) -> bool:
    """Whether the sub-process needs nothing more now that `node` in it is done. Raises Fail, Thrown."""
    owner = node.container.node
    if owner is None or not isinstance(owner.spec, AdHocSpec) or node.kind in _NO_ACTIVITIES:
        return False
    if work.draft.scope(scope_id).state is ScopeState.COMPLETING:
        return True
    condition = owner.spec.completion_condition
    return condition is not None and work.condition(condition, scope_id, owner, "completion condition")


def end(work: Work, scope_id: int) -> None:
    """The completion condition is true: nothing new starts, and what is active is cancelled or awaited."""
    scope = work.draft.loaded(scope_id)
    if scope is None:
        return
    node = work.graph.nodes[scope.element]
    spec: AdHocSpec = node.spec
    work.drop_flows(scope_id)
    if spec.cancel_remaining:
        terminate_scope_content(work, scope_id)
    elif scope.state is not ScopeState.COMPLETING and not scope.is_idle():
        work.emit(e.ScopeStateChanged(scope_id, node.id, ScopeState.COMPLETING))
    work.later(work.life.check_scope, scope_id)


def _active_elements(work: Work, scope_id: int, node: Node, spec: AdHocSpec) -> tuple[str, ...]:
    assert spec.active_elements is not None
    value = work.evaluate(spec.active_elements, scope_id, node)
    if isinstance(value, list | tuple) and all(isinstance(id, str) and id in spec.inner for id in value):
        return tuple(value)
    raise Fail(
        "EXPRESSION_ERROR",
        f"Expected '{spec.active_elements.text}' to be a list of ids of elements in ad-hoc sub-process '{node.id}', "
        f"but it was {value!r:.80}",
    )
