"""Deployments and definitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, delete, exists, func, insert, or_, select, update

from server.ports.records import (
    ConditionStartRow,
    DefinitionRow,
    DeploymentRow,
    MessageStartRow,
    ResourceRow,
    SignalStartRow,
    TimerStartRow,
)
from server.store import tables
from server.store.sql import rows
from server.store.sql.arrays import Dialect, bind_list, is_in
from server.store.sql.base import UnitBase
from server.store.sql.statements import insert_for, per_dialect
from server.store.tables import (
    condition_start,
    definition,
    definition_key,
    deployment,
    instance,
    message_start,
    migration,
    resource,
    signal_start,
    timer_start,
)

_DEFINITIONS = select(*rows.definition.columns)
_TENANT: BindParameter[str] = bindparam("of_tenant")
_KEY: BindParameter[str] = bindparam("of_key")
_BY_KEY = _DEFINITIONS.where(definition.c.tenant_id == _TENANT, definition.c.key == _KEY)
_LATEST = _BY_KEY.order_by(definition.c.version.desc()).limit(1)
_DEFAULT_OR_LATEST = _BY_KEY.order_by(definition.c.is_default.desc(), definition.c.version.desc()).limit(1)
_LOCK_KEY = (
    select(definition_key.c.latest_version)
    .where(definition_key.c.tenant_id == _TENANT, definition_key.c.key == _KEY)
    .with_for_update()
)
_OF_DEPLOYMENT: BindParameter[int] = bindparam("of_deployment", type_=deployment.c.id.type)
_WHEN = select(deployment.c.deployed_at).where(deployment.c.id == _OF_DEPLOYMENT).scalar_subquery()
_LATEST_AT_DEPLOYMENT = _LATEST.where(
    or_(
        definition.c.deployed_at < _WHEN,
        and_(definition.c.deployed_at == _WHEN, definition.c.deployment_id < _OF_DEPLOYMENT),
    )
)
_STARTS = (message_start, timer_start, signal_start, condition_start)
_CONDITION_STARTS = (
    select(*rows.condition_start.columns)
    .where(condition_start.c.tenant_id == _TENANT)
    .order_by(condition_start.c.definition_key, condition_start.c.element_id)
)
_CONDITION_STARTS_OF_KEY = _CONDITION_STARTS.where(condition_start.c.definition_key == _KEY)
_ALIVE = ("RUNNING", "PAUSED")
_MIGRATING = ("CHECKING", "MOVING")


@per_dialect
def _insert_key(dialect: Dialect) -> Any:
    return insert_for(dialect, definition_key).on_conflict_do_nothing()


@per_dialect
def _raise_version(dialect: Dialect) -> Any:
    return (
        update(definition_key)
        .where(
            definition_key.c.tenant_id == _TENANT,
            definition_key.c.key == _KEY,
            definition_key.c.latest_version < bindparam("at_least"),
        )
        .values(latest_version=bindparam("at_least"))
    )


@per_dialect
def _delete_of_instances(dialect: Dialect) -> Any:
    return [
        *(delete(table).where(is_in(dialect, table.c.instance_id, "ids")) for table in tables.INSTANCE_TABLES),
        delete(instance).where(is_in(dialect, instance.c.id, "ids")),
    ]


class Definitions(UnitBase):
    def lock_definition_key(self, tenant_id: str, key: str) -> None:
        """Serialises deployments of one key until the end of the transaction."""
        self._execute(_insert_key(self._dialect), {"tenant_id": tenant_id, "key": key, "latest_version": 0})
        self._execute(_LOCK_KEY, {"of_tenant": tenant_id, "of_key": key})

    def next_definition_version(self, tenant_id: str, key: str) -> int:
        """One more than the highest version ever given to the key, deleted ones included (call under the lock)."""
        highest = self._execute(_LOCK_KEY, {"of_tenant": tenant_id, "of_key": key}).scalar()
        return int(highest or 0) + 1

    def insert_deployment(self, deployment: DeploymentRow, resources: Sequence[ResourceRow]) -> None:
        """The deployment and its files."""
        self._execute(insert(tables.deployment), rows.deployment.params(deployment))
        if resources:
            self._execute(insert(resource), [rows.resource.params(row) for row in resources])

    def insert_definition(self, definition: DefinitionRow) -> None:
        """A new version. Raises Conflict (`uq_definition_tenant_id_key_version`) where the key has it already."""
        self._execute(insert(tables.definition), rows.definition.params(definition))
        self._execute(
            _insert_key(self._dialect),
            {"tenant_id": definition.tenant_id, "key": definition.key, "latest_version": definition.version},
        )
        self._execute(
            _raise_version(self._dialect),
            {"of_tenant": definition.tenant_id, "of_key": definition.key, "at_least": definition.version},
        )

    def update_definition(self, definition: DefinitionRow) -> None:
        """Columns written: suspended, is_default."""
        changed = {"suspended": definition.suspended, "is_default": definition.is_default}
        self._execute(update(tables.definition).where(tables.definition.c.id == definition.id).values(changed))

    def delete_definition(self, tenant_id: str, definition_id: int) -> None:
        """The definition, its starts and (where no other definition needs it) its resource."""
        found = self.find_definition(tenant_id, definition_id)
        if found is None:
            return
        self._execute(delete(definition).where(definition.c.id == definition_id))
        for table in _STARTS:
            self._execute(
                delete(table).where(table.c.tenant_id == tenant_id, table.c.definition_key == found.key)
                .where(table.c.definition_id == definition_id)
            )  # fmt: skip
        needed = exists().where(
            definition.c.deployment_id == found.deployment_id, definition.c.resource_name == found.resource_name
        )
        self._execute(
            delete(resource).where(
                resource.c.deployment_id == found.deployment_id, resource.c.name == found.resource_name, ~needed
            )
        )

    def replace_starts(
        self,
        tenant_id: str,
        key: str,
        messages: Sequence[MessageStartRow],
        timers: Sequence[TimerStartRow],
        signals: Sequence[SignalStartRow] = (),
        conditions: Sequence[ConditionStartRow] = (),
    ) -> None:
        """The message, timer, signal and conditional starts of a key are now exactly these."""
        for table in _STARTS:
            self._execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.definition_key == key))
        if messages:
            self._execute(insert(message_start), [rows.message_start.params(row) for row in messages])
        if timers:
            self._execute(insert(timer_start), [rows.timer_start.params(row) for row in timers])
        if signals:
            self._execute(insert(signal_start), [rows.signal_start.params(row) for row in signals])
        if conditions:
            self._execute(insert(condition_start), [rows.condition_start.params(row) for row in conditions])

    def condition_starts(self, tenant_id: str, key: str | None = None) -> list[ConditionStartRow]:
        """Conditional start events of the latest versions (of one key), in order of key and element."""
        if key is None:
            return rows.condition_start.rows(self._execute(_CONDITION_STARTS, {"of_tenant": tenant_id}))
        params = {"of_tenant": tenant_id, "of_key": key}
        return rows.condition_start.rows(self._execute(_CONDITION_STARTS_OF_KEY, params))

    def find_definition(self, tenant_id: str | None, definition_id: int) -> DefinitionRow | None:
        """tenant None: any (the engine itself)."""
        statement = _DEFINITIONS.where(definition.c.id == definition_id)
        if tenant_id is not None:
            statement = statement.where(definition.c.tenant_id == tenant_id)
        return self._definition(statement)

    def find_definition_by_key(
        self, tenant_id: str, key: str, version: int | None = None, version_tag: str | None = None
    ) -> DefinitionRow | None:
        """Without version: the default version, else the latest; with a tag: the latest that has it."""
        params = {"of_tenant": tenant_id, "of_key": key}
        if version is not None:
            return self._definition(_BY_KEY.where(definition.c.version == version), params)
        if version_tag is not None:
            return self._definition(_LATEST.where(definition.c.version_tag == version_tag), params)
        return self._definition(_DEFAULT_OR_LATEST, params)

    def latest_definition(self, tenant_id: str, key: str) -> DefinitionRow | None:
        """The version with the highest number."""
        return self._definition(_LATEST, {"of_tenant": tenant_id, "of_key": key})

    def definition_in_deployment(self, tenant_id: str, deployment_id: int, key: str) -> DefinitionRow | None:
        """The version of the key that came with the deployment, else the one that was the latest then."""
        params = {"of_tenant": tenant_id, "of_key": key, "of_deployment": deployment_id}
        came_with_it = _LATEST.where(definition.c.deployment_id == _OF_DEPLOYMENT)
        return self._definition(came_with_it, params) or self._definition(_LATEST_AT_DEPLOYMENT, params)

    def _definition(self, statement: Any, params: dict[str, Any] | None = None) -> DefinitionRow | None:
        found = self._execute(statement, params).first()
        return None if found is None else rows.definition.row(found)

    def resource(self, deployment_id: int, name: str) -> bytes | None:
        """Content of a deployed file."""
        statement = select(resource.c.content).where(resource.c.deployment_id == deployment_id, resource.c.name == name)
        found: bytes | None = self._execute(statement).scalar()
        return found

    def count_running_instances(self, tenant_id: str, definition_id: int) -> int:
        """Instances of the definition that have not ended, paused ones included, and those that are on their way to it
        or away from it."""
        there = select(func.count()).where(
            instance.c.definition_id == definition_id,
            instance.c.status.in_(_ALIVE),
            instance.c.tenant_id == tenant_id,
        )
        on_their_way = select(func.count()).where(
            migration.c.tenant_id == tenant_id,
            migration.c.state.in_(_MIGRATING),
            or_(migration.c.source_definition_id == definition_id, migration.c.target_definition_id == definition_id),
        )
        # Until it is done, one that moves counts for both.
        return int(self._execute(there).scalar_one()) or int(self._execute(on_their_way).scalar_one())

    def delete_instances_of_definition(self, tenant_id: str, definition_id: int, limit: int) -> int:
        """Remove instances with everything of theirs; returns how many (0: none left)."""
        chosen = (
            select(instance.c.id)
            .where(instance.c.definition_id == definition_id, instance.c.tenant_id == tenant_id)
            .order_by(instance.c.id)
            .limit(limit)
            .with_for_update()
        )
        ids = list(self._execute(chosen).scalars())
        if ids:
            params = {"ids": bind_list(self._dialect, ids)}
            for statement in _delete_of_instances(self._dialect):
                self._execute(statement, params)
        return len(ids)
