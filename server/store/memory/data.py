"""All tables of the memory store, and the views of them that belong to one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.ports import records
from server.store.memory.tables import Table, View


@dataclass(slots=True, kw_only=True)
class PausedRow:
    """An instance whose jobs and timers are not handed out."""

    instance_id: int


@dataclass(slots=True, kw_only=True)
class NodeRow:
    node: int
    owner: str
    leased_until: datetime


@dataclass(slots=True, kw_only=True)
class KeyRow:
    tenant_id: str
    key: str
    latest_version: int


class Data:
    """What is committed."""

    def __init__(self) -> None:
        owned = ("instance_id", "id")
        self.deployment = Table("deployment", records.DeploymentRow, ("id",))
        self.resource = Table("resource", records.ResourceRow, ("deployment_id", "name"))
        self.definition = Table("definition", records.DefinitionRow, ("id",))
        self.decision = Table("decision", records.DecisionRow, ("id",))
        self.definition_key = Table("definition_key", KeyRow, ("tenant_id", "key"))
        self.message_start = Table(
            "message_start", records.MessageStartRow, ("tenant_id", "message_name", "definition_id", "element_id"), 2
        )
        self.signal_start = Table(
            "signal_start", records.SignalStartRow, ("tenant_id", "signal_name", "definition_id", "element_id"), 2
        )
        self.condition_start = Table(
            "condition_start",
            records.ConditionStartRow,
            ("tenant_id", "definition_key", "definition_id", "element_id"),
            1,
        )
        self.timer_start = Table("timer_start", records.TimerStartRow, ("id",))
        self.instance = Table("instance", records.InstanceRow, ("id",))
        self.scope = Table("scope", records.ScopeRow, owned)
        self.variable = Table("variable", records.VariableRow, ("instance_id", "scope_id", "name"), 2)
        self.item = Table("item", records.ItemRow, ("instance_id", "scope_id", "index"), 2)
        self.command = Table("command", records.CommandRow, owned)
        self.migration = Table("migration", records.MigrationRow, ("instance_id",))
        self.job = Table("job", records.JobRow, owned)
        self.user_task = Table("user_task", records.UserTaskRow, owned)
        self.timer = Table("timer", records.TimerRow, owned)
        self.message_subscription = Table("message_subscription", records.MessageSubscriptionRow, owned)
        self.signal_subscription = Table("signal_subscription", records.SignalSubscriptionRow, owned)
        self.message = Table("message", records.MessageRow, ("id",))
        self.condition_wait = Table("condition_wait", records.ConditionWaitRow, ("instance_id", "id", "name"))
        self.incident = Table("incident", records.IncidentRow, owned)
        self.history = Table("history", records.HistoryRow, ("instance_id", "sequence"))
        self.outbox = Table("outbox", records.OutboxRow, ("instance_id", "sequence", "id"))
        self.idempotency = Table("idempotency", records.IdempotencyRow, ("tenant_id", "principal", "route", "key"))
        self.api_token = Table("api_token", records.TokenRow, ("id",))
        self.audit = Table("audit", records.AuditRow, ("id",))
        self.paused = Table("paused", PausedRow, ("instance_id",))
        self.node_lease = Table("node_lease", NodeRow, ("node",))


class Views:
    """What one transaction sees and changes."""

    def __init__(self, data: Data) -> None:
        self.deployment = View(data.deployment)
        self.resource = View(data.resource)
        self.definition = View(data.definition)
        self.decision = View(data.decision)
        self.definition_key = View(data.definition_key)
        self.message_start = View(data.message_start)
        self.signal_start = View(data.signal_start)
        self.condition_start = View(data.condition_start)
        self.timer_start = View(data.timer_start)
        self.instance = View(data.instance)
        self.scope = View(data.scope)
        self.variable = View(data.variable)
        self.item = View(data.item)
        self.command = View(data.command)
        self.migration = View(data.migration)
        self.job = View(data.job)
        self.user_task = View(data.user_task)
        self.timer = View(data.timer)
        self.message_subscription = View(data.message_subscription)
        self.signal_subscription = View(data.signal_subscription)
        self.message = View(data.message)
        self.condition_wait = View(data.condition_wait)
        self.incident = View(data.incident)
        self.history = View(data.history)
        self.outbox = View(data.outbox)
        self.idempotency = View(data.idempotency)
        self.api_token = View(data.api_token)
        self.audit = View(data.audit)
        self.paused = View(data.paused)
        self.node_lease = View(data.node_lease)

    def all(self) -> list[View[Any]]:
        return list(vars(self).values())

    def of_instance(self) -> list[View[Any]]:
        """Tables whose key begins with the instance id."""
        return [view for view in self.all() if view.table.key[0] == "instance_id"]
