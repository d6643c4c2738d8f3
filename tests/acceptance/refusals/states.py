"""Requests about what does not exist, belongs to somebody else, or is in another state."""

# A table reads best with one row on few lines.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

from tests.acceptance.refusals.refusal import Refusal

# fmt: off

IDS = {"nobody's": "123456789", "no id": "no-id", "beyond all ids": "9" * 40, "negative": "-1"}
BY_ID: list[tuple[str, str, Any, str, str]] = [
    ("GET", "/definitions/{}", None, "definition", "DEFINITION_UNKNOWN"),
    ("GET", "/definitions/{}/xml", None, "definition", "DEFINITION_UNKNOWN"),
    ("PATCH", "/definitions/{}", {"suspended": True}, "definition", "DEFINITION_UNKNOWN"),
    ("DELETE", "/definitions/{}", None, "definition", "DEFINITION_UNKNOWN"),
    ("GET", "/decisions/{}", None, "decision", "DECISION_UNKNOWN"),
    ("GET", "/decisions/{}/xml", None, "decision", "DECISION_UNKNOWN"),
    ("GET", "/instances/{}", None, "instance", "INSTANCE_UNKNOWN"),
    ("GET", "/instances/{}/history", None, "instance", "INSTANCE_UNKNOWN"),
    ("GET", "/instances/{}/elements", None, "instance", "INSTANCE_UNKNOWN"),
    ("GET", "/instances/{}/variables", None, "instance", "INSTANCE_UNKNOWN"),
    ("PATCH", "/instances/{}/variables", {"a": 1}, "instance", "INSTANCE_UNKNOWN"),
    ("DELETE", "/instances/{}/variables/a", None, "instance", "INSTANCE_UNKNOWN"),
    ("POST", "/instances/{}/pause", {}, "instance", "INSTANCE_UNKNOWN"),
    ("POST", "/instances/{}/resume", {}, "instance", "INSTANCE_UNKNOWN"),
    ("POST", "/instances/{}/cancel", {}, "instance", "INSTANCE_UNKNOWN"),
    ("POST", "/instances/{}/modify", {"instructions": [{"type": "CANCEL", "elementId": "a"}]}, "instance", "INSTANCE_UNKNOWN"),
    ("POST", "/instances/{}/migrate", {"targetDefinitionId": "1"}, "instance", "INSTANCE_UNKNOWN"),
    ("GET", "/tasks/{}", None, "task", "TASK_UNKNOWN"),
    ("PATCH", "/tasks/{}", {"priority": 1}, "task", "TASK_UNKNOWN"),
    ("POST", "/tasks/{}/claim", {}, "task", "TASK_UNKNOWN"),
    ("POST", "/tasks/{}/unclaim", {}, "task", "TASK_UNKNOWN"),
    ("POST", "/tasks/{}/assign", {"assignee": "x"}, "task", "TASK_UNKNOWN"),
    ("POST", "/tasks/{}/delegate", {"assignee": "x"}, "task", "TASK_UNKNOWN"),
    ("POST", "/tasks/{}/resolve", {}, "task", "TASK_UNKNOWN"),
    ("POST", "/tasks/{}/complete", {}, "task", "TASK_UNKNOWN"),
    ("POST", "/tasks/{}/error", {"errorCode": "X"}, "task", "TASK_UNKNOWN"),
    ("POST", "/jobs/{}/complete", {"workerId": "w", "attempt": 1}, "job", "JOB_GONE"),
    ("POST", "/jobs/{}/fail", {"workerId": "w", "attempt": 1, "message": "x"}, "job", "JOB_GONE"),
    ("POST", "/jobs/{}/error", {"workerId": "w", "attempt": 1, "errorCode": "X"}, "job", "JOB_GONE"),
    ("POST", "/jobs/{}/extend", {"workerId": "w", "attempt": 1, "lockSeconds": 60}, "job", "JOB_GONE"),
    ("GET", "/incidents/{}", None, "incident", "INCIDENT_UNKNOWN"),
    ("POST", "/incidents/{}/resolve", {}, "incident", "INCIDENT_UNKNOWN"),
    ("DELETE", "/tokens/{}", None, "token", "TOKEN_UNKNOWN"),
]


def _by_id(what: str, id: str, method: str, path: str, body: Any, code: str) -> Refusal:
    more = {} if body is None else {"json": body}
    return Refusal(name=f"{method} {path.format(what)}", method=method, path=path.format(id), status=404, code=code,
                   says=["Expected"], **more)


