"""Conditional events: evaluated when a variable they may read was written.

Those in loaded scopes are looked at here, within the step and before its tokens go on, as Camunda 7 does; the
others are rows that the executor finds by variable name and turns into `EvaluateCondition` commands.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from bpmn.expressions.api import Compiled, Handlers
from bpmn.runtime import effects as fx
from bpmn.runtime.lookup import ChainLookup
from bpmn.runtime.needs import Fail, Thrown
from bpmn.runtime.state import InstanceStatus, Phase, WaitKind
from bpmn.runtime.work import Work
from bpmn.spec.elements import ConditionSpec
from bpmn.spec.graph import Node, NodeKind

MOST_IN_A_STEP = 1_000
"""Events in one step by conditions that came true in it. They happen at once and are not cut like tokens on flows."""


def fire_conditions(work: Work) -> None:
    """Let every conditional event of the loaded scopes happen whose condition has become true. In a paused instance
    nothing happens: `report_unloaded` has them all looked at when it goes on."""
    if not work.graph.has_conditions or work.draft.instance.status is InstanceStatus.PAUSED:
        work.written.clear()
        return
    while work.written or work.fresh:
        written, fresh = work.written, work.fresh
        work.written, work.fresh = set(), set()
        for scope in work.draft.open_scopes():
            for token in list(scope.tokens.values()):
                for wait in token.waits:
                    if wait.kind is not WaitKind.CONDITION:
                        continue
                    node = work.graph.nodes[wait.element]
                    if wait.id not in fresh and not _concerns(node, written):
                        continue
                    if not _still_waits(work, scope.id, token.id, wait.id):
                        continue
                    check(work, scope.id, token.id, node)


def check(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    """Let the event happen if its condition is true. One that cannot be evaluated is an incident of its host."""
    try:
        fulfilled = is_true(work, work.life_scope(scope_id, token_id), node)
    except (Fail, Thrown) as failure:
        _incident(work, scope_id, token_id, node, "EXPRESSION_ERROR", str(failure))
        return
    if not fulfilled:
        return
    limit = work.limits.transitions_without_wait
    if work.run_transitions + work.transitions >= limit:
        text = (
            f"Expected something from outside within {limit} elements, but conditional events like '{node.id}' made "
            "each other's conditions true without end"
        )
        _incident(work, scope_id, token_id, node, "ENDLESS_LOOP", text)
        return
    if work.fulfilled >= MOST_IN_A_STEP:
        text = f"Expected conditional event '{node.id}' to settle, but it makes its own condition true again and again"
        _incident(work, scope_id, token_id, node, "ENDLESS_LOOP", text)
        return
    work.fulfilled += 1
    happened(work, scope_id, token_id, node)


def _incident(work: Work, scope_id: int, token_id: int, node: Node, kind: str, message: str) -> None:
    """One incident per token is enough."""
    token = work.token(scope_id, token_id)
    if token is not None and not any(wait.kind is WaitKind.INCIDENT for wait in token.waits):
        work.raise_incident(scope_id, token_id, node.id, kind, message)


def happened(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    """The condition of `node` is fulfilled. At a boundary or for an event sub-process it may be so again."""
    token = work.token(scope_id, token_id)
    assert token is not None
    if token.phase is not Phase.LISTENING and node.kind is not NodeKind.BOUNDARY_EVENT:
        for wait in token.waits:
            if wait.kind is WaitKind.CONDITION and wait.element == node.id:
                work.remove_wait(scope_id, token_id, wait.kind, wait.id, wait.element, completed=True)
    work.life.event_happened(scope_id, token_id, node)


def is_true(work: Work, scope_id: int, node: Node) -> bool:
    """The condition's value; false where a variable it reads does not exist yet (it may come)."""
    spec = node.spec
    assert isinstance(spec, ConditionSpec)
    if spec.condition.reads:
        names = set(ChainLookup(work.draft, scope_id).names())
        if not knows_what_it_reads(spec.condition, names, work.handlers):
            return False
    return work.condition(spec.condition, scope_id, node, "condition")


def knows_what_it_reads(condition: Compiled, names: AbstractSet[str], handlers: Handlers) -> bool:
    """Whether every name that it may read is a variable or a handler; where that cannot be known, it is tried."""
    return all(name in names or name in handlers for name in condition.reads or ())


def report_unloaded(work: Work) -> None:
    """Tell the executor which names were written, so that it finds waits in scopes that were not loaded."""
    names = work.graph.condition_names
    changed = frozenset(work.assigned if names is None else work.assigned & names)
    if changed:
        paused = work.draft.instance.status is InstanceStatus.PAUSED
        evaluated = frozenset() if paused else frozenset(scope.id for scope in work.draft.open_scopes())
        transitions = work.run_transitions + work.transitions
        work.effect(fx.VariablesChanged(names=changed, evaluated=evaluated, transitions=transitions))


def _concerns(node: Node, written: set[str]) -> bool:
    spec = node.spec
    assert isinstance(spec, ConditionSpec)
    return "*" in written or "*" in spec.names or not written.isdisjoint(spec.names)


def _still_waits(work: Work, scope_id: int, token_id: int, wait_id: int) -> bool:
    token = work.token(scope_id, token_id)
    return token is not None and any(wait.id == wait_id for wait in token.waits)
