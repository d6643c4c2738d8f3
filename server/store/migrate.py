"""Migrations: bring a database to the schema of this release, and say which one it has."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, func, select

import migrations
from server.store.partitions import ensure_partitions
from server.store.sql.engine import is_sqlite, open_engine, parse_url

_LOCK = 0x6D696772
"""Advisory lock of whoever migrates ("migr"): replicas that start together do it once."""


def upgrade(url: str | URL) -> None:
    """Run what is missing, in one transaction; then make PostgreSQL's coming history partitions.

    Raises StoreUnavailable where the database does not answer.
    """
    parsed = parse_url(url) if isinstance(url, str) else url
    engine = open_engine(parsed)
    try:
        with engine.begin() as connection:
            if not is_sqlite(parsed):
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            if current(connection) != head():
                command.upgrade(config(connection), "head")
            if not is_sqlite(parsed):
                ensure_partitions(connection, connection.execute(select(func.now())).scalar_one())
    finally:
        engine.dispose()


def current(database: str | URL | Connection) -> str | None:
    """Revision in the database; None where it is empty."""
    if isinstance(database, Connection):
        return MigrationContext.configure(database).get_current_revision()
    engine = open_engine(parse_url(database) if isinstance(database, str) else database)
    try:
        with engine.connect() as connection:
            return current(connection)
    finally:
        engine.dispose()


def head() -> str:
    """Newest revision of this release."""
    revision = ScriptDirectory.from_config(config(None)).get_current_head()
    assert revision is not None, "Expected migrations in the package, but found none"
    return revision


def config(connection: Connection | None) -> Config:
    """Alembic's configuration for the packaged migrations on an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


__all__ = ["config", "current", "ensure_partitions", "head", "upgrade"]
