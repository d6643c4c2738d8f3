"""What goes out about deployments."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from bpmn.findings import Severity
from server.api.decisions.schemas import DecisionSchema
from server.api.definitions.schemas import DefinitionSummarySchema


class FindingSchema(Schema):
    """What bpmnd has to say about a model."""

    class Meta:
        name = "Finding"

    severity = fields.String(required=True, validate=OneOf([severity.value for severity in Severity]))
    code = fields.String(required=True)
    message = fields.String(required=True)
    hint = fields.String(required=True)
    elementId = fields.String(allow_none=True, required=True)
    elementName = fields.String(allow_none=True, required=True)
    line = fields.Integer(allow_none=True, required=True)
    file = fields.String(allow_none=True, required=True)


class FormSchema(Schema):
    name = fields.String(required=True)


class DeploymentSchema(Schema):
    """What became of the files. A dry run has no id and stored nothing."""

    class Meta:
        name = "Deployment"

    id = fields.String(allow_none=True, required=True)
    tenantId = fields.String(required=True)
    name = fields.String(required=True)
    deployedAt = fields.DateTime(allow_none=True, required=True)
    definitions = fields.List(fields.Nested(DefinitionSummarySchema), required=True)
    decisions = fields.List(fields.Nested(DecisionSchema), required=True)
    forms = fields.List(fields.Nested(FormSchema), required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)


FILES_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["files"],
                "properties": {
                    "files": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "description": ".bpmn, .dmn, .xml and .form files",
                    },
                    "name": {"type": "string", "maxLength": 255},
                    "dryRun": {
                        "type": "string",
                        "enum": ["true", "false"],
                        "description": "Only check; nothing is stored.",
                    },
                    "makeExecutable": {
                        "type": "string",
                        "enum": ["true", "false"],
                        "description": 'Run processes although they say isExecutable="false".',
                    },
                },
            }
        }
    },
}
