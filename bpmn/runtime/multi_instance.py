"""Multi-instance activities (BPMN 2.0.2, 13.3.7): a body scope with counters, an item scope per inner instance.

The token of the activity owns the body; each item scope holds the one token of its inner instance. Input items and
outputs are rows of their own, so that a wide multi-instance never loads its siblings.
"""

from __future__ import annotations

from typing import Any

from bpmn.runtime import compensation, implicit_throw
from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.lookup import COUNTERS, counter
from bpmn.runtime.needs import Fail, Missing, NeedItems, NeedOutputs
from bpmn.runtime.state import Items, Scope, ScopeKind, ScopeState
from bpmn.runtime.terminate import open_children, remove_leftovers, remove_subtree
from bpmn.runtime.work import Work
from bpmn.spec.graph import MultiInstanceSpec, Node

Value = Any


def open_body(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    """Evaluate how many there are, open the body, and the first item or as many as one step opens."""
    spec = _spec(node)
    values: list[Value] | None = None
    if spec.collection is not None:
        values = _collection(work, scope_id, node, spec)
        total = len(values)
    else:
        total = _cardinality(work, scope_id, node, spec)
    if total > work.limits.items:
        raise Fail(
            "MULTI_INSTANCE_TOO_LARGE",
            f"Expected at most {work.limits.items} instances of '{node.id}', but there would be {total}",
        )
    body_id = work.ids()
    state = ScopeState.ACTIVE if spec.sequential or total == 0 else ScopeState.OPENING
    work.emit(e.ScopeOpened(body_id, ScopeKind.MULTI_INSTANCE, node.id, scope_id, token_id, state, total=total))
    if values is not None:
        work.effect(fx.StoreItems(scope_id=body_id, values=values))
        work.draft.items.update({(body_id, index): value for index, value in enumerate(values)})
    if total == 0:
        work.later(_finish_body, work, body_id)
    elif spec.sequential:
        _open_item(work, body_id, node)
    else:
        open_items(work, body_id)


def resume(work: Work, body_id: int) -> None:
    """Go on where a bounded step stopped opening items."""
    body = work.draft.loaded(body_id)
    if body is None:
        return
    if body.state is ScopeState.OPENING:
        open_items(work, body_id)
    elif _next_is_due(work, body):
        _open_item(work, body_id, work.graph.nodes[body.element])


def open_items(work: Work, body_id: int) -> None:
    """Open items of a parallel body until it is full or the step is."""
    body = work.draft.loaded(body_id)
    if body is None or body.state is not ScopeState.OPENING:
        return
    node = work.graph.nodes[body.element]
    while work.opened_items < work.limits.scopes_per_step:
        assert body.items is not None
        if body.items.opened >= body.items.total:
            break
        _open_item(work, body_id, node)
        body = work.draft.loaded(body_id)
        if body is None:
            return
    assert body.items is not None
    if body.items.opened < body.items.total:
        work.resume.add(body_id)
    else:
        work.emit(e.ScopeStateChanged(body_id, body.element, ScopeState.ACTIVE))
        if body.items.active == 0:
            work.later(_finish_body, work, body_id)


def item_done(work: Work, item_id: int, token_id: int, node: Node) -> None:
    """One inner instance is done (its output mappings too): count it, and go on or finish.

    The completion condition sees the variables of the instance that is done, and counters that count it.
    """
    spec = _spec(node)
    item = work.draft.scope(item_id)
    body_id = item.parent
    assert body_id is not None
    assert item.index is not None
    collects = spec.output_element is not None and spec.output_collection is not None
    value: Value = None
    if spec.output_element is not None and collects:
        value = work.evaluate(spec.output_element, item_id, node)
    enough = _is_enough(work, body_id, item_id, node)
    owner = _owner(work.draft.scope(body_id))
    thrown = implicit_throw.choose(work, item_id, owner, node, _counted(work, body_id)) if spec.behaviors else []
    if collects:
        work.effect(fx.StoreOutput(scope_id=body_id, index=item.index, value=value))
    compensation.record(work, item_id, node)
    work.emit(e.ElementCompleted(token_id, node.id, item_id))
    compensation.leave(work, item_id, node)
    if enough:
        work.emit(e.ScopeStateChanged(body_id, node.id, ScopeState.TERMINATING))
        work.later(_finish_early, work, body_id)
    else:
        work.later(_after_item, work, body_id)
    implicit_throw.throw(work, owner, node, thrown)


def _counted(work: Work, body_id: int) -> Items:
    """The counters of the body when the instance that is done is counted."""
    items = work.draft.scope(body_id).items
    assert items is not None
    return items._replace(active=items.active - 1, completed=items.completed + 1)


def _is_enough(work: Work, body_id: int, item_id: int, node: Node) -> bool:
    spec = _spec(node)
    body = work.draft.scope(body_id)
    if spec.completion_condition is None or body.state is ScopeState.TERMINATING:
        return False
    counters = _counted(work, body_id)
    extra = {name: counter(counters, name) for name in COUNTERS}
    return work.condition(spec.completion_condition, item_id, node, "completion condition", extra=extra)


def _after_item(work: Work, body_id: int) -> None:
    body = work.draft.loaded(body_id)
    if body is None or body.state is ScopeState.TERMINATING:
        return
    node = work.graph.nodes[body.element]
    if _next_is_due(work, body):
        if work.transitions >= work.limits.transitions_per_step or work.opened_items >= work.limits.scopes_per_step:
            work.resume.add(body_id)
        else:
            _open_item(work, body_id, node)
        return
    items = body.items
    assert items is not None
    if items.active == 0 and body.state is ScopeState.ACTIVE:
        _finish_body(work, body_id)


def _finish_early(work: Work, body_id: int) -> None:
    """The completion condition is true: the instances that are still at work are not needed."""
    body = work.draft.loaded(body_id)
    if body is None:
        return
    if body.latest is None:
        for child in open_children(work, body_id, work.limits.scopes_per_step):
            if work.removed_scopes >= work.limits.scopes_per_step:
                break  # the body is removed portion by portion
            remove_subtree(work, child)
    else:
        remove_leftovers(work, body_id)
    _finish_body(work, body_id)


def _next_is_due(work: Work, body: Scope) -> bool:
    """A sequential body with no item at work and some left."""
    items = body.items
    assert items is not None
    sequential = _spec(work.graph.nodes[body.element]).sequential
    return sequential and items.active == 0 and items.opened < items.total


def _finish_body(work: Work, body_id: int) -> None:
    body = work.draft.loaded(body_id)
    if body is None or body.state is ScopeState.COMPLETED:
        return  # whoever saw before that nothing is active has done so, and the body is kept to be compensated
    node = work.graph.nodes[body.element]
    spec = _spec(node)
    scope_id, token_id = _owner(body)
    assert body.items is not None
    if spec.output_collection is not None:
        work.propagate(scope_id, {spec.output_collection: _outputs(work, body_id, body.items.total)})
    if body.items.active and body.latest is None:
        # Ended early with more items open than one step removes: the rest of the body goes portion by portion.
        remove_subtree(work, body_id)
    else:
        compensation.leave(work, body_id, node)
    work.later(work.life.finish, scope_id, token_id, node)


def _outputs(work: Work, body_id: int, total: int) -> list[Value]:
    """Stored outputs and those of this step, in order of index; null where an item brought none."""
    stored = work.draft.base.outputs.get(body_id)
    if stored is None:
        if body_id not in work.draft.created:
            raise Missing(NeedOutputs(body_id))
        stored = []
    result = (list(stored) + [None] * total)[:total]
    for effect in work.effects:
        if isinstance(effect, fx.StoreOutput) and effect.scope_id == body_id:
            result[effect.index] = effect.value
    return result


def _open_item(work: Work, body_id: int, node: Node) -> None:
    spec = _spec(node)
    body = work.draft.scope(body_id)
    assert body.items is not None
    index = body.items.opened
    value: Value = None
    if spec.collection is not None:
        value = _item(work, body_id, index, body.items.total)
    item_id = work.ids()
    work.transitions += 1
    work.opened_items += 1
    work.emit(e.ScopeOpened(item_id, ScopeKind.ITEM, node.id, body_id, None, index=index))
    work.set_variable(item_id, "loopCounter", index + spec.first_number)
    if spec.element_variable is not None and spec.collection is not None:
        work.set_variable(item_id, spec.element_variable, value)
    if spec.output_variable is not None:
        work.set_variable(item_id, spec.output_variable, None)
    work.life.activate(item_id, node)


def _item(work: Work, body_id: int, index: int, total: int) -> Value:
    key = (body_id, index)
    if key in work.draft.items:
        return work.draft.items[key]
    if key not in work.draft.base.items:
        raise Missing(NeedItems(body_id, index, _portion(work, body_id, index, total)))
    return work.draft.base.items[key]


def _portion(work: Work, body_id: int, index: int, total: int) -> int:
    """How many items to load: as many as a parallel body opens; of a sequential one, as many as so far again."""
    most = work.limits.scopes_per_step
    if _spec(work.graph.nodes[work.draft.scope(body_id).element]).sequential:
        loaded = sum(1 for body, _ in work.draft.base.items if body == body_id)
        most = min(most, max(1, loaded))
    return min(most, total - index)


def _collection(work: Work, scope_id: int, node: Node, spec: MultiInstanceSpec) -> list[Value]:
    assert spec.collection is not None
    value = work.evaluate(spec.collection, scope_id, node)
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    raise Fail(
        "EXPRESSION_ERROR",
        f"Expected the collection '{spec.collection.text}' of '{node.id}' to be a list, but it was {value!r:.80}",
    )


def _cardinality(work: Work, scope_id: int, node: Node, spec: MultiInstanceSpec) -> int:
    assert spec.cardinality is not None
    value = work.evaluate(spec.cardinality, scope_id, node)
    if isinstance(value, str) and value.strip().lstrip("-").isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Fail(
            "EXPRESSION_ERROR",
            f"Expected the loop cardinality '{spec.cardinality.text}' of '{node.id}' to be a whole number of 0 or "
            f"more, but it was {value!r:.80}",
        )
    return value


def _owner(body: Scope) -> tuple[int, int]:
    assert body.parent is not None
    assert body.owner is not None
    return body.parent, body.owner


def _spec(node: Node) -> MultiInstanceSpec:
    assert isinstance(node.loop, MultiInstanceSpec)
    return node.loop
