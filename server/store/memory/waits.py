"""Jobs, messages and the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Any

from server.ports.records import (
    IncidentRow,
    JobRow,
    MessageRow,
    MessageStartRow,
    MessageSubscriptionRow,
    OutboxRow,
    RuleDocument,
    UserTaskRow,
)
from server.ports.store import Carried, Ref, Value
from server.store.memory.base import UnitBase
from server.store.memory.data import PausedRow
from server.store.memory.tables import View
from server.store.updates import JOB_UPDATES
from server.store.values import equality_hash, same_value


class Waits(UnitBase):
    def locate_jobs(self, job_ids: Iterable[int]) -> dict[int, int]:
        """Job id -> instance id, for those that exist."""
        return self._located(self._views.job, job_ids)

    def locate_tasks(self, task_ids: Iterable[int]) -> dict[int, int]:
        """Task id -> instance id, for those that exist."""
        return self._located(self._views.user_task, task_ids)

    def locate_incidents(self, incident_ids: Iterable[int]) -> dict[int, int]:
        """Incident id -> instance id, for those that exist."""
        return self._located(self._views.incident, incident_ids)

    def load_jobs(self, refs: Iterable[Ref]) -> dict[int, JobRow]:
        """The jobs by id, for those that exist."""
        return self._loaded(self._views.job, refs)

    def load_tasks(self, refs: Iterable[Ref]) -> dict[int, UserTaskRow]:
        """The user tasks by id, for those that exist."""
        return self._loaded(self._views.user_task, refs)

    def load_incidents(self, refs: Iterable[Ref]) -> dict[int, IncidentRow]:
        """The incidents by id, for those that exist."""
        return self._loaded(self._views.incident, refs)

    @staticmethod
    def _located(view: View[Any], ids: Iterable[int]) -> dict[int, int]:
        wanted = set(ids)
        return {row.id: row.instance_id for row in view.scan() if row.id in wanted} if wanted else {}

    @staticmethod
    def _loaded(view: View[Any], refs: Iterable[Ref]) -> dict[int, Any]:
        found = [view.find(*ref) for ref in refs]
        return {row.id: row for row in found if row is not None}

    def claim_due_jobs(self, limit: int, exclude_types: Iterable[str] = ()) -> list[JobRow]:
        """Jobs with `due_at <= now` whose type is not excluded, by due time; none of paused instances."""
        excluded = set(exclude_types)
        due = [row for row in self._due_jobs() if row.type not in excluded]
        return self._views.job.thawed(sorted(due, key=attrgetter("due_at", "id"))[:limit])

    def claim_jobs_of_type(self, tenant_id: str, type: str, limit: int) -> list[JobRow]:
        """As `claim_due_jobs` for one type and tenant, highest priority first."""
        due = [row for row in self._due_jobs() if row.type == type and row.tenant_id == tenant_id]
        due.sort(key=lambda row: (-row.priority, row.due_at, row.id))
        return self._views.job.thawed(due[:limit])

    def _due_jobs(self) -> list[JobRow]:
        return [
            row
            for row in self._views.job.scan()
            if row.due_at is not None
            and row.due_at <= self.now()
            and self._views.paused.get(row.instance_id) is None
        ]  # fmt: skip

    def update_jobs(self, jobs: Sequence[JobRow]) -> None:
        """As `Changes.updated_jobs`."""
        for job in jobs:
            self._views.job.update(job, JOB_UPDATES)

    def reset_dispatched_jobs(self) -> int:
        """Every dispatched job without a lease is due now; those with an incident stay as they are."""
        dispatched = [
            row
            for row in self._views.job.scan()
            if row.dispatched and row.locked_until is None and row.due_at is not None
        ]
        for row in dispatched:
            self._views.job.set((row.instance_id, row.id), due_at=self.now())
        return len(dispatched)

    def park_commands(self, instance_id: int) -> None:
        """The instance is paused: its commands are not due any more, its jobs and timers are not handed out."""
        for row in list(self._views.command.scan(instance_id)):
            self._views.command.set((instance_id, row.id), due_at=None)
        self._views.paused.upsert(PausedRow(instance_id=instance_id))

    def release_commands(self, instance_id: int) -> None:
        """Parked commands of the instance are due now; jobs and timers stay as they are."""
        for row in list(self._views.command.scan(instance_id)):
            if row.due_at is None:
                self._views.command.set((instance_id, row.id), due_at=self.now())

    def unpark_commands(self, instance_id: int, *, shift_timers: timedelta | None = None) -> None:
        """The instance goes on: parked commands are due now, jobs and timers are handed out again.

        `shift_timers` moves the due dates of its timers (they stood still); without it they catch up.
        """
        self.release_commands(instance_id)
        if shift_timers:
            for timer in list(self._views.timer.scan(instance_id)):
                self._views.timer.set((instance_id, timer.id), due_at=timer.due_at + shift_timers)
        self._views.paused.delete(instance_id)

    def claim_outbox(self, limit: int) -> list[OutboxRow]:
        """Delete and return rows, per instance in order of sequence."""
        waiting = sorted(self._views.outbox.scan(), key=attrgetter("id"))[:limit]
        instances = {row.instance_id for row in waiting}
        mine = [row for instance_id in sorted(instances) for row in self._views.outbox.scan(instance_id)]
        claimed = sorted(mine, key=attrgetter("instance_id", "sequence", "id"))[:limit]
        for row in claimed:
            self._views.outbox.delete(row.instance_id, row.sequence, row.id)
        return self._views.outbox.thawed(claimed)

    def lock_message_name(self, tenant_id: str, name: str) -> None:
        """With one writer nobody else matches anything."""

    def find_message(self, id: int) -> MessageRow | None:
        """The message; None where it was delivered and deleted, or never was."""
        return self._views.message.find(id)

    def find_message_by_message_id(self, tenant_id: str, name: str, message_id: str) -> MessageRow | None:
        """The message that the sender gave this id, while it is kept."""
        wanted = (tenant_id, name, message_id)
        for row in self._views.message.scan():
            if (row.tenant_id, row.name, row.message_id) == wanted:
                return self._views.message.table.thaw(row)
        return None

    def messages_for(
        self,
        tenant_id: str,
        name: str,
        instance_id: int,
        subscription_id: int,
        limit: int,
        carried: Carried | None = None,
    ) -> list[MessageRow]:
        """Messages that the subscription could take: OPEN, or BUFFERED and not expired, in order of id."""
        subscription = self._views.message_subscription.get(instance_id, subscription_id)
        if subscription is None or (subscription.tenant_id, subscription.name) != (tenant_id, name):
            return []
        found = [
            row
            for row in self._views.message.scan()
            if row.tenant_id == tenant_id
            and row.name == name
            and (row.state == "OPEN" or (row.state == "BUFFERED" and not self._expired(row)))
        ]
        ordered = self._views.message.thawed(sorted(found, key=attrgetter("id")))
        rule = self._views.message_subscription.table.thaw(subscription).rule
        found = []
        for message in ordered:
            values = carried(message, rule) if rule and carried is not None else None
            if (values is not None or not rule) and self._matches(message, subscription, rule or None, values or ()):
                found.append(message)
        return found[:limit]

    def _expired(self, row: MessageRow) -> bool:
        return row.expires_at is not None and row.expires_at <= self.now()

    def matching_subscriptions(
        self,
        message: MessageRow,
        limit: int,
        *,
        rule: RuleDocument | None = None,
        values: Sequence[Value] = (),
    ) -> list[MessageSubscriptionRow]:
        """Unclaimed subscriptions that meet every criterion the message gives, in order of id."""
        found = [
            row
            for row in self._views.message_subscription.scan()
            if row.tenant_id == message.tenant_id
            and row.name == message.name
            and self._matches(message, row, rule, values)
        ]
        return self._views.message_subscription.thawed(sorted(found, key=attrgetter("id"))[:limit])

    def correlation_rules(self, tenant_id: str, name: str) -> list[RuleDocument]:
        """The distinct rules of unclaimed subscriptions to the name that wait for values."""
        rules: dict[int, RuleDocument] = {}
        for row in self._views.message_subscription.scan():
            if (row.tenant_id, row.name) == (tenant_id, name) and row.claimed_by is None:
                rule = self._views.message_subscription.table.thaw(row).rule
                if rule:
                    rules[equality_hash(rule) or 0] = rule
        return [rules[digest] for digest in sorted(rules)]

    def kept_rules(self, tenant_id: str, name: str) -> list[RuleDocument]:
        """None: here all messages of a name are looked through."""
        return []

    def correlated_subscriptions(self, instance_id: int, limit: int, after: int = 0) -> list[MessageSubscriptionRow]:
        """Subscriptions of the instance that a correlation key of the standard's concerns, by id."""
        rows = self._views.message_subscription.thawed(self._views.message_subscription.scan(instance_id))
        found = [row for row in rows if row.rule is not None and row.id > after]
        return sorted(found, key=attrgetter("id"))[:limit]

    def _matches(
        self, message: MessageRow, row: MessageSubscriptionRow, rule: RuleDocument | None, values: Sequence[Value]
    ) -> bool:
        key = message.correlation_key if message.has_correlation_key else None
        wanted = key if rule is None else [key, *values]
        waits = self._views.message_subscription.table.thaw(row)
        if row.claimed_by is not None or (waits.rule or None) != rule or not same_value(waits.correlation_key, wanted):
            return False
        if message.receivers and row.definition_key not in message.receivers:
            return False
        if message.business_key is not None and row.business_key != message.business_key:
            return False
        if message.target_instance_id is not None and row.instance_id != message.target_instance_id:
            return False
        for name, value in message.correlation_keys.items():
            variable = self._views.variable.find(row.instance_id, row.instance_id, name)
            if variable is None or not same_value(variable.value, value):
                return False
        return True

    def message_starts(self, tenant_id: str, name: str) -> list[MessageStartRow]:
        """Start events of the latest versions that wait for the message."""
        found = sorted(self._views.message_start.scan(tenant_id, name), key=attrgetter("definition_key", "element_id"))
        return self._views.message_start.thawed(found)

    def running_instance_with_business_key(self, tenant_id: str, definition_key: str, business_key: str) -> int | None:
        """The oldest instance of the key with this business key that has not ended."""
        wanted = (tenant_id, definition_key, business_key)
        ids = [
            row.id
            for row in self._views.instance.scan()
            if row.ended_at is None and (row.tenant_id, row.definition_key, row.business_key) == wanted
        ]
        return min(ids, default=None)

    def delete_expired_messages(self, limit: int) -> int:
        """Remove messages past their time, but none that is still to be matched or starts an instance; returns how
        many."""
        expired = [
            row for row in self._views.message.scan() if row.state not in ("OPEN", "STARTING") and self._expired(row)
        ]
        for row in expired[:limit]:
            self._views.message.delete(row.id)
        return len(expired[:limit])
