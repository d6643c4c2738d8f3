"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli.client import EXIT_USAGE
from server.cli.output import fail
from server.store.codec import parse_json

Server = Annotated[str | None, typer.Option("--server", envvar="BPMND_SERVER", help="URL of the server.")]
Token = Annotated[str | None, typer.Option("--token", envvar="BPMND_TOKEN", help="Bearer token.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")]
Variable = Annotated[
    list[str] | None,
    typer.Option(
        "-v", "--variable", metavar="NAME=JSON", help="A variable; text that is no JSON is taken as a string."
    ),
]
VariablesFile = Annotated[Path | None, typer.Option("--variables", help="A JSON file with an object of variables.")]


def read_variables(given: list[str] | None, file: Path | None = None) -> dict[str, Any]:
    """Variables of a file and of `-v` options (which win)."""
    variables: dict[str, Any] = {}
    if file is not None:
        try:
            content = parse_json(file.read_bytes())
        except OSError as error:
            fail(f"Expected a readable file '{file}', but {error.strerror or error}", EXIT_USAGE)
        except ValueError as error:
            fail(f"Expected JSON in '{file}', but {error}", EXIT_USAGE)
        if not isinstance(content, dict):
            fail(f"Expected an object of variables in '{file}', but got {type(content).__name__}", EXIT_USAGE)
        variables.update(content)
    for entry in given or ():
        name, equals, text = entry.partition("=")
        if not name or not equals:
            fail(f"Expected NAME=JSON after -v, but got '{entry}'", EXIT_USAGE)
        try:
            variables[name] = parse_json(text)
        except ValueError:
            variables[name] = text
    return variables
