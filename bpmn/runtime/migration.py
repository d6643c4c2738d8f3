"""A running instance goes on in another version of its process (Camunda 7, "Process Instance Migration").

Everything that is active, on its way or kept to be compensated must have a place in the target; otherwise nothing is
done. Work that has begun stays as it is: jobs, user tasks, due dates, correlation keys. Events of the target that
correspond to none of the source (at boundaries, behind event-based gateways, of event sub-processes) are waited for
from now on; those that are gone are not waited for any more. Input mappings are not evaluated again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bpmn.expressions.api import NO_HANDLERS, Handlers
from bpmn.findings import Finding, Severity, has_errors
from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.boundary import await_event_or_fail
from bpmn.runtime.commands import EvaluateCondition
from bpmn.runtime.conditions import fire_conditions
from bpmn.runtime.draft import Draft, StateChanges
from bpmn.runtime.engine import Outcome, Step, run
from bpmn.runtime.joins import gather, join_parallel
from bpmn.runtime.lifecycle import Lifecycle
from bpmn.runtime.migration_plan import MigrationPlan, flow_for
from bpmn.runtime.needs import Missing, Need, NeedScopes, Rejected
from bpmn.runtime.state import InstanceStatus, Phase, Scope, ScopeKind, ScopeState, State, Token, Wait, WaitKind
from bpmn.runtime.terminate import end_token, open_children
from bpmn.runtime.work import DEFAULT_LIMITS, Ids, Limits, Work
from bpmn.spec.elements import ConditionSpec, StartSpec
from bpmn.spec.graph import Graph, Node, NodeKind

MAX_SCOPES = 1_000
"""Scopes that one migration reads. They change together or not at all, so a wider instance cannot be migrated."""
_ALIVE = (InstanceStatus.RUNNING, InstanceStatus.PAUSED)
_WORK = frozenset({WaitKind.JOB, WaitKind.USER_TASK, WaitKind.CALL})
_WITHOUT_ROW = frozenset({WaitKind.CALL, WaitKind.COMPENSATION})


@dataclass(frozen=True, slots=True)
class Migration:
    """`step` is REJECTED, and changes nothing, where a finding has severity ERROR."""

    step: Step
    findings: tuple[Finding, ...]


def migrate(
    source: Graph,
    target: Graph,
    state: State,
    plan: MigrationPlan,
    now: datetime,
    ids: Ids,
    *,
    definition_id: int,
    version: int,
    handlers: Handlers = NO_HANDLERS,
    limits: Limits = DEFAULT_LIMITS,
) -> Migration | Need:
    """Carry out a plan; a caller who only wants to know drops the step. `state` is not changed (see `engine.handle`).

    `definition_id` and `version` are those of the target. An instance that has ended is GONE.
    """
    if state.instance.status not in _ALIVE:
        return Migration(Step([], [], StateChanges(state.instance), Outcome.GONE), plan.findings)
    draft = Draft(state)
    work = Work(target, draft, now, ids, handlers, limits)
    Lifecycle(work)
    moving = _Moving(work, source, plan)
    try:
        scopes = _scopes(work, moving)
        for scope in scopes:
            moving.check(scope)
        findings = moving.findings()
        if has_errors(findings):
            error = next(finding for finding in findings if finding.severity is Severity.ERROR)
            reason = Rejected(error.code, error.message)
            step = Step([], [], StateChanges(state.instance), Outcome.REJECTED, reason=reason)
            return Migration(step, findings)
        work.emit(e.InstanceMigrated(target.root.element, definition_id, target.key, version))
        for scope in scopes:
            moving.move(scope)
        moving.finish(scopes)
        run(work)
    except Missing as missing:
        return missing.need
    step = Step(work.events, work.kept_effects(), draft.finish(), Outcome.DONE, work.transitions)
    return Migration(step, moving.findings())


def _scopes(work: Work, moving: _Moving) -> list[Scope]:
    """All scopes of the instance from the root inward, as they were before; those not loaded are asked for."""
    found = level = [work.draft.scope(work.instance_id)]
    while level:
        wanted: list[int] = []
        for scope in level:
            if scope.kind is ScopeKind.MULTI_INSTANCE:
                wanted.extend(open_children(work, scope.id, MAX_SCOPES + 1))
            wanted.extend(token.child for token in scope.tokens.values() if token.child is not None)
            wanted.extend(entry.child for entry in scope.compensations if entry.child is not None)
        wanted = list(dict.fromkeys(wanted))
        if len(found) + len(wanted) > MAX_SCOPES:
            moving.too_wide()
            return found
        missing = tuple(id for id in wanted if work.draft.loaded(id) is None)
        if missing:
            raise Missing(NeedScopes(missing))
        level = [work.draft.scope(id) for id in wanted]
        found = found + level
    return found


class _Moving:
    """One migration: `check` every scope, then `move` every scope, then `finish`."""

    def __init__(self, work: Work, source: Graph, plan: MigrationPlan) -> None:
        self.work = work
        self.source = source
        self.target = work.graph
        self.plan = plan
        self.images = {*plan.mapping.values(), *plan.parts.values()}
        """What takes over from something; the rest of the target is new."""
        self._unplaced: dict[str, list[int]] = {}
        self._errors: dict[tuple[str, str | None], Finding] = {}
        self._told: dict[tuple[str, str | None], Finding] = {}

    # -- checking -----------------------------------------------------------------------------------------------------

    def findings(self) -> tuple[Finding, ...]:
        unplaced = [
            _finding(
                Severity.ERROR,
                "ELEMENT_NOT_MAPPED",
                element,
                f"Expected a place in the new version for '{element}', which is active (tokens "
                f"{', '.join(map(str, ids[:10]))}{' ...' if len(ids) > 10 else ''}), but there is none",
                "Map it to an element of the same kind, or cancel it there with a modification first.",
            )
            for element, ids in self._unplaced.items()
        ]
        return (*self.plan.findings, *unplaced, *self._errors.values(), *self._told.values())

    def too_wide(self) -> None:
        self._error(
            "INSTANCE_TOO_WIDE",
            None,
            f"Expected at most {MAX_SCOPES} open sub-processes and items of multi-instances, but there are more",
            "Wait until fewer of them are active.",
        )

    def check(self, scope: Scope) -> None:
        for token in scope.tokens.values():
            if token.phase is not Phase.LISTENING:
                self._check_token(scope, token)
        for flow_id in {**scope.transit, **scope.arrivals}:
            self._check_flow(scope, flow_id)
        for element, ids in scope.memory.items():
            for known in (element, *ids):
                if known in self.source.flows:
                    self._check_flow(scope, known)
                elif self.plan.element(known) is None:
                    self._error(
                        "ELEMENT_NOT_MAPPED",
                        known,
                        f"Expected a place in the new version for '{known}', which is yet to start or be reset (scope "
                        f"{scope.id}), but there is none",
                        "Map it to an element of the same kind.",
                    )
        for entry in scope.compensations:
            id = self.plan.element(entry.element)
            if id is None or not self.target.nodes[id].compensable:
                self._error(
                    "COMPENSATION_NOT_MAPPED",
                    entry.element,
                    f"Expected '{entry.element}', which is completed and can be compensated (scope {scope.id}), to be "
                    "so in the new version, but it cannot",
                    "Map it to an activity that can be compensated.",
                )

    def _check_flow(self, scope: Scope, flow_id: str) -> None:
        flow = flow_for(self.plan, self.source, self.target, flow_id)
        if flow is None or flow.parks is not self.source.flows[flow_id].parks:
            self._error(
                "FLOW_NOT_MAPPED",
                flow_id,
                f"Expected a flow of the new version for the tokens on '{flow_id}' in scope {scope.id}, but there is "
                "none",
                "Map the flow to one that leads to the same element.",
            )

    def _check_token(self, scope: Scope, token: Token) -> None:
        for wait in token.waits:
            if wait.element in self.source.flows:  # an incident of a complex gateway
                self._check_flow(scope, wait.element)
        id = self.plan.element(token.element)
        if id is None:
            self._unplaced.setdefault(token.element, []).append(token.id)
            return
        source, target = self.source.nodes[token.element], self.target.nodes[id]
        if type(source.spec) is not type(target.spec) and any(wait.kind in _WORK for wait in token.waits):
            self._error(
                "IMPLEMENTATION_DIFFERS",
                token.element,
                f"Expected '{id}' to be done in the way '{token.element}' is, whose work has begun, but it is not",
                "Wait until it is done, or start it again with a modification.",
            )

    def _error(self, code: str, element: str | None, message: str, hint: str) -> None:
        self._errors.setdefault((code, element), _finding(Severity.ERROR, code, element, message, hint))

    # -- moving -------------------------------------------------------------------------------------------------------

    def move(self, before: Scope) -> None:
        self._move_scope(before)
        for token in before.tokens.values():
            if token.phase is Phase.LISTENING:
                self._move_listener(before.id, token)
            else:
                self._move_token(before.id, token)
        if before.state is ScopeState.ACTIVE:
            self._listen(before.id)

    def _move_scope(self, before: Scope) -> None:
        is_root = before.id == self.work.instance_id
        element = self.target.root.element if is_root else self._target(before.element).id
        flows: list[tuple[str, str]] = []
        joins_renamed = False
        for flow_id in {**before.transit, **before.arrivals}:
            flow = self.target.flows[self._id(flow_id)]
            joins_renamed |= flow.target.id != self.source.flows[flow_id].target.id
            if flow.id != flow_id:
                flows.append((flow_id, flow.id))
        activities = self._renamed(entry.element for entry in before.compensations)
        memory = self._renamed(id for element, ids in before.memory.items() for id in (element, *ids))
        renamed = element != before.element and not is_root
        if renamed or flows or activities or memory or joins_renamed:
            self.work.emit(e.ScopeMigrated(before.id, before.element, element, tuple(flows), activities, memory))
        if renamed:
            self.work.effect(fx.MigrateRow(kind=None, id=before.id, element_id=element, element_name=None))

    def _renamed(self, ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
        found = ((id, self._id(id)) for id in dict.fromkeys(ids))
        return tuple((old, new) for old, new in found if new != old)

    def _id(self, id: str) -> str:
        """Of an element or a flow."""
        if id not in self.source.flows:
            return self._target(id).id
        flow = flow_for(self.plan, self.source, self.target, id)
        assert flow is not None
        return flow.id

    def _move_token(self, scope_id: int, token: Token) -> None:
        node = self._target(token.element)
        self._rename(scope_id, token, node)
        kept = [wait for wait in token.waits if self._move_wait(scope_id, token, wait, node)]
        if token.phase is not Phase.ACTIVE:
            return
        inner = self.work.is_inner(scope_id, node)
        if node.has_local and token.child is None and (node.loop is None or inner):
            # Its output mappings read a scope of its own.
            self.work.emit(e.ScopeOpened(self.work.ids(), ScopeKind.LOCAL, node.id, scope_id, token.id))
        if not inner:
            for boundary in node.boundary:
                if boundary.needs_wait and boundary.id not in self.images:
                    self._arm(scope_id, token.id, boundary)
        if node.kind is NodeKind.EVENT_BASED_GATEWAY:
            waited_for = {self.plan.element(wait.element) for wait in kept}
            for flow in node.outgoing:
                event = flow.target
                if event.id not in waited_for and waited_for.isdisjoint(part.id for part in event.parts):
                    self._arm(scope_id, token.id, event)

    def _move_listener(self, scope_id: int, token: Token) -> None:
        id = self.plan.element(token.element)
        if id is None:
            self._tell("EVENT_DISARMED", token.element, f"'{token.element}' is not waited for any more")
            end_token(self.work, scope_id, token)
            return
        node = self.target.nodes[id]
        self._rename(scope_id, token, node)
        for wait in token.waits:
            self._move_wait(scope_id, token, wait, node)

    def _listen(self, scope_id: int) -> None:
        """Start events of event sub-processes that are new."""
        work = self.work
        container = work.container(scope_id)
        for start in container.event_starts if container is not None else ():
            if start.needs_wait and start.id not in self.images:
                token_id = work.ids()
                work.emit(e.ListenerAdded(token_id, start.id, scope_id))
                self._arm(scope_id, token_id, start)

    def _rename(self, scope_id: int, token: Token, node: Node) -> None:
        if node.id != token.element:
            self.work.emit(e.ElementMigrated(token.id, token.element, scope_id, node.id))

    def _move_wait(self, scope_id: int, token: Token, wait: Wait, node: Node) -> bool:
        """Whether it goes on. `node` is the token's element in the target."""
        work = self.work
        if wait.element in self.source.flows:
            self._rename_wait(scope_id, token, wait, self._id(wait.element), None)
            return True
        id = self.plan.element(wait.element)
        if id is None or not self._belongs(token, wait, node, self.target.nodes[id]):
            if wait.kind is not WaitKind.INCIDENT:
                self._tell("EVENT_DISARMED", wait.element, f"'{wait.element}' is not waited for any more")
            work.remove_wait(scope_id, token.id, wait.kind, wait.id, wait.element, completed=False)
            return False
        target = self.target.nodes[id]
        if wait.kind is WaitKind.CONDITION and _condition(self.source.nodes[wait.element]) != _condition(target):
            work.remove_wait(scope_id, token.id, wait.kind, wait.id, wait.element, completed=False)
            await_event_or_fail(work, scope_id, token.id, target)
            return True
        self._rename_wait(scope_id, token, wait, id, target.name)
        return True

    def _rename_wait(self, scope_id: int, token: Token, wait: Wait, id: str, name: str | None) -> None:
        if id != wait.element:
            self.work.emit(e.WaitMigrated(scope_id, token.id, wait.kind, wait.id, wait.element, id))
            if wait.kind not in _WITHOUT_ROW:
                self.work.effect(fx.MigrateRow(kind=wait.kind, id=wait.id, element_id=id, element_name=name))

    def _belongs(self, token: Token, wait: Wait, node: Node, waited_for: Node) -> bool:
        """A token waits for its own element, its boundary events, or what is behind its event-based gateway."""
        event = waited_for.whole or waited_for
        if wait.kind is WaitKind.COMPENSATION or event is node or event.host is node:
            return True
        return node.kind is NodeKind.EVENT_BASED_GATEWAY and any(flow.target is event for flow in node.outgoing)

    def _arm(self, scope_id: int, token_id: int, event: Node) -> None:
        self._tell("EVENT_ARMED", event.id, f"'{event.id}' is new and waited for from now on")
        await_event_or_fail(self.work, scope_id, token_id, event)

    def _tell(self, code: str, element: str, message: str) -> None:
        self._told.setdefault(
            (code, element), _finding(Severity.INFO, code, element, message, "Nothing is to be done.")
        )

    def _target(self, id: str) -> Node:
        mapped = self.plan.element(id)
        assert mapped is not None
        return self.target.nodes[mapped]

    # -- the end ------------------------------------------------------------------------------------------------------

    def finish(self, scopes: Iterable[Scope]) -> None:
        """What the new version lets happen at once: joins with fewer flows, conditions that are true."""
        work = self.work
        for before in scopes:
            if not before.arrivals and not before.memory:
                continue
            arrived = work.draft.edit(before.id).arrivals  # changed or not, inclusive and complex joins look at it
            for node in dict.fromkeys(self.target.flows[flow].target for flow in arrived):
                if node.kind is NodeKind.PARALLEL_GATEWAY:
                    work.later(join_parallel, work, before.id, node)
                elif node.start_quantity > 1:
                    work.later(gather, work, before.id, node)
        if work.draft.instance.status is not InstanceStatus.PAUSED:
            work.later(fire_conditions, work)
            return
        for effect in list(work.effects):
            if isinstance(effect, fx.CreateConditionWait):  # looked at when the instance goes on
                command = EvaluateCondition(
                    instance_id=work.instance_id,
                    scope_id=effect.scope_id,
                    wait_id=effect.id,
                    token_id=effect.token_id,
                    element_id=effect.element_id,
                )
                work.enqueue(command)


def _condition(node: Node) -> tuple[str, tuple[str, ...]] | None:
    spec = node.spec.event if isinstance(node.spec, StartSpec) else node.spec
    return (spec.condition.text, spec.names) if isinstance(spec, ConditionSpec) else None


def _finding(severity: Severity, code: str, element: str | None, message: str, hint: str) -> Finding:
    return Finding(severity=severity, code=code, message=message, hint=hint, element_id=element)
