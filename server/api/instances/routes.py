"""`/instances`: start, look at, change, pause, resume and cancel them."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from bpmn.runtime.commands import Instruction, InstructionType
from bpmn.runtime.state import InstanceStatus
from server.api.auth import allowed, principal
from server.api.fields import MAX_NAME
from server.api.http import answer, execute, parse_id, perform, replayed, unknown
from server.api.instances.render import load_list, load_view, show_element, show_event, show_migration, show_view
from server.api.instances.schemas import (
    CancelSchema,
    ElementSchema,
    HistoryItemSchema,
    InstanceQuery,
    InstanceSchema,
    MigrateSchema,
    MigrationSchema,
    ModifySchema,
    NoBodySchema,
    PauseSchema,
    ScopeQuery,
    StartSchema,
)
from server.api.openapi import Resource, answers, body, document, idempotent, query, read_json
from server.api.paging import PageQuery, included, list_schema, listed, page_of
from server.api.services import services
from server.errors import Detail, Invalid, Malformed
from server.ports.queries import InstanceFilter
from server.ports.records import InstanceRow
from server.store.codec import check_value, parse_json
from server.usecases.requests import (
    CancelRequest,
    MigrateRequest,
    ModifyRequest,
    PauseRequest,
    Replayed,
    ResumeRequest,
    SetVariablesRequest,
    StartRequest,
)
from server.usecases.waiting import wait_until_ended

instances = Resource("Instances", "Running and finished instances of definitions.")

_VARIABLES_DOC: dict[str, Any] = {"type": "object", "additionalProperties": True}


@instances.route("POST", "/instances")
@allowed("operator", "user")
@idempotent
@body(StartSchema)
@answers(201, InstanceSchema, "Started and durable; it may still be moving.")
def start_instance(data: dict[str, Any]) -> Response:
    """Start an instance."""
    definition_id = data.get("definitionId")
    target: str | None = data.get("definitionKey", definition_id)
    result = execute(
        StartRequest,
        show_view,
        action="instance.start",
        target=target,
        status=201,
        definition_key=data.get("definitionKey"),
        definition_id=None if definition_id is None else parse_id(definition_id, "DEFINITION"),
        version=data.get("version"),
        business_key=data.get("businessKey"),
        variables=data["variables"],
    )
    if isinstance(result, Replayed):
        return replayed(result)
    if data["waitSeconds"] > 0 and result.row.ended_at is None:
        with services().waiting.take() as taken:
            seconds = data["waitSeconds"] if taken else 0.0
            ended = wait_until_ended(
                services().queries, result.row.tenant_id, result.row.id, seconds, pause=services().waiting.pause
            )
        if ended is not None:
            return answer(load_view(services().queries, ended), 201)
    return answer(show_view(result), 201)


@instances.route("GET", "/instances")
@allowed("operator")
@query(InstanceQuery)
@answers(200, list_schema(InstanceSchema))
def list_instances(data: dict[str, Any]) -> Response:
    """List instances. Root variables only with `include=context`."""
    where = InstanceFilter(
        status=_statuses(data.get("status")),
        definition_key=data.get("definitionKey"),
        definition_id=_id_parameter(data, "definitionId"),
        business_key=data.get("businessKey"),
        parent_instance_id=_id_parameter(data, "parentInstanceId"),
        root_instance_id=_id_parameter(data, "rootInstanceId"),
        variables=[_variable(given) for given in data.get("variable", ())],
    )
    queries = services().queries
    listing = queries.list_instances(principal().tenant_id, where, page_of(data))
    return listed(listing, load_list(queries, listing.items, with_context="context" in included(data)))


@instances.route("GET", "/instances/<instance_id>")
@allowed("operator")
@answers(200, InstanceSchema)
def get_instance(instance_id: str) -> Response:
    """One instance with its root variables."""
    return answer(load_view(services().queries, _find(instance_id)))


@instances.route("GET", "/instances/<instance_id>/elements")
@allowed("operator")
@query(PageQuery)
@answers(200, list_schema(ElementSchema))
def list_elements(data: dict[str, Any], instance_id: str) -> Response:
    """Its active elements, with their scope and what they wait for."""
    row = _find(instance_id)
    listing = services().queries.active_elements(row.tenant_id, row.id, page_of(data))
    elements = services().definitions.elements(row.tenant_id, row.definition_id)
    return listed(listing, [show_element(element, elements) for element in listing.items])


@instances.route("GET", "/instances/<instance_id>/history")
@allowed("operator")
@query(PageQuery)
@answers(200, list_schema(HistoryItemSchema))
def list_history(data: dict[str, Any], instance_id: str) -> Response:
    """What happened, in order."""
    row = _find(instance_id)
    listing = services().queries.list_history(row.tenant_id, row.id, page_of(data))
    elements = services().definitions.elements(row.tenant_id, row.definition_id)
    return listed(listing, [show_event(event, elements) for event in listing.items])


@instances.route("GET", "/instances/<instance_id>/variables")
@allowed("operator")
@query(ScopeQuery)
@answers(200, _VARIABLES_DOC, "By name.")
def get_variables(data: dict[str, Any], instance_id: str) -> Response:
    """Variables that a scope sees."""
    row = _find(instance_id)
    if "scopeId" not in data:
        return answer(services().queries.variables([row.id]).get(row.id, {}))
    scope_id = parse_id(data["scopeId"], "SCOPE")
    found = services().queries.scope_variables(row.id, scope_id)
    if found is None:
        raise unknown("SCOPE", scope_id)
    return answer(found)


@instances.route("PATCH", "/instances/<instance_id>/variables")
@allowed("operator")
@query(ScopeQuery)
@document(requestBody={"required": True, "content": {"application/json": {"schema": _VARIABLES_DOC}}})
@answers(200, _VARIABLES_DOC, "All that the scope sees now.")
def patch_variables(data: dict[str, Any], instance_id: str) -> Response:
    """Set variables; `null` sets null."""
    return _set_variables(instance_id, data, variables=_variables_body())


@instances.route("DELETE", "/instances/<instance_id>/variables/<path:name>")
@allowed("operator")
@query(ScopeQuery)
@answers(200, _VARIABLES_DOC, "All that the scope sees now.")
def delete_variable(data: dict[str, Any], instance_id: str, name: str) -> Response:
    """Remove a variable."""
    return _set_variables(instance_id, data, removed=(name,))


@instances.route("POST", "/instances/<instance_id>/pause")
@allowed("operator")
@idempotent
@body(PauseSchema)
@answers(200, InstanceSchema)
def pause_instance(data: dict[str, Any], instance_id: str) -> Response:
    """Let nothing happen any more; what comes is kept for later."""
    return perform(
        PauseRequest,
        show_view,
        action="instance.pause",
        target=instance_id,
        instance_id=parse_id(instance_id, "INSTANCE"),
        timers=data["timers"],
    )


@instances.route("POST", "/instances/<instance_id>/resume")
@allowed("operator")
@idempotent
@body(NoBodySchema)
@answers(200, InstanceSchema)
def resume_instance(data: dict[str, Any], instance_id: str) -> Response:
    """Go on."""
    return perform(
        ResumeRequest,
        show_view,
        action="instance.resume",
        target=instance_id,
        instance_id=parse_id(instance_id, "INSTANCE"),
    )


@instances.route("POST", "/instances/<instance_id>/cancel")
@allowed("operator")
@idempotent
@body(CancelSchema)
@answers(200, InstanceSchema)
def cancel_instance(data: dict[str, Any], instance_id: str) -> Response:
    """End it, with everything it called."""
    return perform(
        CancelRequest,
        show_view,
        action="instance.cancel",
        target=instance_id,
        instance_id=parse_id(instance_id, "INSTANCE"),
        reason=data.get("reason"),
    )


@instances.route("POST", "/instances/<instance_id>/modify")
@allowed("operator")
@idempotent
@body(ModifySchema)
@answers(200, InstanceSchema)
def modify_instance(data: dict[str, Any], instance_id: str) -> Response:
    """Start before or after elements, cancel what is active."""
    return perform(
        ModifyRequest,
        show_view,
        action="instance.modify",
        target=instance_id,
        instance_id=parse_id(instance_id, "INSTANCE"),
        instructions=tuple(_instruction(given) for given in data["instructions"]),
    )


@instances.route("POST", "/instances/<instance_id>/migrate")
@allowed("operator")
@idempotent
@body(MigrateSchema)
@answers(200, MigrationSchema)
def migrate_instance(data: dict[str, Any], instance_id: str) -> Response:
    """Go on in another version of the definition; a dry run only checks."""
    return perform(
        MigrateRequest,
        show_migration,
        action="instance.migrate",
        target=instance_id,
        instance_id=parse_id(instance_id, "INSTANCE"),
        target_definition_id=parse_id(data["targetDefinitionId"], "DEFINITION"),
        mapping=data["mapping"],
        dry_run=data["dryRun"],
    )


def _instruction(given: dict[str, Any]) -> Instruction:
    scope = given.get("scopeId")
    return Instruction(
        type=InstructionType(given["type"]),
        element_id=given["elementId"],
        scope_id=None if scope is None else parse_id(scope, "SCOPE"),
        variables=given["variables"],
    )


def _find(instance_id: str) -> InstanceRow:
    row = services().queries.find_instance(principal().tenant_id, parse_id(instance_id, "INSTANCE"))
    if row is None:
        raise unknown("INSTANCE", instance_id)
    return row


def _set_variables(instance_id: str, data: dict[str, Any], **changes: Any) -> Response:
    scope_id = parse_id(data["scopeId"], "SCOPE") if "scopeId" in data else None
    return perform(
        SetVariablesRequest,
        dict,
        action="instance.variables",
        target=instance_id,
        instance_id=parse_id(instance_id, "INSTANCE"),
        scope_id=scope_id,
        **changes,
    )


def _variables_body() -> dict[str, Any]:
    found: dict[str, Any] = read_json(request)
    for name in found:
        if not name or len(name) > MAX_NAME:
            message = f"Expected names of 1 to {MAX_NAME} characters, but got {len(name)}"
            raise Invalid("INVALID_BODY", message, details=[Detail(code="INVALID_VALUE", message=message, pointer="")])
    return found


def _id_parameter(data: dict[str, Any], name: str) -> int | None:
    """An id that cannot exist finds nothing, like one that does not."""
    if name not in data:
        return None
    text: str = data[name]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _statuses(text: str | None) -> list[str]:
    given = [part.strip() for part in text.split(",") if part.strip()] if text else []
    known = [status.value for status in InstanceStatus]
    for status in given:
        if status not in known:
            raise Malformed("INVALID_PARAMETERS", f"Expected 'status' among {', '.join(known)}, but got '{status}'")
    return given


def _variable(text: str) -> tuple[str, Any]:
    name, colon, value = text.partition(":")
    try:
        if not name or not colon:
            raise ValueError("there is no ':' after the name")
        found = parse_json(value)
        check_value(found)
        return name, found
    except ValueError as error:
        raise Malformed(
            "INVALID_PARAMETERS",
            f"Expected 'variable' as name:json (text in double quotes), but got '{text[:80]}': {error}",
        ) from None
