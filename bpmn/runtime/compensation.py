"""Compensation and cancellation of transactions (BPMN 2.0.2, 10.7 and 13.5.5).

What can be undone is recorded in its scope when it completes; the scopes of sub-processes and multi-instances are kept
with their variables. Who asks for compensation - a throw or end event, a cancel end event, or a token that stands for a
kept scope which is itself being compensated - claims what is recorded at that moment, and then has one handler after
the other at work, the last completed first; its token waits for each. So every completion is undone at most once, and a
handler starts only when what was done after its activity has been undone.

Where the standard leaves it open, as in Camunda 7: compensation thrown in an event sub-process also reaches the scope
around it; an activity named by `activityRef` is compensated as often as it was completed; errors of a handler go to the
event that threw the compensation. Unlike Camunda 7, handlers never run side by side, `waitForCompletion="false"` is
respected, each completed instance of a multi-instance activity is compensated with its own variables, and what an event
has claimed but not begun when it is ended itself can be thrown again.
"""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.runtime import events as e
from bpmn.runtime import listeners
from bpmn.runtime.errors import owner_of
from bpmn.runtime.state import Compensation, Phase, Scope, ScopeKind, ScopeState, Token
from bpmn.runtime.terminate import remove_kept, remove_subtree, terminate_scope_content
from bpmn.runtime.work import Work
from bpmn.spec.elements import CancelSpec, CompensateSpec, TransactionSpec
from bpmn.spec.graph import Node, NodeKind

Thrower = tuple[int, int]
RECORDS = 50
"""Records of completed activities that are set aside together; a scope itself holds up to twice as many."""
KEPT_SCOPE_COST = 50
"""Transitions that one kept scope counts for: it has to be loaded, and the step is done again after each load."""


# -- completion -----------------------------------------------------------------------------------------------------


def record(work: Work, scope_id: int, node: Node) -> None:
    """The activity is completed in the scope: its handler may be asked for. Kept scopes are recorded by `leave`."""
    if node.compensable and node.compensation_handler is not None:
        work.emit(e.CompensationRecorded(scope_id, node.id))
        _set_aside(work, scope_id)


def leave(work: Work, scope_id: int, node: Node) -> None:
    """The scope of a completed activity (itself, its body, or one item) is closed, or kept to be compensated."""
    scope = work.draft.scope(scope_id)
    assert scope.parent is not None
    if node.compensable and _keeps(scope, node):
        work.emit(e.CompensationRecorded(scope.parent, node.id, scope_id))
        _set_aside(work, scope.parent)
        return
    remove_kept(work, scope_id)
    work.emit(e.ScopeClosed(scope_id, node.id, scope.kind, scope.parent, completed=True))


def _set_aside(work: Work, scope_id: int) -> None:
    """Keep a scope small in which much is completed: its oldest records get a scope of their own."""
    scope = work.draft.scope(scope_id)
    if len(scope.compensations) < 2 * RECORDS or scope.kind not in (ScopeKind.PROCESS, ScopeKind.SUBPROCESS):
        return
    if all(entry.thrower is None for entry in scope.compensations[:RECORDS]):
        work.emit(e.CompensationsSetAside(work.ids(), scope_id, scope.element, RECORDS))


def _take_back(work: Work, scope_id: int) -> None:
    """The records that were set aside last are to be compensated next."""
    scope = work.draft.scope(scope_id)
    assert scope.latest is not None
    work.draft.scope(scope.latest)
    work.transitions += KEPT_SCOPE_COST
    work.emit(e.CompensationsTakenBack(scope.latest, scope_id, scope.element))


def _keeps(scope: Scope, node: Node) -> bool:
    match scope.kind:
        case ScopeKind.SUBPROCESS:
            return node.compensation_handler is None
        case ScopeKind.MULTI_INSTANCE:
            return scope.latest is not None
        case ScopeKind.ITEM:
            return bool(scope.compensations)
        case _:
            return False


# -- throwing -------------------------------------------------------------------------------------------------------


def throw(work: Work, scope_id: int, token_id: int, node: Node, spec: CompensateSpec) -> None:
    """Claim what is to be compensated. A token that does not wait leaves one behind that does so for it."""
    thrower = token_id if spec.wait else work.ids()
    for target in list(_targets(work, scope_id)):
        within = work.draft.scope(target)
        if (
            target == scope_id
            or within.latest is not None
            or any(entry.thrower is None and spec.activity in (None, entry.element) for entry in within.compensations)
        ):
            work.emit(e.CompensationThrown(thrower, node.id, scope_id, target, spec.activity))
    if not spec.wait:
        work.later(advance, work, scope_id, thrower)


