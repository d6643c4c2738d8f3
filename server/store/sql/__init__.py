"""The store on SQLite and PostgreSQL: SQLAlchemy Core statements, built once, one file per aggregate."""
