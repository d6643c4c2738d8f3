"""Alembic migrations, part of the package so that they run from an installed wheel (`bpmnd db upgrade`)."""
