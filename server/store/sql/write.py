"""`write`: everything that one transaction of the executor changes, one bulk statement per list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select, update

from server.ports.records import (
    Changes,
    HistoryRow,
    JobRow,
    MessageKeyRow,
    MessageRow,
    OutboxRow,
    RuleDocument,
    UserTaskRow,
    VariableRow,
)
from server.store.history_values import take_out
from server.store.shards import shard_of
from server.store.sql import rows
from server.store.sql.arrays import Dialect
from server.store.sql.base import UnitBase
from server.store.sql.bulk import execute_many, pipelined
from server.store.sql.statements import insert_for, per_dialect
from server.store.tables import (
    command,
    condition_wait,
    history,
    history_value,
    incident,
    instance,
    item,
    job,
    message,
    message_key,
    message_subscription,
    migration,
    outbox,
    scope,
    signal_subscription,
    timer,
    timer_start,
    user_task,
    user_task_candidate,
    variable,
)
from server.store.updates import (
    COMMAND_UPDATES,
    INSTANCE_UPDATES,
    JOB_UPDATES,
    MESSAGE_UPDATES,
    SCOPE_UPDATES,
    TASK_UPDATES,
)
from server.store.values import equality_hash, index_hash


def _where(table: Table, *names: str) -> list[Any]:
    return [table.c[name] == bindparam(f"key_{name}", type_=table.c[name].type) for name in names]


def _update(table: Table, *key: str) -> Any:
    """The columns that are set are those named in the parameters."""
    return update(table).where(*_where(table, *key))


def _of_instance(table: Table) -> Any:
    return update(table).where(table.c.instance_id == bindparam("key_id", type_=table.c.instance_id.type))


def _delete(table: Table, *key: str) -> Any:
    return delete(table).where(*_where(table, *key))


def _updater(columns: Sequence[str], *key: str) -> Callable[[Any], dict[str, Any]]:
    def params(row: Any) -> dict[str, Any]:
        values = {name: getattr(row, name) for name in columns}
        values.update({f"key_{name}": getattr(row, name) for name in key})
        return values

    return params


UPDATE_JOB = _update(job, "instance_id", "id")
job_update: Callable[[JobRow], dict[str, Any]] = _updater(JOB_UPDATES, "instance_id", "id")

_UPDATES: tuple[tuple[str, Any, Callable[[Any], dict[str, Any]]], ...] = (
    ("updated_instances", _update(instance, "id"), _updater(INSTANCE_UPDATES, "id")),
    ("updated_scopes", _update(scope, "instance_id", "id"), _updater(SCOPE_UPDATES, "instance_id", "id")),
    (
        "updated_commands",
        _update(command, "instance_id", "id"),
        _updater(COMMAND_UPDATES, "instance_id", "id"),
    ),
    ("updated_jobs", UPDATE_JOB, job_update),
    ("updated_tasks", _update(user_task, "instance_id", "id"), _updater(TASK_UPDATES, "instance_id", "id")),
    ("updated_messages", _update(message, "id"), _updater(MESSAGE_UPDATES, "id")),
)
_TUPLE_UPDATES: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    (
        "ended_tasks",
        _update(user_task, "instance_id", "id"),
        ("key_instance_id", "key_id", "status", "ended_at"),
    ),
    (
        "claimed_message_subscriptions",
        _update(message_subscription, "instance_id", "id"),
        ("key_instance_id", "key_id", "claimed_by"),
    ),
    (
        "updated_message_subscriptions",
        _update(message_subscription, "instance_id", "id"),
        ("key_instance_id", "key_id", "correlation_key", "key_hash", "rule", "rule_hash", "claimed_by"),
    ),
    (
        "resolved_incidents",
        _update(incident, "instance_id", "id"),
        ("key_instance_id", "key_id", "resolved_at"),
    ),
)
_MIGRATED_ROWS: dict[str, tuple[Any, tuple[str, ...]]] = {
    table.name: (_update(table, "instance_id", "id"), ("element_id", *columns))
    for table, columns in (
        (scope, ()),
        (job, ("element_name", "definition_id", "definition_key", "version")),
        (user_task, ("definition_id", "definition_key")),
        (timer, ()),
        (message_subscription, ("definition_key",)),
        (signal_subscription, ("definition_key",)),
        (condition_wait, ()),
        (incident, ("definition_id", "definition_key")),
    )
}
_MIGRATED_INSTANCES: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_update(instance, "id"), ("definition_id", "definition_key", "version")),
    (
        _of_instance(incident).where(incident.c.resolved_at.is_(None), incident.c.token_id.is_(None)),
        ("definition_id", "definition_key"),
    ),
)
_DELETES: tuple[tuple[str, tuple[Any, ...], tuple[str, ...]], ...] = (
    (
        "deleted_scopes",
        (
            _delete(scope, "instance_id", "id"),
            delete(variable).where(
                variable.c.instance_id == bindparam("key_instance_id"), variable.c.scope_id == bindparam("key_id")
            ),
            delete(item).where(
                item.c.instance_id == bindparam("key_instance_id"), item.c.scope_id == bindparam("key_id")
            ),
        ),
        ("key_instance_id", "key_id"),
    ),
    (
        "deleted_variables",
        (_delete(variable, "instance_id", "scope_id", "name"),),
        ("key_instance_id", "key_scope_id", "key_name"),
    ),
    ("deleted_commands", (_delete(command, "instance_id", "id"),), ("key_instance_id", "key_id")),
    ("deleted_jobs", (_delete(job, "instance_id", "id"),), ("key_instance_id", "key_id")),
    ("deleted_timers", (_delete(timer, "instance_id", "id"),), ("key_instance_id", "key_id")),
    (
        "deleted_message_subscriptions",
        (_delete(message_subscription, "instance_id", "id"),),
        ("key_instance_id", "key_id"),
    ),
    (
        "deleted_signal_subscriptions",
        (_delete(signal_subscription, "instance_id", "id"),),
        ("key_instance_id", "key_id"),
    ),
    ("deleted_condition_waits", (_delete(condition_wait, "instance_id", "id"),), ("key_instance_id", "key_id")),
)
_SINGLE_DELETES = (
    ("deleted_messages", _delete(message, "id")),
    ("deleted_messages", delete(message_key).where(message_key.c.message_id == bindparam("key_id"))),
    ("deleted_timer_starts", _delete(timer_start, "id")),
)
_INSERTS: tuple[tuple[str, rows.Mapping[Any]], ...] = (
    ("new_instances", rows.instance),
    ("new_scopes", rows.scope),
    ("new_commands", rows.command),
    ("new_jobs", rows.job),
    ("new_tasks", rows.user_task),
    ("new_timers", rows.timer),
    ("new_signal_subscriptions", rows.signal_subscription),
    ("new_condition_waits", rows.condition_wait),
    ("new_incidents", rows.incident),
    ("new_timer_starts", rows.timer_start),
    ("new_items", rows.item),
    ("audit", rows.audit),
)
_INSERT_STATEMENTS = {mapping.table.name: insert(mapping.table) for _, mapping in _INSERTS}
_INSERT_SUBSCRIPTION = insert(message_subscription)
_INSERT_MESSAGE = insert(message)
_INSERT_CANDIDATE = insert(user_task_candidate)
_DELETE_CANDIDATES = delete(user_task_candidate).where(
    user_task_candidate.c.instance_id == bindparam("key_instance_id"),
    user_task_candidate.c.task_id == bindparam("key_id"),
)
_INSERT_HISTORY = insert(history)
_INSERT_OUTBOX = insert(outbox)


@per_dialect
def _set_variable(dialect: Dialect) -> Any:
    statement = insert_for(dialect, variable)
    return statement.on_conflict_do_update(
        index_elements=["instance_id", "scope_id", "name"],
        set_={"value": statement.excluded["value"], "value_hash": statement.excluded["value_hash"]},
    )


@per_dialect
def _set_output(dialect: Dialect) -> Any:
    """The tenant is that of the instance: an output may be the first that is stored of its index."""
    tenant = select(instance.c.tenant_id).where(instance.c.id == bindparam("of_instance")).scalar_subquery()
    statement = insert_for(dialect, item).values(
        instance_id=bindparam("of_instance", type_=item.c.instance_id.type),
        scope_id=bindparam("of_scope"),
        item_index=bindparam("at_index"),
        tenant_id=tenant,
        output=bindparam("new_output"),
    )
    return statement.on_conflict_do_update(
        index_elements=["instance_id", "scope_id", "item_index"], set_={"output": statement.excluded["output"]}
    )


@per_dialect
def _set_migration(dialect: Dialect) -> Any:
    statement = insert_for(dialect, migration)
    replaced = {name: statement.excluded[name] for name in rows.migration.column_names if name != "instance_id"}
    return statement.on_conflict_do_update(index_elements=["instance_id"], set_=replaced)


@per_dialect
def keep_message_key(dialect: Dialect) -> Any:
    return insert_for(dialect, message_key).on_conflict_do_nothing()


def message_key_params(row: MessageKeyRow) -> dict[str, Any]:
    return {
        "message_id": row.message_id,
        "rule_hash": equality_hash(row.rule),
        "tenant_id": row.tenant_id,
        "name": row.name,
        "key_hash": equality_hash(list(row.values)),
    }


@per_dialect
def _keep_value(dialect: Dialect) -> Any:
    return insert_for(dialect, history_value).on_conflict_do_nothing()


def variable_params(row: VariableRow) -> dict[str, Any]:
    """Only root scalars are searched for."""
    searched = row.scope_id == row.instance_id
    return rows.variable.params(row) | {"value_hash": index_hash(row.value) if searched else None}


def _subscription_update(row: tuple[int, int, Any, RuleDocument | None]) -> tuple[Any, ...]:
    instance_id, id, key, rule = row
    return (instance_id, id, key, equality_hash(key), rule, equality_hash(rule or None), None)


_MADE_FULL: dict[str, Callable[[Any], tuple[Any, ...]]] = {"updated_message_subscriptions": _subscription_update}


def message_params(row: MessageRow) -> dict[str, Any]:
    key = row.correlation_key if row.has_correlation_key else None
    return rows.message.params(row) | {"key_hash": equality_hash(key)}


def outbox_params(row: OutboxRow) -> dict[str, Any]:
    return rows.outbox.params(row) | {"shard": shard_of(row.instance_id)}


def _candidates(task: UserTaskRow) -> Iterable[dict[str, Any]]:
    for kind, names in (("USER", task.candidate_users), ("GROUP", task.candidate_groups)):
        for name in dict.fromkeys(names):
            yield {
                "instance_id": task.instance_id,
                "task_id": task.id,
                "kind": kind,
                "name": name,
                "tenant_id": task.tenant_id,
            }


class Writing(UnitBase):
    def write(self, changes: Changes) -> None:
        """Everything, in a few bulk statements: what goes first, then what changes, then what is new."""
        with pipelined(self._connection):
            self._delete(changes)
            self._update(changes)
            self._migrate(changes)
            self._insert(changes)
            self._insert_history(changes.history)
            self._many(_INSERT_OUTBOX, [outbox_params(row) for row in changes.outbox])

    def _many(self, statement: Any, params: list[dict[str, Any]]) -> None:
        if params:
            execute_many(self._connection, statement, params)

    def _delete(self, changes: Changes) -> None:
        for name, statements, keys in _DELETES:
            params = [dict(zip(keys, ref, strict=True)) for ref in getattr(changes, name)]
            for statement in statements:
                self._many(statement, [dict(row) for row in params])
        for name, statement in _SINGLE_DELETES:
            self._many(statement, [{"key_id": id} for id in getattr(changes, name)])

    def _update(self, changes: Changes) -> None:
        for name, statement, params in _UPDATES:
            self._many(statement, [params(row) for row in getattr(changes, name)])
        for name, statement, keys in _TUPLE_UPDATES:
            values = map(_MADE_FULL.get(name, tuple), getattr(changes, name))
            self._many(statement, [dict(zip(keys, one, strict=True)) for one in values])
        self._many(
            _DELETE_CANDIDATES,
            [{"key_instance_id": task.instance_id, "key_id": task.id} for task in changes.updated_tasks],
        )

    def _migrate(self, changes: Changes) -> None:
        for table in dict.fromkeys(row.table for row in changes.migrated_rows):
            statement, columns = _MIGRATED_ROWS[table]
            params = _updater(columns, "instance_id", "id")
            self._many(statement, [params(row) for row in changes.migrated_rows if row.table == table])
        for statement, columns in _MIGRATED_INSTANCES:
            params = _updater(columns, "id")
            self._many(statement, [params(row) for row in changes.migrated_instances])
        self._many(_set_migration(self._dialect), [rows.migration.params(row) for row in changes.migrations])

    def _insert(self, changes: Changes) -> None:
        for name, mapping in _INSERTS:
            self._many(_INSERT_STATEMENTS[mapping.table.name], [mapping.params(row) for row in getattr(changes, name)])
        self._many(
            _INSERT_SUBSCRIPTION,
            [
                rows.message_subscription.params(row)
                | {"key_hash": equality_hash(row.correlation_key), "rule_hash": equality_hash(row.rule or None)}
                for row in changes.new_message_subscriptions
            ],
        )
        self._many(_INSERT_MESSAGE, [message_params(row) for row in changes.new_messages])
        self._many(keep_message_key(self._dialect), [message_key_params(row) for row in changes.new_message_keys])
        tasks = [*changes.new_tasks, *changes.updated_tasks]
        self._many(_INSERT_CANDIDATE, [candidate for task in tasks for candidate in _candidates(task)])
        self._many(_set_variable(self._dialect), [variable_params(row) for row in changes.set_variables])
        self._many(
            _set_output(self._dialect),
            [
                {"of_instance": instance_id, "of_scope": scope_id, "at_index": index, "new_output": output}
                for instance_id, scope_id, index, output in changes.outputs
            ],
        )

    def _insert_history(self, steps: list[HistoryRow]) -> None:
        params: list[dict[str, Any]] = []
        values: list[dict[str, Any]] = []
        for step in steps:
            events, taken = take_out(step.events)
            params.append(rows.history.params(step) | {"events": events})
            values.extend(
                {"instance_id": step.instance_id, "hash": digest, "tenant_id": step.tenant_id, "value": value}
                for digest, value in taken.items()
            )
        self._many(_INSERT_HISTORY, params)
        self._many(_keep_value(self._dialect), values)
