"""Runs instances in memory, without store, bus or clock: for tests, benchmarks and dry runs of models.

Does with the effects of a step what the server does with rows, in dictionaries. Time stands still until `advance`.
Each command gets only the chain of scopes it names, so that what the runtime does not ask for is not there.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bpmn.dmn.program import DecisionVersion
from bpmn.expressions.api import NO_HANDLERS, ExecutionInfo, Handlers
from bpmn.runtime import commands as c
from bpmn.runtime import effects as fx
from bpmn.runtime import needs as n
from bpmn.runtime.conditional_starts import begun_by_conditions
from bpmn.runtime.draft import REMOVED
from bpmn.runtime.engine import Outcome, Step, handle
from bpmn.runtime.events import Event
from bpmn.runtime.key_values import key_values, same_values
from bpmn.runtime.lookup import MappingLookup
from bpmn.runtime.migration import Migration, Target, go_on, migrate
from bpmn.runtime.migration_plan import plan
from bpmn.runtime.state import Instance, InstanceStatus, ParentLink, Phase, Scope, ScopeKind, State, WaitKind
from bpmn.runtime.work import DEFAULT_LIMITS, Limits
from bpmn.spec.graph import Graph
from bpmn.spec.keys import paths_of

Value = Any


@dataclass(slots=True)
class Run:
    """One instance: everything that the server would have in rows."""

    graph: Graph
    instance: Instance
    scopes: dict[int, Scope]
    variables: dict[int, dict[str, Value]]
    children: dict[int, set[int]] = field(default_factory=dict)
    items: dict[int, list[Value]] = field(default_factory=dict)
    outputs: dict[int, dict[int, Value]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def state(self) -> State:
        """All of it, as one state."""
        return State(self.instance, dict(self.scopes), {id: dict(names) for id, names in self.variables.items()})


@dataclass(slots=True)
class Pending:
    """A row that waits: the effect that made it, and whose it is."""

    instance_id: int
    effect: Any


class Simulator:
    """`graphs` by process key. Call `start`, then complete what waits; every call runs until nothing moves."""

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        *,
        handlers: Handlers = NO_HANDLERS,
        limits: Limits = DEFAULT_LIMITS,
        now: datetime = datetime(2026, 1, 1, tzinfo=UTC),
        keep_events: bool = True,
        decisions: Mapping[str, DecisionVersion] | None = None,
    ) -> None:
        self.graphs = dict(graphs)
        self.decisions = dict(decisions or {})
        self.handlers = handlers
        self.limits = limits
        self.now = now
        self.keep_events = keep_events
        self.runs: dict[int, Run] = {}
        self.jobs: dict[int, Pending] = {}
        self.tasks: dict[int, Pending] = {}
        self.timers: dict[int, Pending] = {}
        self.subscriptions: dict[int, Pending] = {}
        self.signals: dict[int, Pending] = {}
        self.conditions: dict[int, Pending] = {}
        self.incidents: dict[int, Pending] = {}
        self.thrown: list[fx.ThrowMessage] = []
        self.redelivered: list[int] = []
        """Messages that came too late and would be matched again."""
        self.steps = 0
        self.queue: deque[c.Command] = deque()
        self._counter = itertools.count(1)

    def next_id(self) -> int:
        """Ids in order, from 1."""
        return next(self._counter)

    # -- driving ----------------------------------------------------------------------------------------------------

    def start(
        self,
        key: str,
        variables: Mapping[str, Value] | None = None,
        *,
        element_id: str | None = None,
        business_key: str | None = None,
        initiator: str | None = None,
    ) -> int:
        """Start an instance; returns its id."""
        instance_id = self._create(key, business_key, None, self.next_id())
        self.do(
            c.StartInstance(
                instance_id=instance_id, element_id=element_id, variables=variables or {}, initiator=initiator
            )
        )
        return instance_id

    def start_by_conditions(self, variables: Mapping[str, Value] | None = None) -> list[int]:
        """Start an instance per conditional start event that these variables fulfil; returns their ids."""
        started: list[int] = []
        for key, graph in self.graphs.items():
            about = ExecutionInfo("", "1", key, 1, None, "", None, "default")
            begun = begun_by_conditions(graph, variables or {}, about, self.now, self.handlers)
            started += [self.start(key, variables, element_id=element_id) for element_id in begun.fulfilled]
        return started

    def complete_job(self, job_id: int, variables: Mapping[str, Value] | None = None) -> Outcome:
        pending = self.jobs[job_id]
        job = pending.effect
        return self.do(
            c.CompleteJob(
                instance_id=pending.instance_id,
                scope_id=job.scope_id,
                job_id=job_id,
                token_id=job.token_id,
                variables=variables or {},
            )
        )

    def complete_task(
        self, task_id: int, variables: Mapping[str, Value] | None = None, user: str | None = None
    ) -> Outcome:
        pending = self.tasks[task_id]
        task = pending.effect
        return self.do(
            c.CompleteUserTask(
                instance_id=pending.instance_id,
                scope_id=task.scope_id,
                task_id=task_id,
                token_id=task.token_id,
                variables=variables or {},
                user=user,
            )
        )

    def change_task(self, task_id: int, **changes: Value) -> Outcome:
        """Somebody changes columns of a user task; nothing changes where its listeners refuse."""
        task = self.tasks[task_id].effect
        outcome = self.do(
            c.NotifyTaskChange(
                instance_id=self.tasks[task_id].instance_id,
                scope_id=task.scope_id,
                task_id=task_id,
                token_id=task.token_id,
                changes=changes,
            )
        )
        if outcome is Outcome.DONE:
            for name, value in changes.items():
                setattr(task, name, value)
        return outcome

    def throw_error(self, job_id: int, code: str, message: str | None = None) -> Outcome:
        pending = self.jobs[job_id]
        return self.do(
            c.ThrowError(
                instance_id=pending.instance_id,
                scope_id=pending.effect.scope_id,
                wait=WaitKind.JOB,
                wait_id=job_id,
                token_id=pending.effect.token_id,
                error_code=code,
                message=message,
            )
        )

    def advance(self, by: timedelta) -> int:
        """Let time pass, firing timers in order of their due time; returns how many fired."""
        end = self.now + by
        fired = 0
        while True:
            due = [p for p in self.timers.values() if p.effect.due_at <= end]
            if not due:
                break
            pending = min(due, key=lambda p: (p.effect.due_at, p.effect.id))
            timer = pending.effect
            self.now = max(self.now, timer.due_at)
            del self.timers[timer.id]
            fired += 1
            self.do(
                c.FireTimer(
                    instance_id=pending.instance_id,
                    scope_id=timer.scope_id,
                    timer_id=timer.id,
                    token_id=timer.token_id,
                    element_id=timer.element_id,
                    due_at=timer.due_at.isoformat(),
                    cycle=timer.cycle,
                    remaining=timer.remaining,
                )
            )
        self.now = end
        return fired

    def publish(self, name: str, variables: Mapping[str, Value] | None = None, *, key: Value = None) -> bool:
        """Deliver a message to the first subscription of that name and key; False where nobody waits.

        One that knows whose message it waits for comes before one that takes the first that comes.
        """
        return self._publish(name, variables or {}, key, ())

    def post(self) -> list[fx.ThrowMessage]:
        """Deliver what was thrown, and what is thrown in turn: to who waits, else by starting instances. Returns what
        nobody took; it stays in `thrown`."""
        left: list[fx.ThrowMessage] = []
        while self.thrown:
            message, self.thrown = self.thrown[0], self.thrown[1:]
            if not self._publish(message.name, message.variables, message.correlation_key, message.receivers):
                started = self._start_by_message(message)
                if not started:
                    left.append(message)
        self.thrown = left
        return left

    def _start_by_message(self, message: fx.ThrowMessage) -> bool:
        for key, graph in self.graphs.items():
            for start in graph.message_starts:
                if start.message_name == message.name and (not message.receivers or key in message.receivers):
                    instance_id = self._create(key, None, None, self.next_id())
                    self.do(
                        c.StartInstance(
                            instance_id=instance_id,
                            element_id=start.element_id,
                            variables=message.variables,
                            message_name=message.name,
                        )
                    )
                    return True
        return False

    def _publish(self, name: str, variables: Mapping[str, Value], key: Value, receivers: tuple[str, ...]) -> bool:
        waiting = sorted(self.subscriptions.values(), key=lambda pending: not pending.effect.rule)
        for pending in waiting:
            subscription = pending.effect
            if receivers and self.runs[pending.instance_id].instance.definition_key not in receivers:
                continue
            if subscription.name == name and self._takes(subscription, variables, key):
                outcome = self.do(
                    c.DeliverMessage(
                        instance_id=pending.instance_id,
                        scope_id=subscription.scope_id,
                        subscription_id=subscription.id,
                        token_id=subscription.token_id,
                        element_id=subscription.element_id,
                        message_id=self.next_id(),
                        message_name=name,
                        variables=variables,
                    )
                )
                return outcome is Outcome.DONE
        return False

    def _takes(self, subscription: fx.CreateMessageSubscription, variables: Mapping[str, Value], key: Value) -> bool:
        if not subscription.rule:
            return bool(subscription.correlation_key == key)
        values = key_values(paths_of(subscription.rule), MappingLookup(variables), self.now)
        own, *expected = subscription.correlation_key or (None,)
        return bool(own == key) and same_values(values, tuple(expected))

    def _correlate_again(self, instance_id: int, subscription_id: int | None) -> None:
        for pending in self.subscriptions.values():
            stored = pending.effect
            if pending.instance_id != instance_id or stored.rule is None:
                continue
            if subscription_id in (None, stored.id):
                self.queue.append(
                    c.CorrelateAgain(
                        instance_id=instance_id,
                        scope_id=stored.scope_id,
                        subscription_id=stored.id,
                        token_id=stored.token_id,
                        element_id=stored.element_id,
                        name=stored.name,
                        rule=stored.rule,
                        correlation_key=stored.correlation_key,
                        claimed=False,
                    )
                )

    def signal(self, name: str, variables: Mapping[str, Value] | None = None) -> int:
        """Broadcast a signal; returns how many waited."""
        count = self.broadcast(name, variables or {})
        while self.queue:
            self._step(self.queue.popleft())
        return count

    def broadcast(self, name: str, variables: Mapping[str, Value]) -> int:
        """Queue a delivery for everyone who waits for the signal."""
        waiting = [pending for pending in self.signals.values() if pending.effect.name == name]
        for pending in waiting:
            subscription = pending.effect
            self.queue.append(
                c.DeliverSignal(
                    instance_id=pending.instance_id,
                    scope_id=subscription.scope_id,
                    subscription_id=subscription.id,
                    token_id=subscription.token_id,
                    element_id=subscription.element_id,
                    signal_name=name,
                    variables=variables,
                )
            )
        return len(waiting)

    def resolve(self, incident_id: int, variables: Mapping[str, Value] | None = None) -> Outcome:
        pending = self.incidents[incident_id]
        incident = pending.effect
        return self.do(
            c.ResolveIncident(
                instance_id=pending.instance_id,
                scope_id=incident.scope_id,
                incident_id=incident_id,
                token_id=incident.token_id,
                variables=variables or {},
            )
        )

    def do(self, command: c.Command) -> Outcome:
        """Carry out a command and all that follows from it; the outcome is that of the command itself."""
        outcome = self._step(command)
        while self.queue:
            self._step(self.queue.popleft())
        return outcome

    def migrate(self, instance_id: int, target: Graph, mapping: Mapping[str, str] | None = None) -> Migration:
        """Let an instance go on in another version; nothing happens where a finding is an error. However many steps it
        takes, what is queued waits until it is done; the answer has the last step."""
        run = self.runs[instance_id]
        source, planned = run.graph, plan(run.graph, target, mapping or {})
        definition = Target(
            graph=target, definition_id=run.instance.definition_id + 1, version=run.instance.version + 1
        )
        context: dict[str, Any] = {"handlers": self.handlers, "limits": self.limits}
        first = partial(migrate, source, definition, plan=planned, now=self.now, ids=self.next_id, **context)
        migration = self._migration_step(run, definition, first)
        while migration.cursor is not None:
            following = partial(
                go_on,
                source,
                definition,
                plan=planned,
                cursor=migration.cursor,
                found=migration.findings,
                now=self.now,
                ids=self.next_id,
                **context,
            )
            migration = self._migration_step(run, definition, following)
        while self.queue:
            self._step(self.queue.popleft())
        return migration

    def _migration_step(self, run: Run, definition: Target, move: Callable[..., Migration | n.Need]) -> Migration:
        state = State(run.instance)
        self._load_scope(run, state, run.instance.id)
        while True:
            migration = move(state=state)
            if isinstance(migration, Migration):
                break
            self._supply(run, state, migration)
        if migration.step.outcome is not Outcome.GONE:
            self.steps += 1
            self._save(run, migration.step)
        if run.instance.definition_id == definition.definition_id:
            run.graph = definition.graph
        return migration

    # -- looking ----------------------------------------------------------------------------------------------------

    def status(self, instance_id: int) -> InstanceStatus:
        return self.runs[instance_id].instance.status

    def variables(self, instance_id: int) -> dict[str, Value]:
        """Variables of the process scope."""
        return dict(self.runs[instance_id].variables[instance_id])

    def active(self, instance_id: int) -> list[str]:
        """Ids of elements with a token, sorted."""
        run = self.runs[instance_id]
        return sorted(
            token.element
            for scope in run.scopes.values()
            for token in scope.tokens.values()
            if token.phase is not Phase.LISTENING
        )

    def open_jobs(self, type: str | None = None) -> list[fx.CreateJob]:
        jobs: Iterable[fx.CreateJob] = (p.effect for p in self.jobs.values())
        return [job for job in jobs if type is None or job.type == type]

    def open_tasks(self, element_id: str | None = None) -> list[fx.CreateUserTask]:
        tasks: Iterable[fx.CreateUserTask] = (p.effect for p in self.tasks.values())
        return [task for task in tasks if element_id is None or task.element_id == element_id]

    # -- what the server does with rows -------------------------------------------------------------------------------

    def _create(self, key: str, business_key: str | None, parent: ParentLink | None, instance_id: int) -> int:
        graph = self.graphs[key]
        root = instance_id if parent is None else self.runs[parent.instance_id].instance.root_instance_id
        instance = Instance(
            id=instance_id,
            tenant_id="default",
            definition_id=0,
            definition_key=key,
            version=1,
            business_key=business_key,
            status=InstanceStatus.RUNNING,
            sequence=0,
            root_instance_id=root,
            parent=parent,
            started_at=self.now,
        )
        scope = Scope(id=instance_id, kind=ScopeKind.PROCESS, element=graph.key)
        self.runs[instance_id] = Run(graph, instance, {instance_id: scope}, {instance_id: {}})
        return instance_id

    def _step(self, command: c.Command) -> Outcome:
        run = self.runs[command.instance_id]
        state = self._load(run, command)
        while True:
            step = handle(run.graph, state, command, self.now, self.next_id, handlers=self.handlers, limits=self.limits)
            if isinstance(step, Step):
                break
            self._supply(run, state, step)
        self.steps += 1
        self._save(run, step)
        return step.outcome

    def _load(self, run: Run, command: c.Command) -> State:
        state = State(run.instance)
        self._load_chain(run, state, command.scope_id or run.instance.id)
        if run.instance.id not in state.scopes:
            self._load_scope(run, state, run.instance.id)
        return state

    def _load_chain(self, run: Run, state: State, scope_id: int) -> None:
        current: int | None = scope_id
        while current is not None and current in run.scopes and current not in state.scopes:
            self._load_scope(run, state, current)
            current = run.scopes[current].parent

    def _load_scope(self, run: Run, state: State, scope_id: int) -> None:
        state.scopes[scope_id] = run.scopes[scope_id]
        state.variables[scope_id] = run.variables[scope_id]

    def _supply(self, run: Run, state: State, need: n.Need) -> None:
        match need:
            case n.NeedScopes(ids):
                for id in ids:
                    self._load_scope(run, state, id)
            case n.NeedChildren(scope_id, limit, after):
                ids = tuple(sorted(id for id in run.children.get(scope_id, ()) if id > after)[:limit])
                state.children[scope_id, after] = ids
                for id in ids:
                    self._load_scope(run, state, id)
            case n.NeedPortion(after, limit):
                below = sorted(id for id in run.scopes if id > after and id != run.instance.id)
                state.portions[after] = tuple(below[:limit])
                for id in state.portions[after]:
                    self._load_chain(run, state, id)
            case n.NeedItems(scope_id, start, count):
                for offset, value in enumerate(run.items[scope_id][start : start + count]):
                    state.items[(scope_id, start + offset)] = value
            case n.NeedOutputs(scope_id):
                outputs = run.outputs.get(scope_id, {})
                state.outputs[scope_id] = [outputs.get(i) for i in range(max(outputs, default=-1) + 1)]
            case n.NeedUserTask(task_id):
                effect = self.tasks[task_id].effect
                state.tasks[task_id] = {name: getattr(effect, name) for name in n.TASK_FIELDS}
            case n.NeedCalled(instance_id):
                state.called[instance_id] = self.variables(instance_id)
            case n.NeedDecision(key):
                state.decisions[need] = self.decisions.get(key)
            case n.NeedVariables():
                raise AssertionError("all values are loaded")

    def _save(self, run: Run, step: Step) -> None:
        changes = step.changes
        run.instance = changes.instance
        for scope_id, scope in changes.scopes.items():
            if scope is None:
                old = run.scopes.pop(scope_id)
                run.variables.pop(scope_id)
                run.items.pop(scope_id, None)
                run.outputs.pop(scope_id, None)
                run.children.pop(scope_id, None)
                if old.parent is not None:
                    run.children.get(old.parent, set()).discard(scope_id)
            else:
                run.scopes[scope_id] = scope
                if scope_id in changes.created:
                    run.variables[scope_id] = {}
                    if scope.parent is not None:
                        run.children.setdefault(scope.parent, set()).add(scope_id)
        for (scope_id, name), value in changes.variables.items():
            if value is REMOVED:
                run.variables[scope_id].pop(name, None)
            else:
                run.variables[scope_id][name] = value
        if self.keep_events:
            run.events.extend(step.events)
        for effect in step.effects:
            self._carry_out(run, effect)

    def _carry_out(self, run: Run, effect: fx.Effect) -> None:
        instance_id = run.instance.id
        match effect:
            case fx.CreateJob():
                self.jobs[effect.id] = Pending(instance_id, effect)
            case fx.CreateUserTask():
                self.tasks[effect.id] = Pending(instance_id, effect)
            case fx.UpdateUserTask(id=id, changes=changed):
                if id in self.tasks:
                    for name, value in changed.items():
                        setattr(self.tasks[id].effect, name, value)
            case fx.CreateTimer():
                self.timers[effect.id] = Pending(instance_id, effect)
            case fx.CreateMessageSubscription():
                self.subscriptions[effect.id] = Pending(instance_id, effect)
            case fx.UpdateMessageSubscription(id=id, correlation_key=key, rule=rule):
                if id in self.subscriptions:
                    stored = self.subscriptions[id].effect
                    stored.correlation_key, stored.rule = key, rule
            case fx.CorrelationChanged(subscription_id=id):
                self._correlate_again(instance_id, id)
            case fx.CreateSignalSubscription():
                self.signals[effect.id] = Pending(instance_id, effect)
            case fx.ThrowSignal(name=name, variables=variables):
                self.broadcast(name, variables)
            case fx.CreateConditionWait():
                self.conditions[effect.id] = Pending(instance_id, effect)
            case fx.CreateIncident():
                self.incidents[effect.id] = Pending(instance_id, effect)
            case fx.ResolveIncidentRow(id=id):
                del self.incidents[id]
            case fx.DeleteWait(kind=kind, id=id):
                self._rows(kind).pop(id, None)
            case fx.StoreItems(scope_id=scope_id, values=values):
                run.items[scope_id] = values
            case fx.StoreOutput(scope_id=scope_id, index=index, value=value):
                run.outputs.setdefault(scope_id, {})[index] = value
            case fx.ThrowMessage():
                self.thrown.append(effect)
            case fx.Enqueue(command=command):
                self.queue.append(command)
            case fx.StartCalled():
                self._start_called(run, effect)
            case fx.VariablesChanged():
                self._queue_conditions(instance_id, effect)
            case fx.MigrateRow(kind=kind, id=id, element_id=element_id) if kind is not None:
                rows = self.incidents if kind is WaitKind.INCIDENT else self._rows(kind)
                rows[id].effect.element_id = element_id
            case fx.Redeliver(message_id=message_id):
                self.redelivered.append(message_id)
            case fx.UpdateJob() | fx.MigrateRow():
                pass

    def _rows(self, kind: WaitKind) -> dict[int, Pending]:
        return {
            WaitKind.JOB: self.jobs,
            WaitKind.USER_TASK: self.tasks,
            WaitKind.TIMER: self.timers,
            WaitKind.MESSAGE: self.subscriptions,
            WaitKind.SIGNAL: self.signals,
            WaitKind.CONDITION: self.conditions,
        }[kind]

    def _start_called(self, run: Run, effect: fx.StartCalled) -> None:
        if effect.process_key not in self.graphs:
            self.queue.append(
                c.FailCall(
                    instance_id=run.instance.id,
                    scope_id=effect.parent.scope_id,
                    called_instance_id=effect.instance_id,
                    token_id=effect.parent.token_id,
                    message=f"Expected process '{effect.process_key}' to be deployed, but it is not",
                )
            )
            return
        self._create(effect.process_key, effect.business_key, effect.parent, effect.instance_id)
        self.queue.append(c.StartInstance(instance_id=effect.instance_id, variables=effect.variables))

    def _queue_conditions(self, instance_id: int, changed: fx.VariablesChanged) -> None:
        for pending in self.conditions.values():
            wait = pending.effect
            if pending.instance_id != instance_id or wait.scope_id in changed.evaluated:
                continue
            if "*" in wait.names or not changed.names.isdisjoint(wait.names):
                self.queue.append(
                    c.EvaluateCondition(
                        instance_id=instance_id,
                        scope_id=wait.scope_id,
                        wait_id=wait.id,
                        token_id=wait.token_id,
                        element_id=wait.element_id,
                        transitions=changed.transitions,
                    )
                )
