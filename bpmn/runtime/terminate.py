"""Ending what is not completed: a token with all below it, without recursion, in bounded portions."""

from __future__ import annotations

from bpmn.runtime import events as e
from bpmn.runtime.commands import CancelInstance, Continue
from bpmn.runtime.needs import Missing, NeedChildren, NeedScopes
from bpmn.runtime.state import Phase, Scope, ScopeKind, ScopeState, Token, WaitKind
from bpmn.runtime.work import Work


def release(work: Work, scope_id: int, token: Token, *, keep: WaitKind | None = None) -> None:
    """End the waits of a token: their rows go, called instances are cancelled."""
    for wait in token.waits:
        if wait.kind is keep:
            continue
        if wait.kind is WaitKind.COMPENSATION:
            if token.phase is not Phase.COMPENSATING or token.child is None:
                work.in_any_case(_end_compensation, work, scope_id, work.draft.scope(scope_id).parent, token, wait.id)
            continue
        work.remove_wait(scope_id, token.id, wait.kind, wait.id, wait.element, completed=False)
        if wait.kind is WaitKind.CALL:
            work.enqueue(CancelInstance(instance_id=wait.id, reason="The call activity was ended", notify_parent=False))


def terminate_token(work: Work, scope_id: int, token_id: int) -> None:
    """The token's waits and child scopes end, then the token itself."""
    token = work.draft.scope(scope_id).tokens[token_id]
    child = token.child
    listened = False
    if child is not None:
        scope = work.draft.loaded(child)
        if scope is not None and scope.kind is ScopeKind.LOCAL:
            # Its listeners see its own variables, so before they are gone.
            _call_listeners(work, scope_id, token)
            listened = True
        release(work, scope_id, token)
        remove_subtree(work, child)
        token = work.draft.scope(scope_id).tokens[token_id]
    end_token(work, scope_id, token, listened=listened)
    if token.thrower is not None:
        # Whoever waits for it goes on, if he is still there. Where a whole scope is removed, he is not.
        work.in_any_case(work.life.compensated, scope_id, token)


def end_token(work: Work, scope_id: int, token: Token, *, listened: bool = False) -> None:
    """A token without child scopes ends, and its waits with it; `listened`: its listeners have been called."""
    if not listened:
        _call_listeners(work, scope_id, token)
    release(work, scope_id, token)
    if token.phase is Phase.LISTENING:
        work.emit(e.ListenerRemoved(token.id, token.element, scope_id))
        return
    if token.phase is Phase.COMPENSATING:
        work.emit(e.CompensationEnded(token.id, token.element, scope_id))
    else:
        work.emit(e.ElementTerminated(token.id, token.element, scope_id))


def _call_listeners(work: Work, scope_id: int, token: Token) -> None:
    node = work.graph.nodes.get(token.element)
    if node is not None and node.listeners is not None and token.phase is not Phase.COMPENSATING:
        work.life.cancelled(scope_id, token, node)


def _end_compensation(work: Work, scope_id: int, outer: int | None, thrower: Token, handler: int) -> None:
    """Who threw the compensation has ended: so does the handler at work, there or (for an event sub-process) in a scope
    further outward, and what was not triggered yet can be thrown again."""
    current: int | None = scope_id
    while current is not None:
        scope = work.draft.loaded(current)
        if scope is not None and (
            any(entry.thrower == thrower.id for entry in scope.compensations)
            or any(claim.thrower == thrower.id for claim in scope.claims)
        ):
            work.emit(e.CompensationWithdrawn(thrower.id, thrower.element, current))
        if scope is not None and handler in scope.tokens:
            terminate_token(work, current, handler)
        current = outer if current == scope_id else (None if scope is None else scope.parent)


def terminate_scope_content(work: Work, scope_id: int, *, except_token: int | None = None) -> None:
    """Every token of a scope ends; tokens in transit and arrivals are dropped with the scope."""
    for token in list(work.draft.scope(scope_id).tokens.values()):
        if token.id != except_token:
            terminate_token(work, scope_id, token.id)


def remove_subtree(work: Work, scope_id: int) -> None:
    """Close a scope and all below it, deepest first.

    What goes beyond `limits.scopes_per_step` is detached: its owner is gone, so nothing in it reacts any more
    (`engine.is_alive`), and `Continue(terminate=True)` commands remove it portion by portion.
    """
    _remove(work, [scope_id])


def remove_kept(work: Work, scope_id: int) -> None:
    """Close what a scope that ends has kept to be compensated, in portions as well."""
    kept = _kept(work.draft.scope(scope_id))
    if kept:
        _remove(work, kept)


