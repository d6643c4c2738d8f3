"""What comes in and goes out about decisions."""

from __future__ import annotations

from marshmallow import Schema, fields

from server.api.fields import Variables
from server.api.paging import PageQuery


class DecisionSchema(Schema):
    """One version of a DMN decision or decision service. Its key is the id in the document."""

    class Meta:
        name = "Decision"

    id = fields.String(required=True)
    tenantId = fields.String(required=True)
    key = fields.String(required=True)
    name = fields.String(allow_none=True, required=True)
    version = fields.Integer(required=True)
    versionTag = fields.String(allow_none=True, required=True)
    deploymentId = fields.String(required=True)
    resourceName = fields.String(required=True)
    deployedAt = fields.DateTime(required=True)


class DecisionQuery(PageQuery):
    key = fields.String(metadata={"description": "Exactly this key."})
    latest = fields.Boolean(load_default=False, metadata={"description": "Only the latest version of each key."})
    name = fields.String(metadata={"description": "Exactly this name."})


class EvaluateSchema(Schema):
    variables = Variables(load_default=dict, metadata={"description": "What the decision reads."})
    version = fields.Integer(
        strict=True, metadata={"description": "Of this version instead of the latest.", "minimum": 1}
    )


class DecisionProblemSchema(Schema):
    elementId = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)


class DecidedSchema(Schema):
    """`decisions` has the result of every decision that was evaluated, by id. `problems` say why a part has none: a
    broken hit policy, a value of another type."""

    class Meta:
        name = "Decided"

    decisionId = fields.String(required=True)
    decisionKey = fields.String(required=True)
    version = fields.Integer(required=True)
    tenantId = fields.String(required=True)
    result = fields.Raw(allow_none=True, required=True)
    decisions = fields.Dict(required=True)
    problems = fields.List(fields.Nested(DecisionProblemSchema), required=True)