def cancel(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    """The cancel end event of a transaction: everything else in it ends, and what was completed is compensated.

    Where the event is in a sub-process of the transaction, that ends too, and a token of the transaction itself waits.
    """
    transaction = _transaction(work, scope_id)
    thrower = token_id
    if transaction != scope_id:
        if work.draft.scope(scope_id).tokens[token_id].child is None:
            work.emit(e.ElementCompleted(token_id, node.id, scope_id))
        thrower = work.ids()
        work.later(advance, work, transaction, thrower)
    terminate_scope_content(work, transaction, except_token=token_id)
    work.drop_flows(transaction)
    work.emit(e.CompensationThrown(thrower, node.id, transaction, transaction))


def _transaction(work: Work, scope_id: int) -> int:
    """The scope of the innermost transaction around (`bpmn.rules.transactions` makes sure that there is one)."""
    current = work.draft.scope(scope_id)
    while not (
        current.kind is ScopeKind.SUBPROCESS and isinstance(work.graph.nodes[current.element].spec, TransactionSpec)
    ):
        assert current.parent is not None
        current = work.draft.scope(current.parent)
    return current.id


def waits(node: Node) -> bool:
    """Whether the token of a throw or end event waits until everything is compensated."""
    return any(
        isinstance(part.spec, CancelSpec) or (isinstance(part.spec, CompensateSpec) and part.spec.wait)
        for part in node.parts or (node,)
    )


def _targets(work: Work, scope_id: int) -> Iterator[int]:
    """The scopes whose completions an event in `scope_id` compensates, innermost first."""
    current: int | None = scope_id
    while current is not None:
        yield current
        container = work.container(current)
        if container is None or container.node is None or container.node.kind is not NodeKind.EVENT_SUB_PROCESS:
            return
        current = work.draft.scope(current).parent


# -- one after the other ----------------------------------------------------------------------------------------------


def advance(work: Work, scope_id: int, token_id: int) -> None:
    """Start what the token has to compensate next; when nothing is left, it is done."""
    token = work.token(scope_id, token_id)
    if token is None or token.waits:
        return
    if work.transitions >= work.limits.transitions_per_step:
        work.cut.add(scope_id)
    elif token.phase is Phase.COMPENSATING and token.child is not None:
        _advance_kept(work, scope_id, token, token.child)
    else:
        _advance_thrown(work, scope_id, token)


def resume(work: Work, scope_id: int) -> None:
    """Go on where a bounded step stopped."""
    for token in list(work.draft.scope(scope_id).tokens.values()):
        node = work.graph.nodes[token.element]
        if not token.waits and (token.phase is Phase.COMPENSATING or _is_throwing(token, node)):
            work.later(advance, work, scope_id, token.id)


def ended(work: Work, scope_id: int, token: Token) -> None:
    """A handler is done, or gone: the next one."""
    if token.thrower is None:
        return
    thrower = _thrower_of(work, scope_id, token.thrower)
    if thrower is not None and any(wait.id == token.id for wait in thrower.waits):
        work.emit(e.CompensationEnded(token.id, token.element, scope_id, token.thrower))
        advance(work, *token.thrower)


def _thrower_of(work: Work, scope_id: int, thrower: Thrower) -> Token | None:
    """The token that waits for a handler in `scope_id`; None where it is gone.

    It is in this scope or one further outward, or in an event sub-process below it, which may not be loaded, and may be
    about to be removed: it counts only while the token of the event sub-process is there.
    """
    current: int | None = scope_id
    while current is not None:
        scope = work.draft.loaded(current)
        if scope is None:
            return None
        if current == thrower[0]:
            return scope.tokens.get(thrower[1])
        current = scope.parent
    waiting = [scope_id]
    while waiting:
        for token in work.draft.scope(waiting.pop()).tokens.values():
            if token.child is None or work.graph.nodes[token.element].kind is not NodeKind.EVENT_SUB_PROCESS:
                continue
            if token.child == thrower[0]:
                return work.draft.scope(token.child).tokens.get(thrower[1])
            waiting.append(token.child)
    return None


def _is_throwing(token: Token, node: Node) -> bool:
    return (
        token.phase is Phase.ACTIVE
        and node.kind
        in (
            NodeKind.INTERMEDIATE_THROW_EVENT,
            NodeKind.END_EVENT,
        )
        and waits(node)
    )


def _advance_thrown(work: Work, scope_id: int, token: Token) -> None:
    for target in _targets(work, scope_id):
        within = work.draft.scope(target)
        entry = next((entry for entry in reversed(within.compensations) if entry.thrower == token.id), None)
        if entry is not None:
            _trigger(work, target, entry, (scope_id, token.id))
            return
        if any(claim.thrower == token.id for claim in within.claims):
            _take_back(work, target)
            work.later(advance, work, scope_id, token.id)
            return
    node = work.graph.nodes[token.element]
    if any(isinstance(part.spec, CancelSpec) for part in node.parts or (node,)):
        _cancelled(work, scope_id, token)
    elif token.phase is Phase.COMPENSATING:
        work.emit(e.CompensationEnded(token.id, token.element, scope_id))
        work.later(work.life.check_scope, scope_id)
    else:
        work.life.complete(scope_id, token.id, node)


def _advance_kept(work: Work, scope_id: int, token: Token, kept_id: int) -> None:
    kept = work.draft.scope(kept_id)
    thrower = (scope_id, token.id)
    if kept.kind is ScopeKind.MULTI_INSTANCE:
        if _advance_items(work, kept, thrower):
            return
    else:
        content = work.graph.nodes[token.element].content
        assert content is not None
        if kept.state is ScopeState.COMPLETED:
            work.emit(e.ScopeStateChanged(kept_id, kept.element, ScopeState.COMPENSATING))
            if content.compensation_start is not None:
                _begin(work, kept_id, content.compensation_start, thrower)
                return
        if content.compensation_start is None and kept.compensations:
            _trigger(work, kept_id, kept.compensations[-1], thrower)
            return
        if content.compensation_start is None and kept.latest is not None:
            _take_back(work, kept_id)
            work.later(advance, work, scope_id, token.id)
            return
        if not work.draft.scope(kept_id).is_empty():
            return
    remove_subtree(work, kept_id)
    ended_token = work.token(scope_id, token.id)
    assert ended_token is not None
    ended(work, scope_id, ended_token)
    work.later(work.life.check_scope, scope_id)


def _advance_items(work: Work, body: Scope, thrower: Thrower) -> bool:
    """The next item of a multi-instance activity; False where none is left."""
    while body.latest is not None:
        item = work.draft.scope(body.latest)
        if item.state is ScopeState.COMPLETED:
            work.transitions += KEPT_SCOPE_COST
            work.emit(e.ScopeStateChanged(item.id, item.element, ScopeState.COMPENSATING))
        if item.compensations:
            _trigger(work, item.id, item.compensations[-1], thrower)
            return True
        if not item.is_empty():
            return True
        work.emit(e.ScopeClosed(item.id, item.element, item.kind, body.id, completed=True))
        body = work.draft.scope(body.id)
    return False


def _trigger(work: Work, scope_id: int, entry: Compensation, thrower: Thrower) -> None:
    """Let the handler of a completed activity start, or its kept scope be compensated."""
    node = work.graph.nodes[entry.element]
    if entry.child is not None:
        work.draft.scope(entry.child)
        work.transitions += KEPT_SCOPE_COST
        token_id = work.ids()
        work.emit(e.CompensationTriggered(token_id, node.id, scope_id, thrower, entry.child))
        work.later(advance, work, scope_id, token_id)
        return
    handler = node.compensation_handler
    assert handler is not None
    token_id = work.ids()
    work.transitions += 1
    work.emit(e.ElementActivated(token_id, handler.id, scope_id))
    work.emit(e.CompensationTriggered(token_id, node.id, scope_id, thrower))
    work.life.start(scope_id, token_id, handler)


def _begin(work: Work, kept_id: int, start: Node, thrower: Thrower) -> None:
    """The compensation event sub-process runs in the kept scope, instead of the handlers of what is in it."""
    sub_process = start.container.node
    assert sub_process is not None
    token_id = work.ids()
    work.transitions += 1
    work.emit(e.ElementActivated(token_id, sub_process.id, kept_id))
    work.emit(e.CompensationTriggered(token_id, sub_process.id, kept_id, thrower))
    child = work.ids()
    work.emit(e.ScopeOpened(child, ScopeKind.SUBPROCESS, sub_process.id, kept_id, token_id))
    listeners.arm(work, child)
    if sub_process.listeners is None:
        work.later(work.life.activate, child, start)
    else:
        work.later(listeners.enter_listening, work, kept_id, token_id, sub_process)


def _cancelled(work: Work, scope_id: int, token: Token) -> None:
    """Everything is compensated: the transaction goes on at its cancel boundary event.

    Without one it just ends, and nothing goes on from it (a finding warns of that at upload); Camunda 7 fails there.
    """
    if token.child is not None:
        remove_subtree(work, token.child)
    if token.phase is Phase.COMPENSATING:
        work.emit(e.CompensationEnded(token.id, token.element, scope_id))
    else:
        work.emit(e.ElementCompleted(token.id, token.element, scope_id))
    owner = owner_of(work, scope_id)
    while owner is not None:
        host = work.graph.nodes[work.draft.scope(owner[0]).tokens[owner[1]].element]
        if not work.is_inner(owner[0], host):
            break
        owner = owner_of(work, owner[0])
    assert owner is not None
    boundary = next((event for event in host.boundary if isinstance(event.spec, CancelSpec)), None)
    if boundary is None:
        work.life.terminate(*owner)
    else:
        work.life.trigger_boundary(*owner, boundary)
    work.later(work.life.check_scope, owner[0])
