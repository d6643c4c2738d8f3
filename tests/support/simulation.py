"""The simulator under oath: after every step the promises of the runtime are checked.

- Replaying the events of an instance gives the state it is in.
- `handle` changes nothing of the state it was given.
- When nothing moves any more, the rows that wait are exactly the waits of the tokens; an ended instance has none.
- What a store keeps of a scope is all of it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from typing import Any

from bpmn.expressions.api import NO_HANDLERS, Handlers
from bpmn.runtime import commands as c
from bpmn.runtime import events as e
from bpmn.runtime.apply import replay
from bpmn.runtime.document import scope_from_document, scope_to_document
from bpmn.runtime.engine import Outcome, Step
from bpmn.runtime.migration import Migration
from bpmn.runtime.needs import Need, NeedVariables
from bpmn.runtime.simulator import Run, Simulator
from bpmn.runtime.state import UNLOADED, Instance, InstanceStatus, Scope, State, WaitKind
from bpmn.runtime.work import Limits
from bpmn.spec.graph import Graph
from tests.support.models import compile_document

ALIVE = (InstanceStatus.RUNNING, InstanceStatus.PAUSED)


class CheckedSimulator(Simulator):
    """`oath=False` checks only at the end (`check`), for runs of many thousand steps."""

    def __init__(self, *args: Any, oath: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        self.oath = oath
        self.most_transitions = 0
        self.most_events = 0
        self.most_loaded = 0
        self.transitions = 0
        self.effects_of_last_step: list[Any] = []
        self._before: State | None = None
        self._depth = 0

    def do(self, command: c.Command) -> Outcome:
        outcome = super().do(command)
        if self.oath:
            self.check()
        return outcome

    def _step(self, command: c.Command) -> Outcome:
        if self.oath:
            self._before = copy.deepcopy(self.runs[command.instance_id].state())
        return super()._step(command)

    def migrate(self, instance_id: int, target: Graph, mapping: Mapping[str, str] | None = None) -> Migration:
        migration = super().migrate(instance_id, target, mapping)
        if self.oath:
            self.check()
        return migration

    def _migration_step(self, run: Run, *rest: Any) -> Migration:
        if self.oath:
            self._before = copy.deepcopy(run.state())
        return super()._migration_step(run, *rest)

    def _load_scope(self, run: Run, state: State, scope_id: int) -> None:
        super()._load_scope(run, state, scope_id)
        # As the server does: names are loaded, values only when a step reads them.
        state.variables[scope_id] = dict.fromkeys(run.variables[scope_id], UNLOADED)
        self.most_loaded = max(self.most_loaded, len(state.scopes))

    def _supply(self, run: Run, state: State, need: Need) -> None:
        if not isinstance(need, NeedVariables):
            super()._supply(run, state, need)
            return
        for scope_id, name in need.refs:
            assert state.variables[scope_id][name] is UNLOADED, f"asked twice for '{name}'"
            state.variables[scope_id][name] = run.variables[scope_id][name]

    def _save(self, run: Run, step: Step) -> None:
        if self.oath:
            assert run.state() == self._before, "handle changed the state that it was given"
        self.transitions += step.transitions
        self.most_transitions = max(self.most_transitions, step.transitions)
        self.most_events = max(self.most_events, len(step.events))
        self.effects_of_last_step = list(step.effects)
        super()._save(run, step)
        if self.oath and self.keep_events:
            check_replay(run)

    def check(self) -> None:
        """What must hold when nothing moves."""
        for run in self.runs.values():
            if not self.oath and self.keep_events:
                check_replay(run)
            self._check_rows(run)

    def _check_rows(self, run: Run) -> None:
        rows = {
            (kind, id)
            for kind, table in (
                (WaitKind.JOB, self.jobs),
                (WaitKind.USER_TASK, self.tasks),
                (WaitKind.TIMER, self.timers),
                (WaitKind.SIGNAL, self.signals),
                (WaitKind.MESSAGE, self.subscriptions),
                (WaitKind.CONDITION, self.conditions),
            )
            for id, pending in table.items()
            if pending.instance_id == run.instance.id
        }
        incidents = {
            (WaitKind.INCIDENT, id)
            for id, pending in self.incidents.items()
            if pending.instance_id == run.instance.id and pending.effect.kind != "UNCAUGHT_ERROR"
        }
        waits = {
            (wait.kind, wait.id)
            for scope in run.scopes.values()
            for token in scope.tokens.values()
            for wait in token.waits
        }
        calls = {wait for wait in waits if wait[0] is WaitKind.CALL}
        compensations = {wait for wait in waits if wait[0] is WaitKind.COMPENSATION}
        tokens = {token for scope in run.scopes.values() for token in scope.tokens}
        assert {id for _, id in compensations} <= tokens, "a compensation without its handler"
        assert rows | incidents == waits - calls - compensations
        assert run.instance.incidents == len(incidents)
        for _, called in calls:
            assert called in self.runs
        for run_id, scope_ids in run.children.items():
            assert not scope_ids or run_id in run.scopes, "a scope without its parent"
        assert set(run.items) <= set(run.scopes), "input items of a scope that is closed"
        assert set(run.outputs) <= set(run.scopes), "outputs of a scope that is closed"
        if run.instance.status not in ALIVE:
            assert not waits, "an ended instance waits"
            assert list(run.scopes) == [run.instance.id], "an ended instance has scopes"
            assert run.scopes[run.instance.id].is_empty()
        for scope in run.scopes.values():
            assert not scope.transit, "tokens on flows although nothing moves"
            assert stored(scope) == scope, "the document of a scope does not hold all of it"
            for token in scope.tokens.values():
                assert token.waits or token.child is not None, f"'{token.element}' has a token that nothing will move"

    def first_step(self, key: str, variables: Mapping[str, Any] | None = None) -> int:
        """Start an instance, and stop before what its first step left to `Continue` commands; the next `do` goes on."""
        instance_id = self._create(key, None, None, self.next_id())
        self._step(c.StartInstance(instance_id=instance_id, variables=variables or {}))
        return instance_id

    # -- words of the tests -------------------------------------------------------------------------------------------

    def run_of(self, instance_id: int) -> Run:
        return self.runs[instance_id]

    def trace(self, instance_id: int, kinds: str = "+-~") -> list[str]:
        return trace(self.runs[instance_id].events, kinds)

    def complete(self, element_id: str, variables: Mapping[str, Any] | None = None) -> Outcome:
        """Complete the user task or job that is open at the element (the oldest)."""
        for task_id, pending in self.tasks.items():
            if pending.effect.element_id == element_id:
                return self.complete_task(task_id, variables)
        for job_id, pending in self.jobs.items():
            if pending.effect.element_id == element_id:
                return self.complete_job(job_id, variables)
        raise AssertionError(f"Expected a task or job at '{element_id}', but there is none; {self.waiting()}")

    def raise_error(self, element_id: str, code: str, message: str | None = None) -> Outcome:
        """A BPMN error from the job that is open at the element."""
        job = next(id for id, pending in self.jobs.items() if pending.effect.element_id == element_id)
        return self.throw_error(job, code, message)

    def set_variables(self, instance_id: int, *, scope_id: int | None = None, **variables: Any) -> Outcome:
        return self.do(c.SetVariables(instance_id=instance_id, scope_id=scope_id, variables=variables))

    def cancel(self, instance_id: int) -> Outcome:
        return self.do(c.CancelInstance(instance_id=instance_id, reason="test"))

    def incident(self) -> Any:
        """The one open incident."""
        (pending,) = self.incidents.values()
        return pending.effect

    def waiting(self) -> list[str]:
        """Elements that wait for tasks, jobs, timers, messages, conditions, incidents; sorted."""
        tables = (self.tasks, self.jobs, self.timers, self.subscriptions, self.conditions, self.incidents)
        return sorted(pending.effect.element_id for table in tables for pending in table.values())

    def called(self, instance_id: int) -> list[int]:
        """Ids of the instances called by an instance."""
        return [
            id
            for id, run in self.runs.items()
            if run.instance.parent is not None and run.instance.parent.instance_id == instance_id
        ]


def stored(scope: Scope) -> Scope:
    """The scope as a store brings it back."""
    return scope_from_document(
        json.loads(json.dumps(scope_to_document(scope))),
        id=scope.id,
        kind=scope.kind,
        element=scope.element,
        parent=scope.parent,
        owner=scope.owner,
        state=scope.state,
        index=scope.index,
    )


def check_replay(run: Run) -> None:
    header = Instance(
        **{
            name: getattr(run.instance, name)
            for name in ("id", "tenant_id", "definition_id", "definition_key", "version", "business_key")
        },
        status=InstanceStatus.RUNNING,
        sequence=0,
        root_instance_id=run.instance.root_instance_id,
        parent=run.instance.parent,
        started_at=run.instance.started_at,
    )
    replayed, live = replay(header, run.events), run.state()
    assert replayed.instance == live.instance
    assert replayed.scopes == live.scopes
    assert replayed.variables == live.variables


def trace(events: Iterable[e.Event], kinds: str = "+-~") -> list[str]:
    """Events in short, picked by the letters of `kinds`.

    `+a` activated, `-a` completed, `~a` terminated, `>f` flow taken, `.a` wait added, `:a` wait over, `!KIND` incident,
    `^CODE` error thrown, `*STATUS` ended; `=` picks variables: `x=1`, `@` what else is thrown: `@signal NAME`.
    """
    return [text for kind, text in (_short(event) for event in events) if kind and kind in kinds]


def _short(event: e.Event) -> tuple[str, str]:
    match event:
        case e.ElementActivated(element=element):
            return "+", f"+{element}"
        case e.ElementCompleted(element=element):
            return "-", f"-{element}"
        case e.ElementTerminated(element=element):
            return "~", f"~{element}"
        case e.SequenceFlowTaken(flow=flow):
            return ">", f">{flow}"
        case e.VariableSet(name=name, value=value):
            return "=", f"{name}={value!r}"
        case e.WaitAdded(kind=WaitKind.INCIDENT, data=data):
            assert data is not None
            return "!", f"!{data['kind']}"
        case e.WaitAdded(element=element):
            return ".", f".{element}"
        case e.WaitRemoved(kind=kind, element=element) if kind is not WaitKind.INCIDENT:
            return ":", f":{element}"
        case e.ErrorThrown(code=code):
            return "^", f"^{code}"
        case e.MessageThrown(name=name):
            return "@", f"@message {name}"
        case e.SignalThrown(name=name):
            return "@", f"@signal {name}"
        case e.EscalationThrown(code=code):
            return "@", f"@escalation {code}"
        case e.CompensationThrown():
            return "@", "@compensation"
        case e.InstanceEnded(status=status):
            return "*", f"*{status}"
        case _:
            return "", ""


def simulate(
    *documents: bytes,
    handlers: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    oath: bool = True,
    **options: Any,
) -> CheckedSimulator:
    """A simulator over the processes of these documents, which must be free of errors."""
    graphs = {key: graph for data in documents for key, graph in compile_document(data).items()}
    return CheckedSimulator(
        graphs,
        handlers=Handlers(dict(handlers)) if handlers else NO_HANDLERS,
        limits=limits or Limits(),
        oath=oath,
        **options,
    )
