"""One transaction: claim, lock, load, handle, write, commit.

Items of one instance are handled in the order they came; each fails alone. Instances that another transaction holds are
skipped and their items deferred: no lock is ever waited for while another one is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from bpmn.expressions.api import Handlers
from bpmn.runtime import commands as c
from bpmn.runtime import effects as fx
from bpmn.runtime.work import Limits
from bpmn.schedule import TimerPlan, next_plan
from bpmn.spec.keys import as_rule
from connectors.messages import ResultMessage
from server.errors import ConflictError, DomainError
from server.ports.records import (
    Changes,
    CommandRow,
    ConditionWaitRow,
    IncidentRow,
    InstanceRow,
    JobRow,
    MessageSubscriptionRow,
    TimerRow,
    TimerStartRow,
    UserTaskRow,
)
from server.ports.store import UnitOfWork
from server.usecases import requests as rq
from server.usecases.decision_programs import DecisionPrograms
from server.usecases.executor import rows
from server.usecases.executor.carrying_out import carry_out_request
from server.usecases.executor.definitions import Definitions
from server.usecases.executor.graphs import GraphCache, GraphMissing
from server.usecases.executor.items import Item
from server.usecases.executor.matching import MATCH_MESSAGES, START_BY_MESSAGE, Matcher, kept_until, reopen
from server.usecases.executor.migrating import MIGRATE, go_on_migrating
from server.usecases.executor.missing import missing
from server.usecases.executor.results import apply_result
from server.usecases.executor.session import LONGEST_CALL_CHAIN, START_CALLED, EngineFailure, Session
from server.usecases.executor.signals import BROADCAST_SIGNAL, START_BY_SIGNAL, broadcast
from server.usecases.executor.starting import called_definition, new_instance_row, startable

log = structlog.get_logger("bpmnd.executor")

CONDITIONS_PER_BATCH = 200
EVALUATE_CONDITIONS = "EVALUATE_CONDITIONS"
SUBSCRIPTIONS_PER_BATCH = 200
CORRELATE_ALL = "CORRELATE_ALL"
ROWS = CommandRow | TimerRow | TimerStartRow
LATE_TARGET_TRIES = 20
LARGEST_ID = 2**63 - 1
"""How often a command for an instance that does not exist yet is tried again (its start may be on its way)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    ids: Callable[[], int]
    graphs: GraphCache
    decisions: DecisionPrograms
    handlers: Handlers
    limits: Limits
    message_ttl_seconds: float = 3600.0
    publish_events: bool = True


@dataclass(slots=True)
class Report:
    """What a batch left to do."""

    commands: bool = False
    """It wrote commands that are due now."""
    jobs: bool = False
    events: bool = False
    steps: int = 0
    claimed: int = 0
    deferred: list[Item] = field(default_factory=list)


