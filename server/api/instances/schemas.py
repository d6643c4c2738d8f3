"""What comes in and goes out about instances."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf

from bpmn.runtime.commands import InstructionType
from bpmn.runtime.state import InstanceStatus
from server.api.deployments.schemas import FindingSchema
from server.api.fields import Flag, Number, Variables, Whole, text
from server.api.paging import IncludeQuery, PageQuery

MAX_WAIT_SECONDS = 60
MAX_INSTRUCTIONS = 1000


class InstanceSchema(Schema):
    """An instance of a definition. `currentState` names its active elements, `context` its root variables."""

    class Meta:
        name = "WorkflowInstance"

    id = fields.String(required=True)
    tenantId = fields.String(required=True)
    definitionId = fields.String(required=True)
    definitionKey = fields.String(required=True)
    version = fields.Integer(required=True)
    businessKey = fields.String(allow_none=True, required=True)
    status = fields.String(required=True, validate=OneOf([status.value for status in InstanceStatus]))
    currentState = fields.List(fields.String(), required=True)
    context = fields.Dict(keys=fields.String(), values=fields.Raw())
    startedAt = fields.DateTime(required=True)
    endedAt = fields.DateTime(allow_none=True, required=True)
    incidents = fields.Integer(required=True, metadata={"description": "How many incidents are open."})
    parentInstanceId = fields.String(allow_none=True, required=True)
    rootInstanceId = fields.String(required=True)
    parentElementId = fields.String(allow_none=True, required=True)


class StartSchema(Schema):
    definitionKey = text()
    definitionId = text()
    version = Whole(minimum=1)
    businessKey = text(null=True)
    variables = Variables(load_default=dict)
    waitSeconds = Number(
        0, MAX_WAIT_SECONDS, load_default=0.0, metadata={"description": "Wait up to this long for the instance to end."}
    )

    @validates_schema
    def _one_definition(self, data: dict[str, object], **_: object) -> None:
        if ("definitionKey" in data) == ("definitionId" in data):
            raise ValidationError("Expected either 'definitionKey' or 'definitionId'")
        if "version" in data and "definitionKey" not in data:
            raise ValidationError("Expected 'version' only together with 'definitionKey'", "version")


class InstanceQuery(PageQuery, IncludeQuery):
    INCLUDES = ("context",)
    status = fields.String(metadata={"description": "One or several, separated by commas."})
    definitionKey = fields.String()
    definitionId = fields.String()
    businessKey = fields.String()
    parentInstanceId = fields.String()
    rootInstanceId = fields.String()
    variable = fields.List(
        fields.String(), metadata={"description": '`name:json`; several must all be met. 1 equals 1.0, but not "1".'}
    )


class HistoryItemSchema(Schema):
    seq = fields.Integer(required=True)
    at = fields.DateTime(required=True)
    type = fields.String(required=True)
    elementId = fields.String()
    elementType = fields.String()
    elementName = fields.String(allow_none=True)
    scopeId = fields.String()
    data = fields.Dict()


class ElementSchema(Schema):
    """An active element: a token and what it waits for."""

    elementId = fields.String(required=True)
    elementType = fields.String(allow_none=True, required=True)
    elementName = fields.String(allow_none=True, required=True)
    tokenId = fields.String(required=True)
    scopeId = fields.String(required=True)
    parentScopeId = fields.String(allow_none=True, required=True)
    waits = fields.List(fields.Dict(), required=True)


class ScopeQuery(Schema):
    scopeId = fields.String(metadata={"description": "A scope of `/elements`; without it the process."})


class CancelSchema(Schema):
    reason = fields.String(allow_none=True, validate=Length(max=2000))


class PauseSchema(Schema):
    timers = fields.String(
        load_default="CATCH_UP",
        validate=OneOf(("STOP", "CATCH_UP")),
        metadata={"description": "STOP: timers fire that much later; CATCH_UP: when the instance goes on."},
    )


class InstructionSchema(Schema):
    type = fields.String(required=True, validate=OneOf([type.value for type in InstructionType]))
    elementId = text(required=True)
    scopeId = text(null=True, description="A scope of `/elements`, where the element's is open more than once.")
    variables = Variables(load_default=dict, metadata={"description": "For the scope of the token that starts."})

    @validates_schema
    def _no_variables(self, data: dict[str, Any], **_: object) -> None:
        if data["type"] == InstructionType.CANCEL and data["variables"]:
            raise ValidationError("Expected no variables where a token is cancelled", "variables")


class ModifySchema(Schema):
    instructions = fields.List(
        fields.Nested(InstructionSchema), required=True, validate=Length(1, MAX_INSTRUCTIONS),
        metadata={"description": "Carried out in their order: all, or none."},
    )  # fmt: skip


class MigrateSchema(Schema):
    targetDefinitionId = text(required=True)
    mapping = fields.Dict(
        keys=text(),
        values=text(),
        load_default=dict,
        metadata={"description": "From element (and flow) ids of the old version to the new, where they differ."},
    )
    dryRun = Flag(load_default=False, metadata={"description": "Only say what would be done."})


class MigrationSchema(Schema):
    """The whole mapping, suggestions included."""

    mapping = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)


class NoBodySchema(Schema):
    """Nothing is expected."""
