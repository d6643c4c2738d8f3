"""Deployments, their files, the definitions in them and what starts their instances."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table

from server.store.tables.base import document, flag, index, key, metadata, moment, number, tenant, text
from server.store.types import Identifier

deployment = Table(
    "deployment",
    metadata,
    key("id"),
    tenant(),
    text("name"),
    moment("deployed_at"),
    text("deployed_by", null=True),
)
index("ix_deployment_tenant_id", deployment.c.tenant_id, deployment.c.id)

resource = Table(
    "resource",
    metadata,
    key("deployment_id"),
    key("name", Identifier()),
    tenant(),
    text("kind"),
    Column("content", LargeBinary(), nullable=False),
    text("content_hash"),
)

definition = Table(
    "definition",
    metadata,
    key("id"),
    tenant(),
    text("key"),
    number("version"),
    text("name", null=True),
    text("version_tag", null=True),
    number("deployment_id"),
    text("resource_name"),
    text("content_hash"),
    flag("executable"),
    flag("forced_executable"),
    flag("suspended"),
    flag("is_default"),
    moment("deployed_at"),
    text("history_ttl", null=True),
)
index(
    "uq_definition_tenant_id_key_version",
    definition.c.tenant_id,
    definition.c.key,
    definition.c.version,
    unique=True,
)
index("ix_definition_tenant_id", definition.c.tenant_id, definition.c.id)
index("ix_definition_deployment_id", definition.c.deployment_id, definition.c.key)

definition_key = Table(
    "definition_key",
    metadata,
    key("tenant_id", Identifier()),
    key("key", Identifier()),
    number("latest_version"),
)
"""One row per key: the lock that deployments of the key take, and the highest version number ever given."""

decision = Table(
    "decision",
    metadata,
    key("id"),
    tenant(),
    text("key"),
    number("version"),
    text("name", null=True),
    text("version_tag", null=True),
    number("deployment_id"),
    text("resource_name"),
    text("content_hash"),
    moment("deployed_at"),
)
index("uq_decision_tenant_id_key_version", decision.c.tenant_id, decision.c.key, decision.c.version, unique=True)
index("ix_decision_tenant_id", decision.c.tenant_id, decision.c.id)
index("ix_decision_deployment_id", decision.c.deployment_id, decision.c.key)

message_start = Table(
    "message_start",
    metadata,
    key("tenant_id", Identifier()),
    key("message_name", Identifier()),
    key("definition_id"),
    key("element_id", Identifier()),
    text("definition_key"),
    document("correlation_key", null=True),
)
index("ix_message_start_tenant_id_definition_key", message_start.c.tenant_id, message_start.c.definition_key)

signal_start = Table(
    "signal_start",
    metadata,
    key("tenant_id", Identifier()),
    key("signal_name", Identifier()),
    key("definition_id"),
    key("element_id", Identifier()),
    text("definition_key"),
)
index("ix_signal_start_tenant_id_definition_key", signal_start.c.tenant_id, signal_start.c.definition_key)

condition_start = Table(
    "condition_start",
    metadata,
    key("tenant_id", Identifier()),
    key("definition_key", Identifier()),
    key("definition_id"),
    key("element_id", Identifier()),
)

timer_start = Table(
    "timer_start",
    metadata,
    key("id"),
    tenant(),
    number("definition_id"),
    text("definition_key"),
    text("element_id"),
    moment("due_at"),
    text("cycle", null=True),
    number("remaining", null=True),
)
index("ix_timer_start_due_at", timer_start.c.due_at, timer_start.c.id)
index("ix_timer_start_tenant_id_definition_key", timer_start.c.tenant_id, timer_start.c.definition_key)
