"""`bpmnd start`, `instances` and `show`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from server.cli.client import Client
from server.cli.options import Json, Limit, Server, Token, Variable, VariablesFile, read_variables
from server.cli.output import print_json, print_table


def start(
    key: Annotated[str, typer.Argument(help="Key of the definition.")],
    variable: Variable = None,
    variables: VariablesFile = None,
    business_key: Annotated[str | None, typer.Option("--business-key")] = None,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Not the default version.")] = None,
    wait: Annotated[float, typer.Option("--wait", min=0, max=60, help="Wait so many seconds for its end.")] = 0,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Start an instance."""
    body: dict[str, Any] = {"definitionKey": key, "variables": read_variables(variable, variables)}
    for name, value in (("businessKey", business_key), ("version", version), ("waitSeconds", wait or None)):
        if value is not None:
            body[name] = value
    instance = Client(server, token).post("/instances", body)
    if as_json:
        print_json(instance)
    else:
        _print_instance(instance)


def instances(
    key: Annotated[str | None, typer.Option("--key", help="Only of this definition.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help="RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED.")
    ] = None,
    business_key: Annotated[str | None, typer.Option("--business-key")] = None,
    limit: Limit = 50,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """List instances."""
    found = Client(server, token).pages("/instances", limit, definitionKey=key, status=status, businessKey=business_key)
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "definition", "version", "status", "at", "business key", "started", "incidents"),
        (
            (
                row["id"],
                row["definitionKey"],
                row["version"],
                row["status"],
                " ".join(row["currentState"]),
                row["businessKey"],
                row["startedAt"],
                row["incidents"] or "",
            )
            for row in found
        ),
        empty="No instances.",
    )


def show(
    id: Annotated[str, typer.Argument(help="Id of the instance.")],
    history: Annotated[bool, typer.Option("--history", help="Also what happened.")] = False,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Show an instance: where it stands, its variables, its incidents."""
    client = Client(server, token)
    instance = client.get(f"/instances/{id}")
    incidents = client.pages("/incidents", 100, instanceId=id)
    events = client.pages(f"/instances/{id}/history", 100_000) if history else []
    if as_json:
        print_json({"instance": instance, "incidents": incidents} | ({"history": events} if history else {}))
        return
    _print_instance(instance)
    if instance["context"]:
        print_table(("variable", "value"), sorted(instance["context"].items()), empty="")
    for incident in incidents:
        typer.echo(f"incident {incident['id']} at {incident['elementId']}: {incident['kind']} {incident['message']}")
    if history:
        print_table(
            ("seq", "at", "what", "element"),
            ((event["seq"], event["at"], event["type"], event.get("elementId")) for event in events),
            empty="No history.",
        )


def _print_instance(instance: dict[str, Any]) -> None:
    at = f" at {', '.join(instance['currentState'])}" if instance["currentState"] else ""
    typer.echo(
        f"instance {instance['id']}  {instance['definitionKey']} version {instance['version']}  "
        f"{instance['status']}{at}"
    )
