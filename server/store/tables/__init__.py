"""All tables, as SQLAlchemy Core metadata. `migrations/` makes them; a test holds the two together.

What holds for all: `tenant_id` in every table of a tenant's data; the primary key of what belongs to an instance leads
with `instance_id`; no foreign keys (a step writes rows that its own transaction has made; deletion goes by instance
id); documents and values are bytes of the store's codec. `node_lease` belongs to the installation, not to a tenant.
"""

from server.store.tables.base import metadata
from server.store.tables.definitions import (
    condition_start,
    decision,
    definition,
    definition_key,
    deployment,
    message_start,
    resource,
    signal_start,
    timer_start,
)
from server.store.tables.history import element_stat, history, history_value, outbox
from server.store.tables.instances import command, incident, instance, item, migration, scope, variable
from server.store.tables.requests import api_token, audit, idempotency, node_lease
from server.store.tables.waits import (
    condition_wait,
    job,
    message,
    message_key,
    message_rule,
    message_subscription,
    signal_subscription,
    timer,
    user_task,
    user_task_candidate,
)

INSTANCE_TABLES = (
    scope,
    variable,
    command,
    job,
    user_task,
    user_task_candidate,
    timer,
    message_subscription,
    signal_subscription,
    condition_wait,
    incident,
    history,
    history_value,
    item,
    migration,
    outbox,
)
"""Tables with rows of an instance, by their column `instance_id`; `instance` itself is not among them."""

__all__ = [
    "INSTANCE_TABLES",
    "api_token",
    "audit",
    "command",
    "condition_start",
    "condition_wait",
    "decision",
    "definition",
    "definition_key",
    "deployment",
    "element_stat",
    "history",
    "history_value",
    "idempotency",
    "incident",
    "instance",
    "item",
    "job",
    "message",
    "message_key",
    "message_rule",
    "message_start",
    "message_subscription",
    "metadata",
    "migration",
    "node_lease",
    "outbox",
    "resource",
    "scope",
    "signal_start",
    "signal_subscription",
    "timer",
    "timer_start",
    "user_task",
    "user_task_candidate",
    "variable",
]