def _remove(work: Work, waiting: list[int]) -> None:
    order: dict[int, None] = {}
    stays: set[int] = set()
    while waiting:
        current = waiting.pop()
        if work.removed_scopes >= work.limits.scopes_per_step:
            scope = work.draft.loaded(current)
            if scope is not None and scope.kind is ScopeKind.ITEM and scope.parent in order:
                stays.add(scope.parent)
            else:
                work.detached.add(current)
                work.enqueue(Continue(instance_id=work.instance_id, scope_id=current, terminate=True))
            continue
        _need(work, current, waiting)
        work.removed_scopes += 1
        order[current] = None
        scope = work.draft.scope(current)
        if scope.kind is ScopeKind.MULTI_INSTANCE:
            children = open_children(work, current, work.limits.scopes_per_step)
            waiting.extend(children)
            if children:
                # Counted when it goes, after them: a step that may remove one scope has to remove one of these.
                work.removed_scopes -= 1
            assert scope.items is not None
            if scope.items.active > len(children) or (
                scope.latest is not None and len(children) >= work.limits.scopes_per_step
            ):
                stays.add(current)
        else:
            waiting.extend(token.child for token in scope.tokens.values() if token.child is not None)
            waiting.extend(_kept(scope))
    for current in reversed(order):
        for token in list(work.draft.scope(current).tokens.values()):
            _call_listeners(work, current, token)
    for body in sorted(stays):
        # More items than one step removes: the body itself stays until its last portion.
        del order[body]
        work.detached.add(body)
        work.enqueue(Continue(instance_id=work.instance_id, scope_id=body, terminate=True))
    for current in reversed(order):
        scope = work.draft.scope(current)
        for token in list(scope.tokens.values()):
            end_token(work, current, token, listened=True)
        assert scope.parent is not None
        completed = scope.state is ScopeState.COMPLETED
        work.emit(e.ScopeClosed(current, scope.element, scope.kind, scope.parent, completed=completed))


def _kept(scope: Scope) -> list[int]:
    """Scopes that are there only to be compensated with it: completed ones, older records."""
    kept = [entry.child for entry in scope.compensations if entry.child is not None]
    if scope.kind is ScopeKind.RECORDS and scope.previous is not None:
        kept.append(scope.previous)
    elif scope.kind in (ScopeKind.PROCESS, ScopeKind.SUBPROCESS) and scope.latest is not None:
        kept.append(scope.latest)
    return kept


def _need(work: Work, scope_id: int, next_ones: list[int]) -> None:
    """Ask for a scope that is not loaded, and with it for those that this step will remove as well."""
    if work.draft.loaded(scope_id) is None:
        room = work.limits.scopes_per_step - work.removed_scopes
        wanted = [scope_id, *next_ones[-room:]]
        raise Missing(NeedScopes(tuple(id for id in wanted if work.draft.loaded(id) is None)))


def remove_leftovers(work: Work, body_id: int, after: int = 0) -> None:
    """Of a body that has ended and is kept: remove the items that were at work, those with ids above `after`; what goes
    beyond one step is left to a command. They do not react any more (`engine.is_alive`)."""
    most = work.limits.scopes_per_step
    done = after
    for child in (children := open_children(work, body_id, most, after)):
        if work.removed_scopes >= most:
            break
        if work.draft.scope(child).state is ScopeState.ACTIVE:
            remove_subtree(work, child)
        done = child
    else:
        if len(children) < most:
            return
    work.enqueue(Continue(instance_id=work.instance_id, scope_id=body_id, leftovers_after=done))


def is_leftover(item: Scope, body: Scope) -> bool:
    """An item that was at work when its body ended, and is to be removed."""
    return item.state is ScopeState.ACTIVE and body.state in (ScopeState.COMPLETED, ScopeState.COMPENSATING)


def open_children(work: Work, scope_id: int, limit: int, after: int = 0) -> list[int]:
    """Ids of the child scopes that are open, those above `after`, at most `limit`, those opened in this step
    included."""
    known = work.draft.base.children.get((scope_id, after))
    if known is None and scope_id not in work.draft.created:
        raise Missing(NeedChildren(scope_id, limit, after))
    ids = [id for id in known or () if work.draft.loaded(id) is not None]
    ids.extend(
        id
        for id in work.draft.created
        if (scope := work.draft.scopes.get(id)) is not None and scope.parent == scope_id and id not in ids
    )
    return ids


__all__ = [
    "end_token",
    "is_leftover",
    "open_children",
    "release",
    "remove_kept",
    "remove_leftovers",
    "remove_subtree",
    "terminate_scope_content",
    "terminate_token",
]
