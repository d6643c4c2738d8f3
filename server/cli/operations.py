"""`bpmnd incidents`, `retry`, `message` and `signal`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from server.cli.client import EXIT_USAGE, Client
from server.cli.options import Json, Limit, Server, Token, Variable, VariablesFile, read_variables
from server.cli.output import fail, print_json, print_table
from server.store.codec import parse_json


def incidents(
    instance: Annotated[str | None, typer.Option("--instance")] = None,
    key: Annotated[str | None, typer.Option("--key", help="Only of this definition.")] = None,
    limit: Limit = 50,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """List open incidents."""
    found = Client(server, token).pages("/incidents", limit, instanceId=instance, definitionKey=key)
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "kind", "definition", "element", "instance", "since", "message"),
        (
            (
                row["id"],
                row["kind"],
                row["definitionKey"],
                row["elementId"],
                row["instanceId"],
                row["createdAt"],
                row["message"],
            )
            for row in found
        ),
        empty="No incidents.",
    )


def retry(
    id: Annotated[str, typer.Argument(help="Id of the incident.")],
    variable: Variable = None,
    retries: Annotated[int | None, typer.Option("--retries", min=1, help="Attempts that the job gets.")] = None,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Resolve an incident: put variables right and try again."""
    body: dict[str, Any] = {"variables": read_variables(variable)}
    if retries is not None:
        body["retries"] = retries
    resolved = Client(server, token).post(f"/incidents/{id}/resolve", body)
    if as_json:
        print_json(resolved)
    else:
        typer.echo(f"incident {resolved['id']} at {resolved['elementId']} resolved")


def message(
    name: Annotated[str, typer.Argument(help="Name of the message.")],
    correlation_key: Annotated[
        str | None, typer.Option("--correlation-key", metavar="JSON", help="Text that is no JSON is taken as a string.")
    ] = None,
    business_key: Annotated[str | None, typer.Option("--business-key")] = None,
    instance: Annotated[str | None, typer.Option("--instance")] = None,
    variable: Variable = None,
    variables: VariablesFile = None,
    ttl: Annotated[float | None, typer.Option("--ttl", min=0, help="Seconds that it waits for a receiver.")] = None,
    message_id: Annotated[str | None, typer.Option("--message-id", help="Taken once.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="To every instance that waits.")] = False,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Publish a message."""
    body: dict[str, Any] = {"name": name, "variables": read_variables(variable, variables), "all": everyone}
    if correlation_key is not None:
        try:
            body["correlationKey"] = parse_json(correlation_key)
        except ValueError:
            body["correlationKey"] = correlation_key
    for field, value in (
        ("businessKey", business_key),
        ("instanceId", instance),
        ("ttlSeconds", ttl),
        ("messageId", message_id),
    ):
        if value is not None:
            body[field] = value
    answer = Client(server, token).post("/messages", body)
    if as_json:
        print_json(answer)
    else:
        typer.echo(f"{answer['result']} {' '.join(answer['instanceIds'])}".rstrip())


def signal(
    name: Annotated[str, typer.Argument(help="Name of the signal.")],
    variable: Variable = None,
    variables: VariablesFile = None,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Broadcast a signal to everyone who waits for it."""
    answer = Client(server, token).post("/signals", {"name": name, "variables": read_variables(variable, variables)})
    if as_json:
        print_json(answer)
        return
    listed, total = answer["instanceIds"], answer["total"]
    more = f" and {total - len(listed)} more" if total > len(listed) else ""
    typer.echo(f"SIGNALLED {total} {' '.join(listed)}".rstrip() + more)


def condition(
    definition_key: Annotated[
        str | None, typer.Argument(help="Only this key; without it, every definition.", show_default=False)
    ] = None,
    business_key: Annotated[str | None, typer.Option("--business-key")] = None,
    variable: Variable = None,
    variables: VariablesFile = None,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Start what begins with a condition that the variables fulfil. Exit 1 where one could not be evaluated."""
    body: dict[str, Any] = {"variables": read_variables(variable, variables)}
    for field, value in (("definitionKey", definition_key), ("businessKey", business_key)):
        if value is not None:
            body[field] = value
    answer = Client(server, token).post("/conditions", body)
    if as_json:
        print_json(answer)
    else:
        typer.echo(f"STARTED {len(answer['instanceIds'])} {' '.join(answer['instanceIds'])}".rstrip())
        for failure in answer["failures"]:
            typer.echo(f"FAILED {failure['definitionKey']} at {failure['elementId']}: {failure['message']}")
    if answer["failures"]:
        raise typer.Exit(1)


def modify(
    id: Annotated[str, typer.Argument(help="Id of the instance.")],
    start_before: Annotated[list[str] | None, typer.Option("--start-before", metavar="ELEMENT")] = None,
    start_after: Annotated[list[str] | None, typer.Option("--start-after", metavar="ELEMENT")] = None,
    cancel: Annotated[list[str] | None, typer.Option("--cancel", metavar="ELEMENT")] = None,
    variable: Variable = None,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Put a running instance in another place: what starts, starts first; then is cancelled what is to end."""
    variables = read_variables(variable)
    instructions: list[dict[str, Any]] = [
        {"type": type, "elementId": element, "variables": variables}
        for type, elements in (("START_BEFORE", start_before), ("START_AFTER", start_after))
        for element in elements or ()
    ]
    instructions += [{"type": "CANCEL", "elementId": element} for element in cancel or ()]
    if not instructions:
        fail("Expected --start-before, --start-after or --cancel, but there is none", EXIT_USAGE)
    instance = Client(server, token).post(f"/instances/{id}/modify", {"instructions": instructions})
    if as_json:
        print_json(instance)
    else:
        at = ", ".join(instance["currentState"]) or "nothing"
        typer.echo(f"instance {instance['id']} {instance['status']} at {at}")


def migrate(
    id: Annotated[str, typer.Argument(help="Id of the instance.")],
    definition: Annotated[str, typer.Argument(help="Id of the definition that it goes on in.")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="OLD=NEW", help="Where another element takes over.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Go on in another version of the definition. Exit 1 where that is not possible."""
    given: dict[str, str] = {}
    for pair in mapping or ():
        old, sign, new = pair.partition("=")
        if not (old and sign and new):
            fail(f"Expected --map as OLD=NEW, but got '{pair}'", EXIT_USAGE)
        given[old] = new
    body = {"targetDefinitionId": definition, "mapping": given, "dryRun": dry_run}
    answer = Client(server, token).post(f"/instances/{id}/migrate", body)
    if as_json:
        print_json(answer)
    else:
        print_table(("from", "to"), sorted(answer["mapping"].items()), empty="Nothing is mapped.")
        for finding in answer["findings"]:
            typer.echo(f"{finding['severity']} {finding['code']} at {finding['elementId']}: {finding['message']}")
    if any(finding["severity"] == "ERROR" for finding in answer["findings"]):
        raise typer.Exit(1)
