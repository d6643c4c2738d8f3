"""What the commands print: tables, JSON, findings, problems."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from server.store.codec import dump_api

STYLES = {"ERROR": "bold red", "WARNING": "yellow", "INFO": "cyan"}


def out() -> Console:
    return Console(file=sys.stdout, soft_wrap=True)


WIDE = 400
"""Columns of a table that nobody looks at on a screen."""


def err() -> Console:
    return Console(file=sys.stderr, soft_wrap=True)


def fail(message: str, code: int = 1) -> NoReturn:
    """Say why on standard error and end the command."""
    err().print(f"[bold red]error:[/] {escape(message)}", highlight=False)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(dump_api(value).decode() + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """A table; `empty` where there are no rows."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        # The first column is the id that one copies: never broken.
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    if table.row_count:
        # Into a pipe or file nothing is folded: what reads it wants one row on one line.
        Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDE).print(table)
    else:
        typer.echo(empty)


def print_finding(finding: Mapping[str, Any]) -> None:
    """`file:line: SEVERITY CODE message` and the hint below."""
    place = str(finding.get("file") or "")
    if finding.get("line"):
        place += f":{finding['line']}"
    severity = str(finding["severity"])
    text = f"{escape(place)}: " if place else ""
    out().print(
        f"{text}[{STYLES.get(severity, '')}]{severity}[/] {escape(finding['code'])} {escape(finding['message'])}",
        highlight=False,
    )
    if finding.get("hint"):
        out().print(f"    {escape(finding['hint'])}", highlight=False)


def print_problem(problem: Mapping[str, Any]) -> None:
    """A problem of the API on standard error."""
    console = err()
    title = str(problem.get("title", "error"))
    detail = str(problem.get("detail", ""))
    console.print(f"[bold red]{escape(title)}:[/] {escape(detail)}", highlight=False)
    for entry in problem.get("errors", ()):
        message = str(entry.get("message", ""))
        if message and message not in detail:
            where = entry.get("pointer") or entry.get("elementId")
            console.print(f"  - {escape(f'{where}: ' if where else '')}{escape(message)}", highlight=False)
