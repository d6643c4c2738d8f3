"""`/conditions`: hand in variables, and hear which instances their conditions have started."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from server.api.auth import allowed
from server.api.fields import Variables, text
from server.api.http import perform
from server.api.openapi import Resource, answers, body, idempotent
from server.usecases.requests import ConditionFailure, ConditionRequest, ConditionResult

conditions = Resource("Conditions", "Conditional start events of processes, evaluated over variables from outside.")


class ConditionSchema(Schema):
    variables = Variables(
        load_default=dict, metadata={"description": "What the conditions read; each instance gets all of them."}
    )
    businessKey = text(null=True, description="Of every instance that is started.")
    definitionKey = text(null=True, description="Only the latest version of this key; without it, of every key.")


class ConditionFailureSchema(Schema):
    """A conditional start event that could not be evaluated, or whose instance could not be started."""

    definitionId = fields.String(required=True)
    definitionKey = fields.String(required=True)
    elementId = fields.String(required=True)
    message = fields.String(required=True)


class StartedByConditionsSchema(Schema):
    """One instance for every conditional start event that is true, in order of key and element. What fails, fails
    alone; a condition that reads a variable which is not given is not true, and no failure."""

    instanceIds = fields.List(fields.String(), required=True)
    failures = fields.List(fields.Nested(ConditionFailureSchema), required=True)


@conditions.route("POST", "/conditions")
@allowed("operator", "worker")
@idempotent
@body(ConditionSchema)
@answers(200, StartedByConditionsSchema)
def evaluate_conditions(data: dict[str, Any]) -> Response:
    """Evaluate conditional start events of the latest versions; each that is true starts an instance."""
    return perform(
        ConditionRequest,
        show_started,
        action="condition.evaluate",
        target=data.get("definitionKey"),
        variables=data["variables"],
        business_key=data.get("businessKey"),
        definition_key=data.get("definitionKey"),
    )


def show_started(result: ConditionResult) -> dict[str, Any]:
    return {
        "instanceIds": [str(id) for id in result.instance_ids],
        "failures": [show_failure(failure) for failure in result.failures],
    }


def show_failure(failure: ConditionFailure) -> dict[str, str]:
    return {
        "definitionId": str(failure.definition_id),
        "definitionKey": failure.definition_key,
        "elementId": failure.element_id,
        "message": failure.message,
    }
