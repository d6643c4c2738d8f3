"""A running instance goes on in another version of its process (Camunda 7, "Process Instance Migration").

Everything that is active, on its way or kept to be compensated must have a place in the target; otherwise nothing is
done. Work that has begun stays as it is: jobs, user tasks, due dates, correlation keys. Events of the target that
correspond to none of the source (at boundaries, behind event-based gateways, of event sub-processes) are waited for
from now on; those that are gone are not waited for any more. Input mappings are not evaluated again.

An instance of up to `limits.scopes_per_step` scopes is migrated in one step. A wider one stands still meanwhile (its
root is MIGRATING, and whoever carries out commands keeps them until it is not): `migrate` gives a `Cursor`, and
`go_on` looks at some scopes per step, in order of their ids, then (if nothing stands in the way) moves some per step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bpmn.expressions.api import NO_HANDLERS, Handlers
from bpmn.findings import Finding, Severity, has_errors
from bpmn.runtime import events as e
from bpmn.runtime.draft import Draft, StateChanges
from bpmn.runtime.engine import Outcome, Step, run
from bpmn.runtime.lifecycle import Lifecycle
from bpmn.runtime.migration_moving import Mover
from bpmn.runtime.migration_places import Places
from bpmn.runtime.migration_plan import MigrationPlan
from bpmn.runtime.migration_scopes import Portion, portion
from bpmn.runtime.migration_survey import Survey
from bpmn.runtime.needs import Missing, Need, Rejected
from bpmn.runtime.state import InstanceStatus, Scope, ScopeState, State
from bpmn.runtime.work import DEFAULT_LIMITS, Ids, Limits, Work
from bpmn.spec.graph import Graph

_ALIVE = (InstanceStatus.RUNNING, InstanceStatus.PAUSED)


class MigrationPhase(StrEnum):
    CHECKING = "CHECKING"
    MOVING = "MOVING"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a migration of many steps has come to. It is kept with the instance and survives a restart."""

    phase: MigrationPhase
    after: int = 0
    """Scopes up to this id are done (0: none, not even the process itself)."""
    last: int = 0
    """MOVING: the highest id that was there when the migration began."""
    opened: tuple[int, ...] = ()
    """MOVING: scopes up to `last` that were opened by the migration itself, and are of the target already."""


