"""The whole product in one process, driven through HTTP: what a test of behaviour needs of a running server.

with running_app(directory, connectors=[charge]) as app:
    app.deploy(corpus() / "order.bpmn")
    order = app.start("order", {"amount": 3})
    app.complete(app.task(order, "check"), {"approved": True})
    app.ended(order)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from flask.testing import FlaskClient
from sqlalchemy import func, select

from bpmn.expressions.api import Handlers
from connectors.connector import Connector
from connectors.registry import Registry
from server.app import Role, Server, assemble
from server.config import Settings
from server.store.memory.store import MemoryStore
from server.store.sql.store import SqlStore
from server.store.tables import metadata
from tests.support.stores import ManualClock

ADMIN_TOKEN = "the admin token of the tests"
WAIT_SECONDS = 15.0
LIVE_TABLES = (
    "scope", "command", "item", "job", "timer", "message_subscription", "signal_subscription", "condition_wait",
)  # fmt: skip
"""Tables that hold nothing of an instance that has ended."""

T = TypeVar("T")
Document = Path | tuple[str, str | bytes]
"""A file, or (name, content)."""


def wait_until(look: Callable[[], T], *, timeout: float = WAIT_SECONDS, what: str = "it") -> T:
    """The first answer of `look` that counts as true. Fails the test after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"Expected {what} within {timeout:.0f} seconds, but got {found!r}")
        time.sleep(0.005)


