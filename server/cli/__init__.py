"""The console script `bpmnd`: one file per group of commands."""

from __future__ import annotations

import sys

import typer

from server.cli import db, definitions, demo, doctor, instances, operations, serve, tasks
from server.cli.client import EXIT_UNREACHABLE, EXIT_USAGE
from server.cli.output import fail
from server.config import ConfigError
from server.ports.bus import BusUnavailable
from server.ports.store import StoreUnavailable

app = typer.Typer(
    name="bpmnd",
    help="A BPMN 2.0 process server. Client commands take --server and --token (BPMND_SERVER, BPMND_TOKEN).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from server.api.app import release

        typer.echo(f"bpmnd {release()}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """A BPMN 2.0 process server."""


for command in (
    serve.serve,
    serve.engine,
    serve.worker,
    definitions.deploy,
    definitions.validate,
    instances.start,
    instances.instances,
    instances.show,
    tasks.tasks,
    tasks.complete,
    operations.incidents,
    operations.retry,
    operations.message,
    operations.signal,
    operations.condition,
    operations.modify,
    operations.migrate,
    demo.demo,
    doctor.doctor,
):
    app.command()(command)
app.add_typer(db.app, name="db")


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 refused, 2 wrong usage or settings, 3 something cannot be reached."""
    try:
        app()
    except ConfigError as error:
        _end(str(error), EXIT_USAGE)
    except (StoreUnavailable, BusUnavailable) as error:
        _end(str(error), EXIT_UNREACHABLE)


def _end(message: str, code: int) -> None:
    try:
        fail(message, code)
    except typer.Exit as done:
        sys.exit(done.exit_code)
