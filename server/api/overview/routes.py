"""`/overview`: what a first page needs, in one request."""

from __future__ import annotations

from flask import Response
from marshmallow import Schema, fields

from server.api.auth import allowed, principal
from server.api.http import answer
from server.api.openapi import Resource, answers
from server.api.services import services

overview = Resource("Overview", "What a first page needs.")


class CountsSchema(Schema):
    definitionKey = fields.String(required=True)
    counts = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "Instances by status."}
    )


class OverviewSchema(Schema):
    class Meta:
        name = "Overview"

    tenantId = fields.String(required=True)
    user = fields.String(required=True)
    definitions = fields.List(fields.Nested(CountsSchema), required=True)
    openIncidents = fields.Integer(required=True)
    myTasks = fields.Integer(required=True, metadata={"description": "Open tasks that are assigned to whoever asks."})
    claimableTasks = fields.Integer(
        required=True, metadata={"description": "Open tasks that whoever asks is a candidate of."}
    )


@overview.route("GET", "/overview")
@allowed("deployer", "operator", "user")
@answers(200, OverviewSchema)
def get_overview() -> Response:
    """Counts by definition and status, my tasks, open incidents."""
    who = principal()
    found = services().queries.overview(who.tenant_id, who.name, who.groups)
    return answer(
        {
            "tenantId": who.tenant_id,
            "user": who.name,
            "definitions": [dict(counts) for counts in found.definitions],
            "openIncidents": found.open_incidents,
            "myTasks": found.my_tasks,
            "claimableTasks": found.claimable_tasks,
        }
    )
