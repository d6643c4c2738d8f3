"""User tasks as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.ports.records import UserTaskRow


def show_task(row: UserTaskRow, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`variables` None leaves the field out (lists)."""
    shown: dict[str, Any] = {
        "id": str(row.id),
        "tenantId": row.tenant_id,
        "name": row.name,
        "type": "USER_TASK",
        "elementId": row.element_id,
        "instanceId": str(row.instance_id),
        "definitionId": str(row.definition_id),
        "definitionKey": row.definition_key,
        "businessKey": row.business_key,
        "assignee": row.assignee,
        "owner": row.owner,
        "delegation": row.delegation,
        "candidateUsers": list(row.candidate_users),
        "candidateGroups": list(row.candidate_groups),
        "priority": row.priority,
        "dueDate": row.due_date,
        "followUpDate": row.follow_up_date,
        "form": row.form,
        "status": row.status,
        "createdAt": row.created_at,
        "endedAt": row.ended_at,
    }
    if variables is not None:
        shown["variables"] = variables
    return shown
