"""Decisions."""

from __future__ import annotations

from operator import attrgetter

from server.ports.records import DecisionRow, ResourceRow
from server.ports.store import Conflict
from server.store.memory.base import UnitBase


class Decisions(UnitBase):
    def insert_decision(self, decision: DecisionRow) -> None:
        """A new version. Raises Conflict where the key has it already."""
        if self.find_decision_by_key(decision.tenant_id, decision.key, decision.version) is not None:
            raise Conflict("uq_decision_tenant_id_key_version")
        self._views.decision.insert(decision)

    def find_decision(self, tenant_id: str | None, decision_id: int) -> DecisionRow | None:
        """tenant None: any (the engine itself)."""
        found = self._views.decision.find(decision_id)
        return found if found is not None and tenant_id in (None, found.tenant_id) else None

    def find_decision_by_key(
        self, tenant_id: str, key: str, version: int | None = None, version_tag: str | None = None
    ) -> DecisionRow | None:
        """Without version: the latest; with a tag: the latest that has it."""
        versions = self._decision_versions(tenant_id, key)
        if version is not None:
            return next((row for row in versions if row.version == version), None)
        if version_tag is not None:
            return next((row for row in versions if row.version_tag == version_tag), None)
        return versions[0] if versions else None

    def _decision_versions(self, tenant_id: str, key: str) -> list[DecisionRow]:
        """Latest first."""
        found = [row for row in self._views.decision.scan() if (row.tenant_id, row.key) == (tenant_id, key)]
        return self._views.decision.thawed(sorted(found, key=attrgetter("version"), reverse=True))

    def decision_in_deployment(self, tenant_id: str, deployment_id: int, key: str) -> DecisionRow | None:
        """The version of the key that came with the deployment, else the one that was the latest then."""
        versions = self._decision_versions(tenant_id, key)
        came_with_it = next((row for row in versions if row.deployment_id == deployment_id), None)
        deployment = self._views.deployment.get(deployment_id)
        if came_with_it is not None or deployment is None:
            return came_with_it
        then = (deployment.deployed_at, deployment.id)
        return next((row for row in versions if (row.deployed_at, row.deployment_id) < then), None)

    def resources(self, deployment_id: int, kind: str) -> list[ResourceRow]:
        """All files of that kind which the deployment stored, by name."""
        found = [row for row in self._views.resource.scan(deployment_id) if row.kind == kind]
        return self._views.resource.thawed(sorted(found, key=attrgetter("name")))
