"""What the routes work with, made by `server.app` and reached through the Flask application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import current_app
from prometheus_client import CollectorRegistry

from server.config import Settings
from server.ports.queries import Queries
from server.ports.store import Store
from server.usecases.decisions import DecisionService
from server.usecases.definitions import DefinitionService
from server.usecases.deploy import Deployer
from server.usecases.execution import ExecutorPort
from server.usecases.jobs import JobPuller
from server.usecases.tokens import Tokens
from server.usecases.waiting import WaitingPlaces

EXTENSION = "bpmnd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    settings: Settings
    store: Store
    queries: Queries
    executor: ExecutorPort
    deployer: Deployer
    definitions: DefinitionService
    decisions: DecisionService
    jobs: JobPuller
    tokens: Tokens
    waiting: WaitingPlaces
    """Shared by long polls and starts that wait."""
    checks: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    """What `/health/ready` asks, by name; a check raises with a helpful text. The store is always asked."""
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    """What `/metrics` shows; register collectors of the executor here."""


def services() -> Services:
    """Those of the application that answers the current request."""
    found: Services = current_app.extensions[EXTENSION]
    return found