UNKNOWN = [
    _by_id(what, id, method, path, body, code)
    for method, path, body, _, code in BY_ID
    for what, id in IDS.items()
]
FOREIGN = [
    _by_id(f"id of another tenant's {kind}", f"{{foreign_{kind}}}", method, path, body, code)
    for method, path, body, kind, code in BY_ID
]
CROSS = [
    Refusal(name="starting another tenant's definition", path="/instances", json={"definitionId": "{foreign_definition}"},
            status=404, code="DEFINITION_UNKNOWN"),
    Refusal(name="starting another tenant's key", path="/instances", json={"definitionKey": "foreign-review"}, status=404,
            code="DEFINITION_UNKNOWN", says=["foreign-review"]),
    Refusal(name="variables of another tenant's scope", method="GET",
            path="/instances/{open_instance}/variables?scopeId={foreign_instance}", status=404, code="SCOPE_UNKNOWN"),
    Refusal(name="setting variables of another tenant's scope", method="PATCH", json={"a": 1},
            path="/instances/{open_instance}/variables?scopeId={foreign_instance}", status=404, code="SCOPE_UNKNOWN"),
    Refusal(name="another tenant completes our task", path="/tasks/{open_task}/complete", json={}, token="acme", status=404,
            code="TASK_UNKNOWN"),
    Refusal(name="another tenant completes our job", path="/jobs/{job}/complete", json={"workerId": "w1", "attempt": 1},
            token="acme", status=404, code="JOB_GONE"),
]
NAMED = [
    Refusal(name="a decision nobody deployed", path="/decisions/nowhere/evaluate", json={}, status=404,
            code="DECISION_UNKNOWN", says=["nowhere"]),
    Refusal(name="another tenant's decision", path="/decisions/foreign-rate/evaluate", json={}, status=404,
            code="DECISION_UNKNOWN", says=["foreign-rate"]),
    Refusal(name="a decision without end", path="/decisions/endless/evaluate", json={}, status=422,
            code="DECISION_FAILED", says=["at most"]),
    Refusal(name="a key nobody deployed", path="/instances", json={"definitionKey": "nowhere"}, status=404,
            code="DEFINITION_UNKNOWN", says=["nowhere"]),
    Refusal(name="a version nobody deployed", path="/instances", json={"definitionKey": "review", "version": 99}, status=404,
            code="DEFINITION_UNKNOWN", says=["99"]),
    Refusal(name="a scope nobody has", method="GET", path="/instances/{open_instance}/variables?scopeId=5", status=404,
            code="SCOPE_UNKNOWN", says=["5"]),
    Refusal(name="setting variables of a scope nobody has", method="PATCH", json={"a": 1},
            path="/instances/{open_instance}/variables?scopeId=5", status=404, code="SCOPE_UNKNOWN"),
    Refusal(name="conditions of a key nobody deployed", path="/conditions", json={"definitionKey": "nowhere"}, status=404,
            code="DEFINITION_UNKNOWN", says=["nowhere"]),
    Refusal(name="conditions of another tenant's key", path="/conditions", json={"definitionKey": "foreign-review"},
            status=404, code="DEFINITION_UNKNOWN", says=["foreign-review"]),
    Refusal(name="conditions of a definition without any", path="/conditions", json={"definitionKey": "review"}, status=409,
            code="START_EVENT_MISSING", says=["conditional start event"]),
    Refusal(name="conditions of a suspended definition", path="/conditions", json={"definitionKey": "suspended"}, status=409,
            code="DEFINITION_SUSPENDED", says=["suspended"]),
    Refusal(name="conditions of a drawing", path="/conditions", json={"definitionKey": "drawing"}, status=409,
            code="NOT_EXECUTABLE", says=["makeExecutable"]),
    Refusal(name="a suspended definition", path="/instances", json={"definitionKey": "suspended"}, status=409,
            code="DEFINITION_SUSPENDED", says=["suspended"]),
    Refusal(name="a definition that is only a drawing", path="/instances", json={"definitionKey": "drawing"}, status=409,
            code="NOT_EXECUTABLE", says=["makeExecutable"]),
    Refusal(name="deleting a definition with running instances", method="DELETE", path="/definitions/{review}", status=409,
            code="INSTANCES_RUNNING", says=["cascade"]),
]
TASKS = [
    Refusal(name="completing a task twice", path="/tasks/{done_task}/complete", json={}, status=409, code="TASK_ENDED",
            says=["COMPLETED"]),
    Refusal(name="completing a task twice with a key", path="/tasks/{done_task}/complete", json={}, status=409,
            headers={"Idempotency-Key": "new"}, code="TASK_ENDED"),
    Refusal(name="an error of a task that is done", path="/tasks/{done_task}/error", json={"errorCode": "X"}, status=409,
            code="TASK_ENDED"),
    Refusal(name="claiming a task that is done", path="/tasks/{done_task}/claim", json={}, status=409, code="TASK_ENDED"),
    Refusal(name="completing a task of a cancelled instance", path="/tasks/{ended_task}/complete", json={}, status=409,
            code="TASK_ENDED", says=["CANCELLED"]),
    Refusal(name="completing a task of a paused instance", path="/tasks/{paused_task}/complete", json={}, status=409,
            code="INSTANCE_PAUSED", says=["resume"]),
    Refusal(name="claiming a claimed task", path="/tasks/{claimed_task}/claim", json={}, token="john", status=404,
            code="TASK_UNKNOWN"),
    Refusal(name="claiming a claimed task as operator", path="/tasks/{claimed_task}/claim", json={}, token="operator",
            status=409, code="TASK_CLAIMED", says=["mary"]),
    Refusal(name="completing somebody else's task", path="/tasks/{claimed_task}/complete", json={}, token="john", status=404,
            code="TASK_UNKNOWN"),
    Refusal(name="completing a task delegated to somebody else", path="/tasks/{delegated_task}/complete", json={},
            token="mary", status=409, code="TASK_CLAIMED", says=["john"]),
    Refusal(name="completing delegated work instead of resolving it", path="/tasks/{delegated_task}/complete", json={},
            token="john", status=409, code="TASK_DELEGATED", says=["resolve"]),
    Refusal(name="completing a task whose listener is at work", path="/tasks/{busy_task}/complete", json={}, status=409,
            code="TASK_BUSY", says=["COMPLETING"]),
    Refusal(name="claiming a task whose listener is at work", path="/tasks/{busy_task}/claim", json={}, status=409,
            code="TASK_BUSY"),
    Refusal(name="claiming a task whose listener fails", path="/tasks/{listened_task}/claim", json={}, token="mary",
            status=409, code="LISTENER_FAILED", says=["missing"]),
    Refusal(name="resolving what nobody delegated", path="/tasks/{claimed_task}/resolve", json={}, token="mary", status=409,
            code="TASK_NOT_DELEGATED"),
]
RESULT = {"workerId": "w1", "attempt": 1}
JOBS = [
    Refusal(name="extending a lease beyond a week", path="/jobs/{job}/extend", json={**RESULT, "lockSeconds": 604_801},
            status=422, code="INVALID_VALUE", pointer="/lockSeconds"),
    Refusal(name="completing a job twice", path="/jobs/{done_job}/complete", json=RESULT, status=404, code="JOB_GONE"),
    Refusal(name="a result after the lease ran out and another has the job", path="/jobs/{stale}/complete", json=RESULT,
            status=409, code="STALE_ATTEMPT", says=["attempt 2", "attempt 1"]),
    Refusal(name="a failure of an older attempt", path="/jobs/{stale}/fail", json={**RESULT, "message": "x"}, status=409,
            code="STALE_ATTEMPT"),
    Refusal(name="extending the lease of an older attempt", path="/jobs/{stale}/extend", json={**RESULT, "lockSeconds": 60},
            status=409, code="STALE_ATTEMPT"),
    Refusal(name="a result of an attempt to come", path="/jobs/{job}/complete", json={"workerId": "w1", "attempt": 7},
            status=409, code="STALE_ATTEMPT"),
]
OTHERS = [
    Refusal(name="resolving an incident twice", path="/incidents/{resolved}/resolve", json={}, status=409,
            code="INCIDENT_RESOLVED"),
    Refusal(name="dismissing an incident that holds a token", path="/incidents/{incident}/resolve", json={"dismiss": True},
            status=409, code="INCIDENT_NOT_DISMISSIBLE", says=["cancel"]),
    Refusal(name="cancelling twice", path="/instances/{ended_instance}/cancel", json={}, status=409, code="INSTANCE_ENDED",
            says=["CANCELLED"]),
    Refusal(name="pausing what has ended", path="/instances/{ended_instance}/pause", json={}, status=409, code="INSTANCE_ENDED"),
    Refusal(name="pausing twice", path="/instances/{paused_instance}/pause", json={}, status=409, code="INSTANCE_PAUSED"),
    Refusal(name="cancelling what is not active", path="/instances/{open_instance}/modify", status=422,
            json={"instructions": [{"type": "CANCEL", "elementId": "nowhere"}]}, code="MODIFICATION_INVALID", says=["nowhere"]),
    Refusal(name="going on where nothing has a place", path="/instances/{open_instance}/migrate", status=422,
            json={"targetDefinitionId": "{suspended}"}, code="MIGRATION_INVALID", says=["a place in the new version"]),
    Refusal(name="going on in the same version", path="/instances/{open_instance}/migrate", status=409,
            json={"targetDefinitionId": "{review}"}, code="ALREADY_MIGRATED"),
    Refusal(name="going on in another tenant's definition", path="/instances/{open_instance}/migrate", status=404,
            json={"targetDefinitionId": "{foreign_definition}"}, code="DEFINITION_UNKNOWN"),
    Refusal(name="going on in a drawing", path="/instances/{open_instance}/migrate", status=409,
            json={"targetDefinitionId": "{drawing}"}, code="NOT_EXECUTABLE"),
    Refusal(name="resuming what runs", path="/instances/{open_instance}/resume", json={}, status=409, code="INSTANCE_NOT_PAUSED"),
    Refusal(name="variables of what has ended", method="PATCH", path="/instances/{ended_instance}/variables", json={"a": 1},
            status=409, code="INSTANCE_ENDED"),
    Refusal(name="a message that several wait for", path="/messages", json={"name": "paid"}, status=409,
            code="MESSAGE_AMBIGUOUS", says=["paid", "key"], leaves=frozenset({"message", "audit"})),
    Refusal(name="a message to an id that is none", path="/messages", json={"name": "paid", "instanceId": "x"}, status=404,
            code="INSTANCE_UNKNOWN"),
]
ROWS: list[Refusal] = [*UNKNOWN, *FOREIGN, *CROSS, *NAMED, *TASKS, *JOBS, *OTHERS]
