"""Alembic's entry: runs the migrations on the connection that `server.store.migrate` opened."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

connection = context.config.attributes.get("connection")
if not isinstance(connection, Connection):
    raise RuntimeError("Expected to be run by 'bpmnd db upgrade', which opens the database, but got no connection")

context.configure(connection=connection, target_metadata=None, transactional_ddl=True)
context.run_migrations()
