"""`bpmnd deploy` and `bpmnd validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli.client import EXIT_ERROR, EXIT_USAGE, Client, refuse
from server.cli.options import Json, Server, Token
from server.cli.output import fail, print_finding, print_json
from server.store.codec import parse_json

Files = Annotated[list[Path], typer.Argument(help="Models (.bpmn, .xml) and forms.")]
MakeExecutable = Annotated[
    bool, typer.Option("--make-executable", help='Run processes although they say isExecutable="false".')
]


def deploy(
    files: Files,
    name: Annotated[str | None, typer.Option("--name", help="Name of the deployment.")] = None,
    make_executable: MakeExecutable = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check, on the server.")] = False,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Upload models, all or none."""
    fields = {"dryRun": str(dry_run).lower(), "makeExecutable": str(make_executable).lower()}
    if name:
        fields["name"] = name
    response = Client(server, token).upload("/deployments", _read(files), fields)
    try:
        answer: Any = parse_json(response.content)
    except ValueError:
        refuse(response)
    if response.is_error:
        if as_json:
            print_json(answer)
            raise typer.Exit(EXIT_ERROR)
        for finding in answer.get("findings", ()):
            print_finding(finding)
        refuse(response)
    if as_json:
        print_json(answer)
        return
    for finding in answer["findings"]:
        print_finding(finding)
    for definition in answer["definitions"]:
        note = "" if definition["executable"] else " (not executable)"
        if answer["id"] is not None:
            note += "" if definition["deploymentId"] == answer["id"] else " (unchanged)"
        typer.echo(f"{definition['key']} version {definition['version']}{note}  id {definition['id']}")
    for decision in answer["decisions"]:
        unchanged = answer["id"] is not None and decision["deploymentId"] != answer["id"]
        note = " (decision, unchanged)" if unchanged else " (decision)"
        typer.echo(f"{decision['key']} version {decision['version']}{note}  id {decision['id']}")


def validate(files: Files, make_executable: MakeExecutable = False, as_json: Json = False) -> None:
    """Report what bpmnd has to say about models, without a server; exit 1 where one cannot run."""
    from server.api.errors import finding_json  # the parser and its schemas take time to load
    from server.usecases.checking import check_file, checker

    check = checker()
    found = [
        finding_json(finding)
        for name, content in _read(files)
        for finding in check_file(name, content, make_executable, check)
    ]
    errors = sum(finding["severity"] == "ERROR" for finding in found)
    if as_json:
        print_json({"valid": not errors, "findings": found})
    else:
        for finding in found:
            print_finding(finding)
        typer.echo(f"{len(files)} file(s): {errors} error(s), {len(found) - errors} other finding(s)")
    if errors:
        raise typer.Exit(EXIT_ERROR)


def _read(files: list[Path]) -> list[tuple[str, bytes]]:
    try:
        return [(file.name, file.read_bytes()) for file in files]
    except OSError as error:
        fail(f"Expected a readable file '{error.filename}', but {error.strerror or error}", EXIT_USAGE)
