"""The HTTP side over a real SQLite store, with the executor given by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from server.api.app import create_app
from server.api.services import Services
from server.config import Settings
from server.errors import NotFound
from server.ids import IdGenerator
from server.ports.store import Store
from server.store import open_queries, open_store
from server.usecases.checking import checker, read_model
from server.usecases.decision_programs import DecisionPrograms
from server.usecases.decisions import DecisionService
from server.usecases.definitions import DefinitionService
from server.usecases.deploy import Deployer
from server.usecases.jobs import JobPuller
from server.usecases.requests import Answer, Request
from server.usecases.starts import start_planner
from server.usecases.tokens import Tokens
from server.usecases.waiting import WaitingPlaces

ADMIN_TOKEN = "the admin token of the tests"


@dataclass
class RecordingExecutor:
    """Keeps the requests and answers what the test set; by default that nothing is known."""

    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request], Answer] | None = None

    def execute(self, request: Request, timeout: float | None = None) -> Answer:
        self.requests.append(request)
        if self.answer is None:
            raise NotFound("NOTHING_KNOWN", "Expected something, but this executor knows nothing")
        return self.answer(request)


@dataclass
class Api:
    app: Flask
    services: Services
    executor: RecordingExecutor
    store: Store

    def client(self, token: str | None = ADMIN_TOKEN) -> FlaskClient:
        client = self.app.test_client()
        if token is not None:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def token(self, *roles: str, name: str = "mary", groups: tuple[str, ...] = (), tenant: str = "default") -> str:
        made = self.client().post(
            "/api/v1/tokens", json={"name": name, "roles": list(roles), "groups": list(groups), "tenantId": tenant}
        )
        assert made.status_code == 201, made.get_data(as_text=True)
        token: str = made.get_json()["token"]
        return token

    def as_role(self, *roles: str, **who: Any) -> FlaskClient:
        return self.client(self.token(*roles, **who))


@contextmanager
def running_api(directory: Path, **settings: Any) -> Iterator[Api]:
    """An application with its own empty database."""
    store = open_store(f"sqlite:///{directory / 'api.db'}")
    store.migrate()
    queries = open_queries(store)
    next_id = IdGenerator(1)
    configured = Settings(data_dir=directory, **settings)
    executor = RecordingExecutor()
    check, plan = checker(), start_planner()
    places = WaitingPlaces(4)
    services = Services(
        settings=configured,
        store=store,
        queries=queries,
        executor=executor,
        deployer=Deployer(store, check, plan, next_id),
        definitions=DefinitionService(store, queries, read_model, check, plan, next_id),
        decisions=DecisionService(store, queries, DecisionPrograms()),
        jobs=JobPuller(store, places=places),
        tokens=Tokens(store, admin_token=ADMIN_TOKEN, next_id=next_id),
        waiting=places,
    )
    try:
        yield Api(create_app(services), services, executor, store)
    finally:
        store.close()


def document(
    key: str = "order", *, name: str = "Order", executable: str = 'isExecutable="true"', body: str | None = None
) -> bytes:
    """A BPMN file with one process: start, user task, end."""
    content = (
        body
        or """
    <startEvent id="start"/>
    <sequenceFlow id="toCheck" sourceRef="start" targetRef="check"/>
    <userTask id="check" name="Check it"/>
    <sequenceFlow id="toEnd" name="done" sourceRef="check" targetRef="end"/>
    <endEvent id="end"/>"""
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="defs" targetNamespace="http://example.com"
             xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <message id="paid" name="paid"/>
  <process id="{key}" name="{name}" {executable}>{content}
  </process>
</definitions>
""".encode()
