"""`/messages`: publish one, and hear who took it."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import OneOf

from server.api.auth import allowed
from server.api.fields import Flag, Number, Variables, text
from server.api.http import parse_id, perform
from server.api.openapi import Resource, answers, body, idempotent
from server.api.services import services
from server.usecases.requests import PublishRequest, PublishResult

messages = Resource("Messages", "Messages from outside, correlated with waiting instances or starting new ones.")

MAX_TTL_SECONDS = 366 * 24 * 3600
RESULTS = ("CORRELATED", "STARTED", "BUFFERED", "DUPLICATE", "NONE")


class PublishSchema(Schema):
    name = text(required=True)
    correlationKey = fields.Raw(allow_none=True, metadata={"description": '1 and "1" differ.'})
    correlationKeys = Variables(
        load_default=dict, metadata={"description": "Every name must equal a variable of the process."}
    )
    businessKey = text(null=True)
    instanceId = text(null=True)
    variables = Variables(load_default=dict)
    ttlSeconds = Number(0, MAX_TTL_SECONDS)
    messageId = text(null=True, description="The same id is taken once while the message is kept.")
    all = Flag(load_default=False, metadata={"description": "To every instance that waits, not at most one."})

    @validates_schema
    def _scalar_key(self, data: dict[str, Any], **_: object) -> None:
        if isinstance(data.get("correlationKey"), dict | list):
            raise ValidationError("Expected a string, a number or a boolean", "correlationKey")


class PublishedSchema(Schema):
    """`NONE`: nobody waited, and the message was not to be kept."""

    result = fields.String(required=True, validate=OneOf(RESULTS))
    instanceIds = fields.List(fields.String(), required=True)


@messages.route("POST", "/messages")
@allowed("operator", "worker")
@idempotent
@body(PublishSchema)
@answers(200, PublishedSchema)
def publish_message(data: dict[str, Any]) -> Response:
    """Publish a message; answers after it was matched."""
    instance = data.get("instanceId")
    return perform(
        PublishRequest,
        show_published,
        action="message.publish",
        target=data["name"],
        name=data["name"],
        correlation_key=data.get("correlationKey"),
        has_correlation_key=data.get("correlationKey") is not None,
        correlation_keys=data["correlationKeys"],
        business_key=data.get("businessKey"),
        instance_id=None if instance is None else parse_id(instance, "INSTANCE"),
        variables=data["variables"],
        ttl_seconds=data.get("ttlSeconds", services().settings.message_ttl_seconds),
        message_id=data.get("messageId"),
        to_all=data["all"],
    )


def show_published(result: PublishResult) -> dict[str, Any]:
    return {"result": result.result, "instanceIds": [str(id) for id in result.instance_ids]}
