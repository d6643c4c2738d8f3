"""Headers of every answer, the request's id, and how large a body may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

from flask import Flask, Response, g, request

from server.config import Settings
from server.errors import Malformed

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


View = TypeVar("View", bound=Callable[..., Any])


def takes_files(view: View) -> View:
    """The route's body may be as large as a deployment."""
    view.__dict__["takes_files"] = True
    return view


def register(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    # Multipart fields that are no files; definitions sent as text fields are files for us.
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes

    @app.before_request
    def _begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        if "\x00" in request.path or b"%00" in request.query_string:
            # No name or value here may hold it, and PostgreSQL does not even compare with it.
            raise Malformed("INVALID_PARAMETERS", "Expected a path and parameters without NUL, but there is one (%00)")
        if request.url_rule is not None and request.endpoint is not None:
            view = app.view_functions[request.endpoint]
            if getattr(view, "takes_files", False):
                request.max_content_length = settings.max_deployment_bytes

    @app.after_request
    def _finish(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-Id"] = g.get("request_id", "")
        if response.status_code not in (429, 503):
            response.headers.pop("Retry-After", None)  # flask-limiter sends it with every answer
        return response
