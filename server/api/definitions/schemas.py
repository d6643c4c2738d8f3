"""What comes in and goes out about definitions."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validates_schema

from server.api.fields import Flag
from server.api.paging import PageQuery


class TaskDefinitionSchema(Schema):
    """An activity of a definition."""

    class Meta:
        name = "TaskDefinition"

    id = fields.String(required=True)
    name = fields.String(allow_none=True, required=True)
    type = fields.String(required=True, metadata={"description": "USER_TASK, SERVICE_TASK, SCRIPT_TASK ..."})


TransitionSchema = Schema.from_dict(
    {
        "id": fields.String(required=True),
        "name": fields.String(allow_none=True, required=True),
        "from": fields.String(allow_none=True, required=True),
        "to": fields.String(allow_none=True, required=True),
        "condition": fields.String(allow_none=True, required=True),
        "isDefault": fields.Boolean(required=True),
    },
    name="TransitionSchema",
)


class DefinitionSummarySchema(Schema):
    """One version of a process."""

    class Meta:
        name = "WorkflowDefinitionSummary"

    id = fields.String(required=True)
    tenantId = fields.String(required=True)
    key = fields.String(required=True)
    name = fields.String(allow_none=True, required=True)
    version = fields.Integer(required=True)
    versionTag = fields.String(allow_none=True, required=True)
    executable = fields.Boolean(required=True)
    suspended = fields.Boolean(required=True)
    isDefault = fields.Boolean(required=True)
    deploymentId = fields.String(required=True)
    resourceName = fields.String(required=True)
    deployedAt = fields.DateTime(required=True)


class DefinitionSchema(DefinitionSummarySchema):
    """One version of a process. `tasks` and `transitions` are derived from its model."""

    class Meta:
        name = "WorkflowDefinition"

    tasks = fields.List(fields.Nested(TaskDefinitionSchema))
    transitions = fields.List(fields.Nested(TransitionSchema))


class DefinitionQuery(PageQuery):
    key = fields.String(metadata={"description": "Exactly this key."})
    latest = fields.Boolean(load_default=False, metadata={"description": "Only the latest version of each key."})
    name = fields.String(metadata={"description": "Exactly this name."})


class UploadQuery(Schema):
    name = fields.String(metadata={"description": "File name to keep the document under."})
    makeExecutable = fields.Boolean(
        load_default=False, metadata={"description": 'Run it although it says isExecutable="false".'}
    )


class DeleteQuery(Schema):
    cascade = fields.Boolean(
        load_default=False, metadata={"description": "Also remove all its instances with their history."}
    )


class ChangeDefinitionSchema(Schema):
    suspended = Flag()
    isDefault = Flag()

    @validates_schema
    def _something(self, data: dict[str, object], **_: object) -> None:
        if not data:
            raise ValidationError("Expected at least one of suspended, isDefault")
