"""State and effects of the runtime as rows of the store, and rows as state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bpmn.runtime import effects as fx
from bpmn.runtime.commands import FireTimer
from bpmn.runtime.document import scope_from_document, scope_to_document
from bpmn.runtime.state import Instance, InstanceStatus, ParentLink, Phase, Scope, ScopeKind, WaitKind
from bpmn.spec.graph import Graph
from bpmn.spec.keys import Rule
from server.ports.records import (
    ConditionWaitRow,
    IncidentRow,
    InstanceRow,
    JobRow,
    MessageSubscriptionRow,
    MigratedRow,
    RuleDocument,
    ScopeRow,
    SignalSubscriptionRow,
    TimerRow,
    UserTaskRow,
)


def instance_of(row: InstanceRow) -> Instance:
    parent = None
    if row.parent_instance_id is not None:
        assert row.parent_scope_id is not None
        assert row.parent_token_id is not None
        parent = ParentLink(
            row.parent_instance_id, row.parent_scope_id, row.parent_token_id, row.parent_element_id or ""
        )
    return Instance(
        id=row.id,
        tenant_id=row.tenant_id,
        definition_id=row.definition_id,
        definition_key=row.definition_key,
        version=row.version,
        business_key=row.business_key,
        status=InstanceStatus(row.status),
        sequence=row.sequence,
        root_instance_id=row.root_instance_id,
        parent=parent,
        started_at=row.started_at,
        ended_at=row.ended_at,
        incidents=row.incidents,
    )


def root_scope_of(row: InstanceRow) -> Scope:
    return scope_from_document(
        row.document,
        id=row.id,
        kind=ScopeKind.PROCESS.value,
        element=row.definition_key,
        parent=None,
        owner=None,
        state="ACTIVE",
    )


def scope_of(row: ScopeRow) -> Scope:
    return scope_from_document(
        row.document,
        id=row.id,
        kind=row.kind,
        element=row.element_id,
        parent=row.parent_id,
        owner=row.owner_token_id,
        state=row.state,
        index=row.item_index,
    )


def scope_row(scope: Scope, instance: Instance, graph: Graph) -> ScopeRow:
    assert scope.parent is not None
    return ScopeRow(
        instance_id=instance.id,
        id=scope.id,
        tenant_id=instance.tenant_id,
        parent_id=scope.parent,
        owner_token_id=scope.owner,
        element_id=scope.element,
        kind=scope.kind.value,
        state=scope.state.value,
        document=scope_to_document(scope),
        active=active_elements(scope, graph),
        item_index=scope.index,
    )


def update_instance_row(row: InstanceRow, instance: Instance, root: Scope, graph: Graph, now: datetime) -> None:
    """Put what the steps changed into the row."""
    row.definition_id = instance.definition_id
    row.definition_key = instance.definition_key
    row.version = instance.version
    row.status = instance.status.value
    row.sequence = instance.sequence
    row.document = scope_to_document(root)
    row.active = active_elements(root, graph)
    row.incidents = instance.incidents
    if row.ended_at is None and instance.status not in (InstanceStatus.RUNNING, InstanceStatus.PAUSED):
        row.ended_at = now


def active_elements(scope: Scope, graph: Graph) -> str:
    """Distinct ids of elements that have a token, joins at which tokens wait included, space-separated."""
    ids = dict.fromkeys(t.element for t in scope.tokens.values() if t.phase is not Phase.LISTENING)
    for flow_id in scope.arrivals:
        flow = graph.flows.get(flow_id)
        if flow is not None:
            ids[flow.target.id] = None
    return " ".join(ids)


def job_row(effect: fx.CreateJob, instance: Instance, now: datetime) -> JobRow:
    return JobRow(
        instance_id=instance.id,
        id=effect.id,
        tenant_id=instance.tenant_id,
        scope_id=effect.scope_id,
        token_id=effect.token_id,
        element_id=effect.element_id,
        element_name=effect.element_name,
        definition_id=instance.definition_id,
        definition_key=instance.definition_key,
        version=instance.version,
        business_key=instance.business_key,
        type=effect.type,
        priority=effect.priority,
        headers=effect.headers,
        mapped=effect.mapped,
        result_variable=effect.result_variable,
        attempt=1,
        retries=effect.retries,
        backoff=effect.backoff_seconds,
        due_at=now,
        created_at=now,
    )


def update_job_row(row: JobRow, effect: fx.UpdateJob, now: datetime) -> None:
    """The next attempt. `attempt` -1 (a resolved incident) leaves the number: the failure has counted it already."""
    if effect.attempt >= 0:
        row.attempt = effect.attempt
    row.retries = effect.retries
    row.due_at = None if effect.due_in_seconds is None else now + timedelta(seconds=effect.due_in_seconds)
    row.dispatched = False
    row.worker_id = None
    row.locked_until = None
    row.lost = 0


def task_row(effect: fx.CreateUserTask, instance: Instance, now: datetime) -> UserTaskRow:
    return UserTaskRow(
        instance_id=instance.id,
        id=effect.id,
        tenant_id=instance.tenant_id,
        scope_id=effect.scope_id,
        token_id=effect.token_id,
        element_id=effect.element_id,
        definition_id=instance.definition_id,
        definition_key=instance.definition_key,
        business_key=instance.business_key,
        name=effect.name,
        assignee=effect.assignee,
        owner=effect.owner,
        candidate_users=effect.candidate_users,
        candidate_groups=effect.candidate_groups,
        priority=effect.priority,
        due_date=effect.due_date,
        follow_up_date=effect.follow_up_date,
        form=effect.form,
        status=effect.status or ("CLAIMED" if effect.assignee else "OPEN"),
        created_at=now,
    )


def changed_task(row: UserTaskRow, effect: fx.UpdateUserTask) -> UserTaskRow:
    """The row as a listener has changed it."""
    changed = replace(row, **effect.changes)
    if changed.status is None:
        changed.status = "CLAIMED" if changed.assignee else "OPEN"
    return changed


def timer_row(effect: fx.CreateTimer, instance: Instance) -> TimerRow:
    return TimerRow(
        instance_id=instance.id,
        id=effect.id,
        tenant_id=instance.tenant_id,
        scope_id=effect.scope_id,
        token_id=effect.token_id,
        element_id=effect.element_id,
        due_at=effect.due_at,
        cycle=effect.cycle,
        remaining=effect.remaining,
    )


def fire_timer(timer: TimerRow) -> FireTimer:
    """The command of a timer that is due."""
    return FireTimer(
        instance_id=timer.instance_id,
        scope_id=timer.scope_id,
        timer_id=timer.id,
        token_id=timer.token_id,
        element_id=timer.element_id,
        due_at=timer.due_at.isoformat(),
        cycle=timer.cycle,
        remaining=timer.remaining,
    )


def subscription_row(effect: fx.CreateMessageSubscription, instance: Instance) -> MessageSubscriptionRow:
    return MessageSubscriptionRow(
        instance_id=instance.id,
        id=effect.id,
        tenant_id=instance.tenant_id,
        scope_id=effect.scope_id,
        token_id=effect.token_id,
        element_id=effect.element_id,
        definition_key=instance.definition_key,
        business_key=instance.business_key,
        name=effect.name,
        correlation_key=effect.correlation_key,
        rule=rule_document(effect.rule),
    )


def rule_document(rule: Rule | None) -> RuleDocument | None:
    """As it is stored."""
    return None if rule is None else [[language, text] for language, text in rule]


def signal_subscription_row(effect: fx.CreateSignalSubscription, instance: Instance) -> SignalSubscriptionRow:
    return SignalSubscriptionRow(
        instance_id=instance.id,
        id=effect.id,
        tenant_id=instance.tenant_id,
        scope_id=effect.scope_id,
        token_id=effect.token_id,
        element_id=effect.element_id,
        definition_key=instance.definition_key,
        name=effect.name,
    )


def condition_rows(effect: fx.CreateConditionWait, instance: Instance) -> list[ConditionWaitRow]:
    return [
        ConditionWaitRow(
            instance_id=instance.id,
            id=effect.id,
            name=name,
            tenant_id=instance.tenant_id,
            scope_id=effect.scope_id,
            token_id=effect.token_id,
            element_id=effect.element_id,
        )
        for name in effect.names
    ]


def incident_row(effect: fx.CreateIncident, instance: Instance, now: datetime) -> IncidentRow:
    return IncidentRow(
        instance_id=instance.id,
        id=effect.id,
        tenant_id=instance.tenant_id,
        scope_id=effect.scope_id,
        token_id=effect.token_id,
        definition_id=instance.definition_id,
        definition_key=instance.definition_key,
        element_id=effect.element_id,
        kind=effect.kind,
        message=effect.message,
        error_code=effect.error_code,
        job_id=effect.job_id,
        created_at=now,
    )


_TABLES = {
    None: "scope",
    WaitKind.JOB: "job",
    WaitKind.USER_TASK: "user_task",
    WaitKind.TIMER: "timer",
    WaitKind.MESSAGE: "message_subscription",
    WaitKind.SIGNAL: "signal_subscription",
    WaitKind.CONDITION: "condition_wait",
    WaitKind.INCIDENT: "incident",
}


def migrated_row(effect: fx.MigrateRow, instance: Instance) -> MigratedRow:
    return MigratedRow(
        instance_id=instance.id,
        table=_TABLES[effect.kind],
        id=effect.id,
        element_id=effect.element_id,
        element_name=effect.element_name,
        definition_id=instance.definition_id,
        definition_key=instance.definition_key,
        version=instance.version,
    )


def rename(row: Any, effect: fx.MigrateRow) -> None:
    """A row (of a condition: its rows) that is not written yet belongs to another element."""
    for one in row if isinstance(row, list) else [row]:
        one.element_id = effect.element_id
        if isinstance(one, JobRow):
            one.element_name = effect.element_name


def move_rows(new: Iterable[Any], definition_id: int, definition_key: str, version: int) -> None:
    """Rows that are not written yet belong to another definition."""
    for row in new:
        row.definition_key = definition_key
        if hasattr(row, "definition_id"):
            row.definition_id = definition_id
        if hasattr(row, "version"):
            row.version = version
