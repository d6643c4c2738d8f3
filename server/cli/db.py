"""`bpmnd db`: the schema of the database."""

from __future__ import annotations

import typer

from server import config
from server.cli.output import fail
from server.ports.store import Store

app = typer.Typer(help="Look at and bring up to date the schema of the database.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the schema up to date."""
    store = open_database(config.load())
    try:
        before, _ = store.schema_status()
        store.migrate()
        after, _ = store.schema_status()
    finally:
        store.close()
    typer.echo(f"schema {after}" + (" (unchanged)" if after == before else f" (was {before or 'empty'})"))


@app.command()
def current() -> None:
    """Print the revision of the schema."""
    store = open_database(config.load())
    try:
        revision, _ = store.schema_status()
    finally:
        store.close()
    typer.echo(revision or "empty")


@app.command()
def check() -> None:
    """Exit 1 where the schema is not the one of this release."""
    store = open_database(config.load())
    try:
        revision, newest = store.schema_status()
    finally:
        store.close()
    if revision != newest:
        fail(f"Expected the schema {newest}, but the database has {revision or 'none'}; run `bpmnd db upgrade`")
    typer.echo(f"schema {revision} is up to date")


def open_database(settings: config.Settings) -> Store:
    """The store of the settings. Raises ConfigError for a URL that cannot be used."""
    from server.store import open_store

    if not settings.database_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        return open_store(settings.effective_database_url)
    except ValueError as error:
        raise config.ConfigError(
            f"Expected BPMND_DATABASE_URL to be a URL of SQLite or PostgreSQL, but {error}"
        ) from error
