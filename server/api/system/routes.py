"""Outside the base path: health, metrics, the OpenAPI document and the page that shows it."""

from __future__ import annotations

import logging
from pathlib import Path

from flask import Response, current_app, redirect
from marshmallow import Schema, fields
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.wrappers import Response as AnyResponse

from server.api.auth import EVERYONE, allowed, from_this_machine, require
from server.api.http import answer
from server.api.openapi import Resource, answers
from server.api.services import services
from server.errors import NotFound

logger = logging.getLogger(__name__)

system = Resource(
    "System", "Health, metrics and this documentation; no token needed (but for metrics from elsewhere).", prefix="/"
)

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {"docs.html": "text/html", "docs.css": "text/css", "docs.js": "text/javascript"}
DOCUMENT = "bpmnd-openapi"


class HealthSchema(Schema):
    status = fields.String(required=True)
    checks = fields.Dict(keys=fields.String(), values=fields.String())


@system.route("GET", "/health/live")
@allowed(EVERYONE)
@answers(200, HealthSchema)
def live() -> Response:
    """The process answers."""
    return answer({"status": "UP"})


@system.route("GET", "/health/ready")
@allowed(EVERYONE)
@answers(200, HealthSchema)
@answers(503, HealthSchema, "Something it needs cannot be reached; `checks` says what.")
def ready() -> Response:
    """Database and bus answer."""
    results: dict[str, str] = {}
    for name, check in {"database": services().store.check, **services().checks}.items():
        try:
            check()
            results[name] = "UP"
        except Exception as error:
            # The text may name addresses: it belongs in the log, not in an answer that needs no token.
            logger.warning("Health check %s failed: %s", name, error)
            results[name] = "DOWN"
    up = all(result == "UP" for result in results.values())
    response = answer({"status": "UP" if up else "DOWN", "checks": results}, 200 if up else 503)
    if not up:
        response.headers["Retry-After"] = "2"
    return response


@system.route("GET", "/metrics")
@allowed(EVERYONE)
@answers(200, {"type": "string"}, content_type="text/plain")
def metrics() -> Response:
    """For Prometheus. Needs no token from this machine itself; from elsewhere, or by a proxy, that of an operator."""
    if not from_this_machine():
        require("operator")
    return Response(generate_latest(services().metrics), content_type=CONTENT_TYPE_LATEST)


@system.route("GET", "/openapi.json")
@allowed(EVERYONE)
@answers(200, {"type": "object"})
def openapi_document() -> Response:
    """This document."""
    return answer(current_app.extensions[DOCUMENT])


@system.route("GET", "/docs")
@allowed(EVERYONE)
@answers(200, {"type": "string"}, content_type="text/html")
def docs() -> Response:
    """The page that shows it, served without any outside request."""
    return _page("docs.html")


@system.route("GET", "/docs/<path:name>")
@allowed(EVERYONE)
@answers(200, {"type": "string"}, content_type="text/plain")
def docs_file(name: str) -> Response:
    """Script and style of the page."""
    return _page(name)


@system.route("GET", "/")
@allowed(EVERYONE)
@answers(302, description="To /docs.")
def root() -> AnyResponse:
    """To the documentation."""
    return redirect("/docs")


def _page(name: str) -> Response:
    if name not in MEDIA_TYPES:
        raise NotFound("PATH_UNKNOWN", f"Expected one of {', '.join(MEDIA_TYPES)}, but got '{name[:80]}'")
    return Response((STATIC / name).read_bytes(), mimetype=MEDIA_TYPES[name])
