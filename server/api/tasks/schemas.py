"""What comes in and goes out about user tasks."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf

from server.api.fields import Instant, Variables, Whole, text
from server.api.paging import IncludeQuery, PageQuery

STATUSES = ("CREATING", "OPEN", "CLAIMED", "COMPLETING", "COMPLETED", "CANCELLED")
"""CREATING and COMPLETING: a listener of the task has to be done first."""
OPEN_STATUSES = ("OPEN", "CLAIMED")
"""What a list shows that does not ask for a status."""


class TaskSchema(Schema):
    """A user task. `variables` are those its scope sees."""

    class Meta:
        name = "Task"

    id = fields.String(required=True)
    tenantId = fields.String(required=True)
    name = fields.String(allow_none=True, required=True)
    type = fields.String(required=True)
    elementId = fields.String(required=True)
    instanceId = fields.String(required=True)
    definitionId = fields.String(required=True)
    definitionKey = fields.String(required=True)
    businessKey = fields.String(allow_none=True, required=True)
    assignee = fields.String(allow_none=True, required=True)
    owner = fields.String(allow_none=True, required=True)
    delegation = fields.String(allow_none=True, required=True, validate=OneOf(("PENDING", "RESOLVED")))
    candidateUsers = fields.List(fields.String(), required=True)
    candidateGroups = fields.List(fields.String(), required=True)
    priority = fields.Integer(required=True)
    dueDate = fields.DateTime(allow_none=True, required=True)
    followUpDate = fields.DateTime(allow_none=True, required=True)
    form = fields.Dict(allow_none=True, required=True)
    status = fields.String(required=True, validate=OneOf(STATUSES))
    createdAt = fields.DateTime(required=True)
    endedAt = fields.DateTime(allow_none=True, required=True)
    variables = fields.Dict(keys=fields.String(), values=fields.Raw())


class TaskQuery(PageQuery, IncludeQuery):
    INCLUDES = ("variables",)
    status = fields.String(
        metadata={
            "description": f"Among {', '.join(STATUSES)}; several by commas. Without it the open ones: "
            f"{','.join(OPEN_STATUSES)}."
        }
    )
    instanceId = fields.String()
    definitionKey = fields.String()
    elementId = fields.String()
    assignee = fields.String()
    candidateUser = fields.String()
    candidateGroup = fields.String(metadata={"description": "One or several, separated by commas."})
    dueBefore = Instant()
    businessKey = fields.String()


class ClaimSchema(Schema):
    assignee = text(description="Only operators claim for somebody else; by default whoever asks.")


class AssignSchema(Schema):
    assignee = text(required=True, null=True, description="null takes the task from its assignee.")


class DelegateSchema(Schema):
    assignee = text(required=True)


class CompleteSchema(Schema):
    variables = Variables(load_default=dict)


class TaskErrorSchema(Schema):
    errorCode = text(required=True)
    message = fields.String(allow_none=True, validate=Length(max=4000))
    variables = Variables(load_default=dict)


class ChangeTaskSchema(Schema):
    priority = Whole(0, 1_000_000)
    dueDate = Instant(allow_none=True)
    followUpDate = Instant(allow_none=True)
    candidateUsers = fields.List(text(), validate=Length(max=1000))
    candidateGroups = fields.List(text(), validate=Length(max=1000))

    @validates_schema
    def _something(self, data: dict[str, object], **_: object) -> None:
        if not data:
            raise ValidationError(f"Expected at least one of {', '.join(self.fields)}")
