"""Statements are built once per dialect and then only executed, so that their compiled form is found by identity."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from server.store.sql.arrays import Dialect


def per_dialect(build: Callable[[Dialect], Any]) -> Callable[[Dialect], Any]:
    """Decorator of a function that builds a statement: each dialect's is built at first use and kept."""
    return cache(build)


def insert_for(dialect: Dialect, table: Any) -> Any:
    """An insert that knows `on_conflict_...`; both dialects have the same methods."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