class Batch:
    """The work of one transaction. Use: `prepare`, `handle`, `finish`, then commit the unit."""

    def __init__(self, unit: UnitOfWork, options: BatchOptions) -> None:
        self.unit = unit
        self.options = options
        self.now = unit.now()
        self.sessions: dict[int, Session] = {}
        self.changes = Changes()
        self.tasks: dict[int, UserTaskRow] = {}
        self.jobs: dict[int, JobRow] = {}
        self.incidents: dict[int, IncidentRow] = {}
        self.report = Report()
        self.definitions = Definitions(unit)
        self._matcher = Matcher(unit, options.ids)

    # -- preparing ----------------------------------------------------------------------------------------------------

    def prepare(self, items: Sequence[Item]) -> list[Item]:
        """Find, lock and load the instances; returns the items that can be handled now."""
        self._locate(items)
        wanted = {item.instance_id for item in items if item.instance_id and item.error is None}
        locked = self.unit.lock_instances(sorted(wanted)) if wanted else {}
        missing = wanted - locked.keys()
        exist = self.unit.instances_exist(missing) if missing else set()
        ready: list[Item] = []
        for item in items:
            if item.error is not None:
                continue
            if item.instance_id in exist:
                item.deferred = True
                self.report.deferred.append(item)
            elif item.instance_id in missing:
                self._target_missing(item)
            else:
                ready.append(item)
        self._load(locked, ready)
        self._matcher.lock(item.work for item in ready if isinstance(item.work, CommandRow))
        return [item for item in ready if item.error is None]

    def _locate(self, items: Sequence[Item]) -> None:
        jobs: dict[int, list[Item]] = {}
        tasks: dict[int, list[Item]] = {}
        incidents: dict[int, list[Item]] = {}
        for item in items:
            match item.work:
                case ResultMessage(job_id=job_id) | rq.JobResultRequest(result=ResultMessage(job_id=job_id)):
                    self._by_id(item, jobs, job_id)
                case (
                    rq.CompleteTaskRequest(task_id=id)
                    | rq.TaskErrorRequest(task_id=id)
                    | rq.ChangeTaskRequest(task_id=id)
                ):
                    tasks.setdefault(id, []).append(item)
                case rq.ResolveIncidentRequest(incident_id=id):
                    incidents.setdefault(id, []).append(item)
                case CommandRow(instance_id=id) | TimerRow(instance_id=id):
                    item.instance_id = id
                case (
                    rq.CancelRequest(instance_id=id)
                    | rq.PauseRequest(instance_id=id)
                    | rq.ResumeRequest(instance_id=id)
                    | rq.SetVariablesRequest(instance_id=id)
                    | rq.ModifyRequest(instance_id=id)
                    | rq.MigrateRequest(instance_id=id)
                ):
                    item.instance_id = id
        self._assign(jobs, self.unit.locate_jobs)
        self._assign(tasks, self.unit.locate_tasks)
        self._assign(incidents, self.unit.locate_incidents)

    def _by_id(self, item: Item, found: dict[int, list[Item]], text: str) -> None:
        if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_ID:
            found.setdefault(int(text), []).append(item)
        else:
            item.error = missing(item.work)

    def _assign(self, wanted: dict[int, list[Item]], locate: Callable[[Iterable[int]], dict[int, int]]) -> None:
        if not wanted:
            return
        found = locate(wanted)
        for id, items in wanted.items():
            for item in items:
                if id in found:
                    item.instance_id = found[id]
                else:
                    item.error = missing(item.work)

    def _target_missing(self, item: Item) -> None:
        match item.work:
            case CommandRow() as row if row.kind == c.CancelInstance.kind and row.attempts < LATE_TARGET_TRIES:
                # The instance to be cancelled may be about to be created by a command another process holds.
                row.attempts += 1
                row.due_at = self.now + timedelta(seconds=0.5)
                self.changes.updated_commands.append(row)
            case CommandRow() as row:
                if row.kind == c.DeliverMessage.kind:
                    reopen(self.unit, row.payload["message_id"], self.options.ids, self.changes)
                self.changes.deleted_commands.append((row.instance_id, row.id))
            case TimerRow() as row:
                self.changes.deleted_timers.append((row.instance_id, row.id))
            case _:
                item.error = missing(item.work)

    def _load(self, locked: dict[int, InstanceRow], items: list[Item]) -> None:
        for id, row in locked.items():
            try:
                graph = self.options.graphs.get(self.unit, row.definition_id)
            except GraphMissing as error:
                for item in items:
                    if item.instance_id == id:
                        item.error = EngineFailure(str(error))
                continue
            self.sessions[id] = self._session(row, graph, is_new=False)
        task_refs, job_refs, incident_refs = set(), set(), set()
        for item in items:
            match item.work:
                case (
                    rq.CompleteTaskRequest(task_id=id)
                    | rq.TaskErrorRequest(task_id=id)
                    | rq.ChangeTaskRequest(task_id=id)
                ):
                    task_refs.add((item.instance_id, id))
                case ResultMessage(job_id=job_id) | rq.JobResultRequest(result=ResultMessage(job_id=job_id)):
                    job_refs.add((item.instance_id, int(job_id)))
                case rq.ResolveIncidentRequest(incident_id=id):
                    incident_refs.add((item.instance_id, id))
        self.tasks = self.unit.load_tasks(task_refs) if task_refs else {}
        self.jobs = self.unit.load_jobs(job_refs) if job_refs else {}
        self.incidents = self.unit.load_incidents(incident_refs) if incident_refs else {}
        for job in self.jobs.values():
            session = self.sessions.get(job.instance_id)
            if session is not None:
                session.jobs[job.id] = job
        self._load_scopes(items)

    def _load_scopes(self, items: list[Item]) -> None:
        """The chains of all scopes that the items are about, and the variables of those chains."""
        below: set[tuple[int, int]] = set()
        for item in items:
            scope_id = self._scope_of(item)
            if scope_id is not None and scope_id != item.instance_id and item.instance_id in self.sessions:
                below.add((item.instance_id, scope_id))
        refs = {(id, id) for id in self.sessions}
        if below:
            for row in self.unit.load_scope_chains(below):
                self.sessions[row.instance_id].add_scope(rows.scope_of(row))
                refs.add((row.instance_id, row.id))
        if refs:
            for variable in self.unit.load_variables(refs):
                self.sessions[variable.instance_id].add_variable(variable)

    def _scope_of(self, item: Item) -> int | None:
        match item.work:
            case CommandRow(payload=payload):
                scope_id = payload.get("scope_id")
                return scope_id if isinstance(scope_id, int) else None
            case TimerRow(scope_id=scope_id):
                return scope_id
            case rq.CompleteTaskRequest(task_id=id) | rq.TaskErrorRequest(task_id=id):
                return self.tasks[id].scope_id if id in self.tasks else None
            case ResultMessage(job_id=job_id) | rq.JobResultRequest(result=ResultMessage(job_id=job_id)):
                job = self.jobs.get(int(job_id))
                return None if job is None else job.scope_id
            case rq.ResolveIncidentRequest(incident_id=id):
                return self.incidents[id].scope_id if id in self.incidents else None
            case rq.SetVariablesRequest(scope_id=scope_id):
                return scope_id
        return None

    def _session(self, row: InstanceRow, graph: Any, *, is_new: bool, call_depth: int = 0) -> Session:
        options = self.options
        return Session(
            self.unit,
            row,
            graph,
            options.ids,
            options.handlers,
            options.limits,
            is_new=is_new,
            message_ttl_seconds=options.message_ttl_seconds,
            publish_events=options.publish_events,
            call_depth=call_depth,
            decisions=self.options.decisions,
        )

    # -- handling -----------------------------------------------------------------------------------------------------

    def handle(self, item: Item) -> None:
        """One item; what is wrong with it stays with it."""
        try:
            match item.work:
                case rq.Request() as request:
                    carry_out_request(self, item, request)
                case ResultMessage() as result:
                    session = self.sessions[item.instance_id]
                    apply_result(session, session.jobs.get(int(result.job_id)), result, None)
                case TimerRow() as timer:
                    self._timer(timer)
                case TimerStartRow() as start:
                    self._timer_start(start)
                case CommandRow() as row:
                    self._command(row)
        except EngineFailure as error:
            item.error = error
        except DomainError as error:
            # Whoever asked is told; a row that nobody asks about is counted, so that it is not tried for ever.
            item.error = EngineFailure(error.message) if isinstance(item.work, ROWS) else error
        self.report.steps += 1

    def _timer(self, timer: TimerRow) -> None:
        session = self.sessions[timer.instance_id]
        command = rows.fire_timer(timer)
        if session.is_held:
            session.enqueue(timer.instance_id, command.kind, c.to_dict(command), parked=True)
            session.changes.deleted_timers.append((timer.instance_id, timer.id))
        elif session.is_ended or session.do(command).value == "GONE":
            session.changes.deleted_timers.append((timer.instance_id, timer.id))

    def _timer_start(self, start: TimerStartRow) -> None:
        self.plan_next_start(start)
        definition = self.definitions.find(start.tenant_id, start.definition_id)
        if definition is None or definition.suspended or not definition.executable:
            return
        row = new_instance_row(definition, self.options.ids(), None, self.unit)
        self.start(row, c.StartInstance(instance_id=row.id, element_id=start.element_id))

    def plan_next_start(self, start: TimerStartRow) -> None:
        """This one is done with; a cycle goes on."""
        if start.id in self.changes.deleted_timer_starts:
            return
        self.changes.deleted_timer_starts.append(start.id)
        plan = next_plan(TimerPlan(start.due_at, start.cycle, start.remaining), self.now) if start.cycle else None
        if plan is not None:
            self.changes.new_timer_starts.append(
                TimerStartRow(
                    id=self.options.ids(),
                    tenant_id=start.tenant_id,
                    definition_id=start.definition_id,
                    definition_key=start.definition_key,
                    element_id=start.element_id,
                    due_at=plan.due_at,
                    cycle=plan.cycle,
                    remaining=plan.remaining,
                )
            )

    def start(self, row: InstanceRow, command: c.StartInstance, *, call_depth: int = 0) -> Session:
        """A new instance within this batch."""
        try:
            graph = self.options.graphs.get(self.unit, row.definition_id)
        except GraphMissing as error:
            raise EngineFailure(str(error)) from error
        session = self._session(row, graph, is_new=True, call_depth=call_depth)
        if session.do(command).value == "GONE":
            raise ConflictError(
                "START_EVENT_MISSING",
                f"Expected '{row.definition_key}' to have the start event that was asked for, but it has not",
            )
        self.sessions[row.id] = session
        return session

    def _command(self, row: CommandRow) -> None:
        if row.kind == MATCH_MESSAGES:
            self._matcher.match(row, self.changes)
        elif row.kind == START_CALLED:
            self._start_called(row)
        elif row.kind == START_BY_MESSAGE:
            self._start_by_message(row)
        elif row.kind == BROADCAST_SIGNAL:
            broadcast(self.unit, row, self.options.ids, self.changes)
        elif row.kind == START_BY_SIGNAL:
            self._start_by_signal(row)
        else:
            self._instance_command(row)
            return
        self.changes.deleted_commands.append((row.instance_id, row.id))

    def _instance_command(self, row: CommandRow) -> None:
        session = self.sessions[row.instance_id]
        if row.kind == MIGRATE:
            go_on_migrating(self, session, row)
            self.changes.deleted_commands.append((row.instance_id, row.id))
            return
        if session.is_held:
            row.due_at = None
            self.changes.updated_commands.append(row)
            return
        if row.kind == EVALUATE_CONDITIONS:
            # A command of an older release has not counted.
            transitions = row.payload.get("transitions", 0)
            changed = fx.VariablesChanged(
                names=frozenset(row.payload["names"]), evaluated=frozenset(), transitions=transitions
            )
            self._queue_conditions(session, changed, row.payload["after"])
        elif row.kind == CORRELATE_ALL:
            self._queue_correlation(session, row.payload["after"])
        else:
            command = c.from_dict(row.kind, row.payload)
            outcome = session.do(command)
            if isinstance(command, c.DeliverMessage) and outcome.value == "DONE":
                self._delivered(command.message_id)
        self.changes.deleted_commands.append((row.instance_id, row.id))

    def _delivered(self, message_id: int) -> None:
        message = self.unit.find_message(message_id)
        if message is not None and message.state == "CORRELATED":
            message.expires_at = kept_until(message, self.now)
            self.changes.updated_messages.append(message)

    def _start_called(self, row: CommandRow) -> None:
        payload = row.payload
        parent = {name: payload[name] for name in ("parent_instance_id", "parent_scope_id", "parent_token_id")}
        try:
            # A command of an older release says no depth.
            depth = payload.get("depth", 1)
            if depth > LONGEST_CALL_CHAIN:
                raise ConflictError(
                    "CALLS_ENDLESS",
                    f"Expected at most {LONGEST_CALL_CHAIN} processes that call each other without any wait, "
                    f"but '{payload['parent_element_id']}' would call '{payload['process_key']}' as the next one",
                )
            definition = called_definition(self.definitions, row.tenant_id, payload)
            new = new_instance_row(definition, payload["instance_id"], payload["business_key"], self.unit)
            new.parent_instance_id = parent["parent_instance_id"]
            new.parent_scope_id = parent["parent_scope_id"]
            new.parent_token_id = parent["parent_token_id"]
            new.parent_element_id = payload["parent_element_id"]
            new.root_instance_id = payload["root_instance_id"]
            self.start(new, c.StartInstance(instance_id=new.id, variables=payload["variables"]), call_depth=depth)
        except (DomainError, EngineFailure) as error:
            failed = c.FailCall(
                instance_id=parent["parent_instance_id"],
                scope_id=parent["parent_scope_id"],
                token_id=parent["parent_token_id"],
                called_instance_id=payload["instance_id"],
                message=str(error),
            )
            self.changes.new_commands.append(
                CommandRow(
                    instance_id=failed.instance_id,
                    id=self.options.ids(),
                    tenant_id=row.tenant_id,
                    kind=failed.kind,
                    payload=c.to_dict(failed),
                    due_at=self.now,
                )
            )

    def _start_by_message(self, row: CommandRow) -> None:
        payload = row.payload
        try:
            definition = startable(self.definitions, row.tenant_id, payload["definition_id"])
            new = new_instance_row(definition, payload["instance_id"], payload["business_key"], self.unit)
            command = c.StartInstance(
                instance_id=new.id,
                element_id=payload["element_id"],
                variables=payload["variables"],
                message_name=payload["message_name"],
            )
            self.start(new, command)
        except ConflictError as error:
            log.warning("message_start_dropped", reason=error.message, message=payload["message_name"])
            self._started(payload["message_id"], "EXPIRED")
            return
        self._started(payload["message_id"], "STARTED")

    def _start_by_signal(self, row: CommandRow) -> None:
        payload = row.payload
        try:
            definition = startable(self.definitions, row.tenant_id, payload["definition_id"])
            new = new_instance_row(definition, payload["instance_id"], None, self.unit)
            command = c.StartInstance(
                instance_id=new.id, element_id=payload["element_id"], variables=payload["variables"]
            )
            self.start(new, command)
        except ConflictError as error:
            log.warning("signal_start_dropped", reason=error.message, signal=payload["signal_name"])

    def _started(self, message_id: int, state: str) -> None:
        message = self.unit.find_message(message_id)
        if message is not None and message.state == "STARTING":
            message.state, message.expires_at = state, kept_until(message, self.now)
            self.changes.updated_messages.append(message)

    def release(self, session: Session) -> None:
        """The instance goes on: what was kept for it, in this transaction too, is due now."""
        self.unit.release_commands(session.row.id)
        for row in (*self.changes.updated_commands, *session.changes.new_commands):
            if row.instance_id == session.row.id and row.due_at is None:
                row.due_at = self.now
        self.report.commands = True

    # -- the end ------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Write everything; conditional events that the steps may have fulfilled become commands."""
        changed = []
        for session in self.sessions.values():
            changed.append((session, session.changed_names))
            session.finish(self.changes)
        self.unit.write(self.changes)
        self._note(self.changes)
        followers = Changes()
        self.changes = followers
        for session, names in changed:
            if not session.is_ended:
                for written in names:
                    self._queue_conditions(session, written, 0)
                self._correlate_changed(session)
        if followers.new_commands:
            self.unit.write(followers)
            self._note(followers)

    def _note(self, changes: Changes) -> None:
        self.report.commands |= any(row.due_at is not None for row in changes.new_commands)
        self.report.jobs |= bool(changes.new_jobs or changes.updated_jobs)
        self.report.events |= bool(changes.outbox)

    def _queue_conditions(self, session: Session, changed: fx.VariablesChanged, after: int) -> None:
        found = self.unit.condition_waits(session.row.id, changed.names, CONDITIONS_PER_BATCH, after)
        waits: list[ConditionWaitRow] = found
        for wait in waits:
            if wait.scope_id in changed.evaluated:
                continue
            command = c.EvaluateCondition(
                instance_id=wait.instance_id,
                scope_id=wait.scope_id,
                wait_id=wait.id,
                token_id=wait.token_id,
                element_id=wait.element_id,
                transitions=changed.transitions,
            )
            self.changes.new_commands.append(self._row(session, command.kind, c.to_dict(command)))
        if len(waits) == CONDITIONS_PER_BATCH:
            payload = {"names": sorted(changed.names), "after": waits[-1].id, "transitions": changed.transitions}
            self.changes.new_commands.append(self._row(session, EVALUATE_CONDITIONS, payload))

    def _correlate_changed(self, session: Session) -> None:
        """Subscriptions that a changed correlation key concerns are looked at by commands of their own."""
        if session.correlate_all:
            self._queue_correlation(session, 0)
            return
        for id in sorted(session.correlate):
            for stored in self.unit.correlated_subscriptions(session.row.id, 1, id - 1):
                if stored.id == id:
                    self._correlate_again(session, stored)

    def _queue_correlation(self, session: Session, after: int) -> None:
        stored = self.unit.correlated_subscriptions(session.row.id, SUBSCRIPTIONS_PER_BATCH, after)
        for row in stored:
            if row.id not in session.knowing:
                self._correlate_again(session, row)
        if len(stored) == SUBSCRIPTIONS_PER_BATCH:
            self.changes.new_commands.append(self._row(session, CORRELATE_ALL, {"after": stored[-1].id}))

    def _correlate_again(self, session: Session, stored: MessageSubscriptionRow) -> None:
        command = c.CorrelateAgain(
            instance_id=stored.instance_id,
            scope_id=stored.scope_id,
            subscription_id=stored.id,
            token_id=stored.token_id,
            element_id=stored.element_id,
            name=stored.name,
            rule=as_rule(stored.rule or ()),
            correlation_key=stored.correlation_key,
            claimed=stored.claimed_by is not None,
        )
        self.changes.new_commands.append(self._row(session, command.kind, c.to_dict(command)))

    def _row(self, session: Session, kind: str, payload: dict[str, Any]) -> CommandRow:
        return CommandRow(
            instance_id=session.row.id,
            id=self.options.ids(),
            tenant_id=session.row.tenant_id,
            kind=kind,
            payload=payload,
            due_at=self.now,
        )
