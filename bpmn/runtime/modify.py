"""Changing where a running instance stands: start before or after an element, cancel what is active at one.

Instructions are carried out in order within one step, all or none. As in Camunda 7, starting inside a sub-process that
is not active opens it, without its start event; an instance that nothing is left of is completed at the end.
"""

from __future__ import annotations

from typing import Any

from bpmn.runtime import events as e
from bpmn.runtime import execution_listeners, listeners
from bpmn.runtime.boundary import subscribe_boundary_events
from bpmn.runtime.commands import Instruction, InstructionType
from bpmn.runtime.flows import choose
from bpmn.runtime.needs import Fail, Missing, NeedScopes, Rejected, Thrown
from bpmn.runtime.state import Phase, Scope, ScopeKind
from bpmn.runtime.terminate import open_children, terminate_token
from bpmn.runtime.work import Work
from bpmn.spec.graph import Container, Node, NodeKind

Value = Any
_NOT_STARTABLE = (NodeKind.BOUNDARY_EVENT, NodeKind.EVENT_SUB_PROCESS, NodeKind.PROCESS, NodeKind.SEQUENCE_FLOW)


def carry_out(work: Work, instruction: Instruction) -> None:
    """One instruction. Raises Rejected with what is wrong with it."""
    node = work.graph.nodes.get(instruction.element_id)
    if node is None or node.whole is not None:
        raise Rejected(
            "ELEMENT_UNKNOWN", f"Expected an element '{instruction.element_id}' in the process, but there is none"
        )
    if instruction.type is InstructionType.CANCEL:
        _cancel(work, node, instruction.scope_id)
        return
    if node.kind in _NOT_STARTABLE:
        raise Rejected(
            "ELEMENT_NOT_STARTABLE",
            f"Expected an element that a token can be put on, but '{node.id}' is of kind {node.kind.value}; start the "
            "element behind it",
        )
    scope_id = _scope_for(work, node, instruction.scope_id)
    for name, value in instruction.variables.items():
        work.set_variable(scope_id, name, value)
    if instruction.type is InstructionType.START_BEFORE:
        work.life.activate(scope_id, node)
        return
    try:
        flows = choose(work, scope_id, node)
    except (Fail, Thrown) as failure:
        raise Rejected("NO_FLOW_SELECTED", str(failure)) from failure
    for flow in flows:
        work.life.take(scope_id, flow)
    work.later(work.life.check_scope, scope_id)


def _cancel(work: Work, node: Node, scope_id: int | None) -> None:
    scopes = _open_scopes(work, node.container)
    if scope_id is not None:
        scopes = [scope for scope in scopes if scope.id == scope_id]
    found = [
        (scope.id, token.id)
        for scope in scopes
        for token in scope.tokens.values()
        if token.element == node.id and token.phase is not Phase.LISTENING
    ]
    if not found:
        where = "" if scope_id is None else f" in scope {scope_id}"
        raise Rejected("ELEMENT_NOT_ACTIVE", f"Expected '{node.id}' to be active{where}, but it is not")
    for owner, token_id in found:
        terminate_token(work, owner, token_id)
        work.later(work.life.check_scope, owner)


def _scope_for(work: Work, node: Node, scope_id: int | None) -> int:
    """The scope that a token on `node` belongs in; opened where its sub-process is not active."""
    scopes = _open_scopes(work, node.container)
    if scope_id is not None:
        if all(scope.id != scope_id for scope in scopes):
            raise Rejected(
                "SCOPE_UNKNOWN", f"Expected scope {scope_id} to be an active scope around '{node.id}', but it is not"
            )
        return scope_id
    if len(scopes) > 1:
        raise Rejected(
            "SCOPE_AMBIGUOUS",
            f"Expected one active scope around '{node.id}', but there are {len(scopes)}; name one by scopeId",
        )
    return scopes[0].id if scopes else _open_enclosing(work, node.container)


def _open_enclosing(work: Work, container: Container) -> int:
    """Open the sub-processes around a container that are not active, from the outside in."""
    closed: list[Node] = []
    current = container
    while current.node is not None and not _open_scopes(work, current):
        closed.append(current.node)
        current = current.node.container
    scopes = _open_scopes(work, current)
    if len(scopes) > 1:
        raise Rejected(
            "SCOPE_AMBIGUOUS",
            f"Expected one active scope around '{closed[-1].id}', but there are {len(scopes)}; name one by scopeId",
        )
    scope_id = scopes[0].id
    for sub_process in reversed(closed):
        if sub_process.loop is not None:
            raise Rejected(
                "ELEMENT_NOT_STARTABLE",
                f"Expected the multi-instance or loop '{sub_process.id}' to be active, but it is not; start before it",
            )
        token_id = work.ids()
        work.emit(e.ElementActivated(token_id, sub_process.id, scope_id))
        child = work.ids()
        work.emit(e.ScopeOpened(child, ScopeKind.SUBPROCESS, sub_process.id, scope_id, token_id))
        listeners.arm(work, child)
        try:
            if not execution_listeners.run(work, scope_id, token_id, sub_process, execution_listeners.START):
                raise Rejected(
                    "ELEMENT_NOT_STARTABLE",
                    f"Expected '{sub_process.id}' to be active, or its start listeners to run in the step; start "
                    "before it",
                )
            subscribe_boundary_events(work, scope_id, token_id, sub_process)
        except (Fail, Thrown) as failure:
            raise Rejected("ELEMENT_NOT_STARTABLE", f"'{sub_process.id}' cannot be opened: {failure}") from failure
        scope_id = child
    return scope_id


def _open_scopes(work: Work, container: Container) -> list[Scope]:
    """All open scopes of a container, found from the root inward; those not loaded are asked for."""
    path: list[Node] = []
    current = container
    while current.node is not None:
        path.append(current.node)
        current = current.node.container
    scopes = [work.draft.scope(work.instance_id)]
    for node in reversed(path):
        scopes = _below(work, scopes, node)
    return scopes


def _below(work: Work, scopes: list[Scope], node: Node) -> list[Scope]:
    """The scopes of a sub-process whose tokens are in `scopes`, through multi-instance bodies and their items."""
    children = _children(work, scopes, node)
    bodies = [scope for scope in children if scope.kind is ScopeKind.MULTI_INSTANCE]
    found = [scope for scope in children if scope.kind is ScopeKind.SUBPROCESS]
    for body in bodies:
        limit = work.limits.scopes_per_step
        assert body.items is not None
        if body.items.active > limit:
            raise Rejected(
                "SCOPE_AMBIGUOUS",
                f"Expected at most {limit} instances of '{node.id}', but {body.items.active} are active; name one by "
                "scopeId",
            )
        items = [work.draft.scope(id) for id in open_children(work, body.id, limit)]
        found.extend(scope for scope in _children(work, items, node) if scope.kind is ScopeKind.SUBPROCESS)
    return found


def _children(work: Work, scopes: list[Scope], node: Node) -> list[Scope]:
    ids = [
        token.child
        for scope in scopes
        for token in scope.tokens.values()
        if token.element == node.id and token.child is not None
    ]
    missing = tuple(id for id in ids if work.draft.loaded(id) is None and id not in work.draft.scopes)
    if missing:
        raise Missing(NeedScopes(missing))
    return [scope for id in ids if (scope := work.draft.loaded(id)) is not None]
