"""Instances, their scopes and variables, and the commands that wait for them."""

from __future__ import annotations

from sqlalchemy import Column, Table, and_, true

from server.store.tables.base import document, flag, hot, index, key, metadata, moment, number, tenant, text
from server.store.types import Identifier, StateDocument, StoredValue

instance = Table(
    "instance",
    metadata,
    key("id"),
    tenant(),
    number("definition_id"),
    text("definition_key"),
    number("version"),
    text("business_key", null=True),
    text("status"),
    number("sequence"),
    Column("document", StateDocument(), nullable=False),
    text("active"),
    number("root_instance_id"),
    number("parent_instance_id", null=True),
    number("parent_scope_id", null=True),
    number("parent_token_id", null=True),
    text("parent_element_id", null=True),
    moment("started_at"),
    moment("ended_at", null=True),
    number("incidents"),
    flag("single_start"),
    text("pause_timers", null=True),
)
index("ix_instance_tenant_id", instance.c.tenant_id, instance.c.id)
index("ix_instance_started_at", instance.c.tenant_id, instance.c.started_at, instance.c.id)
index("ix_instance_status", instance.c.tenant_id, instance.c.status, instance.c.id)
index(
    "ix_instance_definition_key",
    instance.c.tenant_id,
    instance.c.definition_key,
    instance.c.status,
    instance.c.id,
)
index("ix_instance_definition_id", instance.c.definition_id, instance.c.status, instance.c.id)
index(
    "ix_instance_business_key",
    instance.c.tenant_id,
    instance.c.business_key,
    instance.c.id,
    where=instance.c.business_key.is_not(None),
)
index(
    "ix_instance_parent_instance_id",
    instance.c.parent_instance_id,
    instance.c.id,
    where=instance.c.parent_instance_id.is_not(None),
)
index(
    "ix_instance_root_instance_id",
    instance.c.root_instance_id,
    instance.c.id,
    where=instance.c.parent_instance_id.is_not(None),
)
index(
    "uq_instance_single_start",
    instance.c.tenant_id,
    instance.c.definition_key,
    instance.c.business_key,
    where=and_(instance.c.single_start == true(), instance.c.ended_at.is_(None)),
    unique=True,
)
hot(instance, fillfactor=70)

scope = Table(
    "scope",
    metadata,
    key("instance_id"),
    key("id"),
    tenant(),
    number("parent_id"),
    number("owner_token_id", null=True),
    text("element_id"),
    text("kind"),
    text("state"),
    Column("document", StateDocument(), nullable=False),
    text("active"),
    number("item_index", null=True),
)
index("ix_scope_parent_id", scope.c.instance_id, scope.c.parent_id, scope.c.id)
hot(scope, fillfactor=80)

variable = Table(
    "variable",
    metadata,
    key("instance_id"),
    key("scope_id"),
    key("name", Identifier()),
    tenant(),
    Column("value", StoredValue(), nullable=False),
    number("value_hash", null=True),
)
"""`value_hash` is set for scalars in the root scope only: those can be searched for."""
index(
    "ix_variable_value_hash",
    variable.c.tenant_id,
    variable.c.name,
    variable.c.value_hash,
    variable.c.instance_id,
    where=variable.c.value_hash.is_not(None),
)
hot(variable)

item = Table(
    "item",
    metadata,
    key("instance_id"),
    key("scope_id"),
    key("item_index"),
    tenant(),
    document("value", null=True),
    document("output", null=True),
)

command = Table(
    "command",
    metadata,
    key("instance_id"),
    key("id"),
    tenant(),
    text("kind"),
    document("payload"),
    moment("due_at", null=True),
    number("attempts"),
)
index("ix_command_due", command.c.id, command.c.due_at, where=command.c.due_at.is_not(None))
hot(command, fillfactor=80)

migration = Table(
    "migration",
    metadata,
    key("instance_id"),
    number("id"),
    tenant(),
    number("source_definition_id"),
    number("target_definition_id"),
    text("state"),
    document("mapping"),
    document("findings"),
)
"""Migrations that take many transactions: the last one of each instance."""
index("ix_migration_state", migration.c.tenant_id, migration.c.state, migration.c.instance_id)

incident = Table(
    "incident",
    metadata,
    key("instance_id"),
    key("id"),
    tenant(),
    number("scope_id", null=True),
    number("token_id", null=True),
    number("definition_id"),
    text("definition_key"),
    text("element_id", null=True),
    text("kind"),
    text("message"),
    text("error_code", null=True),
    number("job_id", null=True),
    moment("created_at"),
    moment("resolved_at", null=True),
)
index("ix_incident_id", incident.c.id)
index("ix_incident_tenant_id", incident.c.tenant_id, incident.c.id)
index(
    "ix_incident_open",
    incident.c.tenant_id,
    incident.c.definition_key,
    incident.c.id,
    where=incident.c.resolved_at.is_(None),
)
