"""What comes in and goes out about jobs."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from server.api.fields import Number, Variables, Whole, text

MAX_JOBS = 1000
MAX_LOCK_SECONDS = 7 * 24 * 3600
MAX_WAIT_SECONDS = 60


class ActivateSchema(Schema):
    type = text(required=True)
    maxJobs = Whole(1, MAX_JOBS, required=True)
    lockSeconds = Number(1, MAX_LOCK_SECONDS, required=True)
    workerId = text(required=True)
    waitSeconds = Number(0, MAX_WAIT_SECONDS, load_default=0.0)
    fetchVariables = fields.List(
        text(),
        allow_none=True,
        load_default=None,
        validate=Length(max=1000),
        metadata={"description": "Only these variables; all by default."},
    )


class JobSchema(Schema):
    """Work for a worker. A result must name its `attempt`."""

    class Meta:
        name = "Job"

    id = fields.String(required=True)
    tenantId = fields.String(required=True)
    type = fields.String(required=True)
    instanceId = fields.String(required=True)
    definitionKey = fields.String(required=True)
    version = fields.Integer(required=True)
    elementId = fields.String(required=True)
    elementName = fields.String(allow_none=True, required=True)
    businessKey = fields.String(allow_none=True, required=True)
    attempt = fields.Integer(required=True)
    retries = fields.Integer(required=True)
    priority = fields.Integer(required=True)
    lockedUntil = fields.DateTime(required=True)
    headers = fields.Dict(required=True)
    variables = fields.Dict(required=True)


class JobsSchema(Schema):
    jobs = fields.List(fields.Nested(JobSchema), required=True)


class _ResultSchema(Schema):
    workerId = text(required=True)
    attempt = Whole(1, required=True)


class CompleteJobSchema(_ResultSchema):
    variables = Variables(load_default=dict)


class FailJobSchema(_ResultSchema):
    message = fields.String(required=True, validate=Length(max=10_000))
    retries = Whole(0, 1000, metadata={"description": "Attempts left from now on; 0 raises an incident."})
    backoffSeconds = Number(0, MAX_LOCK_SECONDS)


class JobErrorSchema(_ResultSchema):
    errorCode = text(required=True)
    message = fields.String(allow_none=True, validate=Length(max=10_000))
    variables = Variables(load_default=dict)


class ExtendJobSchema(_ResultSchema):
    lockSeconds = Number(1, MAX_LOCK_SECONDS, required=True)
