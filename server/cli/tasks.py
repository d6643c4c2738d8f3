"""`bpmnd tasks` and `complete`."""

from __future__ import annotations

from typing import Annotated

import typer

from server.cli.client import Client
from server.cli.options import Json, Limit, Server, Token, Variable, VariablesFile, read_variables
from server.cli.output import print_json, print_table


def tasks(
    assignee: Annotated[str | None, typer.Option("--assignee")] = None,
    group: Annotated[str | None, typer.Option("--group", help="A candidate group.")] = None,
    instance: Annotated[str | None, typer.Option("--instance")] = None,
    key: Annotated[str | None, typer.Option("--key", help="Only of this definition.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Ended ones too.")] = False,
    limit: Limit = 50,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """List user tasks that are to be done."""
    found = Client(server, token).pages(
        "/tasks",
        limit,
        status="OPEN,CLAIMED,COMPLETED,CANCELLED" if everything else "OPEN,CLAIMED",
        assignee=assignee,
        candidateGroup=group,
        instanceId=instance,
        definitionKey=key,
    )
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "name", "element", "definition", "instance", "status", "assignee", "candidates", "due"),
        (
            (
                row["id"],
                row["name"],
                row["elementId"],
                row["definitionKey"],
                row["instanceId"],
                row["status"],
                row["assignee"],
                " ".join(row["candidateUsers"] + row["candidateGroups"]),
                row["dueDate"],
            )
            for row in found
        ),
        empty="No tasks.",
    )


def complete(
    task: Annotated[str, typer.Argument(help="Id of the task.")],
    variable: Variable = None,
    variables: VariablesFile = None,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Complete a user task."""
    done = Client(server, token).post(f"/tasks/{task}/complete", {"variables": read_variables(variable, variables)})
    if as_json:
        print_json(done)
    else:
        typer.echo(f"task {done['id']}  {done['name'] or done['elementId']}  {done['status']}")