@dataclass(frozen=True, slots=True)
class Migration:
    """`step` is REJECTED where a finding has severity ERROR. `cursor`: it takes more steps (`go_on`)."""

    step: Step
    findings: tuple[Finding, ...]
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The definition that an instance is to go on in."""

    graph: Graph
    definition_id: int
    version: int


def migrate(
    source: Graph,
    target: Target,
    state: State,
    plan: MigrationPlan,
    now: datetime,
    ids: Ids,
    *,
    handlers: Handlers = NO_HANDLERS,
    limits: Limits = DEFAULT_LIMITS,
) -> Migration | Need:
    """Carry out a plan, or begin to; a caller who only wants to know drops the step. `state` is not changed (see
    `engine.handle`). An instance that has ended is GONE.

    Where there is a cursor the findings are not all yet; for all of them without a step, see `survey`.
    """
    if state.instance.status not in _ALIVE:
        return Migration(Step([], [], StateChanges(state.instance), Outcome.GONE), plan.findings)
    places = Places(source, target.graph, plan)
    work = Work(target.graph, Draft(state), now, ids, handlers, limits)
    Lifecycle(work)
    try:
        first = portion(work.draft, 0, limits.scopes_per_step)
        root = work.draft.scope(work.instance_id)
        if first.more and has_errors(plan.findings):
            return Migration(_rejected(state, Survey(places)), plan.findings)
        if first.more:
            work.emit(e.ScopeStateChanged(root.id, root.element, ScopeState.MIGRATING))
            return Migration(_step(work), plan.findings, Cursor(MigrationPhase.CHECKING))
        scopes = [root, *first.scopes]
        checked = survey(places, scopes)
        if not checked.allows():
            return Migration(_rejected(state, checked), checked.findings())
        _switch(work, target)
        mover = Mover(work, places)
        for scope in scopes:
            mover.move(scope)
        mover.finish(scopes)
        run(work)
    except Missing as missing:
        return missing.need
    return Migration(_step(work), checked.findings())


def go_on(
    source: Graph,
    target: Target,
    state: State,
    plan: MigrationPlan,
    cursor: Cursor,
    found: tuple[Finding, ...],
    now: datetime,
    ids: Ids,
    *,
    handlers: Handlers = NO_HANDLERS,
    limits: Limits = DEFAULT_LIMITS,
) -> Migration | Need:
    """The next step from `cursor`; `found` are the findings of the steps before. No cursor in the answer: it is done,
    or (REJECTED, with a step all the same) the instance goes on as it was."""
    places = Places(source, target.graph, plan)
    work = Work(target.graph, Draft(state), now, ids, handlers, limits)
    Lifecycle(work)
    try:
        next_ones = portion(work.draft, cursor.after, limits.scopes_per_step, cursor.last, cursor.opened)
        if cursor.phase is MigrationPhase.CHECKING:
            return _check(work, places, cursor, next_ones, found)
        return _move(work, places, target, cursor, next_ones, found)
    except Missing as missing:
        return missing.need


def survey(places: Places, scopes: list[Scope], found: tuple[Finding, ...] = ()) -> Survey:
    """What would come of it, as far as these scopes are concerned; `found` as for `go_on`."""
    looked = Survey(places, found)
    for scope in scopes:
        looked.look(scope)
    return looked


def _check(work: Work, places: Places, cursor: Cursor, next_ones: Portion, found: tuple[Finding, ...]) -> Migration:
    root = work.draft.scope(work.instance_id)
    checked = survey(places, [root, *next_ones.scopes] if cursor.after == 0 else next_ones.scopes, found)
    findings = checked.findings()
    if next_ones.more:
        return Migration(_step(work), findings, replace(cursor, after=next_ones.last))
    if checked.allows():
        return Migration(_step(work), findings, Cursor(MigrationPhase.MOVING, last=max(next_ones.last, cursor.after)))
    work.emit(e.ScopeStateChanged(root.id, root.element, ScopeState.ACTIVE))
    return Migration(_step(work, Outcome.REJECTED, _reason(findings)), findings)


def _move(
    work: Work, places: Places, target: Target, cursor: Cursor, next_ones: Portion, found: tuple[Finding, ...]
) -> Migration:
    root = work.draft.scope(work.instance_id)
    scopes = next_ones.scopes
    if cursor.after == 0:
        scopes = [root, *scopes]
        _switch(work, target)
    mover = Mover(work, places)
    for scope in scopes:
        mover.move(scope)
    mover.leave(scopes)
    if next_ones.more:
        opened = (event.id for event in work.events if isinstance(event, e.ScopeOpened))
        # Ids of several machines are in order of time only as far as their clocks are.
        skipped = tuple(id for id in (*cursor.opened, *opened) if next_ones.last < id <= cursor.last)
        return Migration(_step(work), found, replace(cursor, after=next_ones.last, opened=skipped))
    work.emit(e.ScopeStateChanged(root.id, places.target.root.element, ScopeState.ACTIVE))
    return Migration(_step(work), found)


def _switch(work: Work, target: Target) -> None:
    graph = target.graph
    work.emit(e.InstanceMigrated(graph.root.element, target.definition_id, graph.key, target.version))


def _step(work: Work, outcome: Outcome = Outcome.DONE, reason: Rejected | None = None) -> Step:
    return Step(work.events, work.kept_effects(), work.draft.finish(), outcome, work.transitions, reason)


def _rejected(state: State, checked: Survey) -> Step:
    reason = _reason(checked.findings())
    return Step([], [], StateChanges(state.instance), Outcome.REJECTED, reason=reason)


def _reason(findings: tuple[Finding, ...]) -> Rejected:
    error = next(finding for finding in findings if finding.severity is Severity.ERROR)
    return Rejected(error.code, error.message)


__all__ = ["Cursor", "Migration", "MigrationPhase", "Target", "go_on", "migrate", "survey"]
