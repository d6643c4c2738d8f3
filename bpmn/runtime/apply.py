"""`apply(event, draft)`: the only code that changes state. Decides nothing and knows no model.

Replaying the events of an instance over an empty state gives the state it is in; this is the oracle of the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from bpmn.runtime import events as e
from bpmn.runtime.draft import REMOVED, Draft
from bpmn.runtime.state import (
    Claim,
    Compensation,
    Instance,
    Items,
    Phase,
    Scope,
    ScopeKind,
    ScopeState,
    State,
    Token,
    Wait,
    WaitKind,
)


def apply(event: e.Event, draft: Draft) -> None:
    """Change the draft as the event says."""
    _APPLIERS[type(event)](event, draft)
    draft.instance.sequence += 1


def replay(header: Instance, events: Iterable[e.Event]) -> State:
    """The state after these events, from the first on; `header` names the instance (its id, definition ...)."""
    state = State(instance=header)
    state.scopes[header.id] = Scope(id=header.id, kind=ScopeKind.PROCESS, element="")
    state.variables[header.id] = {}
    draft = Draft(state)
    for event in events:
        apply(event, draft)
    draft.finish().merge_into(state)
    return state


def _instance_started(event: e.InstanceStarted, draft: Draft) -> None:
    scope = draft.edit(draft.instance.id)
    scope.element = event.element


def _instance_ended(event: e.InstanceEnded, draft: Draft) -> None:
    draft.instance.status = event.status


def _instance_status_changed(event: e.InstanceStatusChanged, draft: Draft) -> None:
    draft.instance.status = event.status


def _element_activated(event: e.ElementActivated, draft: Draft) -> None:
    scope = draft.edit(event.scope)
    if event.flow is not None:
        _decrease(scope.transit, event.flow, 1)
    for flow, count in event.consumed:
        _decrease(scope.arrivals, flow, count)
    scope.tokens[event.token] = Token(event.token, event.element)


def _listener_added(event: e.ListenerAdded, draft: Draft) -> None:
    draft.edit(event.scope).tokens[event.token] = Token(event.token, event.element, Phase.LISTENING)


def _token_removed(event: e.ElementCompleted | e.ElementTerminated | e.ListenerRemoved, draft: Draft) -> None:
    del draft.edit(event.scope).tokens[event.token]


def _phase_changed(event: e.PhaseChanged, draft: Draft) -> None:
    tokens = draft.edit(event.scope).tokens
    tokens[event.token] = tokens[event.token]._replace(phase=event.phase)


def _flow_taken(event: e.SequenceFlowTaken, draft: Draft) -> None:
    scope = draft.edit(event.scope)
    counts = scope.arrivals if event.parked else scope.transit
    counts[event.flow] = counts.get(event.flow, 0) + 1


def _tokens_dropped(event: e.TokensDropped, draft: Draft) -> None:
    scope = draft.edit(event.scope)
    scope.transit.clear()
    scope.arrivals.clear()
    scope.memory.clear()


def _element_remembered(event: e.ElementRemembered, draft: Draft) -> None:
    memory = draft.edit(event.scope).memory
    if event.ids:
        memory[event.element] = event.ids
    else:
        memory.pop(event.element, None)


def _scope_opened(event: e.ScopeOpened, draft: Draft) -> None:
    items = None if event.total is None else Items(event.total)
    draft.scopes[event.id] = Scope(
        id=event.id,
        kind=event.kind,
        element=event.element,
        parent=event.parent,
        owner=event.owner,
        state=event.state,
        items=items,
        index=event.index,
    )
    draft.created.add(event.id)
    draft.variables[event.id] = {}
    if event.kind is ScopeKind.ITEM:
        body = draft.edit(event.parent)
        assert body.items is not None
        total, opened, active, completed = body.items
        body.items = Items(total, opened + 1, active + 1, completed)
    elif event.owner is not None:
        tokens = draft.edit(event.parent).tokens
        tokens[event.owner] = tokens[event.owner]._replace(child=event.id)


def _scope_state_changed(event: e.ScopeStateChanged, draft: Draft) -> None:
    draft.edit(event.scope).state = event.state


def _scope_closed(event: e.ScopeClosed, draft: Draft) -> None:
    closed = draft.scope(event.id)
    owner = closed.owner
    draft.scopes[event.id] = None
    draft.variables.pop(event.id, None)
    parent = draft.loaded(event.parent)
    if parent is None:
        return
    if event.kind is ScopeKind.ITEM and closed.state in (ScopeState.COMPLETED, ScopeState.COMPENSATING):
        if parent.latest == event.id:
            draft.edit(event.parent).latest = closed.previous
    elif event.kind is ScopeKind.ITEM:
        body = draft.edit(event.parent)
        assert body.items is not None
        total, opened, active, completed = body.items
        body.items = Items(total, opened, active - 1, completed + 1 if event.completed else completed)
    elif owner is not None and owner in parent.tokens:
        tokens = draft.edit(event.parent).tokens
        tokens[owner] = tokens[owner]._replace(child=None)


def _compensation_recorded(event: e.CompensationRecorded, draft: Draft) -> None:
    scope = draft.edit(event.scope)
    if event.child is None:
        last = scope.compensations[-1] if scope.compensations else None
        if last == Compensation(event.element, times=last.times if last else 1):
            scope.compensations = (*scope.compensations[:-1], last._replace(times=last.times + 1))
        else:
            scope.compensations = (*scope.compensations, Compensation(event.element))
        return
    kept = draft.edit(event.child)
    kept.state = ScopeState.COMPLETED
    if kept.kind is ScopeKind.ITEM:
        assert scope.items is not None
        scope.items = scope.items._replace(active=scope.items.active - 1, completed=scope.items.completed + 1)
        kept.previous, scope.latest = scope.latest, kept.id
        return
    scope.compensations = (*scope.compensations, Compensation(event.element, event.child))
    if kept.owner is not None and kept.owner in scope.tokens:
        scope.tokens[kept.owner] = scope.tokens[kept.owner]._replace(child=None)


def _compensation_thrown(event: e.CompensationThrown, draft: Draft) -> None:
    tokens = draft.edit(event.scope).tokens
    tokens.setdefault(event.token, Token(event.token, event.element, Phase.COMPENSATING))
    target = draft.edit(event.target)
    claim = Claim(event.token, event.activity, target.latest)
    target.compensations = tuple(_claimed(entry, claim) for entry in target.compensations)
    if target.latest is not None and target.kind is not ScopeKind.MULTI_INSTANCE:
        target.claims = (*target.claims, claim)


def _claimed(entry: Compensation, claim: Claim) -> Compensation:
    if entry.thrower is None and claim.activity in (None, entry.element):
        return entry._replace(thrower=claim.thrower)
    return entry


def _compensations_set_aside(event: e.CompensationsSetAside, draft: Draft) -> None:
    scope = draft.edit(event.scope)
    draft.scopes[event.id] = Scope(
        id=event.id,
        kind=ScopeKind.RECORDS,
        element=scope.element,
        parent=scope.id,
        state=ScopeState.COMPLETED,
        compensations=scope.compensations[: event.count],
        previous=scope.latest,
    )
    draft.created.add(event.id)
    draft.variables[event.id] = {}
    scope.compensations = scope.compensations[event.count :]
    scope.latest = event.id


def _compensations_taken_back(event: e.CompensationsTakenBack, draft: Draft) -> None:
    records = draft.scope(event.id)
    scope = draft.edit(event.scope)
    reached = tuple(claim._replace(newest=None) if claim.newest == event.id else claim for claim in scope.claims)
    back = records.compensations
    for claim in reached:
        if claim.newest is None:
            back = tuple(_claimed(entry, claim) for entry in back)
    scope.compensations = (*back, *scope.compensations)
    scope.latest = records.previous
    scope.claims = () if scope.latest is None else reached
    draft.scopes[event.id] = None
    draft.variables.pop(event.id, None)


def _compensation_triggered(event: e.CompensationTriggered, draft: Draft) -> None:
    scope = draft.edit(event.scope)
    thrower_scope, thrower = event.thrower
    # Records that nobody has claimed are triggered with the kept scope that they are in.
    for position in chain(_records(scope, event, thrower), _records(scope, event, None)):
        entry = scope.compensations[position]
        left = (entry._replace(times=entry.times - 1),) if entry.times > 1 else ()
        scope.compensations = (*scope.compensations[:position], *left, *scope.compensations[position + 1 :])
        break
    token = scope.tokens.get(event.token) or Token(event.token, event.element, Phase.COMPENSATING)
    scope.tokens[event.token] = token._replace(thrower=event.thrower, child=event.child or token.child)
    if event.child is not None:
        draft.edit(event.child).owner = event.token
    waiting = draft.edit(thrower_scope).tokens
    wait = Wait(WaitKind.COMPENSATION, event.token, token.element)
    waiting[thrower] = waiting[thrower]._replace(waits=(*waiting[thrower].waits, wait))


def _records(scope: Scope, event: e.CompensationTriggered, thrower: int | None) -> Iterator[int]:
    """Where the records are that the event may be about, the last first."""
    for position in range(len(scope.compensations) - 1, -1, -1):
        entry = scope.compensations[position]
        if entry.element == event.element and entry.child == event.child and entry.thrower == thrower:
            yield position


def _compensation_ended(event: e.CompensationEnded, draft: Draft) -> None:
    draft.edit(event.scope).tokens.pop(event.token, None)
    if event.thrower is None or draft.loaded(event.thrower[0]) is None:
        return
    tokens = draft.edit(event.thrower[0]).tokens
    token = tokens.get(event.thrower[1])
    if token is not None:
        waits = tuple(w for w in token.waits if not (w.kind is WaitKind.COMPENSATION and w.id == event.token))
        tokens[token.id] = token._replace(waits=waits)


def _compensation_withdrawn(event: e.CompensationWithdrawn, draft: Draft) -> None:
    scope = draft.edit(event.scope)
    scope.compensations = tuple(
        entry._replace(thrower=None) if entry.thrower == event.token else entry for entry in scope.compensations
    )
    scope.claims = tuple(claim for claim in scope.claims if claim.thrower != event.token)


def _variable_set(event: e.VariableSet, draft: Draft) -> None:
    draft.set_variable(event.scope, event.name, event.value)


def _variable_removed(event: e.VariableRemoved, draft: Draft) -> None:
    draft.set_variable(event.scope, event.name, REMOVED)


def _wait_added(event: e.WaitAdded, draft: Draft) -> None:
    tokens = draft.edit(event.scope).tokens
    id, element, phase, child, waits, thrower = tokens[event.token]
    tokens[event.token] = Token(id, element, phase, child, (*waits, Wait(event.kind, event.id, event.element)), thrower)
    if event.kind is WaitKind.INCIDENT:
        draft.instance.incidents += 1


def _wait_removed(event: e.WaitRemoved, draft: Draft) -> None:
    tokens = draft.edit(event.scope).tokens
    id, element, phase, child, waits, thrower = tokens[event.token]
    left = tuple([wait for wait in waits if wait.id != event.id or wait.kind is not event.kind])
    tokens[event.token] = Token(id, element, phase, child, left, thrower)
    if event.kind is WaitKind.INCIDENT:
        draft.instance.incidents -= 1


def _correlation_key_set(event: e.CorrelationKeySet, draft: Draft) -> None:
    keys = draft.edit(event.scope).keys
    if event.values is None:
        keys.pop(event.key, None)
    else:
        keys[event.key] = event.values


def _instance_migrated(event: e.InstanceMigrated, draft: Draft) -> None:
    instance = draft.instance
    instance.definition_id = event.definition_id
    instance.definition_key = event.definition_key
    instance.version = event.version
    draft.edit(instance.id).element = event.element


def _element_migrated(event: e.ElementMigrated, draft: Draft) -> None:
    tokens = draft.edit(event.scope).tokens
    tokens[event.token] = tokens[event.token]._replace(element=event.target)


def _scope_migrated(event: e.ScopeMigrated, draft: Draft) -> None:
    scope = draft.edit(event.scope)
    scope.element = event.target
    flows, activities, memory = dict(event.flows), dict(event.compensations), dict(event.memory)
    scope.memory = {
        memory.get(element, element): tuple(memory.get(id, id) for id in ids) for element, ids in scope.memory.items()
    }
    scope.transit = _renamed(scope.transit, flows)
    scope.arrivals = _renamed(scope.arrivals, flows)
    scope.compensations = tuple(
        entry._replace(element=activities.get(entry.element, entry.element)) for entry in scope.compensations
    )
    scope.claims = tuple(
        claim._replace(activity=claim.activity and activities.get(claim.activity, claim.activity))
        for claim in scope.claims
    )


def _renamed(counts: dict[str, int], names: dict[str, str]) -> dict[str, int]:
    renamed: dict[str, int] = {}
    for name, count in counts.items():
        target = names.get(name, name)
        renamed[target] = renamed.get(target, 0) + count
    return renamed


def _wait_migrated(event: e.WaitMigrated, draft: Draft) -> None:
    tokens = draft.edit(event.scope).tokens
    token = tokens[event.token]
    waits = tuple(
        wait._replace(element=event.target) if (wait.kind, wait.id) == (event.kind, event.id) else wait
        for wait in token.waits
    )
    tokens[event.token] = token._replace(waits=waits)


def _nothing(event: Any, draft: Draft) -> None:
    """A fact that changes no state: told to history only."""


def _decrease(counts: dict[str, int], key: str, by: int) -> None:
    left = counts[key] - by
    if left > 0:
        counts[key] = left
    else:
        del counts[key]


_APPLIERS: dict[type, Callable[[Any, Draft], None]] = {
    e.InstanceStarted: _instance_started,
    e.InstanceEnded: _instance_ended,
    e.InstanceStatusChanged: _instance_status_changed,
    e.ElementActivated: _element_activated,
    e.ElementCompleted: _token_removed,
    e.ElementTerminated: _token_removed,
    e.ListenerAdded: _listener_added,
    e.ListenerRemoved: _token_removed,
    e.ListenerCalled: _nothing,
    e.UserTaskChanged: _nothing,
    e.EscalationThrown: _nothing,
    e.SignalThrown: _nothing,
    e.PhaseChanged: _phase_changed,
    e.SequenceFlowTaken: _flow_taken,
    e.TokensDropped: _tokens_dropped,
    e.ElementRemembered: _element_remembered,
    e.ScopeOpened: _scope_opened,
    e.ScopeStateChanged: _scope_state_changed,
    e.ScopeClosed: _scope_closed,
    e.VariableSet: _variable_set,
    e.VariableRemoved: _variable_removed,
    e.WaitAdded: _wait_added,
    e.WaitRemoved: _wait_removed,
    e.JobFailed: _nothing,
    e.ErrorThrown: _nothing,
    e.DecisionEvaluated: _nothing,
    e.MessageThrown: _nothing,
    e.CorrelationKeySet: _correlation_key_set,
    e.CompensationRecorded: _compensation_recorded,
    e.CompensationThrown: _compensation_thrown,
    e.CompensationTriggered: _compensation_triggered,
    e.CompensationEnded: _compensation_ended,
    e.CompensationWithdrawn: _compensation_withdrawn,
    e.CompensationsSetAside: _compensations_set_aside,
    e.CompensationsTakenBack: _compensations_taken_back,
    e.InstanceMigrated: _instance_migrated,
    e.ElementMigrated: _element_migrated,
    e.ScopeMigrated: _scope_migrated,
    e.WaitMigrated: _wait_migrated,
}

__all__ = ["apply", "replay"]
