"""Databases for tests of what only the SQL stores have."""

from __future__ import annotations

from tests.support.stores import clock, postgres_schema, sqlite_template  # noqa: F401
