"""`/definitions`: versions of processes."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from server.api.auth import allowed, principal
from server.api.definitions.render import show_definition
from server.api.definitions.schemas import (
    ChangeDefinitionSchema,
    DefinitionQuery,
    DefinitionSchema,
    DeleteQuery,
    UploadQuery,
)
from server.api.headers import takes_files
from server.api.http import answer, idempotency, no_content, parse_id, replayed
from server.api.openapi import Resource, answers, body, document, idempotent, query
from server.api.paging import list_schema, listed, page_of
from server.api.services import services
from server.errors import DomainError, Invalid
from server.ports.records import DefinitionRow
from server.store.codec import dump_api
from server.usecases.deploy import DeployedFile, DeploymentResult
from server.usecases.requests import Replayed

definitions = Resource("Definitions", "Versions of processes.")

_XML_BODY = {"required": True, "content": {"application/xml": {"schema": {"type": "string"}}}}
_LATER = ("json", "yaml")


@definitions.route("POST", "/definitions")
@allowed("deployer")
@takes_files
@idempotent
@query(UploadQuery)
@document(requestBody=_XML_BODY)
@answers(201, DefinitionSchema, "The new version; the latest one where nothing changed.")
def create_definition(data: dict[str, Any]) -> Response:
    """Deploy one BPMN document."""
    return _upload(data, None)


@definitions.route("PUT", "/definitions/<definition>")
@allowed("deployer")
@takes_files
@query(UploadQuery)
@document(requestBody=_XML_BODY)
@answers(201, DefinitionSchema, "The new version; the latest one where nothing changed.")
def put_definition(data: dict[str, Any], definition: str) -> Response:
    """Deploy a new version of the process with this key (the path names the key, not an id)."""
    return _upload(data, definition)


@definitions.route("GET", "/definitions")
@allowed("deployer", "operator", "user")
@query(DefinitionQuery)
@answers(200, list_schema(DefinitionSchema))
def list_definitions(data: dict[str, Any]) -> Response:
    """List definitions."""
    found = services().definitions
    listing = found.list(
        principal().tenant_id, page_of(data), key=data.get("key"), latest=data["latest"], name=data.get("name")
    )
    return listed(listing, [_show(row) for row in listing.items])


@definitions.route("GET", "/definitions/<definition>")
@allowed("deployer", "operator", "user")
@answers(200, DefinitionSchema)
def get_definition(definition: str) -> Response:
    """One version by its id."""
    return answer(_show(services().definitions.get(principal().tenant_id, parse_id(definition, "DEFINITION"))))


@definitions.route("GET", "/definitions/<definition>/xml")
@allowed("deployer", "operator", "user")
@answers(200, {"type": "string"}, "The document, byte for byte.", content_type="application/xml")
def get_definition_xml(definition: str) -> Response:
    """The document as it was uploaded."""
    _, content = services().definitions.xml(principal().tenant_id, parse_id(definition, "DEFINITION"))
    return Response(content, mimetype="application/xml")


@definitions.route("PATCH", "/definitions/<definition>")
@allowed("deployer")
@body(ChangeDefinitionSchema)
@answers(200, DefinitionSchema)
def patch_definition(data: dict[str, Any], definition: str) -> Response:
    """Suspend it (no new instances), or make it the version that instances are started of."""
    return answer(
        _show(
            services().definitions.change(
                principal(),
                parse_id(definition, "DEFINITION"),
                suspended=data.get("suspended"),
                is_default=data.get("isDefault"),
            )
        )
    )


@definitions.route("DELETE", "/definitions/<definition>")
@allowed("deployer")
@query(DeleteQuery)
@answers(204)
def delete_definition(data: dict[str, Any], definition: str) -> Response:
    """Delete this version; 409 while instances run, unless `cascade`."""
    services().definitions.delete(principal(), parse_id(definition, "DEFINITION"), cascade=data["cascade"])
    return no_content()


def _show(row: DefinitionRow) -> dict[str, Any]:
    return show_definition(row, services().definitions.view(row))


def _upload(data: dict[str, Any], key: str | None) -> Response:
    content = request.get_data(cache=True)
    kind = next((kind for kind in _LATER if kind in request.mimetype), None)
    if kind is not None:
        refused = DomainError(
            "MEDIA_TYPE_UNSUPPORTED",
            f"Expected a BPMN document as application/xml, but got {kind.upper()}, which bpmnd does not read yet",
        )
        refused.status, refused.title = 415, "Unsupported media type"
        raise refused
    if not content:
        raise Invalid("BODY_MISSING", "Expected a BPMN document as body, but it is empty")
    name = data.get("name") or (f"{key}.bpmn" if key else "definition.bpmn")
    if not name.lower().endswith((".bpmn", ".xml")):
        name += ".bpmn"

    def shown(result: DeploymentResult) -> dict[str, Any]:
        row = next((row for row in result.definitions if row.executable), result.definitions[0])
        return show_definition(row, services().definitions.preview(content, name, row.key))

    def render(result: DeploymentResult) -> tuple[int, bytes]:
        return 201, dump_api(shown(result))

    result = services().deployer.deploy(
        principal(),
        [DeployedFile(name, content)],
        make_executable=data["makeExecutable"],
        only_key=key,
        one_document=True,
        idempotency=idempotency(render) if request.method == "POST" else None,
    )
    return replayed(result) if isinstance(result, Replayed) else answer(shown(result), 201)
