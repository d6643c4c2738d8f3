"""The OpenAPI document: typed decorators over flask-smorest that parse what comes in and describe what goes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar, cast

from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Request
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException

from server.api import errors
from server.api.wording import reworded
from server.errors import Detail, DomainError, Invalid, Malformed
from server.store.codec import check_value, parse_json, refuse_repeated_names

View = TypeVar("View", bound=Callable[..., Any])

BASE = "/api/v1"
TITLE = "bpmnd"
JSON_TYPES = ("application/json",)


def messages_of(error: ValidationError) -> dict[str, Any]:
    """What failed, by location."""
    return error.messages if isinstance(error.messages, dict) else {"json": error.messages}


class Parser(FlaskParser):
    """webargs with exact numbers, our errors, and nothing unknown accepted anywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE, "form": RAISE, "files": RAISE}

    def load_json(self, req: Request, schema: Schema) -> Any:
        return read_json(req)

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_: Any) -> NoReturn:
        location = next(iter(messages_of(error)), "json")
        raise errors.invalid_arguments(messages_of(error), location) from None


class _Blueprint(Blueprint):  # type: ignore[misc]
    ARGUMENTS_PARSER = Parser()


class Resource:
    """The routes of one resource, under `/api/v1` unless `prefix` says otherwise."""

    def __init__(self, name: str, description: str, *, prefix: str = BASE) -> None:
        self.blueprint = _Blueprint(name, __name__, url_prefix=prefix, description=description)

    def route(self, method: str, rule: str, *, tags: list[str] | None = None) -> Callable[[View], View]:
        def decorate(view: View) -> View:
            self.blueprint.route(rule, methods=[method], tags=tags, endpoint=view.__name__)(view)
            return view

        return decorate


_decorators = _Blueprint("decorators", __name__)


def _instance(schema: type[Schema] | Schema) -> Schema:
    """One for all requests: making a schema costs more than using it."""
    return reworded(schema() if isinstance(schema, type) else schema)


def body(schema: type[Schema] | Schema) -> Callable[[View], View]:
    """The JSON body, checked by the schema, is passed as next positional argument."""
    return cast(Callable[[View], View], _decorators.arguments(_instance(schema), location="json"))


def query(schema: type[Schema] | Schema) -> Callable[[View], View]:
    """The query parameters, checked by the schema, are passed as next positional argument."""
    return cast(Callable[[View], View], _decorators.arguments(_instance(schema), location="query"))


def answers(
    status: int,
    schema: type[Schema] | Schema | dict[str, Any] | None = None,
    description: str | None = None,
    *,
    content_type: str | None = None,
) -> Callable[[View], View]:
    """Describes the answer; views return ready responses."""
    return cast(
        Callable[[View], View], _decorators.response(status, schema, description=description, content_type=content_type)
    )


def document(**operation: Any) -> Callable[[View], View]:
    """Adds to the operation's description as it is."""
    return cast(Callable[[View], View], _decorators.doc(**operation))


def idempotent(view: View) -> View:
    """Describes the `Idempotency-Key` header."""
    return document(
        parameters=[
            {
                "in": "header",
                "name": "Idempotency-Key",
                "required": False,
                "schema": {"type": "string", "maxLength": 255},
                "description": "The same request sent again with the same key is carried out once (kept for 24 hours).",
            }
        ]
    )(view)


def read_json(req: Request) -> Any:
    """The JSON body; an empty body is an empty object. Raises Malformed, Invalid, DomainError (415)."""
    data = req.get_data(cache=True)
    if not data.strip():
        return {}
    if req.mimetype not in JSON_TYPES and not req.mimetype.endswith("+json"):
        wrong = DomainError(
            "MEDIA_TYPE_UNSUPPORTED",
            f"Expected a body of type application/json, but got "
            f"'{req.mimetype or 'none'}'; set the header Content-Type",
        )
        wrong.status, wrong.title = 415, "Unsupported media type"
        raise wrong
    try:
        value = parse_json(data)
        refuse_repeated_names(data, value)
    except (ValueError, RecursionError) as error:
        raise Malformed("JSON_INVALID", f"Expected a JSON body, but {error}") from None
    try:
        check_value(value)
    except ValueError as error:
        place = re.search(r"at '(/[^']*)'", str(error))
        raise Invalid(
            "INVALID_VALUE",
            str(error),
            details=[Detail(code="INVALID_VALUE", message=str(error), pointer=place[1] if place else "")],
        ) from None
    if not isinstance(value, dict):
        message = f"Expected a JSON object as body, but got {type(value).__name__}"
        raise Invalid("INVALID_BODY", message, details=[Detail(code="INVALID_VALUE", message=message, pointer="")])
    return value


class ErrorSchema(Schema):
    """One entry of a problem's `errors`."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    elementId = fields.String()
    line = fields.Integer()
    pointer = fields.String(metadata={"description": "JSON pointer into the body of the request"})


class ProblemSchema(Schema):
    """`application/problem+json` (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(ErrorSchema), required=True)
    requestId = fields.String()


class Api(SmorestApi):  # type: ignore[misc]
    """flask-smorest's document without its error handlers: errors are answered by `server.api.errors`."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        pass

    def document(self) -> Mapping[str, Any]:
        """The OpenAPI document; every error is shown as a problem."""
        found: dict[str, Any] = self.spec.to_dict()
        for response in found.get("components", {}).get("responses", {}).values():
            content = response.get("content", {})
            if "application/json" in content:
                content[errors.MEDIA_TYPE] = content.pop("application/json")
        return found


def _schema_name(schema: type[Schema] | Schema) -> str:
    """`Meta.name`, else the name of the class."""
    kind = schema if isinstance(schema, type) else type(schema)
    return str(getattr(kind.Meta, "name", None) or kind.__name__.removesuffix("Schema"))


def make_api(app: Flask, version: str) -> Api:
    """The document of an application; register the resources with it."""
    app.config.update(API_TITLE=TITLE, API_VERSION=version, OPENAPI_VERSION="3.0.3")
    api = Api(
        app,
        spec_kwargs={
            "marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=_schema_name),
            "info": {
                "description": "A BPMN 2.0 process server. Ids are opaque strings, times are RFC 3339, UTC. Errors are "
                "`application/problem+json`. `x-roles` says which roles may use an operation."
            },
        },
    )
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    return api


__all__ = [
    "BASE",
    "Api",
    "HTTPException",
    "Parser",
    "Resource",
    "answers",
    "body",
    "document",
    "idempotent",
    "make_api",
    "query",
    "read_json",
]
