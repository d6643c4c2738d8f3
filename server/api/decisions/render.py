"""Decisions as the API shows them."""

from __future__ import annotations

from typing import Any

from server.ports.records import DecisionRow
from server.usecases.decisions import Decided


def show_decision(row: DecisionRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "tenantId": row.tenant_id,
        "key": row.key,
        "name": row.name,
        "version": row.version,
        "versionTag": row.version_tag,
        "deploymentId": str(row.deployment_id),
        "resourceName": row.resource_name,
        "deployedAt": row.deployed_at,
    }


def show_decided(decided: Decided) -> dict[str, Any]:
    return {
        "decisionId": str(decided.row.id),
        "decisionKey": decided.row.key,
        "version": decided.row.version,
        "tenantId": decided.row.tenant_id,
        "result": decided.result,
        "decisions": dict(decided.decisions),
        "problems": [
            {"elementId": each.element_id, "code": each.code, "message": each.message} for each in decided.problems
        ],
    }
