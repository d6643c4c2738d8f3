"""`/decisions`: versions of DMN decisions, and what they decide."""

from __future__ import annotations

from typing import Any

from flask import Response

from server.api.auth import allowed, principal
from server.api.decisions.render import show_decided, show_decision
from server.api.decisions.schemas import DecidedSchema, DecisionQuery, DecisionSchema, EvaluateSchema
from server.api.http import answer, idempotency, parse_id, replayed
from server.api.openapi import Resource, answers, body, idempotent, query
from server.api.paging import list_schema, listed, page_of
from server.api.services import services
from server.store.codec import dump_api
from server.usecases.requests import Replayed

decisions = Resource("Decisions", "Versions of DMN decisions, and what they decide.")


@decisions.route("GET", "/decisions")
@allowed("deployer", "operator", "user")
@query(DecisionQuery)
@answers(200, list_schema(DecisionSchema))
def list_decisions(data: dict[str, Any]) -> Response:
    """List decisions."""
    found = services().decisions
    listing = found.list(
        principal().tenant_id, page_of(data), key=data.get("key"), latest=data["latest"], name=data.get("name")
    )
    return listed(listing, [show_decision(row) for row in listing.items])


@decisions.route("GET", "/decisions/<decision>")
@allowed("deployer", "operator", "user")
@answers(200, DecisionSchema)
def get_decision(decision: str) -> Response:
    """One version by its id."""
    return answer(show_decision(services().decisions.get(principal().tenant_id, parse_id(decision, "DECISION"))))


@decisions.route("GET", "/decisions/<decision>/xml")
@allowed("deployer", "operator", "user")
@answers(200, {"type": "string"}, "The document, byte for byte.", content_type="application/xml")
def get_decision_xml(decision: str) -> Response:
    """The document as it was uploaded."""
    content = services().decisions.xml(principal().tenant_id, parse_id(decision, "DECISION"))
    return Response(content, mimetype="application/xml")


@decisions.route("POST", "/decisions/<key>/evaluate")
@allowed("operator", "user", "worker")
@idempotent
@body(EvaluateSchema)
@answers(200, DecidedSchema)
def evaluate_decision(data: dict[str, Any], key: str) -> Response:
    """Evaluate the latest version of a decision, or the given one (the path names the key, not an id)."""
    result = services().decisions.evaluate(
        principal().tenant_id,
        key,
        data["variables"],
        version=data.get("version"),
        idempotency=idempotency(lambda decided: (200, dump_api(show_decided(decided)))),
    )
    return replayed(result) if isinstance(result, Replayed) else answer(show_decided(result))
