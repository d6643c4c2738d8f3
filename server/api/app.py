"""The Flask application: every resource, and what all of them share."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from flask import Flask

from server.api import errors, headers, limits, metrics
from server.api.conditions.routes import conditions
from server.api.decisions.routes import decisions
from server.api.definitions.routes import definitions
from server.api.deployments.routes import deployments
from server.api.incidents.routes import incidents
from server.api.instances.routes import instances
from server.api.jobs.routes import jobs
from server.api.messages.routes import messages
from server.api.openapi import make_api
from server.api.overview.routes import overview
from server.api.services import EXTENSION, Services
from server.api.signals.routes import signals
from server.api.system.routes import DOCUMENT, system
from server.api.tasks.routes import tasks
from server.api.tokens.routes import tokens

RESOURCES = (
    *(deployments, definitions, decisions, instances, tasks, jobs, messages, signals, conditions),
    *(incidents, overview, tokens, system),
)


def create_app(services: Services) -> Flask:
    """A WSGI application over these services; several may live in one process."""
    app = Flask("bpmnd", static_folder=None)
    app.extensions[EXTENSION] = services
    headers.register(app, services.settings)
    metrics.register(app, services.metrics)
    limits.register(app, services.settings)
    errors.register(app)
    api = make_api(app, release())
    for resource in RESOURCES:
        api.register_blueprint(resource.blueprint)
    app.extensions[DOCUMENT] = api.document()
    return app


def release() -> str:
    """Version of the installed distribution."""
    try:
        return version("bpmnd")
    except PackageNotFoundError:
        return "0"
