"""`/incidents`: what went wrong, and going on after it was put right."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from server.api.auth import allowed, principal
from server.api.fields import Flag, Variables, Whole
from server.api.http import answer, parse_id, perform, unknown
from server.api.openapi import Resource, answers, body, idempotent, query
from server.api.paging import PageQuery, list_schema, listed, page_of
from server.api.services import services
from server.ports.queries import IncidentFilter
from server.ports.records import IncidentRow
from server.usecases.requests import ResolveIncidentRequest

incidents = Resource("Incidents", "Places where an instance could not go on by itself.")


class IncidentSchema(Schema):
    class Meta:
        name = "Incident"

    id = fields.String(required=True)
    tenantId = fields.String(required=True)
    instanceId = fields.String(required=True)
    definitionId = fields.String(required=True)
    definitionKey = fields.String(required=True)
    elementId = fields.String(allow_none=True, required=True)
    kind = fields.String(required=True)
    message = fields.String(required=True)
    errorCode = fields.String(allow_none=True, required=True)
    jobId = fields.String(allow_none=True, required=True)
    createdAt = fields.DateTime(required=True)
    resolvedAt = fields.DateTime(allow_none=True, required=True)


class IncidentQuery(PageQuery):
    instanceId = fields.String()
    definitionKey = fields.String()
    elementId = fields.String()
    kind = fields.String()
    resolved = fields.Boolean(load_default=False, metadata={"description": "Also those that are resolved."})


class ResolveSchema(Schema):
    variables = Variables(load_default=dict)
    retries = Whole(1, 1000, metadata={"description": "Attempts that the job gets; 1 by default."})
    dismiss = Flag(load_default=False, metadata={"description": "Close the record without doing anything."})


@incidents.route("GET", "/incidents")
@allowed("operator")
@query(IncidentQuery)
@answers(200, list_schema(IncidentSchema))
def list_incidents(data: dict[str, Any]) -> Response:
    """List open incidents."""
    instance = data.get("instanceId")
    where = IncidentFilter(
        instance_id=None
        if instance is None
        else (int(instance) if instance.isdecimal() and len(instance) < 19 else -1),
        definition_key=data.get("definitionKey"),
        element_id=data.get("elementId"),
        kind=data.get("kind"),
        open_only=not data["resolved"],
    )
    listing = services().queries.list_incidents(principal().tenant_id, where, page_of(data))
    return listed(listing, [show_incident(row) for row in listing.items])


@incidents.route("GET", "/incidents/<incident_id>")
@allowed("operator")
@answers(200, IncidentSchema)
def get_incident(incident_id: str) -> Response:
    """One incident."""
    row = services().queries.find_incident(principal().tenant_id, parse_id(incident_id, "INCIDENT"))
    if row is None:
        raise unknown("INCIDENT", incident_id)
    return answer(show_incident(row))


@incidents.route("POST", "/incidents/<incident_id>/resolve")
@allowed("operator")
@idempotent
@body(ResolveSchema)
@answers(200, IncidentSchema)
def resolve_incident(data: dict[str, Any], incident_id: str) -> Response:
    """Put variables right, give the job new retries, and go on."""
    return perform(
        ResolveIncidentRequest,
        show_incident,
        action="incident.resolve",
        target=incident_id,
        incident_id=parse_id(incident_id, "INCIDENT"),
        variables=data["variables"],
        retries=data.get("retries"),
        dismiss=data["dismiss"],
    )


def show_incident(row: IncidentRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "tenantId": row.tenant_id,
        "instanceId": str(row.instance_id),
        "definitionId": str(row.definition_id),
        "definitionKey": row.definition_key,
        "elementId": row.element_id,
        "kind": row.kind,
        "message": row.message,
        "errorCode": row.error_code,
        "jobId": None if row.job_id is None else str(row.job_id),
        "createdAt": row.created_at,
        "resolvedAt": row.resolved_at,
    }
