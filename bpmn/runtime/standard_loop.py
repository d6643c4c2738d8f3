"""Standard loops (BPMN 2.0.2, 13.3.6): an activity is done again as long as its condition holds.

The token of the activity owns a body scope, as with multi-instance activities; each round is an item scope with the one
token of the activity and a variable `loopCounter`. There is one round at a time, and nobody knows how many will come.

The standard leaves open what a missing condition means: it counts as true, so that `loopMaximum` alone bounds the loop.
"""

from __future__ import annotations

from bpmn.runtime import compensation
from bpmn.runtime import events as e
from bpmn.runtime.needs import Fail
from bpmn.runtime.state import Phase, Scope, ScopeKind
from bpmn.runtime.work import Work
from bpmn.spec.graph import Node, StandardLoopSpec

UNKNOWN_TOTAL = -1


def open_body(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    """Open the body and its first round; with `testBefore` only if the condition holds."""
    spec = _spec(node)
    wanted = not spec.test_before or _goes_on(work, scope_id, node, spec, 0)
    body_id = work.ids()
    work.emit(
        e.ScopeOpened(body_id, ScopeKind.MULTI_INSTANCE, node.id, scope_id, token_id, total=UNKNOWN_TOTAL),
    )
    if wanted:
        _open_round(work, body_id, node)
    else:
        work.later(_finish_body, work, body_id)


def resume(work: Work, body_id: int) -> None:
    """Go on where a bounded step stopped: the next round is due."""
    body = work.draft.loaded(body_id)
    if body is not None and body.items is not None and body.items.active == 0:
        _next_round(work, body_id)


def item_done(work: Work, item_id: int, token_id: int, node: Node) -> None:
    """A round is done (its output mappings too): go on with the next one or finish.

    Tested after the round, the condition sees the variables and the `loopCounter` of the round that is done; tested
    before, the `loopCounter` of the round that would come.
    """
    spec = _spec(node)
    item = work.draft.scope(item_id)
    body_id = item.parent
    assert body_id is not None
    assert item.index is not None
    done = item.index + 1
    again = _goes_on(work, body_id if spec.test_before else item_id, node, spec, done)
    compensation.record(work, item_id, node)
    work.emit(e.ElementCompleted(token_id, node.id, item_id))
    compensation.leave(work, item_id, node)
    work.later(_next_round if again else _finish_body, work, body_id)


def _goes_on(work: Work, scope_id: int, node: Node, spec: StandardLoopSpec, done: int) -> bool:
    """Whether there is a round after `done` of them."""
    if spec.maximum is not None and done >= spec.maximum:
        return False
    if spec.condition is None:
        return True
    extra = {"loopCounter": done + spec.first_number} if spec.test_before else None
    return work.condition(spec.condition, scope_id, node, "loop condition", extra=extra)


def _next_round(work: Work, body_id: int) -> None:
    body = work.draft.loaded(body_id)
    if body is None:
        return
    node = work.graph.nodes[body.element]
    if work.run_transitions + work.transitions >= work.limits.transitions_without_wait:
        scope_id, token_id = _owner(body)
        failure = Fail(
            "ENDLESS_LOOP",
            f"Expected a wait state within {work.limits.transitions_without_wait} elements, but there was none in the "
            f"loop of '{node.id}'; its condition may never become false",
        )
        work.life.fail(scope_id, token_id, node, failure, Phase.ENTERING)
    elif work.transitions >= work.limits.transitions_per_step:
        work.cut.add(body_id)
    else:
        _open_round(work, body_id, node)


def _open_round(work: Work, body_id: int, node: Node) -> None:
    spec = _spec(node)
    items = work.draft.scope(body_id).items
    assert items is not None
    item_id = work.ids()
    work.transitions += 1
    work.emit(e.ScopeOpened(item_id, ScopeKind.ITEM, node.id, body_id, None, index=items.opened))
    work.set_variable(item_id, "loopCounter", items.opened + spec.first_number)
    work.life.activate(item_id, node)


def _finish_body(work: Work, body_id: int) -> None:
    body = work.draft.loaded(body_id)
    if body is None:
        return
    scope_id, token_id = _owner(body)
    node = work.graph.nodes[body.element]
    compensation.leave(work, body_id, node)
    work.later(work.life.finish, scope_id, token_id, node)


def _owner(body: Scope) -> tuple[int, int]:
    assert body.parent is not None
    assert body.owner is not None
    return body.parent, body.owner


def _spec(node: Node) -> StandardLoopSpec:
    assert isinstance(node.loop, StandardLoopSpec)
    return node.loop
