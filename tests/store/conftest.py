"""The contract suite: every test here runs against memory, SQLite and PostgreSQL."""

from __future__ import annotations

from tests.support.stores import (  # noqa: F401
    clock,
    database,
    postgres_schema,
    queries,
    sqlite_template,
    store,
)
