"""`/tokens`: API tokens of users and programs."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf

from server.api.auth import allowed, principal
from server.api.fields import Instant, text
from server.api.http import answer, idempotency, no_content, parse_id, replayed
from server.api.openapi import Resource, answers, body, idempotent, query
from server.api.paging import list_schema
from server.api.services import services
from server.errors import Forbidden
from server.ports.records import TokenRow
from server.store.codec import dump_api
from server.usecases.requests import Replayed
from server.usecases.tokens import ROLES, is_root

tokens = Resource("Tokens", "API tokens: each stands for a user or program of one tenant, with roles and groups.")


class TokenSchema(Schema):
    """`token` is answered once, when it is made; only its SHA-256 is kept."""

    class Meta:
        name = "Token"

    id = fields.String(required=True)
    tenantId = fields.String(required=True)
    name = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    groups = fields.List(fields.String(), required=True)
    createdAt = fields.DateTime(required=True)
    expiresAt = fields.DateTime(allow_none=True, required=True)
    token = fields.String(allow_none=True)


class CreateTokenSchema(Schema):
    name = text(required=True, description="Of the user or program; the user of tasks.")
    roles = fields.List(fields.String(validate=OneOf(ROLES)), required=True, validate=Length(1, len(ROLES)))
    groups = fields.List(text(), load_default=list, validate=Length(max=100))
    tenantId = text(description="Only with the admin token of the server; by default the caller's own.")
    expiresAt = Instant(allow_none=True, load_default=None)


class TenantQuery(Schema):
    tenantId = fields.String(metadata={"description": "Only with the admin token of the server."})


@tokens.route("POST", "/tokens")
@allowed("admin")
@idempotent
@body(CreateTokenSchema)
@answers(201, TokenSchema, "The token; a repeated request with the same Idempotency-Key is answered without it.")
def create_token(data: dict[str, Any]) -> Response:
    """Make a token."""
    result = services().tokens.create(
        principal(),
        name=data["name"],
        roles=data["roles"],
        groups=data["groups"],
        tenant_id=_tenant(data),
        expires_at=data["expiresAt"],
        # What is stored must not hold the secret.
        idempotency=idempotency(lambda row: (201, dump_api({**show_token(row), "token": None}))),
    )
    if isinstance(result, Replayed):
        return replayed(result)
    row, token = result
    return answer({**show_token(row), "token": token}, 201)


@tokens.route("GET", "/tokens")
@allowed("admin")
@query(TenantQuery)
@answers(200, list_schema(TokenSchema))
def list_tokens(data: dict[str, Any]) -> Response:
    """List the tenant's tokens."""
    return answer({"items": [show_token(row) for row in services().tokens.list(_tenant(data))], "nextCursor": None})


@tokens.route("DELETE", "/tokens/<token_id>")
@allowed("admin")
@query(TenantQuery)
@answers(204)
def delete_token(data: dict[str, Any], token_id: str) -> Response:
    """Delete a token; other processes may still take it for BPMND_TOKEN_CACHE_SECONDS."""
    services().tokens.delete(principal(), _tenant(data), parse_id(token_id, "TOKEN"))
    return no_content()


def show_token(row: TokenRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "tenantId": row.tenant_id,
        "name": row.name,
        "roles": list(row.roles),
        "groups": list(row.groups),
        "createdAt": row.created_at,
        "expiresAt": row.expires_at,
    }


def _tenant(data: dict[str, Any]) -> str:
    who = principal()
    tenant: str = data.get("tenantId", who.tenant_id)
    if tenant != who.tenant_id and not is_root(who):
        raise Forbidden(
            "TENANT_FOREIGN",
            f"Expected the tenant '{who.tenant_id}' of the token, but got '{tenant}'; only "
            "the admin token of the server works for other tenants",
        )
    return tenant
