"""What belongs to requests and to the installation rather than to instances."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table

from server.store.tables.base import document, index, key, metadata, moment, number, tenant, text
from server.store.types import Identifier, Tuple

idempotency = Table(
    "idempotency",
    metadata,
    key("tenant_id", Identifier()),
    key("principal", Identifier()),
    key("route", Identifier()),
    key("key", Identifier()),
    text("body_hash"),
    number("status", null=True),
    Column("response", LargeBinary(), nullable=True),
    moment("created_at"),
)
index("ix_idempotency_created_at", idempotency.c.created_at)

node_lease = Table(
    "node_lease",
    metadata,
    key("node"),
    text("owner"),
    moment("leased_until"),
)

api_token = Table(
    "api_token",
    metadata,
    key("id"),
    tenant(),
    text("name"),
    text("token_hash"),
    Column("roles", Tuple(), nullable=True),
    Column("groups", Tuple(), nullable=True),
    moment("created_at"),
    moment("expires_at", null=True),
)
index("uq_api_token_token_hash_tenant_id", api_token.c.token_hash, api_token.c.tenant_id, unique=True)
index("ix_api_token_tenant_id", api_token.c.tenant_id, api_token.c.id)

audit = Table(
    "audit",
    metadata,
    key("id"),
    tenant(),
    moment("at"),
    text("principal"),
    text("action"),
    text("target", null=True),
    document("detail", null=True),
)
index("ix_audit_tenant_id", audit.c.tenant_id, audit.c.id)
