"""Definitions, requests of clients and node numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from server.ids import NODES
from server.ports.records import (
    AuditRow,
    ConditionStartRow,
    DefinitionRow,
    DeploymentRow,
    IdempotencyRow,
    InstanceRow,
    MessageStartRow,
    ResourceRow,
    SignalStartRow,
    TimerStartRow,
    TokenRow,
)
from server.ports.store import Conflict, StoreUnavailable
from server.store.leases import LEASE
from server.store.memory.base import UnitBase
from server.store.memory.data import KeyRow, NodeRow


class Requests(UnitBase):
    def lock_definition_key(self, tenant_id: str, key: str) -> None:
        """With one writer every key is locked."""

    def next_definition_version(self, tenant_id: str, key: str) -> int:
        """One more than the highest version ever given to the key, deleted ones included."""
        known = self._views.definition_key.get(tenant_id, key)
        return 1 if known is None else known.latest_version + 1

    def insert_deployment(self, deployment: DeploymentRow, resources: Sequence[ResourceRow]) -> None:
        """The deployment and its files."""
        self._views.deployment.insert(deployment)
        for row in resources:
            self._views.resource.insert(row)

    def insert_definition(self, definition: DefinitionRow) -> None:
        """A new version. Raises Conflict where the key has it already."""
        if self.find_definition_by_key(definition.tenant_id, definition.key, definition.version) is not None:
            raise Conflict("uq_definition_tenant_id_key_version")
        self._views.definition.insert(definition)
        highest = max(self.next_definition_version(definition.tenant_id, definition.key) - 1, definition.version)
        self._views.definition_key.upsert(
            KeyRow(tenant_id=definition.tenant_id, key=definition.key, latest_version=highest)
        )

    def update_definition(self, definition: DefinitionRow) -> None:
        """Columns written: suspended, is_default."""
        self._views.definition.update(definition, ("suspended", "is_default"))

    def delete_definition(self, tenant_id: str, definition_id: int) -> None:
        """The definition, its starts and (where no other definition needs it) its resource."""
        found = self.find_definition(tenant_id, definition_id)
        if found is None:
            return
        self._views.definition.delete(definition_id)
        self._delete_starts(lambda row: row.definition_id == definition_id)
        needed = any(
            (row.deployment_id, row.resource_name) == (found.deployment_id, found.resource_name)
            for row in self._views.definition.scan()
        )
        if not needed:
            self._views.resource.delete(found.deployment_id, found.resource_name)

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
        self._delete_starts(lambda row: (row.tenant_id, row.definition_key) == (tenant_id, key))
        for message in messages:
            self._views.message_start.insert(message)
        for timer in timers:
            self._views.timer_start.insert(timer)
        for signal in signals:
            self._views.signal_start.insert(signal)
        for condition in conditions:
            self._views.condition_start.insert(condition)

    def _delete_starts(self, doomed: Any) -> None:
        all = self._views
        views: tuple[Any, ...] = (all.message_start, all.timer_start, all.signal_start, all.condition_start)
        for view in views:
            for row in [row for row in view.scan() if doomed(row)]:
                view.delete(*view.table.key_of(row))

    def condition_starts(self, tenant_id: str, key: str | None = None) -> list[ConditionStartRow]:
        """Conditional start events of the latest versions (of one key), in order of key and element."""
        found = [row for row in self._views.condition_start.scan(tenant_id) if key in (None, row.definition_key)]
        found.sort(key=attrgetter("definition_key", "element_id"))
        return self._views.condition_start.thawed(found)

    def find_definition(self, tenant_id: str | None, definition_id: int) -> DefinitionRow | None:
        """tenant None: any (the engine itself)."""
        found = self._views.definition.find(definition_id)
        return found if found is not None and tenant_id in (None, found.tenant_id) else None

    def find_definition_by_key(
        self, tenant_id: str, key: str, version: int | None = None, version_tag: str | None = None
    ) -> DefinitionRow | None:
        """Without version: the default version, else the latest; with a tag: the latest that has it."""
        versions = self._versions(tenant_id, key)
        if version is not None:
            return next((row for row in versions if row.version == version), None)
        if version_tag is not None:
            return next((row for row in versions if row.version_tag == version_tag), None)
        return next((row for row in versions if row.is_default), versions[0] if versions else None)

    def _versions(self, tenant_id: str, key: str) -> list[DefinitionRow]:
        """Latest first."""
        found = [row for row in self._views.definition.scan() if (row.tenant_id, row.key) == (tenant_id, key)]
        return self._views.definition.thawed(sorted(found, key=attrgetter("version"), reverse=True))

    def latest_definition(self, tenant_id: str, key: str) -> DefinitionRow | None:
        """The version with the highest number."""
        return next(iter(self._versions(tenant_id, key)), None)

    def definition_in_deployment(self, tenant_id: str, deployment_id: int, key: str) -> DefinitionRow | None:
        """The version of the key that came with the deployment, else the one that was the latest then."""
        versions = self._versions(tenant_id, key)
        came_with_it = next((row for row in versions if row.deployment_id == deployment_id), None)
        deployment = self._views.deployment.get(deployment_id)
        if came_with_it is not None or deployment is None:
            return came_with_it
        then = (deployment.deployed_at, deployment.id)
        return next((row for row in versions if (row.deployed_at, row.deployment_id) < then), None)

    def resource(self, deployment_id: int, name: str) -> bytes | None:
        """Content of a deployed file."""
        found = self._views.resource.get(deployment_id, name)
        return None if found is None else found.content

    def count_running_instances(self, tenant_id: str, definition_id: int) -> int:
        """Instances of the definition that have not ended, paused ones included, and those that are on their way to it
        or away from it."""
        there = sum(
            row.definition_id == definition_id and row.tenant_id == tenant_id and row.status in ("RUNNING", "PAUSED")
            for row in self._views.instance.scan()
        )
        # Until it is done, one that moves counts for both.
        return there or sum(
            definition_id in (row.source_definition_id, row.target_definition_id)
            and row.tenant_id == tenant_id
            and row.state in ("CHECKING", "MOVING")
            for row in self._views.migration.scan()
        )

    def delete_instances_of_definition(self, tenant_id: str, definition_id: int, limit: int) -> int:
        """Remove instances with everything of theirs; returns how many (0: none left)."""
        doomed = sorted(
            row.id
            for row in self._views.instance.scan()
            if row.definition_id == definition_id and row.tenant_id == tenant_id
        )[:limit]
        chosen = set(doomed)
        for view in self._views.of_instance():
            for row in [row for row in view.scan() if row.instance_id in chosen]:
                view.delete(*view.table.key_of(row))
        for id in doomed:
            self._views.instance.delete(id)
        return len(doomed)

    def find_instance(self, tenant_id: str | None, instance_id: int) -> InstanceRow | None:
        """The instance; tenant None: any."""
        found = self._views.instance.find(instance_id)
        return found if found is not None and tenant_id in (None, found.tenant_id) else None

    def insert_idempotency(self, row: IdempotencyRow) -> IdempotencyRow | None:
        """None: this request is the first and now holds the key; else the row that is there."""
        known = self._views.idempotency.find(row.tenant_id, row.principal, row.route, row.key)
        if known is None:
            self._views.idempotency.insert(row)
        return known

    def finish_idempotency(self, row: IdempotencyRow) -> None:
        """Columns written: status, response."""
        self._views.idempotency.update(row, ("status", "response"))

    def delete_idempotency(self, row: IdempotencyRow) -> None:
        """The key is free again."""
        self._views.idempotency.delete(row.tenant_id, row.principal, row.route, row.key)

    def delete_old_idempotency(self, before: datetime, limit: int) -> int:
        """Remove keys created before the moment; returns how many."""
        old = [row for row in self._views.idempotency.scan() if row.created_at < before]
        for row in sorted(old, key=attrgetter("created_at"))[:limit]:
            self._views.idempotency.delete(row.tenant_id, row.principal, row.route, row.key)
        return min(len(old), limit)

    def find_token(self, token_hash: str) -> TokenRow | None:
        """The token with this SHA-256, expired or not."""
        found = (row for row in self._views.api_token.scan() if row.token_hash == token_hash)
        return next(iter(self._views.api_token.thawed(found)), None)

    def insert_token(self, row: TokenRow) -> None:
        """Raises Conflict where the hash is known already."""
        if self.find_token(row.token_hash) is not None:
            raise Conflict("uq_api_token_token_hash_tenant_id")
        self._views.api_token.insert(row)

    def list_tokens(self, tenant_id: str) -> list[TokenRow]:
        """All tokens of the tenant in order of id."""
        mine = [row for row in self._views.api_token.scan() if row.tenant_id == tenant_id]
        return self._views.api_token.thawed(sorted(mine, key=attrgetter("id")))

    def delete_token(self, tenant_id: str, id: int) -> bool:
        """Whether there was such a token."""
        found = self._views.api_token.get(id)
        return found is not None and found.tenant_id == tenant_id and self._views.api_token.delete(id)

    def insert_audit(
        self,
        *,
        tenant_id: str,
        id: int,
        principal: str,
        action: str,
        target: str | None,
        detail: Mapping[str, Any] | None,
    ) -> None:
        """One line of the audit log, at this unit's time."""
        self._views.audit.insert(
            AuditRow(
                id=id,
                tenant_id=tenant_id,
                at=self.now(),
                principal=principal,
                action=action,
                target=target,
                detail=detail,
            )
        )

    def lease_node(self, owner: str) -> int:
        """The lowest number that nobody holds. Raises StoreUnavailable where all 1024 are held."""
        taken = {row.node for row in self._views.node_lease.scan() if row.leased_until > self.now()}
        node = next((number for number in range(NODES) if number not in taken), None)
        if node is None:
            raise StoreUnavailable(f"Expected a free node number, but all {NODES} are leased by running processes")
        self._views.node_lease.upsert(NodeRow(node=node, owner=owner, leased_until=self.now() + LEASE))
        return node

    def renew_node(self, owner: str, node: int) -> bool:
        """Whether the lease still was the owner's; a lease that ran out is not renewed."""
        row = self._views.node_lease.get(node)
        if row is None or row.owner != owner or row.leased_until <= self.now():
            return False
        self._views.node_lease.set((node,), leased_until=self.now() + LEASE)
        return True

    def release_node(self, owner: str, node: int) -> None:
        """The number is free at once."""
        row = self._views.node_lease.get(node)
        if row is not None and row.owner == owner:
            self._views.node_lease.set((node,), leased_until=self.now())
