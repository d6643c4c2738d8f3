"""Rows for tests of stores: every field that a test does not care about has a plausible value."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from server.ports.records import (
    CommandRow,
    ConditionWaitRow,
    DecisionRow,
    DefinitionRow,
    DeploymentRow,
    HistoryRow,
    IncidentRow,
    InstanceRow,
    JobRow,
    MessageRow,
    MessageSubscriptionRow,
    OutboxRow,
    ResourceRow,
    ScopeRow,
    SignalSubscriptionRow,
    TimerRow,
    UserTaskRow,
    VariableRow,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT = "default"

_ids = count(1_000_000)


def new_id() -> int:
    """An id above all earlier ones of the test session."""
    return next(_ids)


def deployment(**values: Any) -> DeploymentRow:
    return DeploymentRow(**{"id": new_id(), "tenant_id": TENANT, "name": "test", "deployed_at": NOW} | values)


def resource(deployment_id: int, name: str = "order.bpmn", **values: Any) -> ResourceRow:
    return ResourceRow(
        **{
            "deployment_id": deployment_id,
            "tenant_id": TENANT,
            "name": name,
            "kind": "bpmn",
            "content": b"<definitions/>",
            "content_hash": "0" * 64,
        }
        | values
    )


def definition(**values: Any) -> DefinitionRow:
    return DefinitionRow(
        **{
            "id": new_id(),
            "tenant_id": TENANT,
            "key": "order",
            "version": 1,
            "name": "Order",
            "version_tag": None,
            "deployment_id": 1,
            "resource_name": "order.bpmn",
            "content_hash": "0" * 64,
            "executable": True,
            "forced_executable": False,
            "deployed_at": NOW,
        }
        | values
    )


def decision(**values: Any) -> DecisionRow:
    return DecisionRow(
        **{
            "id": new_id(),
            "tenant_id": TENANT,
            "key": "rate",
            "version": 1,
            "name": "Rate",
            "version_tag": None,
            "deployment_id": 1,
            "resource_name": "rates.dmn",
            "content_hash": "0" * 64,
            "deployed_at": NOW,
        }
        | values
    )


def instance(**values: Any) -> InstanceRow:
    id = values.pop("id", None) or new_id()
    return InstanceRow(
        **{
            "id": id,
            "tenant_id": TENANT,
            "definition_id": 7,
            "definition_key": "order",
            "version": 1,
            "business_key": None,
            "status": "RUNNING",
            "sequence": 1,
            "document": {"v": 1},
            "active": "",
            "root_instance_id": id,
            "started_at": NOW,
        }
        | values
    )


def scope(instance_id: int, **values: Any) -> ScopeRow:
    return ScopeRow(
        **{
            "instance_id": instance_id,
            "id": new_id(),
            "tenant_id": TENANT,
            "parent_id": instance_id,
            "owner_token_id": None,
            "element_id": "sub",
            "kind": "SUBPROCESS",
            "state": "ACTIVE",
            "document": {"v": 1},
            "active": "",
        }
        | values
    )


def variable(instance_id: int, name: str, value: Any, scope_id: int | None = None) -> VariableRow:
    return VariableRow(
        instance_id=instance_id,
        scope_id=instance_id if scope_id is None else scope_id,
        tenant_id=TENANT,
        name=name,
        value=value,
    )


def command(instance_id: int = 0, **values: Any) -> CommandRow:
    return CommandRow(
        **{
            "instance_id": instance_id,
            "id": new_id(),
            "tenant_id": TENANT,
            "kind": "CONTINUE",
            "payload": {},
            "due_at": NOW,
        }
        | values
    )


def job(instance_id: int = 1, **values: Any) -> JobRow:
    return JobRow(
        **{
            "instance_id": instance_id,
            "id": new_id(),
            "tenant_id": TENANT,
            "scope_id": instance_id,
            "token_id": 2,
            "element_id": "charge",
            "element_name": "Charge card",
            "definition_id": 7,
            "definition_key": "order",
            "version": 1,
            "business_key": None,
            "type": "charge",
            "priority": 0,
            "headers": {},
            "mapped": False,
            "result_variable": None,
            "attempt": 1,
            "retries": 3,
            "backoff": (),
            "due_at": NOW,
            "created_at": NOW,
        }
        | values
    )


def task(instance_id: int = 1, **values: Any) -> UserTaskRow:
    return UserTaskRow(
        **{
            "instance_id": instance_id,
            "id": new_id(),
            "tenant_id": TENANT,
            "scope_id": instance_id,
            "token_id": 2,
            "element_id": "approve",
            "definition_id": 7,
            "definition_key": "order",
            "business_key": None,
            "name": "Approve",
            "assignee": None,
            "created_at": NOW,
        }
        | values
    )


def timer(instance_id: int = 1, **values: Any) -> TimerRow:
    return TimerRow(
        **{
            "instance_id": instance_id,
            "id": new_id(),
            "tenant_id": TENANT,
            "scope_id": instance_id,
            "token_id": 2,
            "element_id": "wait",
            "due_at": NOW,
            "cycle": None,
            "remaining": None,
        }
        | values
    )


def subscription(instance_id: int = 1, **values: Any) -> MessageSubscriptionRow:
    return MessageSubscriptionRow(
        **{
            "instance_id": instance_id,
            "id": new_id(),
            "tenant_id": TENANT,
            "scope_id": instance_id,
            "token_id": 2,
            "element_id": "receive",
            "definition_key": "order",
            "business_key": None,
            "name": "paid",
            "correlation_key": None,
        }
        | values
    )


def signal_subscription(instance_id: int = 1, **values: Any) -> SignalSubscriptionRow:
    return SignalSubscriptionRow(
        **{
            "instance_id": instance_id,
            "id": new_id(),
            "tenant_id": TENANT,
            "scope_id": instance_id,
            "token_id": 2,
            "element_id": "catch",
            "definition_key": "order",
            "name": "alarm",
        }
        | values
    )


def message(**values: Any) -> MessageRow:
    """`correlation_key` given means that the message has one."""
    if "correlation_key" in values:
        values.setdefault("has_correlation_key", True)
    return MessageRow(**{"id": new_id(), "tenant_id": TENANT, "name": "paid", "created_at": NOW} | values)


def condition_wait(instance_id: int, id: int, name: str, **values: Any) -> ConditionWaitRow:
    return ConditionWaitRow(
        **{
            "instance_id": instance_id,
            "id": id,
            "name": name,
            "tenant_id": TENANT,
            "scope_id": instance_id,
            "token_id": 2,
            "element_id": "when",
        }
        | values
    )


def incident(instance_id: int = 1, **values: Any) -> IncidentRow:
    return IncidentRow(
        **{
            "instance_id": instance_id,
            "id": new_id(),
            "tenant_id": TENANT,
            "scope_id": None,
            "token_id": None,
            "definition_id": 7,
            "definition_key": "order",
            "element_id": "charge",
            "kind": "JOB_RETRIES",
            "message": "no retries left",
            "created_at": NOW,
        }
        | values
    )


def history(instance_id: int, sequence: int, *events: dict[str, Any], **values: Any) -> HistoryRow:
    return HistoryRow(
        **{"instance_id": instance_id, "sequence": sequence, "tenant_id": TENANT, "at": NOW, "events": list(events)}
        | values
    )


def outbox(instance_id: int, sequence: int, **values: Any) -> OutboxRow:
    return OutboxRow(
        **{
            "id": new_id(),
            "tenant_id": TENANT,
            "instance_id": instance_id,
            "sequence": sequence,
            "routing_key": "TASK_COMPLETED.order",
            "body": {"id": "1"},
        }
        | values
    )
