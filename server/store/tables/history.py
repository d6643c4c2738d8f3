"""What happened, what is still to be told, and counts of it."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table

from server.store.tables.base import document, hot, index, key, metadata, moment, number, tenant, text
from server.store.types import Identifier

history = Table(
    "history",
    metadata,
    key("instance_id"),
    key("sequence"),
    tenant(),
    moment("at"),
    document("events"),
)
"""One row per step. PostgreSQL: range-partitioned by instance id, which is by the month the instance was made in."""

history_value = Table(
    "history_value",
    metadata,
    key("instance_id"),
    key("hash", Identifier()),
    tenant(),
    Column("value", LargeBinary(), nullable=False),
)
"""Values above 4 kB, once per instance and content; partitioned like `history`, so that both are dropped together."""

outbox = Table(
    "outbox",
    metadata,
    key("instance_id"),
    key("sequence"),
    key("id"),
    tenant(),
    number("shard"),
    text("routing_key"),
    document("body"),
)
index("ix_outbox_shard", outbox.c.shard, outbox.c.id)
hot(outbox)

element_stat = Table(
    "element_stat",
    metadata,
    key("definition_id"),
    key("element_id", Identifier()),
    key("id"),
    tenant(),
    number("entered"),
    number("completed"),
    number("terminated"),
    number("incidents"),
    moment("at"),
)
"""Deltas: only appended, summed up when read, compacted in the background; a step never updates a counter."""
