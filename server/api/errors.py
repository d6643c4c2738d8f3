"""Everything that can go wrong becomes `application/problem+json` (RFC 9457) here, once."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from bpmn.findings import Finding, Severity
from server.errors import (
    ConflictError,
    Detail,
    DomainError,
    Invalid,
    InvalidMigration,
    InvalidModel,
    Malformed,
    NotFound,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from server.ports.queries import BadCursor, BadSort
from server.ports.store import Conflict, SerializationFailure, StoreUnavailable
from server.store.codec import dump_api

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 100


def register(app: Flask) -> None:
    """Have the application answer every error with a problem."""
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(BadCursor, lambda error: _domain_error(Malformed("CURSOR_INVALID", str(error))))
    app.register_error_handler(BadSort, lambda error: _domain_error(Malformed("SORT_INVALID", str(error))))
    app.register_error_handler(Conflict, _store_conflict)
    app.register_error_handler(SerializationFailure, _busy)
    app.register_error_handler(StoreUnavailable, _store_unavailable)
    app.register_error_handler(Exception, _unexpected)


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as the API shows it."""
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "message": finding.message,
        "hint": finding.hint,
        "elementId": finding.element_id,
        "elementName": finding.element_name,
        "line": finding.line,
        "file": finding.file,
    }


def invalid_arguments(messages: Mapping[str, Any], location: str) -> DomainError:
    """What marshmallow says about body (422, with JSON pointers) or query (400), as one of our errors."""
    inner = messages.get(location, messages)
    in_query = location == "query"
    details = []
    for path, message in _flatten(inner):
        pointer = "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)
        if message == "Unknown field.":
            what = "parameter" if in_query else "field"
            details.append(
                Detail(
                    code=f"UNKNOWN_{what.upper()}",
                    pointer=None if in_query else pointer,
                    message=f"Expected only known {what}s, but '{'.'.join(path)[:200]}' is none",
                )
            )
        else:
            name = f"'{'.'.join(path)[:200]}': " if path else ""
            details.append(Detail(code="INVALID_VALUE", pointer=None if in_query else pointer, message=name + message))
    text = "; ".join(detail.message for detail in details[:5])
    if in_query:
        return Malformed("INVALID_PARAMETERS", text, details=details[:MAX_ERRORS])
    return Invalid("INVALID_BODY", text, details=details[:MAX_ERRORS])


def problem(error: DomainError) -> Response:
    """The answer to an error."""
    errors: list[dict[str, Any]] = [_detail_json(detail) for detail in error.details]
    body: dict[str, Any] = {
        "type": f"urn:bpmnd:problem:{error.code.lower().replace('_', '-')}",
        "title": error.title,
        "status": error.status,
        "detail": error.message,
    }
    if isinstance(error, InvalidModel):
        findings = [finding_json(finding) for finding in error.findings]
        errors = [
            {key: finding[key] for key in ("code", "message", "elementId", "line") if finding[key] is not None}
            for finding in findings
            if finding["severity"] == Severity.ERROR
        ][:MAX_ERRORS]
        body["findings"] = findings
    elif isinstance(error, InvalidMigration):
        body["findings"] = [finding_json(finding) for finding in error.findings]
    body["errors"] = errors or [{"code": error.code, "message": error.message}]
    body["requestId"] = g.get("request_id")
    body.update({key: value for key, value in error.extra.items() if key not in body})
    response = Response(dump_api(body), status=error.status, mimetype=MEDIA_TYPE)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="bpmnd"'
    return response


def _detail_json(detail: Detail) -> dict[str, Any]:
    fields = {
        "code": detail.code,
        "message": detail.message,
        "elementId": detail.element_id,
        "line": detail.line,
        "pointer": detail.pointer,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _flatten(messages: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flatten(inner, path if key == "_schema" else (*path, str(key)))
    elif isinstance(messages, list | tuple):
        for message in messages:
            yield from _flatten(message, path)
    else:
        yield path, str(messages)


def _domain_error(error: DomainError) -> Response:
    return problem(error)


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        return problem(
            TooLarge(
                "BODY_TOO_LARGE",
                "Expected a smaller body; BPMND_MAX_BODY_BYTES (deployments: "
                "BPMND_MAX_DEPLOYMENT_BYTES) says how large it may be",
            )
        )
    if status == HTTPStatus.NOT_FOUND:
        return problem(NotFound("PATH_UNKNOWN", "Expected a path of this API (see /docs), but there is nothing here"))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        limited: DomainError = TooMany(
            "RATE_LIMITED",
            f"Expected fewer requests of this token to this route, but the "
            f"limit is {error.description}; try again in a moment",
        )
    else:
        limited = _other(error, status)
    response = problem(limited)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _other(error: HTTPException, status: int) -> DomainError:
    phrase = HTTPStatus(status).phrase
    if isinstance(error, MethodNotAllowed):
        known = ", ".join(sorted(error.valid_methods or ()))
        message = f"Expected one of the methods {known} for this path (see /docs), but got {request.method[:20]}"
    else:
        message = f"Expected a request that HTTP allows, but: {error.description or phrase}"
    other = DomainError(re.sub(r"\W+", "_", phrase).upper(), message)
    other.status, other.title = status, phrase
    return other


def _store_conflict(error: Conflict) -> Response:
    return problem(ConflictError("CONFLICT", f"{error}; somebody else was faster"))


def _busy(error: SerializationFailure) -> Response:
    logger.warning("The database could not serialise a request: %s", error)
    return problem(
        Unavailable(
            "BUSY", "Expected the change to be possible now, but others changed the same; try again", retry_after=1
        )
    )


def _store_unavailable(error: StoreUnavailable) -> Response:
    logger.error("The database cannot be reached: %s", error)
    return problem(Unavailable("DATABASE_UNAVAILABLE", "Expected the database to answer, but it cannot be reached now"))


def _unexpected(error: Exception) -> Response:
    incident = uuid4().hex
    logger.error("Unexpected error %s in request %s", incident, g.get("request_id"), exc_info=error)
    failure = DomainError(
        "INTERNAL_ERROR",
        f"Expected to answer, but something failed inside; the log knows it as '{incident}'",
        errorId=incident,
    )
    failure.status, failure.title = 500, "Internal error"
    return problem(failure)
