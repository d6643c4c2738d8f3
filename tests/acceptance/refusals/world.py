"""A running product in which something of everything exists, and what its database holds at a moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, create_engine, text

from server.app import Server, assemble
from server.config import Settings
from server.store.tables import metadata
from tests.acceptance.refusals import models
from tests.bpmn.dmn import support as dmn

TOKEN = "the admin token of the tests"
_WATCHED = sorted(set(metadata.tables) - {"node_lease"})
"""All but what is renewed by the clock, whatever is asked."""
_ON_THE_WAY = text("SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM command)")
_ALL_ROWS = text(
    " UNION ALL ".join(
        f"SELECT '{name}', md5(string_agg(t::text, ',' ORDER BY t::text)) FROM \"{name}\" AS t" for name in _WATCHED
    )
)


class World:
    """`ids` and `tokens` by name; `fingerprint` tells whether anything changed."""

    def __init__(self, server: Server, database: Engine) -> None:
        assert server.flask is not None
        self.server = server
        self.app: Flask = server.flask
        self.tokens: dict[str, str] = {"admin": TOKEN}
        self.ids: dict[str, str] = {}
        self._database = database

    def call(self, method: str, path: str, body: Any = None, *, status: int | None = None, token: str = "admin") -> Any:
        answer = self.app.test_client().open(
            f"/api/v1{path}", method=method, json=body, headers={"Authorization": f"Bearer {self.tokens[token]}"}
        )
        assert answer.status_code in ((200, 201, 204) if status is None else (status,)), answer.get_data(as_text=True)
        return answer.get_json() if answer.data else None

    def deploy(self, content: bytes, *, token: str = "admin") -> Any:
        answer = self.app.test_client().post(
            "/api/v1/definitions",
            data=content,
            content_type="application/xml",
            headers={"Authorization": f"Bearer {self.tokens[token]}"},
        )
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return answer.get_json()

    def decide(self, key: str, text: str, *, token: str = "admin") -> str:
        """Deploy a decision; its id."""
        content = dmn.document(dmn.decision(key, dmn.literal(text)))
        answer = self.app.test_client().post(
            "/api/v1/deployments",
            data={"files": [(BytesIO(content), f"{key}.dmn")]},
            headers={"Authorization": f"Bearer {self.tokens[token]}"},
        )
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return str(answer.get_json()["decisions"][0]["id"])

    def token(self, name: str, *roles: str, tenant: str = "default", **more: Any) -> None:
        body = {"name": name, "roles": list(roles), "tenantId": tenant, **more}
        self.tokens[name] = self.call("POST", "/tokens", body)["token"]

    def start(self, key: str, *, token: str = "admin", **more: Any) -> str:
        found: str = self.call("POST", "/instances", {"definitionKey": key, **more}, token=token)["id"]
        return found

    def task_of(self, instance: str, *, token: str = "admin") -> str:
        [task] = self.call("GET", f"/tasks?instanceId={instance}", token=token)["items"]
        found: str = task["id"]
        return found

    def incident_of(self, instance: str, *, token: str = "admin") -> Any:
        """Waits for it: an instance may still be moving when its start is answered."""
        deadline = time.monotonic() + 10
        while not (found := self.call("GET", f"/incidents?instanceId={instance}", token=token)["items"]):
            assert time.monotonic() < deadline, self.call("GET", f"/instances/{instance}", token=token)
            time.sleep(0.005)
        return found[0]

    def lease(self, *, seconds: float = 3600, worker: str = "w1", token: str = "admin") -> str:
        """A job of the topic charge-card."""
        body = {"type": "charge-card", "maxJobs": 1, "lockSeconds": seconds, "workerId": worker, "waitSeconds": 10}
        [job] = self.call("POST", "/jobs/activate", body, token=token)["jobs"]
        found: str = job["id"]
        return found

    def fingerprint(self) -> dict[str, Any]:
        """Of each table the hash of its rows, once nothing is on its way any more."""
        deadline = time.monotonic() + 10
        with self._database.connect() as connection:
            while connection.execute(_ON_THE_WAY).scalar_one():
                assert time.monotonic() < deadline, "the outbox does not run empty"
                time.sleep(0.002)
            if connection.dialect.name == "postgresql":
                return {row[0]: row[1] for row in connection.execute(_ALL_ROWS)}
            return {name: hash(tuple(connection.exec_driver_sql(f'SELECT * FROM "{name}"'))) for name in _WATCHED}

    def still_works(self) -> None:
        """Healthy, and runs a process from start to end."""
        assert self.app.test_client().get("/health/ready").status_code == 200
        assert self.call("POST", "/instances", {"definitionKey": "short", "waitSeconds": 10})["status"] == "COMPLETED"


@contextmanager
def running_world(directory: Path, database_url: str = "") -> Iterator[World]:
    """Two tenants with definitions, instances, tasks, jobs and incidents in every state a refusal needs; on SQLite,
    or on a database that is migrated and empty."""
    passed = timedelta()

    def clock() -> datetime:
        return datetime.now(UTC) + passed

    settings = Settings(
        data_dir=directory,
        database_url=database_url,
        admin_token=TOKEN,
        token_cache_seconds=0.0,
        rate_limit="",
        transitions_limit=1000,
    )
    server = assemble(settings, clock=clock)
    server.start()
    database = create_engine(settings.effective_database_url)
    try:
        world = World(server, database)
        world.token("expired", "admin", expiresAt=(clock() + timedelta(hours=1)).isoformat())
        _users(world)
        _definitions(world)
        world.decide("endless", "for i in 1..1000000000 return i")
        _tasks(world)
        _others(world)
        world.token("acme", "admin", tenant="acme")
        _foreign(world)
        world.ids["stale"] = _job(world)
        passed = timedelta(hours=2)
        assert world.lease(worker="w2") == world.ids["stale"]  # the second attempt, after the first lease ran out
        world.ids["job"] = _job(world)
        yield world
    finally:
        database.dispose()
        server.stop()


def _users(world: World) -> None:
    for role in ("deployer", "operator", "worker"):
        world.token(role, role)
    for name in ("mary", "john"):
        world.token(name, "user", groups=["sales"])


def _definitions(world: World) -> None:
    world.deploy(models.process(models.SHORT, key="short"))
    world.ids["review"] = world.deploy(models.process(models.USER_TASK, key="review"))["id"]
    world.deploy(models.process(models.SERVICE_TASK, key="payment"))
    world.deploy(models.process(models.RECEIVE, key="receive"))
    world.deploy(models.process(models.python("x = unknown"), key="broken"))
    world.deploy(models.process(models.LISTENED, key="listened"))
    world.ids["suspended"] = world.deploy(models.process(models.SHORT, key="suspended"))["id"]
    world.call("PATCH", f"/definitions/{world.ids['suspended']}", {"suspended": True})
    drawing = models.process(models.SHORT, key="drawing", attributes='isExecutable="false"')
    world.ids["drawing"] = world.deploy(drawing)["id"]


def _tasks(world: World) -> None:
    for name in ("open", "done", "claimed", "delegated", "ended", "paused"):
        world.ids[f"{name}_instance"] = world.start("review", businessKey="first")
        world.ids[f"{name}_task"] = world.task_of(world.ids[f"{name}_instance"])
    for name in ("busy", "listened"):
        world.ids[f"{name}_task"] = world.task_of(world.start("listened"))
    world.call("POST", f"/tasks/{world.ids['busy_task']}/complete", {})
    world.call("POST", f"/tasks/{world.ids['done_task']}/complete", {})
    world.call("POST", f"/tasks/{world.ids['claimed_task']}/claim", {}, token="mary")
    world.call("POST", f"/tasks/{world.ids['delegated_task']}/claim", {}, token="mary")
    world.call("POST", f"/tasks/{world.ids['delegated_task']}/delegate", {"assignee": "john"}, token="mary")
    world.call("POST", f"/instances/{world.ids['ended_instance']}/cancel", {})
    world.call("POST", f"/instances/{world.ids['paused_instance']}/pause", {})


def _others(world: World) -> None:
    for _ in range(2):
        world.start("receive")
    world.ids["stuck_instance"] = world.start("broken")
    world.ids["incident"] = world.incident_of(world.ids["stuck_instance"])["id"]
    world.start("payment")
    world.ids["done_job"] = world.lease()
    world.call("POST", f"/jobs/{world.ids['done_job']}/complete", {"workerId": "w1", "attempt": 1})
    failed = world.start("payment")
    job = world.lease()
    failure = {"workerId": "w1", "attempt": 1, "message": "no line", "retries": 0}
    world.call("POST", f"/jobs/{job}/fail", failure)
    world.ids["resolved"] = world.incident_of(failed)["id"]
    world.call("POST", f"/incidents/{world.ids['resolved']}/resolve", {})
    world.call("POST", f"/instances/{failed}/cancel", {})
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "used"}
    body = {"definitionKey": "short"}
    assert world.app.test_client().post("/api/v1/instances", json=body, headers=headers).status_code == 201


def _foreign(world: World) -> None:
    """The same in another tenant."""
    world.ids["foreign_decision"] = world.decide("foreign-rate", "1", token="acme")
    review = models.process(models.USER_TASK, key="foreign-review")
    world.ids["foreign_definition"] = world.deploy(review, token="acme")["id"]
    world.deploy(models.process(models.SERVICE_TASK, key="payment"), token="acme")
    world.deploy(models.process(models.python("x = unknown"), key="broken"), token="acme")
    world.ids["foreign_instance"] = world.start("foreign-review", token="acme")
    world.ids["foreign_task"] = world.task_of(world.ids["foreign_instance"], token="acme")
    world.ids["foreign_incident"] = world.incident_of(world.start("broken", token="acme"), token="acme")["id"]
    world.start("payment", token="acme")
    world.ids["foreign_job"] = world.lease(token="acme")
    tokens = world.call("GET", "/tokens", token="acme")["items"]
    world.ids["foreign_token"] = tokens[0]["id"]


def _job(world: World) -> str:
    world.start("payment")
    return world.lease()
