"""One instance within a batch: its loaded state, the steps done on it, and what they add up to as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bpmn.expressions.api import Handlers
from bpmn.runtime import effects as fx
from bpmn.runtime import needs as n
from bpmn.runtime.commands import Command, to_dict
from bpmn.runtime.draft import REMOVED
from bpmn.runtime.engine import Outcome, Step, handle
from bpmn.runtime.events import to_dict as event_to_dict
from bpmn.runtime.migration import Migration, Target
from bpmn.runtime.needs import Rejected
from bpmn.runtime.state import UNLOADED, Instance, InstanceStatus, Scope, ScopeState, State, WaitKind
from bpmn.runtime.work import Limits
from bpmn.spec.graph import Graph
from server.ports.records import (
    Changes,
    CommandRow,
    HistoryRow,
    InstanceRow,
    ItemRow,
    JobRow,
    MessageRow,
    MigratedInstanceRow,
    OutboxRow,
    UserTaskRow,
    VariableRow,
)
from server.ports.store import UnitOfWork
from server.usecases.decision_programs import DecisionPrograms
from server.usecases.executor import rows
from server.usecases.executor.deciding import decision_for
from server.usecases.executor.matching import THROWN, match_command, reopen
from server.usecases.executor.publishing import public_events
from server.usecases.executor.signals import broadcast_command, reach_of

Value = Any
START_CALLED = "START_CALLED"
LONGEST_CALL_CHAIN = 200
"""Processes that call each other without anything waiting in between: beyond that it is an endless recursion, which
no cancellation would ever catch up with."""


class EngineFailure(Exception):
    """The runtime itself failed at a command (a defect, or data it cannot read)."""


class Session:
    """Everything about one instance that one transaction reads and writes."""

    def __init__(
        self,
        unit: UnitOfWork,
        row: InstanceRow,
        graph: Graph,
        ids: Callable[[], int],
        handlers: Handlers,
        limits: Limits,
        *,
        is_new: bool,
        message_ttl_seconds: float = 3600.0,
        publish_events: bool = True,
        call_depth: int = 0,
        decisions: DecisionPrograms | None = None,
    ) -> None:
        self.unit = unit
        self.decisions = decisions or DecisionPrograms()
        self.row = row
        self.graph = graph
        self.ids = ids
        self.handlers = handlers
        self.limits = limits
        self.is_new = is_new
        self.message_ttl_seconds = message_ttl_seconds
        self.publish_events = publish_events
        self.call_depth = call_depth
        """Calls within calls since something last waited; see `LONGEST_CALL_CHAIN`."""
        self.now: datetime = unit.now()
        self.state = State(rows.instance_of(row))
        self.state.scopes[row.id] = rows.root_scope_of(row)
        self.state.variables[row.id] = {}
        self.jobs: dict[int, JobRow] = {}
        self.tasks: dict[int, UserTaskRow] = {}
        self.touched = is_new
        self.rejection: Rejected | None = None
        """Why the last command was refused."""
        self.created: set[int] = set()
        self.updated: set[int] = set()
        self.deleted: set[int] = set()
        self.written: dict[tuple[int, str], Value] = {}
        self.changes = Changes()
        """What is written as it is; scopes, variables, jobs and tasks are added by `finish`."""
        self.new_jobs: dict[int, JobRow] = {}
        self.changed_jobs: dict[int, JobRow] = {}
        self.new_tasks: dict[int, UserTaskRow] = {}
        self.changed_tasks: dict[int, UserTaskRow] = {}
        self.waits: dict[WaitKind, dict[int, Any]] = {
            WaitKind.TIMER: {},
            WaitKind.MESSAGE: {},
            WaitKind.SIGNAL: {},
            WaitKind.CONDITION: {},
            WaitKind.INCIDENT: {},
        }
        self.changed_names: list[fx.VariablesChanged] = []
        self.subscribed: list[tuple[str, int]] = []
        self.outbox: list[OutboxRow] = []
        self.correlate_all = False
        """A correlation key of the process has changed: its subscriptions are compared with it afterwards."""
        self.correlate: set[int] = set()
        """Single subscriptions to be compared."""
        self.knowing: set[int] = set()
        """Subscriptions made since then, which know it already."""

    @property
    def instance(self) -> Instance:
        return self.state.instance

    @property
    def is_running(self) -> bool:
        """Commands are carried out, not kept for later."""
        return self.instance.status is InstanceStatus.RUNNING and not self.is_migrating

    @property
    def is_migrating(self) -> bool:
        """Its scopes are on their way to another version, some per transaction; nothing else happens to it."""
        return self.state.scopes[self.row.id].state is ScopeState.MIGRATING

    @property
    def is_held(self) -> bool:
        """What comes is kept as commands."""
        return self.is_migrating or self.instance.status is InstanceStatus.PAUSED

    @property
    def is_ended(self) -> bool:
        return self.instance.status not in (InstanceStatus.RUNNING, InstanceStatus.PAUSED)

    # -- steps --------------------------------------------------------------------------------------------------------

    def do(self, command: Command) -> Outcome:
        """Handle a command; its changes become part of this session. EngineFailure leaves the session as it was."""
        while True:
            try:
                step = handle(
                    self.graph,
                    self.state,
                    command,
                    self.now,
                    self.ids,
                    handlers=self.handlers,
                    limits=self.limits,
                )
            except Exception as error:
                raise EngineFailure(f"{type(error).__name__}: {error}") from error
            if isinstance(step, Step):
                break
            self.supply(step)
        self.rejection = step.reason
        if step.outcome is Outcome.DONE or step.effects:
            self._accept(step)
        return step.outcome

    def migrate(self, target: Target, step: Callable[..., Migration | n.Need], *, dry_run: bool = False) -> Migration:
        """A step of a migration (`bpmn.runtime.migration`), given all but state, time and ids. Nothing happens in a dry
        run."""
        while True:
            try:
                migration = step(
                    state=self.state, now=self.now, ids=self.ids, handlers=self.handlers, limits=self.limits
                )
            except Exception as error:
                raise EngineFailure(f"{type(error).__name__}: {error}") from error
            if isinstance(migration, Migration):
                break
            self.supply(migration)
        if dry_run or not migration.step.events:
            return migration
        if migration.step.changes.instance.definition_id != self.instance.definition_id:
            self.graph = target.graph
            key, version = target.graph.key, target.version
            self.changes.migrated_instances.append(
                MigratedInstanceRow(
                    id=self.row.id, definition_id=target.definition_id, definition_key=key, version=version
                )
            )
            rows.move_rows(self._new_rows(), target.definition_id, key, version)
        self._accept(migration.step)
        return migration

    def _new_rows(self) -> Iterable[Any]:
        """Rows of this session that are not written yet."""
        yield from self.new_jobs.values()
        yield from self.new_tasks.values()
        for kind in (WaitKind.MESSAGE, WaitKind.SIGNAL, WaitKind.INCIDENT):
            yield from self.waits[kind].values()

    def _accept(self, step: Step) -> None:
        self.touched = True
        first = self.instance.sequence + 1
        for scope_id, scope in step.changes.scopes.items():
            if scope is None:
                self._scope_closed(scope_id)
            elif scope_id in step.changes.created:
                self.created.add(scope_id)
            elif scope_id not in self.created:
                self.updated.add(scope_id)
        self.written.update(step.changes.variables)
        step.changes.merge_into(self.state)
        for position, effect in enumerate(step.effects):
            if isinstance(effect, fx.ThrowSignal):
                self._throw_signal(effect, step.effects[position + 1 :])
            else:
                self._carry_out(effect)
        if step.events:
            self.changes.history.append(
                HistoryRow(
                    instance_id=self.row.id,
                    sequence=first + len(step.events) - 1,
                    tenant_id=self.row.tenant_id,
                    at=self.now,
                    events=[event_to_dict(event) for event in step.events],
                )
            )
            if self.publish_events:
                self.outbox.extend(public_events(self.instance, self.graph, step.events, first, self.now, self.ids))

    def _scope_closed(self, scope_id: int) -> None:
        if scope_id in self.created:
            self.created.discard(scope_id)
        else:
            self.deleted.add(scope_id)
            self.updated.discard(scope_id)
        for key in [key for key in self.written if key[0] == scope_id]:
            del self.written[key]
        self.changes.new_items = [item for item in self.changes.new_items if item.scope_id != scope_id]
        self.changes.outputs = [output for output in self.changes.outputs if output[1] != scope_id]

    # -- loading ------------------------------------------------------------------------------------------------------

    def add_scope(self, scope: Scope) -> None:
        """A scope read by the batch; one that is known already (changed, or closed) stays as it is."""
        if scope.id not in self.state.scopes and scope.id not in self.deleted:
            self.state.scopes[scope.id] = scope
            self.state.variables.setdefault(scope.id, {})

    def add_variable(self, row: VariableRow) -> None:
        key = (row.scope_id, row.name)
        if key in self.written or row.scope_id not in self.state.scopes:
            return
        names = self.state.variables.setdefault(row.scope_id, {})
        if names.get(row.name, UNLOADED) is UNLOADED:
            names[row.name] = row.value

    def supply(self, need: n.Need) -> None:
        unit, id = self.unit, self.row.id
        match need:
            case n.NeedVariables(refs):
                for row in unit.load_values([(id, scope_id, name) for scope_id, name in refs]):
                    self.add_variable(row)
                for scope_id, name in refs:
                    if self.state.variables[scope_id].get(name) is UNLOADED:
                        raise EngineFailure(f"variable '{name}' of scope {scope_id} is not stored any more")
            case n.NeedScopes(ids):
                known = {row.id: row for row in unit.load_scope_chains([(id, scope_id) for scope_id in ids])}
                if not all(scope_id in known for scope_id in ids):
                    raise EngineFailure(f"scope {ids} is not stored any more")
                self._add_scopes([rows.scope_of(row) for row in known.values()])
            case n.NeedChildren(scope_id, limit, after):
                self._supply_children(scope_id, limit, after)
            case n.NeedPortion(after, limit):
                self._supply_portion(after, limit)
            case n.NeedItems(scope_id, start, count):
                self._supply_items(scope_id, start, count)
            case n.NeedOutputs(scope_id):
                outputs = list(unit.load_outputs(id, scope_id))
                for _, output_scope, index, value in self.changes.outputs:
                    if output_scope == scope_id:
                        outputs.extend([None] * (index + 1 - len(outputs)))
                        outputs[index] = value
                self.state.outputs[scope_id] = outputs
            case n.NeedUserTask(task_id):
                task = self.task(task_id)
                if task is None:
                    raise EngineFailure(f"user task {task_id} is not stored any more")
                self.state.tasks[task_id] = {name: getattr(task, name) for name in n.TASK_FIELDS}
            case n.NeedDecision():
                self.state.decisions[need] = decision_for(
                    unit, self.decisions, need, self.row.tenant_id, self.row.definition_id
                )
            case n.NeedCalled(called_id):
                self.state.called[called_id] = unit.visible_variables([(called_id, called_id)]).get(
                    (called_id, called_id), {}
                )

    def _supply_children(self, scope_id: int, limit: int, after: int) -> None:
        stored = [
            rows.scope_of(row)
            for row in self.unit.load_children(self.row.id, scope_id, limit + len(self.deleted), after)
            if row.id not in self.deleted
        ][:limit]
        self._add_scopes(stored)
        children = {scope.id for scope in stored}
        children.update(id for id, scope in self.state.scopes.items() if scope.parent == scope_id and id > after)
        self.state.children[scope_id, after] = tuple(sorted(children))[:limit]

    def _supply_portion(self, after: int, limit: int) -> None:
        """Scopes of this session that are not stored yet, or not any more, are taken into account."""
        stored = self.unit.load_portion(self.row.id, after, limit + len(self.deleted))
        ids = {row.id for row in stored if row.id not in self.deleted}
        ids.update(id for id in self.created if id > after)
        self.state.portions[after] = portion = tuple(sorted(ids))[:limit]
        chains = self.unit.load_scope_chains({(self.row.id, id) for id in portion if id not in self.created})
        self._add_scopes([rows.scope_of(row) for row in chains])

    def _supply_items(self, scope_id: int, start: int, count: int) -> None:
        for index, value in self.unit.load_items(self.row.id, scope_id, start, count):
            self.state.items[(scope_id, index)] = value
        for item in self.changes.new_items:
            if item.scope_id == scope_id and start <= item.index < start + count:
                self.state.items[(scope_id, item.index)] = item.value
        if (scope_id, start) not in self.state.items:
            raise EngineFailure(f"item {start} of scope {scope_id} is not stored any more")

    def _add_scopes(self, scopes: list[Scope]) -> None:
        new = [scope for scope in scopes if scope.id not in self.state.scopes and scope.id not in self.deleted]
        for scope in new:
            self.add_scope(scope)
        if new:
            for row in self.unit.load_variables([(self.row.id, scope.id) for scope in new]):
                self.add_variable(row)

    # -- effects ------------------------------------------------------------------------------------------------------

    def _carry_out(self, effect: fx.Effect) -> None:
        instance = self.instance
        match effect:
            case fx.CreateJob():
                self.new_jobs[effect.id] = rows.job_row(effect, instance, self.now)
            case fx.UpdateJob():
                self._update_job(effect)
            case fx.CreateUserTask():
                self.new_tasks[effect.id] = rows.task_row(effect, instance, self.now)
            case fx.UpdateUserTask():
                self._update_task(effect)
            case fx.CreateTimer():
                self.waits[WaitKind.TIMER][effect.id] = rows.timer_row(effect, instance)
            case fx.CreateMessageSubscription():
                self.waits[WaitKind.MESSAGE][effect.id] = rows.subscription_row(effect, instance)
                self.subscribed.append((effect.name, effect.id))
                self.knowing.add(effect.id)
            case fx.UpdateMessageSubscription():
                self._update_subscription(effect)
            case fx.CorrelationChanged(subscription_id=None):
                self.correlate_all = True
                self.knowing.clear()
            case fx.CorrelationChanged(subscription_id=id) if id is not None:
                self.correlate.add(id)
            case fx.CreateSignalSubscription():
                self.waits[WaitKind.SIGNAL][effect.id] = rows.signal_subscription_row(effect, instance)
            case fx.CreateConditionWait():
                self.waits[WaitKind.CONDITION][effect.id] = rows.condition_rows(effect, instance)
            case fx.CreateIncident():
                self.waits[WaitKind.INCIDENT][effect.id] = rows.incident_row(effect, instance, self.now)
            case fx.ResolveIncidentRow(id=id):
                if self.waits[WaitKind.INCIDENT].pop(id, None) is None:
                    self.changes.resolved_incidents.append((instance.id, id, self.now))
            case fx.DeleteWait():
                self._delete_wait(effect)
            case fx.StoreItems(scope_id=scope_id, values=values):
                self.changes.new_items.extend(
                    ItemRow(
                        instance_id=instance.id,
                        scope_id=scope_id,
                        index=index,
                        tenant_id=instance.tenant_id,
                        value=value,
                    )
                    for index, value in enumerate(values)
                )
            case fx.StoreOutput(scope_id=scope_id, index=index, value=value):
                if scope_id not in self.deleted:
                    self.changes.outputs.append((instance.id, scope_id, index, value))
            case fx.ThrowMessage():
                self._throw_message(effect)
            case fx.Enqueue(command=command):
                held = self.is_held and command.instance_id == self.row.id
                self.enqueue(command.instance_id, command.kind, to_dict(command), parked=held)
            case fx.StartCalled():
                self._start_called(effect)
            case fx.VariablesChanged():
                self.changed_names.append(effect)
            case fx.MigrateRow():
                self._migrate_row(effect)
            case fx.Redeliver(message_id=message_id):
                self._redeliver(message_id)

    def enqueue(self, instance_id: int, kind: str, payload: dict[str, Any], *, parked: bool = False) -> None:
        """A durable command, drained after this transaction."""
        self.changes.new_commands.append(
            CommandRow(
                instance_id=instance_id,
                id=self.ids(),
                tenant_id=self.row.tenant_id,
                kind=kind,
                payload=payload,
                due_at=None if parked else self.now,
            )
        )

    def _update_job(self, effect: fx.UpdateJob) -> None:
        row = self.new_jobs.get(effect.id) or self.jobs.get(effect.id)
        if row is None:
            row = self.unit.load_jobs([(self.row.id, effect.id)]).get(effect.id)
            if row is None:
                return
            self.jobs[effect.id] = row
        rows.update_job_row(row, effect, self.now)
        if effect.id not in self.new_jobs:
            self.changed_jobs[effect.id] = row

    def task(self, id: int) -> UserTaskRow | None:
        """The row of a user task, as this session leaves it."""
        row = self.new_tasks.get(id) or self.tasks.get(id)
        if row is None:
            row = self.unit.load_tasks([(self.row.id, id)]).get(id)
            if row is not None:
                self.tasks[id] = row
        return row

    def put_task(self, row: UserTaskRow) -> None:
        """Somebody, or a listener, has changed a user task."""
        if row.id in self.new_tasks:
            self.new_tasks[row.id] = row
        else:
            self.tasks[row.id] = self.changed_tasks[row.id] = row

    def _update_task(self, effect: fx.UpdateUserTask) -> None:
        row = self.task(effect.id)
        if row is not None:
            self.put_task(rows.changed_task(row, effect))

    def _migrate_row(self, effect: fx.MigrateRow) -> None:
        kind, id = effect.kind, effect.id
        if kind is None:
            new: Any = id if id in self.created else None  # the row is made of the state
        elif kind is WaitKind.JOB:
            new = self.new_jobs.get(id)
        elif kind is WaitKind.USER_TASK:
            new = self.new_tasks.get(id)
        else:
            new = self.waits[kind].get(id)
        if new is None:
            self.changes.migrated_rows.append(rows.migrated_row(effect, self.instance))
        elif kind is not None:
            rows.rename(new, effect)

    def _delete_wait(self, effect: fx.DeleteWait) -> None:
        id, instance_id = effect.id, self.row.id
        match effect.kind:
            case WaitKind.JOB:
                self.changed_jobs.pop(id, None)
                if self.new_jobs.pop(id, None) is None:
                    self.changes.deleted_jobs.append((instance_id, id))
            case WaitKind.USER_TASK:
                status = "COMPLETED" if effect.completed else "CANCELLED"
                row = self.new_tasks.get(id)
                if row is not None:
                    row.status, row.ended_at = status, self.now
                else:
                    self.changes.ended_tasks.append((instance_id, id, status, self.now))
            case WaitKind.TIMER:
                if self.waits[WaitKind.TIMER].pop(id, None) is None:
                    self.changes.deleted_timers.append((instance_id, id))
            case WaitKind.MESSAGE:
                if self.waits[WaitKind.MESSAGE].pop(id, None) is None:
                    self.changes.deleted_message_subscriptions.append((instance_id, id))
            case WaitKind.SIGNAL:
                if self.waits[WaitKind.SIGNAL].pop(id, None) is None:
                    self.changes.deleted_signal_subscriptions.append((instance_id, id))
            case WaitKind.CONDITION:
                if self.waits[WaitKind.CONDITION].pop(id, None) is None:
                    self.changes.deleted_condition_waits.append((instance_id, id))
            case _:
                raise AssertionError(f"no rows of kind {effect.kind}")

    def _throw_message(self, effect: fx.ThrowMessage) -> None:
        """Kept for a while: whoever is to receive it may subscribe a moment later."""
        id = self.ids()
        self.changes.new_messages.append(
            MessageRow(
                id=id,
                message_id=f"{THROWN}{id}",
                tenant_id=self.row.tenant_id,
                name=effect.name,
                correlation_key=effect.correlation_key,
                has_correlation_key=effect.correlation_key is not None,
                variables=effect.variables,
                receivers=effect.receivers,
                created_at=self.now,
                expires_at=self.now + timedelta(seconds=self.message_ttl_seconds),
            )
        )
        self._match(effect.name, message_id=id)

    def _update_subscription(self, effect: fx.UpdateMessageSubscription) -> None:
        rule = rows.rule_document(effect.rule)
        new = self.waits[WaitKind.MESSAGE].get(effect.id)
        if new is not None:
            new.correlation_key, new.rule = effect.correlation_key, rule
            return
        self.changes.updated_message_subscriptions.append((self.row.id, effect.id, effect.correlation_key, rule))
        self._match(effect.name, subscription_id=effect.id)

    def _throw_signal(self, effect: fx.ThrowSignal, later: Sequence[fx.Effect]) -> None:
        """`later`: what the step did afterwards; who came to wait only then does not get the signal."""
        too_late = tuple(
            other.id for other in later if isinstance(other, fx.CreateSignalSubscription) and other.name == effect.name
        )
        unit, tenant_id, name = self.unit, self.row.tenant_id, effect.name
        self.changes.new_commands.append(
            broadcast_command(
                unit,
                tenant_id,
                name,
                effect.variables,
                self.ids,
                up_to=reach_of(unit, tenant_id, name, self.ids),
                except_for=too_late,
            )
        )

    def _match(self, name: str, *, message_id: int | None = None, subscription_id: int | None = None) -> None:
        subscription = None if subscription_id is None else (self.row.id, subscription_id)
        self.changes.new_commands.append(
            match_command(
                self.unit, self.row.tenant_id, name, self.ids, message_id=message_id, subscription=subscription
            )
        )

    def _redeliver(self, message_id: int) -> None:
        reopen(self.unit, message_id, self.ids, self.changes)

    def _start_called(self, effect: fx.StartCalled) -> None:
        parent = effect.parent
        self.enqueue(
            0,
            START_CALLED,
            {
                "instance_id": effect.instance_id,
                "process_key": effect.process_key,
                "binding": effect.binding,
                "version": effect.version,
                "business_key": effect.business_key,
                "variables": dict(effect.variables),
                "parent_instance_id": parent.instance_id,
                "parent_scope_id": parent.scope_id,
                "parent_token_id": parent.token_id,
                "parent_element_id": parent.element_id,
                "root_instance_id": self.instance.root_instance_id,
                "deployment_definition_id": self.row.definition_id,
                "depth": self.call_depth + 1,
            },
        )

    # -- the end ------------------------------------------------------------------------------------------------------

    def finish(self, into: Changes) -> None:
        """Add everything of this session to the changes of the batch."""
        into.updated_tasks.extend(self.changed_tasks.values())
        if not self.touched:
            _extend(into, self.changes)
            return
        instance, row = self.instance, self.row
        rows.update_instance_row(row, instance, self.state.scopes[row.id], self.graph, self.now)
        (into.new_instances if self.is_new else into.updated_instances).append(row)
        for scope_id in self.created:
            into.new_scopes.append(rows.scope_row(self.state.scopes[scope_id], instance, self.graph))
        for scope_id in self.updated - {row.id}:
            into.updated_scopes.append(rows.scope_row(self.state.scopes[scope_id], instance, self.graph))
        into.deleted_scopes.extend((row.id, scope_id) for scope_id in self.deleted)
        for (scope_id, name), value in self.written.items():
            if value is REMOVED:
                into.deleted_variables.append((row.id, scope_id, name))
            else:
                into.set_variables.append(
                    VariableRow(instance_id=row.id, scope_id=scope_id, tenant_id=row.tenant_id, name=name, value=value)
                )
        into.new_jobs.extend(self.new_jobs.values())
        into.updated_jobs.extend(self.changed_jobs.values())
        into.new_tasks.extend(self.new_tasks.values())
        into.new_timers.extend(self.waits[WaitKind.TIMER].values())
        into.new_message_subscriptions.extend(self.waits[WaitKind.MESSAGE].values())
        into.new_signal_subscriptions.extend(self.waits[WaitKind.SIGNAL].values())
        for waits in self.waits[WaitKind.CONDITION].values():
            into.new_condition_waits.extend(waits)
        for name, subscription_id in self.subscribed:
            if subscription_id in self.waits[WaitKind.MESSAGE]:
                self._match(name, subscription_id=subscription_id)
        into.new_incidents.extend(self.waits[WaitKind.INCIDENT].values())
        into.outbox.extend(self.outbox)
        _extend(into, self.changes)


def _extend(into: Changes, other: Changes) -> None:
    for name in Changes.__dataclass_fields__:
        getattr(into, name).extend(getattr(other, name))
