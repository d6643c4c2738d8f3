"""Columns that an update of a row writes; the others are fixed when the row is made (see `Changes`)."""

INSTANCE_UPDATES = (
    "status",
    "sequence",
    "document",
    "active",
    "ended_at",
    "incidents",
    "single_start",
    "pause_timers",
)
SCOPE_UPDATES = ("owner_token_id", "state", "document", "active")
COMMAND_UPDATES = ("due_at", "attempts")
JOB_UPDATES = ("attempt", "retries", "due_at", "dispatched", "worker_id", "locked_until", "lost")
TASK_UPDATES = (
    "name",
    "assignee",
    "owner",
    "delegation",
    "candidate_users",
    "candidate_groups",
    "priority",
    "due_date",
    "follow_up_date",
    "form",
    "status",
    "ended_at",
)
MESSAGE_UPDATES = ("state", "instance_ids", "expires_at")
