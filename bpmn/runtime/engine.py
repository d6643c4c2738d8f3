"""`handle`: one command against one instance. Pure: no clock, no database, no randomness of its own; never raises for
what a model or a caller may do wrong.

The answer is a `Step` (events, effects, what changed), or a `Need`: load this and call again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bpmn.expressions.api import NO_HANDLERS, Handlers
from bpmn.runtime import commands as c
from bpmn.runtime import complex_gateway, correlation
from bpmn.runtime import events as e
from bpmn.runtime.conditions import report_unloaded
from bpmn.runtime.draft import Draft, StateChanges
from bpmn.runtime.effects import Effect
from bpmn.runtime.events import Event
from bpmn.runtime.handlers import HANDLERS, Gone
from bpmn.runtime.joins import join_inclusive
from bpmn.runtime.lifecycle import Lifecycle
from bpmn.runtime.needs import Fail, Missing, Need, Rejected
from bpmn.runtime.state import Phase, State
from bpmn.runtime.work import DEFAULT_LIMITS, Ids, Limits, Work
from bpmn.spec.graph import Graph


class Outcome(StrEnum):
    DONE = "DONE"
    GONE = "GONE"
    """What the command is about is not there (any more): done, terminated, or the instance has ended."""
    REJECTED = "REJECTED"
    """The command cannot be carried out as it is; `Step.reason` says why. Nothing has changed."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a command did. `transitions`: elements entered."""

    events: list[Event]
    effects: list[Effect]
    changes: StateChanges
    outcome: Outcome = Outcome.DONE
    transitions: int = 0
    reason: Rejected | None = None


def handle(
    graph: Graph,
    state: State,
    command: c.Command,
    now: datetime,
    ids: Ids,
    *,
    handlers: Handlers = NO_HANDLERS,
    limits: Limits = DEFAULT_LIMITS,
) -> Step | Need:
    """Carry out a command.

    `state` must hold the chain of scopes from `command.scope_id` to the root (or what is left of it); it is not
    changed: `Step.changes.merge_into(state)` does that. `ids()` gives a new id with each call.
    """
    draft = Draft(state)
    work = Work(graph, draft, now, ids, handlers, limits)
    life = Lifecycle(work)
    handler: Callable[..., None] = HANDLERS[type(command)]
    try:
        try:
            handler(work, life, command)
        except Gone:
            return Step([], [], StateChanges(state.instance), Outcome.GONE)
        except Rejected as rejected:
            return Step([], [], StateChanges(state.instance), Outcome.REJECTED, reason=rejected)
        run(work)
    except Missing as missing:
        return missing.need
    finally:
        # The two know each other. Without the circle a step is freed when it is done, and need not be found by the
        # garbage collector, which would look at everything else that is alive each time.
        del work.life
    return Step(work.events, work.kept_effects(), draft.finish(), Outcome.DONE, work.transitions)


def run(work: Work) -> None:
    """Work until nothing moves any more, or the step is long enough; then say how to go on."""
    while True:
        while work.todo:
            method, args = work.todo.popleft()
            if not (work.detached and _is_about_detached(work, args)):
                method(*args)
        if work.flows:
            if work.transitions >= work.limits.transitions_per_step or _is_endless(work):
                _cut(work)
                continue
            scope_id, flow = work.flows.popleft()
            if work.draft.loaded(scope_id) is not None and not work.is_detached(scope_id):
                work.transitions += 1
                work.life.activate(scope_id, flow.target, flow.id)
            continue
        if join_inclusive(work) or complex_gateway.settle(work):
            continue
        break
    correlation.refresh_if_written(work)
    if work.graph.has_conditions:
        report_unloaded(work)
    for command in work.continuations():
        work.enqueue(command)


def _is_about_detached(work: Work, args: tuple[Any, ...]) -> bool:
    scope_id = next((arg for arg in args if isinstance(arg, int)), None)
    return scope_id is not None and work.is_detached(scope_id)


def _is_endless(work: Work) -> bool:
    """Also where each step is short: tokens on asynchronous flows, conditions that come true in other scopes."""
    return work.run_transitions + work.transitions >= work.limits.transitions_without_wait


def _cut(work: Work) -> None:
    """Leave the rest of the flows to a `Continue` command; in an endless loop, to an incident."""
    flows = list(work.flows)
    work.flows.clear()
    if not _is_endless(work):
        work.cut.update(scope_id for scope_id, _ in flows)
        return
    for scope_id, flow in flows:
        if work.draft.loaded(scope_id) is None or work.is_detached(scope_id):
            continue
        token_id = work.ids()
        node = flow.target
        work.emit(e.ElementActivated(token_id, node.id, scope_id, flow.id))
        failure = Fail(
            "ENDLESS_LOOP",
            f"Expected a wait state within {work.limits.transitions_without_wait} elements, but there was none before "
            f"'{node.id}'; the model may loop without end",
        )
        work.life.fail(scope_id, token_id, node, failure, Phase.ENTERING)
