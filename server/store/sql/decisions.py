"""Decisions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, insert, or_, select

from server.ports.records import DecisionRow, ResourceRow
from server.store import tables
from server.store.sql import rows
from server.store.sql.base import UnitBase
from server.store.tables import decision, deployment, resource

_DECISIONS = select(*rows.decision.columns)
_TENANT: BindParameter[str] = bindparam("of_tenant")
_KEY: BindParameter[str] = bindparam("of_key")
_BY_KEY = _DECISIONS.where(decision.c.tenant_id == _TENANT, decision.c.key == _KEY)
_LATEST = _BY_KEY.order_by(decision.c.version.desc()).limit(1)
_OF_DEPLOYMENT: BindParameter[int] = bindparam("of_deployment", type_=deployment.c.id.type)
_WHEN = select(deployment.c.deployed_at).where(deployment.c.id == _OF_DEPLOYMENT).scalar_subquery()
_CAME_WITH_IT = _LATEST.where(decision.c.deployment_id == _OF_DEPLOYMENT)
_LATEST_AT_DEPLOYMENT = _LATEST.where(
    or_(
        decision.c.deployed_at < _WHEN,
        and_(decision.c.deployed_at == _WHEN, decision.c.deployment_id < _OF_DEPLOYMENT),
    )
)


class Decisions(UnitBase):
    def insert_decision(self, decision: DecisionRow) -> None:
        """A new version. Raises Conflict (`uq_decision_tenant_id_key_version`) where the key has it already."""
        self._execute(insert(tables.decision), rows.decision.params(decision))

    def find_decision(self, tenant_id: str | None, decision_id: int) -> DecisionRow | None:
        """tenant None: any (the engine itself)."""
        statement = _DECISIONS.where(decision.c.id == decision_id)
        if tenant_id is not None:
            statement = statement.where(decision.c.tenant_id == tenant_id)
        return self._decision(statement)

    def find_decision_by_key(
        self, tenant_id: str, key: str, version: int | None = None, version_tag: str | None = None
    ) -> DecisionRow | None:
        """Without version: the latest; with a tag: the latest that has it."""
        params = {"of_tenant": tenant_id, "of_key": key}
        if version is not None:
            return self._decision(_BY_KEY.where(decision.c.version == version), params)
        if version_tag is not None:
            return self._decision(_LATEST.where(decision.c.version_tag == version_tag), params)
        return self._decision(_LATEST, params)

    def decision_in_deployment(self, tenant_id: str, deployment_id: int, key: str) -> DecisionRow | None:
        """The version of the key that came with the deployment, else the one that was the latest then."""
        params = {"of_tenant": tenant_id, "of_key": key, "of_deployment": deployment_id}
        return self._decision(_CAME_WITH_IT, params) or self._decision(_LATEST_AT_DEPLOYMENT, params)

    def resources(self, deployment_id: int, kind: str) -> list[ResourceRow]:
        """All files of that kind which the deployment stored, by name."""
        statement = (
            select(*rows.resource.columns)
            .where(resource.c.deployment_id == deployment_id, resource.c.kind == kind)
            .order_by(resource.c.name)
        )
        return rows.resource.rows(self._execute(statement))

    def _decision(self, statement: Any, params: dict[str, Any] | None = None) -> DecisionRow | None:
        found = self._execute(statement, params).first()
        return None if found is None else rows.decision.row(found)
