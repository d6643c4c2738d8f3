"""`/signals`: broadcast one, and hear whom it reaches."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from server.api.auth import allowed
from server.api.fields import Variables, text
from server.api.http import perform
from server.api.openapi import Resource, answers, body, idempotent
from server.usecases.requests import SignalRequest, SignalResult

signals = Resource("Signals", "Signals from outside, for everyone who waits for them.")


class SignalSchema(Schema):
    name = text(required=True)
    variables = Variables(load_default=dict)


class SignalledSchema(Schema):
    """Instances that waited for the signal or were started by it."""

    instanceIds = fields.List(
        fields.String(), required=True, metadata={"description": "At most the first 1000; `total` counts them all."}
    )
    total = fields.Integer(required=True)


@signals.route("POST", "/signals")
@allowed("operator", "worker")
@idempotent
@body(SignalSchema)
@answers(200, SignalledSchema)
def broadcast_signal(data: dict[str, Any]) -> Response:
    """Broadcast a signal. The answer is durable; the receivers may still be moving."""
    return perform(
        SignalRequest,
        show_signalled,
        action="signal.broadcast",
        target=data["name"],
        name=data["name"],
        variables=data["variables"],
    )


def show_signalled(result: SignalResult) -> dict[str, Any]:
    return {"instanceIds": [str(id) for id in result.instance_ids], "total": result.total}
