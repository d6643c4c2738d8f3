"""`bpmnd serve`, `engine` and `worker`: the processes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from server import config
from server.cli.client import EXIT_USAGE
from server.cli.output import fail


class Role(StrEnum):
    ALL = "all"
    API = "api"


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (BPMND_HOST).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one (BPMND_PORT).")] = None,
    role: Annotated[Role, typer.Option(help="all: the whole product in one process; api: only HTTP.")] = Role.ALL,
    samples: Annotated[bool, typer.Option("--samples", help="Deploy the samples that come with bpmnd.")] = False,
) -> None:
    """Run the server: the whole product in one process, or only its HTTP side."""
    from server.processes import SchemaOutdated, run_serve

    try:
        run_serve(config.load(host=host, port=port), role.value, samples=samples)
    except SchemaOutdated as error:
        fail(str(error), EXIT_USAGE)


def engine() -> None:
    """Run results, timers and the outbox relay; any number of them on a shared database."""
    from server.processes import SchemaOutdated, run_engine

    try:
        run_engine(config.load())
    except SchemaOutdated as error:
        fail(str(error), EXIT_USAGE)


def worker(
    types: Annotated[str | None, typer.Option(help="Only these job types, separated by commas.")] = None,
    module: Annotated[list[str] | None, typer.Option(help="A Python module with connectors of your own.")] = None,
) -> None:
    """Run connectors; any number of them."""
    from server.processes import run_worker

    settings = config.load()
    chosen = [name.strip() for name in types.split(",") if name.strip()] if types else None
    run_worker(settings, chosen, [*settings.worker_modules, *(module or ())])