@dataclass
class App:
    """A running server and a client of its HTTP side with all rights."""

    server: Server
    clock: ManualClock | None

    def client(self, token: str = ADMIN_TOKEN) -> FlaskClient:
        assert self.server.flask is not None
        client = self.server.flask.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int | None = None,
        token: str = ADMIN_TOKEN,
        **headers: str,
    ) -> Any:
        """One request below `/api/v1`; the answer's JSON. Fails unless the status is `status` (None: any 2xx)."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.client(token).open(f"/api/v1{path}", method=method, json=body, headers=sent)
        text = response.get_data(as_text=True)
        expected = response.status_code // 100 == 2 if status is None else response.status_code == status
        assert expected, f"{method} {path} answered {response.status_code}: {text}"
        return response.get_json() if text else None

    def get(self, path: str, **query: Any) -> Any:
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return self.call("GET", f"{path}?{text}" if text else path)

    def post(self, path: str, body: Any = None, *, status: int | None = None, **headers: str) -> Any:
        return self.call("POST", path, {} if body is None else body, status=status, **headers)

    # -- definitions and instances -----------------------------------------------------------------------------------

    def deploy(self, *documents: Document, status: int = 201) -> Any:
        files = [_upload(document) for document in documents]
        response = self.client().post("/api/v1/deployments", data={"files": files}, content_type="multipart/form-data")
        assert response.status_code == status, response.get_data(as_text=True)
        return response.get_json()

    def start(self, key: str, variables: Mapping[str, Any] | None = None, **fields: Any) -> str:
        """Id of a new instance."""
        body = {"definitionKey": key, "variables": dict(variables or {})} | fields
        id: str = self.post("/instances", body, status=201)["id"]
        return id

    def instance(self, id: str) -> Any:
        return self.get(f"/instances/{id}")

    def context(self, id: str) -> dict[str, Any]:
        context: dict[str, Any] = self.instance(id)["context"]
        return context

    def instances(self, **query: Any) -> list[Any]:
        items: list[Any] = self.get("/instances", limit=1000, **query)["items"]
        return items

    def at(self, id: str, *elements: str) -> None:
        """Wait until these are exactly the active elements."""
        wait_until(lambda: sorted(self.instance(id)["currentState"]) == sorted(elements), what=f"{elements} in {id}")

    def reaches(self, id: str, status: str) -> Any:
        """The instance, once it has the status."""
        return wait_until(
            lambda: found if (found := self.instance(id))["status"] == status else None, what=f"{status} of {id}"
        )

    def ended(self, id: str, status: str = "COMPLETED") -> Any:
        """The instance, once it has ended so; nothing of it may be left."""
        found = self.reaches(id, status)
        assert found["currentState"] == []
        assert found["endedAt"] is not None
        assert self.tasks(id) == []
        assert self.incidents(id) == []
        wait_until(lambda: not leftovers(self.server, id), what=f"no rows of {id}, {leftovers(self.server, id)}")
        return found

    def history(self, id: str) -> list[Any]:
        events: list[Any] = []
        cursor = ""
        while True:
            page = self.get(f"/instances/{id}/history", limit=1000, **({"cursor": cursor} if cursor else {}))
            events += page["items"]
            cursor = page["nextCursor"]
            if not cursor:
                return events

    def completed(self, id: str) -> list[str]:
        """Ids of the completed elements, in order."""
        return [event["elementId"] for event in self.history(id) if event["type"] == "ELEMENT_COMPLETED"]

    # -- tasks -------------------------------------------------------------------------------------------------------

    def tasks(self, instance: str | None = None, **query: Any) -> list[Any]:
        """Open tasks."""
        of = {} if instance is None else {"instanceId": instance}
        items: list[Any] = self.get("/tasks", limit=1000, **of, **query)["items"]
        return items

    def task(self, instance: str, element: str) -> Any:
        """The only open task of the element, once it is there."""
        found = wait_until(lambda: self.tasks(instance, elementId=element), what=f"a task '{element}' of {instance}")
        assert len(found) == 1
        return found[0]

    def complete(self, task: Any, variables: Mapping[str, Any] | None = None, *, status: int = 200) -> Any:
        return self.post(f"/tasks/{task['id']}/complete", {"variables": dict(variables or {})}, status=status)

    # -- jobs --------------------------------------------------------------------------------------------------------

    def activate(self, type: str, *, count: int = 1, lock_seconds: float = 60, **fields: Any) -> list[Any]:
        """Pull jobs; waits (a moment) until there are `count`."""
        jobs: list[Any] = []

        def look() -> bool:
            body = {"type": type, "maxJobs": count - len(jobs), "lockSeconds": lock_seconds, "workerId": "tester"}
            jobs.extend(self.post("/jobs/activate", body | fields)["jobs"])
            return len(jobs) >= count

        wait_until(look, what=f"{count} jobs '{type}'")
        return jobs

    def no_job(self, type: str) -> bool:
        body = {"type": type, "maxJobs": 1, "lockSeconds": 1, "workerId": "tester"}
        return not self.post("/jobs/activate", body)["jobs"]

    def finish(self, job: Any, variables: Mapping[str, Any] | None = None, *, status: int | None = None) -> Any:
        return self._result(job, "complete", status, variables=dict(variables or {}))

    def fail(self, job: Any, message: str = "no luck", *, status: int | None = None, **fields: Any) -> Any:
        return self._result(job, "fail", status, message=message, **fields)

    def throw(self, job: Any, code: str, *, status: int | None = None, **fields: Any) -> Any:
        return self._result(job, "error", status, errorCode=code, **fields)

    def _result(self, job: Any, what: str, status: int | None, **fields: Any) -> Any:
        body = {"workerId": "tester", "attempt": job["attempt"], **fields}
        return self.post(f"/jobs/{job['id']}/{what}", body, status=status)

    # -- messages, incidents, time -----------------------------------------------------------------------------------

    def publish(
        self, name: str, variables: Mapping[str, Any] | None = None, *, status: int = 200, **fields: Any
    ) -> Any:
        return self.post("/messages", {"name": name, "variables": dict(variables or {}), **fields}, status=status)

    def signal(self, name: str, variables: Mapping[str, Any] | None = None) -> Any:
        return self.post("/signals", {"name": name, "variables": dict(variables or {})}, status=200)

    def incidents(self, instance: str | None = None) -> list[Any]:
        """Open ones."""
        items: list[Any] = self.get("/incidents", **({} if instance is None else {"instanceId": instance}))["items"]
        return items

    def incident(self, instance: str) -> Any:
        """The only open incident of the instance, once it is there."""
        found = wait_until(lambda: self.incidents(instance), what=f"an incident of {instance}")
        assert len(found) == 1
        return found[0]

    def resolve(self, incident: Any, **fields: Any) -> Any:
        return self.post(f"/incidents/{incident['id']}/resolve", fields)

    def advance(self, **duration: float) -> None:
        """Let time pass; timers that become due fire a moment later."""
        assert self.clock is not None
        self.clock.advance(**duration)
        self.server.executor.wake()


@contextmanager
def running_app(
    directory: Path,
    *,
    store: str = "",
    broker: str = "memory://",
    clock: ManualClock | None = None,
    handlers: Mapping[str, Any] | None = None,
    connectors: Sequence[Connector] = (),
    role: Role = "all",
    **settings: Any,
) -> Iterator[App]:
    """A started server, stopped at the end. `store` is a database URL, by default a new SQLite file in `directory`.

    Only the given connectors work; with none, jobs wait to be pulled.
    """
    configured = Settings(
        data_dir=directory,
        database_url=store,
        broker_url=broker,
        admin_token=ADMIN_TOKEN,
        **{"rate_limit": ""} | settings,
    )
    server = assemble(configured, role, clock=clock, handlers=Handlers(handlers or {}), registry=Registry(connectors))
    server.start()
    try:
        if server.worker is not None:
            assert server.worker.ready.wait(10)
        yield App(server, clock)
    finally:
        server.stop()


def leftovers(server: Server, instance_id: str) -> dict[str, int]:
    """How many rows of live tables an instance has, by table."""
    store, id = server.store, int(instance_id)
    counts: dict[str, int] = {}
    if isinstance(store, MemoryStore):
        for name in LIVE_TABLES:
            groups = getattr(store._data, name).groups
            counts[name] = sum(len(rows) for key, rows in groups.items() if key[0] == id)
    else:
        assert isinstance(store, SqlStore)
        with store.read() as unit:
            for name in LIVE_TABLES:
                table = metadata.tables[name]
                counting = select(func.count()).select_from(table).where(table.c.instance_id == id)
                counts[name] = unit.query(counting).scalar_one()
    return {name: number for name, number in counts.items() if number}


def _upload(document: Document) -> tuple[BytesIO, str]:
    if isinstance(document, Path):
        return BytesIO(document.read_bytes()), document.name
    name, content = document
    return BytesIO(content.encode() if isinstance(content, str) else content), name
