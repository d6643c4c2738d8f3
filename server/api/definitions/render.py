"""Definitions as the API shows them."""

from __future__ import annotations

from typing import Any

from server.ports.records import DefinitionRow
from server.usecases.views import ProcessView


def show_definition(row: DefinitionRow, view: ProcessView | None = None) -> dict[str, Any]:
    """Without a view `tasks` and `transitions` are left out."""
    shown: dict[str, Any] = {
        "id": str(row.id),
        "tenantId": row.tenant_id,
        "key": row.key,
        "name": row.name,
        "version": row.version,
        "versionTag": row.version_tag,
        "executable": row.executable,
        "suspended": row.suspended,
        "isDefault": row.is_default,
        "deploymentId": str(row.deployment_id),
        "resourceName": row.resource_name,
        "deployedAt": row.deployed_at,
    }
    if view is not None:
        shown["tasks"] = view.tasks
        shown["transitions"] = view.transitions
    return shown
