"""`bpmnd doctor`: what is wrong with settings, connections and versions, and what to do."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import packages_distributions

import typer
from rich.markup import escape

from server import config
from server.cli.db import open_database
from server.cli.output import out
from server.ports.bus import BusUnavailable
from server.ports.store import StoreUnavailable

OWN_PACKAGES = ("bpmn", "server", "connectors", "migrations", "samples")
DISTRIBUTION = "bpmnd"


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    level: Level
    text: str


def doctor() -> None:
    """Say what is wrong with settings, connections and versions, and what to do; exit 1 where something is."""
    styles = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}
    problems = 0
    for found in examine():
        problems += found.level is Level.PROBLEM
        out().print(f"[{styles[found.level]}]{found.level.value:>8}[/]  {escape(found.text)}", highlight=False)
    if problems:
        raise typer.Exit(1)


def examine() -> Iterator[Diagnosis]:
    """Everything there is to say, one after the other."""
    yield _python()
    yield from packages(packages_distributions())
    for name in config.unknown_variables(os.environ):
        yield Diagnosis(Level.WARNING, f"Expected only known settings, but the environment has {name}")
    try:
        settings = config.load()
    except config.ConfigError as error:
        yield Diagnosis(Level.PROBLEM, str(error))
        return
    yield Diagnosis(Level.OK, "settings can be used")
    yield from _guarded(_data_dir, settings)
    yield from _guarded(_database, settings)
    yield from _guarded(_broker, settings)


def packages(owners: Mapping[str, list[str]]) -> Iterator[Diagnosis]:
    """Whether another installed distribution owns one of our top-level packages."""
    foreign = {
        name: sorted({owner for owner in owners.get(name, ()) if owner.lower() != DISTRIBUTION})
        for name in OWN_PACKAGES
    }
    for name, others in foreign.items():
        if others:
            yield Diagnosis(
                Level.WARNING,
                f"Expected the package '{name}' to belong to bpmnd alone, but {', '.join(others)} "
                "installs it too; use a virtual environment of its own for bpmnd",
            )
    if not any(foreign.values()):
        yield Diagnosis(Level.OK, "no other distribution owns one of bpmnd's packages")


def _python() -> Diagnosis:
    from server.api.app import release

    level = Level.OK if sys.version_info >= (3, 11) else Level.PROBLEM
    return Diagnosis(level, f"bpmnd {release()} on Python {platform.python_version()}, {platform.system()}")


def _data_dir(settings: config.Settings) -> Iterator[Diagnosis]:
    """Looks only: nothing is made that was not there."""
    directory, path = settings.data_dir.resolve(), settings.admin_token_path()
    existing = next(parent for parent in (directory, *directory.parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Diagnosis(
            Level.PROBLEM, f"Expected to write to '{directory}', but may not write to '{existing}'; set BPMND_DATA_DIR"
        )
        return
    token = "is in BPMND_ADMIN_TOKEN" if settings.admin_token else f"is in {path}"
    if not settings.admin_token and not path.exists():
        token = f"will be made in {path} at the first start"
    yield Diagnosis(Level.OK, f"data directory {directory}; the admin token {token}")
    if path.exists() and path.stat().st_mode & 0o077:
        yield Diagnosis(
            Level.WARNING, f"Expected only its owner to read '{path}', but others may; run chmod 600 {path}"
        )


def _database(settings: config.Settings) -> Iterator[Diagnosis]:
    file = settings.data_dir / config.DATABASE_FILE
    if not settings.database_url and not file.exists():
        yield Diagnosis(Level.OK, f"embedded database; will be made in {file} at the first start")
        return
    store = open_database(settings)
    try:
        store.check()
        revision, newest = store.schema_status()
        kind = "shared" if store.shared() else "embedded"
    finally:
        store.close()
    if revision == newest:
        yield Diagnosis(Level.OK, f"{kind} database, schema {revision}")
    elif kind == "embedded":
        yield Diagnosis(Level.OK, f"{kind} database, schema {revision or 'empty'}; `bpmnd serve` brings it to {newest}")
    else:
        yield Diagnosis(
            Level.PROBLEM,
            f"Expected the schema {newest}, but the database has {revision or 'none'}; run `bpmnd db upgrade`",
        )


def _broker(settings: config.Settings) -> Iterator[Diagnosis]:
    from server.bus import open_bus

    bus = open_bus(settings.broker_url)
    try:
        bus.check()
        volatile = bus.volatile()
    finally:
        bus.close()
    note = "; messages live in the process, the database sends jobs again after a restart" if volatile else ""
    yield Diagnosis(Level.OK, f"broker answers{note}")


def _guarded(check: Callable[[config.Settings], Iterator[Diagnosis]], settings: config.Settings) -> Iterator[Diagnosis]:
    try:
        yield from check(settings)
    except (config.ConfigError, StoreUnavailable, BusUnavailable, ValueError, OSError) as error:
        yield Diagnosis(Level.PROBLEM, str(error))
