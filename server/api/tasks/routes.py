"""`/tasks`: the work of people."""

from __future__ import annotations

from typing import Any

from flask import Response

from server.api.auth import allowed, has_role, principal
from server.api.http import answer, parse_id, perform, unknown
from server.api.instances.schemas import NoBodySchema
from server.api.openapi import Resource, answers, body, idempotent, query
from server.api.paging import included, list_schema, listed, page_of
from server.api.services import services
from server.api.tasks.render import show_task
from server.api.tasks.schemas import (
    OPEN_STATUSES,
    STATUSES,
    AssignSchema,
    ChangeTaskSchema,
    ClaimSchema,
    CompleteSchema,
    DelegateSchema,
    TaskErrorSchema,
    TaskQuery,
    TaskSchema,
)
from server.errors import Malformed
from server.ports.queries import TaskFilter
from server.usecases import tasks as rules
from server.usecases.requests import ChangeTaskRequest, CompleteTaskRequest, TaskErrorRequest

tasks = Resource(
    "Tasks",
    "User tasks. Users see those that are theirs, that name them or one of their groups as "
    "candidate, or that name nobody; operators see all.",
)

_COLUMNS = {
    "priority": "priority",
    "dueDate": "due_date",
    "followUpDate": "follow_up_date",
    "candidateUsers": "candidate_users",
    "candidateGroups": "candidate_groups",
}


@tasks.route("GET", "/tasks")
@allowed("operator", "user")
@query(TaskQuery)
@answers(200, list_schema(TaskSchema))
def list_tasks(data: dict[str, Any]) -> Response:
    """List open tasks, or those of the given status. Variables only with `include=variables`."""
    who = principal()
    instance = data.get("instanceId")
    where = TaskFilter(
        status=_statuses(data.get("status")),
        instance_id=None
        if instance is None
        else (int(instance) if instance.isdecimal() and len(instance) < 19 else -1),
        definition_key=data.get("definitionKey"),
        assignee=data.get("assignee"),
        candidate_user=data.get("candidateUser"),
        candidate_groups=[group for group in data.get("candidateGroup", "").split(",") if group],
        due_before=data.get("dueBefore"),
        business_key=data.get("businessKey"),
        element_id=data.get("elementId"),
        visible_to=None if has_role("operator") else (who.name, who.groups),
    )
    queries = services().queries
    listing = queries.list_tasks(who.tenant_id, where, page_of(data))
    with_variables = "variables" in included(data)
    return listed(
        listing,
        [
            show_task(row, (queries.scope_variables(row.instance_id, row.scope_id) or {}) if with_variables else None)
            for row in listing.items
        ],
    )


@tasks.route("GET", "/tasks/<task_id>")
@allowed("operator", "user")
@answers(200, TaskSchema)
def get_task(task_id: str) -> Response:
    """One task with the variables it sees."""
    queries = services().queries
    row = queries.find_task(principal().tenant_id, parse_id(task_id, "TASK"))
    if row is None or not rules.sees(principal(), row):
        raise unknown("TASK", task_id)
    return answer(show_task(row, queries.scope_variables(row.instance_id, row.scope_id) or {}))


@tasks.route("PATCH", "/tasks/<task_id>")
@allowed("operator")
@body(ChangeTaskSchema)
@answers(200, TaskSchema)
def patch_task(data: dict[str, Any], task_id: str) -> Response:
    """Change priority, dates or candidates."""
    changes = {_COLUMNS[name]: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return _change(task_id, "task.edit", rules.edit(principal(), changes))


@tasks.route("POST", "/tasks/<task_id>/claim")
@allowed("operator", "user")
@idempotent
@body(ClaimSchema)
@answers(200, TaskSchema)
def claim_task(data: dict[str, Any], task_id: str) -> Response:
    """Take the task; 409 where somebody else was faster."""
    return _change(task_id, "task.claim", rules.claim(principal(), data.get("assignee")))


@tasks.route("POST", "/tasks/<task_id>/unclaim")
@allowed("operator", "user")
@idempotent
@body(NoBodySchema)
@answers(200, TaskSchema)
def unclaim_task(data: dict[str, Any], task_id: str) -> Response:
    """Give it back to its candidates."""
    return _change(task_id, "task.unclaim", rules.unclaim(principal()))


@tasks.route("POST", "/tasks/<task_id>/assign")
@allowed("operator")
@idempotent
@body(AssignSchema)
@answers(200, TaskSchema)
def assign_task(data: dict[str, Any], task_id: str) -> Response:
    """Say whose it is."""
    return _change(task_id, "task.assign", rules.assign(principal(), data["assignee"]))


@tasks.route("POST", "/tasks/<task_id>/delegate")
@allowed("operator", "user")
@idempotent
@body(DelegateSchema)
@answers(200, TaskSchema)
def delegate_task(data: dict[str, Any], task_id: str) -> Response:
    """Have somebody else do it and give it back."""
    return _change(task_id, "task.delegate", rules.delegate(principal(), data["assignee"]))


@tasks.route("POST", "/tasks/<task_id>/resolve")
@allowed("operator", "user")
@idempotent
@body(NoBodySchema)
@answers(200, TaskSchema)
def resolve_task(data: dict[str, Any], task_id: str) -> Response:
    """Give delegated work back to its owner."""
    return _change(task_id, "task.resolve", rules.resolve(principal()))


@tasks.route("POST", "/tasks/<task_id>/complete")
@allowed("operator", "user")
@idempotent
@body(CompleteSchema)
@answers(200, TaskSchema)
def complete_task(data: dict[str, Any], task_id: str) -> Response:
    """Complete it; the instance moves on."""
    return perform(
        CompleteTaskRequest,
        show_task,
        action="task.complete",
        target=task_id,
        task_id=_visible(task_id),
        variables=data["variables"],
        check=rules.completing(principal()),
    )


@tasks.route("POST", "/tasks/<task_id>/error")
@allowed("operator", "user")
@idempotent
@body(TaskErrorSchema)
@answers(200, TaskSchema)
def fail_task(data: dict[str, Any], task_id: str) -> Response:
    """End it with a BPMN error that a boundary event may catch."""
    return perform(
        TaskErrorRequest,
        show_task,
        action="task.error",
        target=task_id,
        task_id=_visible(task_id),
        error_code=data["errorCode"],
        message=data.get("message"),
        variables=data["variables"],
        check=rules.completing(principal()),
    )


def _change(task_id: str, action: str, change: rules.Change) -> Response:
    return perform(
        ChangeTaskRequest, show_task, action=action, target=task_id, task_id=_visible(task_id), change=change
    )


def _visible(task_id: str) -> int:
    """The id; also hides ended tasks that were never theirs from users."""
    found = parse_id(task_id, "TASK")
    if not has_role("operator"):
        row = services().queries.find_task(principal().tenant_id, found)
        if row is not None and not rules.sees(principal(), row):
            raise unknown("TASK", task_id)
    return found


def _statuses(text: str | None) -> list[str]:
    given = [part.strip() for part in text.split(",") if part.strip()] if text else list(OPEN_STATUSES)
    for status in given:
        if status not in STATUSES:
            raise Malformed("INVALID_PARAMETERS", f"Expected 'status' among {', '.join(STATUSES)}, but got '{status}'")
    return given
