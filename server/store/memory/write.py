"""`write`: everything that one transaction of the executor changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from server.ports.records import Changes, InstanceRow, ItemRow, MessageRow
from server.ports.store import Conflict
from server.store.codec import encode
from server.store.memory.base import UnitBase
from server.store.updates import (
    COMMAND_UPDATES,
    INSTANCE_UPDATES,
    JOB_UPDATES,
    MESSAGE_UPDATES,
    SCOPE_UPDATES,
    TASK_UPDATES,
)

_MIGRATED_COLUMNS: dict[str, tuple[str, ...]] = {
    "scope": ("element_id",),
    "job": ("element_id", "element_name", "definition_id", "definition_key", "version"),
    "user_task": ("element_id", "definition_id", "definition_key"),
    "timer": ("element_id",),
    "message_subscription": ("element_id", "definition_key"),
    "signal_subscription": ("element_id", "definition_key"),
    "condition_wait": ("element_id",),
    "incident": ("element_id", "definition_id", "definition_key"),
}


class Writing(UnitBase):
    def write(self, changes: Changes) -> None:
        """Everything: what goes first, then what changes, then what is new."""
        self._delete(changes)
        self._update(changes)
        self._migrate(changes)
        self._insert(changes)

    def _delete(self, changes: Changes) -> None:
        views = self._views
        for instance_id, scope_id in changes.deleted_scopes:
            views.scope.delete(instance_id, scope_id)
            for view in (views.variable, views.item):
                for row in list(view.scan(instance_id, scope_id)):
                    view.delete(*view.table.key_of(row))  # type: ignore[arg-type]
        for variable in changes.deleted_variables:
            views.variable.delete(*variable)
        deleted: list[tuple[Any, list[tuple[int, int]]]] = [
            (views.command, changes.deleted_commands),
            (views.job, changes.deleted_jobs),
            (views.timer, changes.deleted_timers),
            (views.message_subscription, changes.deleted_message_subscriptions),
            (views.signal_subscription, changes.deleted_signal_subscriptions),
        ]
        for view, refs in deleted:
            for ref in refs:
                view.delete(*ref)
        for instance_id, wait_id in changes.deleted_condition_waits:
            for row in list(views.condition_wait.scan(instance_id)):
                if row.id == wait_id:
                    views.condition_wait.delete(instance_id, wait_id, row.name)
        for id in changes.deleted_messages:
            views.message.delete(id)
        for id in changes.deleted_timer_starts:
            views.timer_start.delete(id)

    def _update(self, changes: Changes) -> None:
        views = self._views
        updated: list[tuple[Any, Any, tuple[str, ...]]] = [
            (views.instance, changes.updated_instances, INSTANCE_UPDATES),
            (views.scope, changes.updated_scopes, SCOPE_UPDATES),
            (views.command, changes.updated_commands, COMMAND_UPDATES),
            (views.job, changes.updated_jobs, JOB_UPDATES),
            (views.user_task, changes.updated_tasks, TASK_UPDATES),
            (views.message, changes.updated_messages, MESSAGE_UPDATES),
        ]
        for view, rows, columns in updated:
            for row in rows:
                view.update(row, columns)
        for instance in changes.updated_instances:
            self._check_single_start(replace(self._views.instance.get(instance.id) or instance))
        for instance_id, id, status, at in changes.ended_tasks:
            views.user_task.set((instance_id, id), status=status, ended_at=at)
        for instance_id, id, claimed_by in changes.claimed_message_subscriptions:
            views.message_subscription.set((instance_id, id), claimed_by=claimed_by)
        for instance_id, id, key, rule in changes.updated_message_subscriptions:
            views.message_subscription.set(
                (instance_id, id), correlation_key=encode(key), rule=encode(rule), claimed_by=None
            )
        for instance_id, id, at in changes.resolved_incidents:
            views.incident.set((instance_id, id), resolved_at=at)

    def _migrate(self, changes: Changes) -> None:
        views = self._views
        for row in changes.migrated_rows:
            columns = {name: getattr(row, name) for name in _MIGRATED_COLUMNS[row.table]}
            if row.table == "condition_wait":
                for wait in list(views.condition_wait.scan(row.instance_id)):
                    if wait.id == row.id:
                        views.condition_wait.set((row.instance_id, row.id, wait.name), **columns)
            else:
                getattr(views, row.table).set((row.instance_id, row.id), **columns)
        for migrated in changes.migrated_instances:
            definition = {"definition_key": migrated.definition_key, "definition_id": migrated.definition_id}
            views.instance.set((migrated.id,), **definition, version=migrated.version)
            for incident in list(views.incident.scan(migrated.id)):
                if incident.resolved_at is None and incident.token_id is None:
                    views.incident.set((migrated.id, incident.id), **definition)
        for migration in changes.migrations:
            views.migration.upsert(migration)

    def _insert(self, changes: Changes) -> None:
        views = self._views
        for instance in changes.new_instances:
            self._check_single_start(instance)
            views.instance.insert(instance)
        for message in changes.new_messages:
            self._check_message_id(message)
            views.message.insert(message)
        inserted: list[tuple[Any, Any]] = [
            (views.scope, changes.new_scopes),
            (views.command, changes.new_commands),
            (views.job, changes.new_jobs),
            (views.user_task, changes.new_tasks),
            (views.timer, changes.new_timers),
            (views.message_subscription, changes.new_message_subscriptions),
            (views.signal_subscription, changes.new_signal_subscriptions),
            (views.condition_wait, changes.new_condition_waits),
            (views.incident, changes.new_incidents),
            (views.timer_start, changes.new_timer_starts),
            (views.item, changes.new_items),
            (views.history, changes.history),
            (views.outbox, changes.outbox),
            (views.audit, changes.audit),
        ]
        for view, rows in inserted:
            for row in rows:
                view.insert(row)
        for variable in changes.set_variables:
            views.variable.upsert(variable)
        for instance_id, scope_id, index, output in changes.outputs:
            known = views.item.find(instance_id, scope_id, index)
            owner = views.instance.get(instance_id)
            tenant_id = owner.tenant_id if owner is not None else "default"
            row = known or ItemRow(instance_id=instance_id, scope_id=scope_id, index=index, tenant_id=tenant_id)
            views.item.upsert(replace(row, output=output))

    def _check_single_start(self, row: InstanceRow) -> None:
        if not row.single_start or row.ended_at is not None or row.business_key is None:
            return
        mine = (row.tenant_id, row.definition_key, row.business_key)
        for other in self._views.instance.scan():
            theirs = (other.tenant_id, other.definition_key, other.business_key)
            if other.id != row.id and other.single_start and other.ended_at is None and theirs == mine:
                raise Conflict("uq_instance_single_start")

    def _check_message_id(self, row: MessageRow) -> None:
        if row.message_id is None:
            return
        mine = (row.tenant_id, row.name, row.message_id)
        if any((other.tenant_id, other.name, other.message_id) == mine for other in self._views.message.scan()):
            raise Conflict("uq_message_tenant_id_name_message_id")
