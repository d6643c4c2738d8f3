"""Between dataclasses of the port and rows of the tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Table

from server.ports import records
from server.store import tables

R = TypeVar("R")


class Mapping(Generic[R]):
    """A dataclass whose fields are columns of the same name (but for `renamed`)."""

    def __init__(self, table: Table, row_type: type[R], *, renamed: dict[str, str] | None = None) -> None:
        renamed = renamed or {}
        self.table = table
        self.row_type = row_type
        self.fields = tuple(field.name for field in fields(row_type))  # type: ignore[arg-type]
        self.column_names = tuple(renamed.get(name, name) for name in self.fields)
        self.columns: list[Column[Any]] = [table.c[name] for name in self.column_names]
        self._values = attrgetter(*self.fields)

    def params(self, row: R) -> dict[str, Any]:
        """Parameters of an insert."""
        return dict(zip(self.column_names, self._values(row), strict=True))

    def row(self, values: Iterable[Any]) -> R:
        """The dataclass of a row that was selected with `columns`."""
        return self.row_type(**dict(zip(self.fields, values, strict=True)))

    def rows(self, result: Iterable[Iterable[Any]]) -> list[R]:
        return [self.row(values) for values in result]


deployment = Mapping(tables.deployment, records.DeploymentRow)
resource = Mapping(tables.resource, records.ResourceRow)
definition = Mapping(tables.definition, records.DefinitionRow)
decision = Mapping(tables.decision, records.DecisionRow)
message_start = Mapping(tables.message_start, records.MessageStartRow)
signal_start = Mapping(tables.signal_start, records.SignalStartRow)
condition_start = Mapping(tables.condition_start, records.ConditionStartRow)
timer_start = Mapping(tables.timer_start, records.TimerStartRow)
instance = Mapping(tables.instance, records.InstanceRow)
scope = Mapping(tables.scope, records.ScopeRow)
variable = Mapping(tables.variable, records.VariableRow)
item = Mapping(tables.item, records.ItemRow, renamed={"index": "item_index"})
command = Mapping(tables.command, records.CommandRow)
migration = Mapping(tables.migration, records.MigrationRow)
job = Mapping(tables.job, records.JobRow)
user_task = Mapping(tables.user_task, records.UserTaskRow)
timer = Mapping(tables.timer, records.TimerRow)
message_subscription = Mapping(tables.message_subscription, records.MessageSubscriptionRow)
signal_subscription = Mapping(tables.signal_subscription, records.SignalSubscriptionRow)
message = Mapping(tables.message, records.MessageRow)
condition_wait = Mapping(tables.condition_wait, records.ConditionWaitRow)
incident = Mapping(tables.incident, records.IncidentRow)
history = Mapping(tables.history, records.HistoryRow)
outbox = Mapping(tables.outbox, records.OutboxRow)
idempotency = Mapping(tables.idempotency, records.IdempotencyRow)
audit = Mapping(tables.audit, records.AuditRow)
token = Mapping(tables.api_token, records.TokenRow)
