"""First schema: everything of definitions, instances, wait states, history and requests.

Revision 0001, the first.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def number(name: str, *, null: bool = False) -> sa.Column[Any]:
    type = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, type, nullable=null, autoincrement=False)


def text(name: str, *, null: bool = False) -> sa.Column[Any]:
    """Compared byte by byte on every server."""
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=null)


def moment(name: str, *, null: bool = False) -> sa.Column[Any]:
    """SQLite: microseconds since 1970."""
    type = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
    return sa.Column(name, type, nullable=null)


def flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def data(name: str, *, null: bool = False) -> sa.Column[Any]:
    """Bytes: documents and values of the store's codec, contents of files."""
    return sa.Column(name, sa.LargeBinary(), nullable=null)


def key(*columns: str, table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def index(name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False) -> None:
    condition: dict[str, Any] = {}
    if where is not None:
        # SQLite uses a partial index only for queries with the same words, and it writes truth values as numbers.
        numeric = where.replace("= true", "= 1").replace("= false", "= 0")
        condition = {"postgresql_where": sa.text(where), "sqlite_where": sa.text(numeric)}
    expressions = [sa.text(column) if " " in column else column for column in columns]
    op.create_index(name, table, expressions, unique=unique, **condition)


def partitioned_by_instance() -> dict[str, Any]:
    return {"postgresql_partition_by": "RANGE (instance_id)"}


def upgrade() -> None:
    create_definitions()
    create_instances()
    create_waits()
    create_messages()
    create_history()
    create_requests()
    if op.get_bind().dialect.name == "postgresql":
        tune_postgresql()


def create_definitions() -> None:
    op.create_table(
        "deployment",
        number("id"),
        text("tenant_id"),
        text("name"),
        moment("deployed_at"),
        text("deployed_by", null=True),
        key("id", table="deployment"),
    )
    index("ix_deployment_tenant_id", "deployment", ["tenant_id", "id"])
    op.create_table(
        "resource",
        number("deployment_id"),
        text("name"),
        text("tenant_id"),
        text("kind"),
        data("content"),
        text("content_hash"),
        key("deployment_id", "name", table="resource"),
    )
    op.create_table(
        "definition",
        number("id"),
        text("tenant_id"),
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
        key("id", table="definition"),
    )
    index("ix_definition_deployment_id", "definition", ["deployment_id", "key"])
    index("ix_definition_tenant_id", "definition", ["tenant_id", "id"])
    index("uq_definition_tenant_id_key_version", "definition", ["tenant_id", "key", "version"], unique=True)
    op.create_table(
        "definition_key",
        text("tenant_id"),
        text("key"),
        number("latest_version"),
        key("tenant_id", "key", table="definition_key"),
    )
    op.create_table(
        "message_start",
        text("tenant_id"),
        text("message_name"),
        number("definition_id"),
        text("element_id"),
        text("definition_key"),
        data("correlation_key", null=True),
        key("tenant_id", "message_name", "definition_id", "element_id", table="message_start"),
    )
    index("ix_message_start_tenant_id_definition_key", "message_start", ["tenant_id", "definition_key"])
    op.create_table(
        "timer_start",
        number("id"),
        text("tenant_id"),
        number("definition_id"),
        text("definition_key"),
        text("element_id"),
        moment("due_at"),
        text("cycle", null=True),
        number("remaining", null=True),
        key("id", table="timer_start"),
    )
    index("ix_timer_start_due_at", "timer_start", ["due_at", "id"])
    index("ix_timer_start_tenant_id_definition_key", "timer_start", ["tenant_id", "definition_key"])


def create_instances() -> None:
    op.create_table(
        "instance",
        number("id"),
        text("tenant_id"),
        number("definition_id"),
        text("definition_key"),
        number("version"),
        text("business_key", null=True),
        text("status"),
        number("sequence"),
        data("document"),
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
        key("id", table="instance"),
    )
    index("ix_instance_business_key", "instance", ["tenant_id", "business_key", "id"], where="business_key IS NOT NULL")
    index("ix_instance_definition_id", "instance", ["definition_id", "status", "id"])
    index("ix_instance_definition_key", "instance", ["tenant_id", "definition_key", "status", "id"])
    index(
        "ix_instance_parent_instance_id",
        "instance",
        ["parent_instance_id", "id"],
        where="parent_instance_id IS NOT NULL",
    )
    index(
        "ix_instance_root_instance_id", "instance", ["root_instance_id", "id"], where="parent_instance_id IS NOT NULL"
    )
    index("ix_instance_started_at", "instance", ["tenant_id", "started_at", "id"])
    index("ix_instance_status", "instance", ["tenant_id", "status", "id"])
    index("ix_instance_tenant_id", "instance", ["tenant_id", "id"])
    index(
        "uq_instance_single_start",
        "instance",
        ["tenant_id", "definition_key", "business_key"],
        where="single_start = true AND ended_at IS NULL",
        unique=True,
    )
    op.create_table(
        "scope",
        number("instance_id"),
        number("id"),
        text("tenant_id"),
        number("parent_id"),
        number("owner_token_id", null=True),
        text("element_id"),
        text("kind"),
        text("state"),
        data("document"),
        text("active"),
        number("item_index", null=True),
        key("instance_id", "id", table="scope"),
    )
    index("ix_scope_parent_id", "scope", ["instance_id", "parent_id", "id"])
    op.create_table(
        "variable",
        number("instance_id"),
        number("scope_id"),
        text("name"),
        text("tenant_id"),
        data("value"),
        number("value_hash", null=True),
        key("instance_id", "scope_id", "name", table="variable"),
    )
    index(
        "ix_variable_value_hash",
        "variable",
        ["tenant_id", "name", "value_hash", "instance_id"],
        where="value_hash IS NOT NULL",
    )
    op.create_table(
        "item",
        number("instance_id"),
        number("scope_id"),
        number("item_index"),
        text("tenant_id"),
        data("value", null=True),
        data("output", null=True),
        key("instance_id", "scope_id", "item_index", table="item"),
    )
    op.create_table(
        "command",
        number("instance_id"),
        number("id"),
        text("tenant_id"),
        text("kind"),
        data("payload"),
        moment("due_at", null=True),
        number("attempts"),
        key("instance_id", "id", table="command"),
    )
    index("ix_command_due", "command", ["id", "due_at"], where="due_at IS NOT NULL")
    op.create_table(
        "incident",
        number("instance_id"),
        number("id"),
        text("tenant_id"),
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
        key("instance_id", "id", table="incident"),
    )
    index("ix_incident_id", "incident", ["id"])
    index("ix_incident_open", "incident", ["tenant_id", "definition_key", "id"], where="resolved_at IS NULL")
    index("ix_incident_tenant_id", "incident", ["tenant_id", "id"])


def create_waits() -> None:
    op.create_table(
        "job",
        number("instance_id"),
        number("id"),
        text("tenant_id"),
        number("scope_id"),
        number("token_id"),
        text("element_id"),
        text("element_name", null=True),
        number("definition_id"),
        text("definition_key"),
        number("version"),
        text("business_key", null=True),
        text("type"),
        number("priority"),
        data("headers"),
        flag("mapped"),
        text("result_variable", null=True),
        number("attempt"),
        number("retries"),
        data("backoff", null=True),
        moment("due_at", null=True),
        flag("dispatched"),
        text("worker_id", null=True),
        moment("locked_until", null=True),
        moment("created_at"),
        flag("paused"),
        key("instance_id", "id", table="job"),
    )
    index("ix_job_due", "job", ["due_at", "id"], where="due_at IS NOT NULL AND paused = false")
    index("ix_job_id", "job", ["id"])
    index(
        "ix_job_type",
        "job",
        ["tenant_id", "type", "priority DESC", "due_at", "id"],
        where="due_at IS NOT NULL AND paused = false",
    )
    op.create_table(
        "user_task",
        number("instance_id"),
        number("id"),
        text("tenant_id"),
        number("scope_id"),
        number("token_id"),
        text("element_id"),
        number("definition_id"),
        text("definition_key"),
        text("business_key", null=True),
        text("name", null=True),
        text("assignee", null=True),
        text("owner", null=True),
        text("delegation", null=True),
        data("candidate_users", null=True),
        data("candidate_groups", null=True),
        number("priority"),
        moment("due_date", null=True),
        moment("follow_up_date", null=True),
        data("form", null=True),
        text("status"),
        moment("created_at"),
        moment("ended_at", null=True),
        key("instance_id", "id", table="user_task"),
    )
    index("ix_user_task_assignee", "user_task", ["tenant_id", "assignee", "status", "id"], where="assignee IS NOT NULL")
    index(
        "ix_user_task_business_key", "user_task", ["tenant_id", "business_key", "id"], where="business_key IS NOT NULL"
    )
    index("ix_user_task_definition_key", "user_task", ["tenant_id", "definition_key", "id"])
    index("ix_user_task_due_date", "user_task", ["tenant_id", "due_date", "id"], where="due_date IS NOT NULL")
    index("ix_user_task_id", "user_task", ["id"])
    index("ix_user_task_status", "user_task", ["tenant_id", "status", "id"])
    index("ix_user_task_tenant_id", "user_task", ["tenant_id", "id"])
    op.create_table(
        "user_task_candidate",
        number("instance_id"),
        number("task_id"),
        text("kind"),
        text("name"),
        text("tenant_id"),
        key("instance_id", "task_id", "kind", "name", table="user_task_candidate"),
    )
    index("ix_user_task_candidate_name", "user_task_candidate", ["tenant_id", "kind", "name", "task_id"])
    op.create_table(
        "timer",
        number("instance_id"),
        number("id"),
        text("tenant_id"),
        number("scope_id"),
        number("token_id"),
        text("element_id"),
        moment("due_at"),
        text("cycle", null=True),
        number("remaining", null=True),
        flag("paused"),
        key("instance_id", "id", table="timer"),
    )
    index("ix_timer_due", "timer", ["due_at", "id"], where="paused = false")
    op.create_table(
        "condition_wait",
        number("instance_id"),
        number("id"),
        text("name"),
        text("tenant_id"),
        number("scope_id"),
        number("token_id"),
        text("element_id"),
        key("instance_id", "id", "name", table="condition_wait"),
    )
    index("ix_condition_wait_name", "condition_wait", ["instance_id", "name", "id"])


def create_messages() -> None:
    op.create_table(
        "message_subscription",
        number("instance_id"),
        number("id"),
        text("tenant_id"),
        number("scope_id"),
        number("token_id"),
        text("element_id"),
        text("definition_key"),
        text("business_key", null=True),
        text("name"),
        data("correlation_key", null=True),
        number("key_hash", null=True),
        number("claimed_by", null=True),
        key("instance_id", "id", table="message_subscription"),
    )
    index(
        "ix_message_subscription_open",
        "message_subscription",
        ["tenant_id", "name", "key_hash", "id"],
        where="claimed_by IS NULL",
    )
    op.create_table(
        "signal_subscription",
        number("instance_id"),
        number("id"),
        text("tenant_id"),
        number("scope_id"),
        number("token_id"),
        text("element_id"),
        text("definition_key"),
        text("name"),
        key("instance_id", "id", table="signal_subscription"),
    )
    index("ix_signal_subscription_name", "signal_subscription", ["tenant_id", "name", "id"])
    op.create_table(
        "message",
        number("id"),
        text("tenant_id"),
        text("name"),
        data("correlation_key", null=True),
        flag("has_correlation_key"),
        number("key_hash", null=True),
        data("correlation_keys"),
        text("business_key", null=True),
        number("target_instance_id", null=True),
        data("variables"),
        text("message_id", null=True),
        flag("to_all"),
        text("state"),
        data("instance_ids", null=True),
        moment("created_at"),
        moment("expires_at", null=True),
        key("id", table="message"),
    )
    index("ix_message_expires_at", "message", ["expires_at", "id"], where="expires_at IS NOT NULL")
    index("ix_message_open", "message", ["tenant_id", "name", "key_hash", "id"], where="state IN ('OPEN', 'BUFFERED')")
    index(
        "uq_message_tenant_id_name_message_id",
        "message",
        ["tenant_id", "name", "message_id"],
        where="message_id IS NOT NULL",
        unique=True,
    )


def create_history() -> None:
    op.create_table(
        "history",
        number("instance_id"),
        number("sequence"),
        text("tenant_id"),
        moment("at"),
        data("events"),
        key("instance_id", "sequence", table="history"),
        **partitioned_by_instance(),
    )
    op.create_table(
        "history_value",
        number("instance_id"),
        text("hash"),
        text("tenant_id"),
        data("value"),
        key("instance_id", "hash", table="history_value"),
        **partitioned_by_instance(),
    )
    op.create_table(
        "outbox",
        number("instance_id"),
        number("sequence"),
        number("id"),
        text("tenant_id"),
        number("shard"),
        text("routing_key"),
        data("body"),
        key("instance_id", "sequence", "id", table="outbox"),
    )
    index("ix_outbox_shard", "outbox", ["shard", "id"])
    op.create_table(
        "element_stat",
        number("definition_id"),
        text("element_id"),
        number("id"),
        text("tenant_id"),
        number("entered"),
        number("completed"),
        number("terminated"),
        number("incidents"),
        moment("at"),
        key("definition_id", "element_id", "id", table="element_stat"),
    )


def create_requests() -> None:
    op.create_table(
        "idempotency",
        text("tenant_id"),
        text("principal"),
        text("route"),
        text("key"),
        text("body_hash"),
        number("status", null=True),
        data("response", null=True),
        moment("created_at"),
        key("tenant_id", "principal", "route", "key", table="idempotency"),
    )
    index("ix_idempotency_created_at", "idempotency", ["created_at"])
    op.create_table(
        "node_lease",
        number("node"),
        text("owner"),
        moment("leased_until"),
        key("node", table="node_lease"),
    )
    op.create_table(
        "api_token",
        number("id"),
        text("tenant_id"),
        text("name"),
        text("token_hash"),
        data("roles", null=True),
        data("groups", null=True),
        moment("created_at"),
        moment("expires_at", null=True),
        key("id", table="api_token"),
    )
    index("ix_api_token_tenant_id", "api_token", ["tenant_id", "id"])
    index("uq_api_token_token_hash_tenant_id", "api_token", ["token_hash", "tenant_id"], unique=True)
    op.create_table(
        "audit",
        number("id"),
        text("tenant_id"),
        moment("at"),
        text("principal"),
        text("action"),
        text("target", null=True),
        data("detail", null=True),
        key("id", table="audit"),
    )
    index("ix_audit_tenant_id", "audit", ["tenant_id", "id"])


def tune_postgresql() -> None:
    """Vacuum early where rows live for seconds, leave room for updates in place; a home for history of any id."""
    early = "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500"
    for table in ("command", "instance", "job", "message_subscription", "outbox", "scope", "timer", "variable"):
        op.execute(f"ALTER TABLE {table} SET ({early})")
    for table, percent in {"command": 80, "instance": 70, "job": 80, "scope": 80}.items():
        op.execute(f"ALTER TABLE {table} SET (fillfactor = {percent})")
    for table in ("history", "history_value"):
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")


def downgrade() -> None:
    raise NotImplementedError("Expected to go forward only, but the first schema has no predecessor")
