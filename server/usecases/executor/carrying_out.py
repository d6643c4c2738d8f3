"""What each request of a caller does to its instance, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bpmn.runtime import commands as c
from bpmn.runtime.draft import Draft
from bpmn.runtime.engine import Outcome
from bpmn.runtime.lookup import visible
from bpmn.runtime.needs import TASK_FIELDS, Missing
from bpmn.runtime.state import InstanceStatus, WaitKind
from server.errors import ConflictError, DomainError, NotFound
from server.ports.records import AuditRow, IdempotencyRow, IncidentRow, MessageRow, UserTaskRow
from server.usecases import requests as rq
from server.usecases.executor import rows
from server.usecases.executor.changing import modify
from server.usecases.executor.conditions import start_by_conditions
from server.usecases.executor.items import Item
from server.usecases.executor.matching import match_command
from server.usecases.executor.migrating import MIGRATION, begin
from server.usecases.executor.missing import missing
from server.usecases.executor.results import apply_result
from server.usecases.executor.session import EngineFailure, Session
from server.usecases.executor.signals import broadcast_command, reach_of, start_command
from server.usecases.executor.starting import definition_for, new_instance_row, startable
from server.usecases.idempotency import replay

if TYPE_CHECKING:
    from server.usecases.executor.batch import Batch

Value = Any
LISTED_RECEIVERS = 1000
"""Instances that the answer to a signal names; it tells how many there are."""
_PENDING = 0
"""In the place of an HTTP status: the message was published, its match is still to come."""


def carry_out_request(batch: Batch, item: Item, request: rq.Request) -> None:
    """Sets `item.answer`; raises DomainError. The idempotency row and the audit line go with the change."""
    idempotency = request.idempotency
    if idempotency is not None:
        earlier = batch.unit.insert_idempotency(idempotency.row)
        if earlier is not None:
            item.answer = _replay(earlier, idempotency.row)
            return
    try:
        item.answer = _carry_out(batch, item, request)
    except (DomainError, EngineFailure):
        if idempotency is not None:  # nothing was changed: the key is free for another try
            batch.unit.delete_idempotency(idempotency.row)
        raise
    if idempotency is not None:
        row = idempotency.row
        if isinstance(item.answer, rq.PublishResult) and item.answer.message_row_id is not None:
            # Not matched yet: until the answer is known, the key leads to the message.
            row.status, row.response = _PENDING, str(item.answer.message_row_id).encode()
        elif isinstance(item.answer, rq.MigrationResult) and item.answer.pending is not None:
            row.status, row.response = _PENDING, f"{MIGRATION}{item.answer.pending}".encode()
        else:
            row.status, row.response = idempotency.render(item.answer)
        batch.unit.finish_idempotency(row)
    if request.audit is not None:
        action, target = request.audit
        batch.changes.audit.append(
            AuditRow(
                id=batch.options.ids(),
                tenant_id=request.tenant_id,
                at=batch.now,
                principal=request.principal or "",
                action=action,
                target=target,
            )
        )


def _replay(earlier: IdempotencyRow, row: IdempotencyRow) -> rq.Replayed | rq.PublishResult | rq.MigrationResult:
    replayed = replay(row, earlier)
    if replayed.status == _PENDING:
        if replayed.body.startswith(MIGRATION.encode()):
            instance_id = int(replayed.body.removeprefix(MIGRATION.encode()))
            return rq.MigrationResult(mapping={}, findings=(), pending=instance_id)
        return rq.PublishResult(result="PENDING", message_row_id=int(replayed.body))
    return replayed


def _carry_out(batch: Batch, item: Item, request: rq.Request) -> rq.Answer:
    match request:
        case rq.StartRequest():
            return _start(batch, request)
        case rq.PublishRequest():
            return _publish(batch, request)
        case rq.SignalRequest():
            return _signal(batch, request)
        case rq.ConditionRequest():
            return start_by_conditions(batch, request)
    session = _session(batch, item, request)
    match request:
        case rq.CompleteTaskRequest():
            return _complete_task(batch, session, request)
        case rq.TaskErrorRequest():
            return _task_error(batch, session, request)
        case rq.ChangeTaskRequest():
            return _change_task(batch, session, request)
        case rq.JobResultRequest():
            apply_result(session, session.jobs.get(int(request.result.job_id)), request.result, request.retries)
            return None
        case rq.SetVariablesRequest():
            return _set_variables(session, request)
        case rq.CancelRequest():
            _not_ended(session)
            session.do(
                c.CancelInstance(
                    instance_id=session.row.id, reason=request.reason or f"Cancelled by {request.principal}"
                )
            )
            return view(session)
        case rq.PauseRequest():
            return _pause(batch, session, request)
        case rq.ResumeRequest():
            return _resume(batch, session)
        case rq.ModifyRequest():
            _not_ended(session)
            modify(session, request)
            return view(session)
        case rq.MigrateRequest():
            _not_ended(session)
            return begin(batch, session, request)
        case rq.ResolveIncidentRequest():
            return _resolve(batch, session, request)
    raise AssertionError(f"no request {type(request).__name__}")


def view(session: Session) -> rq.InstanceView:
    """The instance as the step leaves it, from the loaded scopes."""
    row = session.row
    rows.update_instance_row(row, session.instance, session.state.scopes[row.id], session.graph, session.now)
    active: dict[str, None] = {}
    for scope in session.state.scopes.values():
        active.update(dict.fromkeys(rows.active_elements(scope, session.graph).split()))
    return rq.InstanceView(row=row, current_state=tuple(active)[:100], context=_all_variables(session, row.id))


def _session(batch: Batch, item: Item, request: rq.Request) -> Session:
    session = batch.sessions[item.instance_id]
    if session.row.tenant_id != request.tenant_id:
        raise missing(request)
    if session.is_migrating and not isinstance(request, rq.JobResultRequest | rq.ResolveIncidentRequest):
        raise _migrating(session)
    return session


def _migrating(session: Session) -> ConflictError:
    return ConflictError(
        "INSTANCE_MIGRATING",
        f"Expected instance '{session.row.id}' to stand in one version, but it is on its way to another; send the "
        "request again in a moment",
    )


def _not_ended(session: Session) -> None:
    if session.is_ended:
        raise ConflictError(
            "INSTANCE_ENDED",
            f"Expected instance '{session.row.id}' to be running, but it is {session.instance.status.value}",
        )


def _start(batch: Batch, request: rq.StartRequest) -> rq.InstanceView:
    definition = definition_for(batch.definitions, request)
    row = new_instance_row(definition, batch.options.ids(), request.business_key, batch.unit)
    command = c.StartInstance(instance_id=row.id, variables=request.variables, initiator=request.principal)
    return view(batch.start(row, command))


def _open_task(batch: Batch, session: Session, task_id: int) -> UserTaskRow:
    task = batch.tasks.get(task_id)
    if task is None:
        raise NotFound("TASK_UNKNOWN", f"Expected task '{task_id}' to exist, but it does not")
    task = session.tasks.setdefault(task_id, task)
    if task.status in ("CREATING", "COMPLETING"):
        raise ConflictError(
            "TASK_BUSY", f"Expected the listeners of task '{task_id}' to be done, but it is still {task.status}"
        )
    if task.status not in ("OPEN", "CLAIMED"):
        raise ConflictError("TASK_ENDED", f"Expected task '{task_id}' to be open, but it is {task.status}")
    _not_paused(session)
    return task


def _not_paused(session: Session) -> None:
    if session.instance.status is InstanceStatus.PAUSED:
        raise ConflictError(
            "INSTANCE_PAUSED", f"Expected instance '{session.row.id}' to be running, but it is paused; resume it first"
        )


def _complete_task(batch: Batch, session: Session, request: rq.CompleteTaskRequest) -> UserTaskRow:
    task = _open_task(batch, session, request.task_id)
    if request.check is not None:
        request.check(task)
    outcome = session.do(
        c.CompleteUserTask(
            instance_id=task.instance_id,
            scope_id=task.scope_id,
            task_id=task.id,
            token_id=task.token_id,
            variables=request.variables,
            user=request.principal,
        )
    )
    _not_rejected(session, outcome)
    row = session.tasks[task.id]
    if row.status == "COMPLETING" and not any(id == task.id for _, id, _, _ in session.changes.ended_tasks):
        return row
    return _ended(session, task, outcome.value, "COMPLETED")


def _task_error(batch: Batch, session: Session, request: rq.TaskErrorRequest) -> UserTaskRow:
    task = _open_task(batch, session, request.task_id)
    if request.check is not None:
        request.check(task)
    outcome = session.do(
        c.ThrowError(
            instance_id=task.instance_id,
            scope_id=task.scope_id,
            wait=WaitKind.USER_TASK,
            wait_id=task.id,
            token_id=task.token_id,
            error_code=request.error_code,
            message=request.message,
            variables=request.variables,
        )
    )
    return _ended(session, task, outcome.value, "COMPLETED")


def _ended(session: Session, task: UserTaskRow, outcome: str, status: str) -> UserTaskRow:
    if outcome == "GONE":
        raise ConflictError("TASK_ENDED", f"Expected task '{task.id}' to be open, but its activity has ended")
    task.status, task.ended_at = status, session.now
    return task


def _change_task(batch: Batch, session: Session, request: rq.ChangeTaskRequest) -> UserTaskRow:
    task = _open_task(batch, session, request.task_id)
    changed = request.change(task)
    if _calls_listeners(session, task):
        differences = {
            name: getattr(changed, name) for name in TASK_FIELDS if getattr(changed, name) != getattr(task, name)
        }
        if differences:
            changed = _notify_listeners(session, task, changed, differences)
    batch.tasks[task.id] = changed
    session.put_task(changed)
    return changed


def _calls_listeners(session: Session, task: UserTaskRow) -> bool:
    node = session.graph.nodes.get(task.element_id)
    return node is not None and node.listeners is not None and bool(node.listeners.tasks)


def _notify_listeners(
    session: Session, task: UserTaskRow, changed: UserTaskRow, differences: Mapping[str, Value]
) -> UserTaskRow:
    """The listeners of the task hear of the change before it is made; what they change themselves comes on top."""
    outcome = session.do(
        c.NotifyTaskChange(
            instance_id=task.instance_id,
            scope_id=task.scope_id,
            task_id=task.id,
            token_id=task.token_id,
            changes=differences,
        )
    )
    _not_rejected(session, outcome)
    if outcome.value == "GONE":
        raise ConflictError("TASK_ENDED", f"Expected task '{task.id}' to be open, but its activity has ended")
    after = session.tasks[task.id]
    more = {
        name: getattr(after, name) for name in (*TASK_FIELDS, "status") if getattr(after, name) != getattr(task, name)
    }
    return replace(changed, **more)


def _not_rejected(session: Session, outcome: Outcome) -> None:
    """A step that a listener refuses changes nothing, and whoever asked is told why."""
    if outcome is Outcome.REJECTED and session.rejection is not None:
        raise ConflictError(session.rejection.code, session.rejection.message)


def _set_variables(session: Session, request: rq.SetVariablesRequest) -> Mapping[str, Value]:
    _not_ended(session)
    scope_id = request.scope_id or session.row.id
    if scope_id not in session.state.scopes:
        raise NotFound("SCOPE_UNKNOWN", f"Expected scope '{scope_id}' to exist, but it does not")
    session.do(
        c.SetVariables(
            instance_id=session.row.id, scope_id=scope_id, variables=request.variables, removed=request.removed
        )
    )
    return _all_variables(session, scope_id if scope_id in session.state.scopes else session.row.id)


def _all_variables(session: Session, scope_id: int) -> dict[str, Value]:
    while True:
        try:
            return visible(Draft(session.state), scope_id)
        except Missing as missing:
            session.supply(missing.need)


def _pause(batch: Batch, session: Session, request: rq.PauseRequest) -> rq.InstanceView:
    _not_ended(session)
    if session.instance.status is InstanceStatus.PAUSED:
        raise ConflictError(
            "INSTANCE_PAUSED", f"Expected instance '{session.row.id}' to be running, but it is paused already"
        )
    session.do(c.PauseInstance(instance_id=session.row.id))
    session.row.pause_timers = f"{request.timers} {session.now.isoformat()}"
    batch.unit.park_commands(session.row.id)
    return view(session)


def _resume(batch: Batch, session: Session) -> rq.InstanceView:
    _not_ended(session)
    if session.instance.status is not InstanceStatus.PAUSED:
        raise ConflictError("INSTANCE_NOT_PAUSED", f"Expected instance '{session.row.id}' to be paused, but it is not")
    session.do(c.ResumeInstance(instance_id=session.row.id))
    how, _, since = (session.row.pause_timers or "").partition(" ")
    session.row.pause_timers = None
    stood_still = session.now - datetime.fromisoformat(since) if how == "STOP" else None
    batch.unit.unpark_commands(session.row.id, shift_timers=stood_still)
    batch.release(session)
    batch.report.jobs = True
    return view(session)


def _resolve(batch: Batch, session: Session, request: rq.ResolveIncidentRequest) -> IncidentRow:
    incident = batch.incidents.get(request.incident_id)
    if incident is None:
        raise NotFound("INCIDENT_UNKNOWN", f"Expected incident '{request.incident_id}' to exist, but it does not")
    if incident.resolved_at is not None:
        raise ConflictError(
            "INCIDENT_RESOLVED",
            f"Expected incident '{incident.id}' to be open, but it was resolved at {incident.resolved_at}",
        )
    if session.is_migrating:
        # Only what the migration itself has failed at can be done about now: it is tried again.
        if incident.token_id is not None:
            raise _migrating(session)
    else:
        _not_paused(session)
    if incident.token_id is None:
        _resolve_without_token(batch, session, incident, request)
    else:
        _not_ended(session)
        if request.dismiss:
            raise ConflictError(
                "INCIDENT_NOT_DISMISSIBLE",
                f"Expected incident '{incident.id}' to hold nothing up, but element '{incident.element_id}' waits for "
                "it; resolve it without 'dismiss', or cancel the instance",
            )
        outcome = session.do(
            c.ResolveIncident(
                instance_id=incident.instance_id,
                scope_id=incident.scope_id,
                incident_id=incident.id,
                token_id=incident.token_id,
                job_id=incident.job_id,
                retries=request.retries,
                variables=request.variables,
            )
        )
        if outcome.value == "GONE":
            session.changes.resolved_incidents.append((incident.instance_id, incident.id, session.now))
    incident.resolved_at = session.now
    return incident


def _resolve_without_token(
    batch: Batch, session: Session, incident: IncidentRow, request: rq.ResolveIncidentRequest
) -> None:
    """The record of an uncaught error is only closed; of a failed command, the command is tried again."""
    session.changes.resolved_incidents.append((incident.instance_id, incident.id, session.now))
    if incident.kind == "ENGINE":
        session.state.instance.incidents = max(0, session.instance.incidents - 1)
        session.touched = True
        if not request.dismiss:
            batch.unit.unpark_commands(incident.instance_id)
            batch.report.commands = True


def _publish(batch: Batch, request: rq.PublishRequest) -> rq.PublishResult:
    """Inserts the message and its match; `usecases.messages` waits for what becomes of it."""
    unit, now = batch.unit, batch.now
    if request.message_id is not None:
        earlier = unit.find_message_by_message_id(request.tenant_id, request.name, request.message_id)
        if earlier is not None:
            return rq.PublishResult(result="DUPLICATE", instance_ids=earlier.instance_ids)
    id = batch.options.ids()
    batch.changes.new_messages.append(
        MessageRow(
            id=id,
            tenant_id=request.tenant_id,
            name=request.name,
            correlation_key=request.correlation_key,
            has_correlation_key=request.has_correlation_key,
            correlation_keys=request.correlation_keys,
            business_key=request.business_key,
            target_instance_id=request.instance_id,
            variables=request.variables,
            message_id=request.message_id,
            to_all=request.to_all,
            created_at=now,
            expires_at=now + timedelta(seconds=request.ttl_seconds) if request.ttl_seconds > 0 else None,
        )
    )
    batch.changes.new_commands.append(
        match_command(unit, request.tenant_id, request.name, batch.options.ids, message_id=id)
    )
    return rq.PublishResult(result="PENDING", instance_ids=(), message_row_id=id)


def _signal(batch: Batch, request: rq.SignalRequest) -> rq.SignalResult:
    """Who gets it is known with this transaction; delivering it are commands, drained next."""
    unit, ids, tenant_id, name = batch.unit, batch.options.ids, request.tenant_id, request.name
    up_to = reach_of(unit, tenant_id, name, ids)
    receivers, total = unit.signal_receivers(tenant_id, name, LISTED_RECEIVERS, up_to)
    if receivers:
        batch.changes.new_commands.append(
            broadcast_command(unit, tenant_id, name, request.variables, ids, up_to=up_to, starts=False)
        )
    for start in unit.signal_starts(tenant_id, name):
        try:
            startable(batch.definitions, tenant_id, start.definition_id)
        except ConflictError:
            continue
        instance_id = ids()
        batch.changes.new_commands.append(start_command(unit, start, request.variables, instance_id, ids()))
        receivers.append(instance_id)
        total += 1
    return rq.SignalResult(instance_ids=tuple(receivers[:LISTED_RECEIVERS]), total=total)
