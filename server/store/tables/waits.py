"""What tokens wait for, each in a row of its own that others can find."""

from __future__ import annotations

from sqlalchemy import Column, Table, and_, false

from server.store.tables.base import count, document, flag, hot, index, key, metadata, moment, number, tenant, text
from server.store.types import Identifier, Tuple

job = Table(
    "job",
    metadata,
    key("instance_id"),
    key("id"),
    tenant(),
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
    document("headers"),
    flag("mapped"),
    text("result_variable", null=True),
    number("attempt"),
    number("retries"),
    Column("backoff", Tuple(), nullable=True),
    moment("due_at", null=True),
    flag("dispatched"),
    text("worker_id", null=True),
    moment("locked_until", null=True),
    moment("created_at"),
    count("lost"),
    flag("paused"),
)
"""`paused`: the instance is; the job is not handed out. Kept here so that claiming needs no join."""
_claimable = and_(job.c.due_at.is_not(None), job.c.paused == false())
index("ix_job_id", job.c.id)
index("ix_job_due", job.c.due_at, job.c.id, where=_claimable)
index(
    "ix_job_type",
    job.c.tenant_id,
    job.c.type,
    job.c.priority.desc(),
    job.c.due_at,
    job.c.id,
    where=_claimable,
)
hot(job, fillfactor=80)

user_task = Table(
    "user_task",
    metadata,
    key("instance_id"),
    key("id"),
    tenant(),
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
    Column("candidate_users", Tuple(), nullable=True),
    Column("candidate_groups", Tuple(), nullable=True),
    number("priority"),
    moment("due_date", null=True),
    moment("follow_up_date", null=True),
    document("form", null=True),
    text("status"),
    moment("created_at"),
    moment("ended_at", null=True),
)
index("ix_user_task_id", user_task.c.id)
index("ix_user_task_tenant_id", user_task.c.tenant_id, user_task.c.id)
index("ix_user_task_status", user_task.c.tenant_id, user_task.c.status, user_task.c.id)
index("ix_user_task_definition_key", user_task.c.tenant_id, user_task.c.definition_key, user_task.c.id)
index(
    "ix_user_task_assignee",
    user_task.c.tenant_id,
    user_task.c.assignee,
    user_task.c.status,
    user_task.c.id,
    where=user_task.c.assignee.is_not(None),
)
index(
    "ix_user_task_due_date",
    user_task.c.tenant_id,
    user_task.c.due_date,
    user_task.c.id,
    where=user_task.c.due_date.is_not(None),
)
index(
    "ix_user_task_business_key",
    user_task.c.tenant_id,
    user_task.c.business_key,
    user_task.c.id,
    where=user_task.c.business_key.is_not(None),
)

user_task_candidate = Table(
    "user_task_candidate",
    metadata,
    key("instance_id"),
    key("task_id"),
    key("kind", Identifier()),
    key("name", Identifier()),
    tenant(),
)
"""For searching: `kind` is USER or GROUP. The task's own row has the candidates too."""
index(
    "ix_user_task_candidate_name",
    user_task_candidate.c.tenant_id,
    user_task_candidate.c.kind,
    user_task_candidate.c.name,
    user_task_candidate.c.task_id,
)

timer = Table(
    "timer",
    metadata,
    key("instance_id"),
    key("id"),
    tenant(),
    number("scope_id"),
    number("token_id"),
    text("element_id"),
    moment("due_at"),
    text("cycle", null=True),
    number("remaining", null=True),
    flag("paused"),
)
index("ix_timer_due", timer.c.due_at, timer.c.id, where=timer.c.paused == false())
hot(timer)

message_subscription = Table(
    "message_subscription",
    metadata,
    key("instance_id"),
    key("id"),
    tenant(),
    number("scope_id"),
    number("token_id"),
    text("element_id"),
    text("definition_key"),
    text("business_key", null=True),
    text("name"),
    document("correlation_key", null=True),
    number("key_hash", null=True),
    number("claimed_by", null=True),
    document("rule", null=True),
    number("rule_hash", null=True),
)
index(
    "ix_message_subscription_open",
    message_subscription.c.tenant_id,
    message_subscription.c.name,
    message_subscription.c.key_hash,
    message_subscription.c.id,
    where=message_subscription.c.claimed_by.is_(None),
)
index(
    "ix_message_subscription_rule",
    message_subscription.c.tenant_id,
    message_subscription.c.name,
    message_subscription.c.rule_hash,
    where=and_(message_subscription.c.claimed_by.is_(None), message_subscription.c.rule_hash.is_not(None)),
)
hot(message_subscription)

signal_subscription = Table(
    "signal_subscription",
    metadata,
    key("instance_id"),
    key("id"),
    tenant(),
    number("scope_id"),
    number("token_id"),
    text("element_id"),
    text("definition_key"),
    text("name"),
)
index(
    "ix_signal_subscription_name",
    signal_subscription.c.tenant_id,
    signal_subscription.c.name,
    signal_subscription.c.id,
)
hot(signal_subscription)

condition_wait = Table(
    "condition_wait",
    metadata,
    key("instance_id"),
    key("id"),
    key("name", Identifier()),
    tenant(),
    number("scope_id"),
    number("token_id"),
    text("element_id"),
)
index("ix_condition_wait_name", condition_wait.c.instance_id, condition_wait.c.name, condition_wait.c.id)

message = Table(
    "message",
    metadata,
    key("id"),
    tenant(),
    text("name"),
    document("correlation_key", null=True),
    flag("has_correlation_key"),
    number("key_hash", null=True),
    document("correlation_keys"),
    text("business_key", null=True),
    number("target_instance_id", null=True),
    document("variables"),
    text("message_id", null=True),
    flag("to_all"),
    text("state"),
    Column("instance_ids", Tuple(), nullable=True),
    moment("created_at"),
    moment("expires_at", null=True),
    Column("receivers", Tuple(), nullable=True),
)
index(
    "uq_message_tenant_id_name_message_id",
    message.c.tenant_id,
    message.c.name,
    message.c.message_id,
    where=message.c.message_id.is_not(None),
    unique=True,
)
index(
    "ix_message_open",
    message.c.tenant_id,
    message.c.name,
    message.c.key_hash,
    message.c.id,
    where=message.c.state.in_(["OPEN", "BUFFERED"]),
)
message_rule = Table(
    "message_rule",
    metadata,
    key("tenant_id", Identifier()),
    key("name", Identifier()),
    key("rule_hash"),
    document("rule"),
)
"""Rules by which the messages of a name that are kept can be found (`message_key`)."""

message_key = Table(
    "message_key",
    metadata,
    key("message_id"),
    key("rule_hash"),
    tenant(),
    text("name"),
    number("key_hash"),
)
index(
    "ix_message_key_values",
    message_key.c.tenant_id,
    message_key.c.name,
    message_key.c.rule_hash,
    message_key.c.key_hash,
    message_key.c.message_id,
)
index("ix_message_expires_at", message.c.expires_at, message.c.id, where=message.c.expires_at.is_not(None))
