"""A job that kills every worker that takes it: a dead letter and an incident, while others go on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.transport import open_transport
from tests.support.brokers import TestBroker, broker
from tests.support.processes import TOKEN, Cluster, until
from tests.support.stores import temporary_schema

PATIENCE = 150.0

MODEL = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="one" targetNamespace="urn:bpmnd:test">
  <bpmn:process id="one-job" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="work" />
    <bpmn:serviceTask id="work" camunda:type="external" camunda:topic="poison" />
    <bpmn:sequenceFlow id="f2" sourceRef="work" targetRef="end" />
    <bpmn:endEvent id="end" />
  </bpmn:process>
</bpmn:definitions>
"""


@pytest.mark.acceptance
@pytest.mark.database
@pytest.mark.broker
@pytest.mark.timeout(480)
@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("kind", ["rabbitmq", "redis", "kafka"])
def test_should_end_a_job_that_kills_its_workers_as_an_incident(kind: str, tmp_path: Path) -> None:
    with broker(kind) as place, temporary_schema() as database_url:
        # given: api, engine, and a worker that is started again whenever it dies
        place.job_types = ["poison"]
        environment = _environment(tmp_path) | {
            "BPMND_DATABASE_URL": database_url,
            "BPMND_BROKER_URL": place.url,
            "BPMND_BUS_PREFIX": place.prefix,
            # Longer than the broker takes to hand out what a dead worker had; Redis takes ten minutes.
            "BPMND_REDISPATCH_SECONDS": "5" if kind == "redis" else "60",
        }
        with Cluster(environment, tmp_path) as cluster:
            cluster.add("upgrade", "db", "upgrade").popen.wait(60)  # type: ignore[union-attr]
            cluster.add_api("api")
            cluster.add("engine", "engine")
            cluster.add("worker", "worker", "--types", "poison")
            cluster.wait_ready("api")
            with _supervised(cluster, "worker"):
                _poison_ends_as_incident(cluster, tmp_path)

            # and: the message is kept for who looks into it
            [letter] = _dead_letters(place)
            assert letter["type"] == "poison"
            assert letter["variables"] == {"poison": True}


@pytest.mark.acceptance
@pytest.mark.timeout(480)
@pytest.mark.xdist_group("processes")
def test_should_end_a_job_that_kills_the_server_as_an_incident(tmp_path: Path) -> None:
    # given: everything in one process on SQLite, started again whenever it dies
    with Cluster(_environment(tmp_path), tmp_path) as cluster:
        cluster.add_api("api", role="all")
        cluster.wait_ready("api")
        with _supervised(cluster, "api"):
            _poison_ends_as_incident(cluster, tmp_path)


def _poison_ends_as_incident(cluster: Cluster, directory: Path) -> None:
    poison = directory / "poison"
    poison.touch()

    def post(path: str, **arguments: Any) -> Any:
        """Again until it is answered: the server may be down at the moment."""

        def ask() -> Any:
            with cluster.client("api") as client:
                try:
                    response = client.post(path, **arguments)
                except httpx.TransportError:
                    return None
            return response if response.status_code < 500 else None

        response = until(ask, PATIENCE, f"an answer of {path}")
        assert response.status_code < 300, response.text
        return response.json()

    def get(path: str, **query: Any) -> Any:
        with cluster.client("api") as client:
            try:
                response = client.get(path, params=query)
            except httpx.TransportError:
                return {}
            return response.json() if response.status_code == 200 else {}

    post("/deployments", files={"files": ("one.bpmn", MODEL)})

    # when: one that kills and one that does not
    def start(key: str, variables: dict[str, bool]) -> str:
        body = {"definitionKey": "one-job", "variables": variables}
        id: str = post("/instances", json=body, headers={"Idempotency-Key": key})["id"]
        return id

    bad = start("bad", {"poison": True})
    good = start("good", {})

    # then: an incident names what happened, and the other one is done
    found = until(lambda: get("/incidents", instanceId=bad).get("items"), PATIENCE, "an incident", 0.2)
    assert len(found) == 1
    assert "2 in a row were lost" in found[0]["message"]
    until(lambda: get(f"/instances/{good}").get("status") == "COMPLETED", PATIENCE, "the other one to complete", 0.2)
    deaths = next(p for name, p in cluster.processes.items() if name in ("worker", "api") and p.starts > 1).starts - 1
    assert 2 <= deaths <= 8, "it was begun a limited number of times"

    # and: once the cause is gone it is done
    poison.unlink()
    post(f"/incidents/{found[0]['id']}/resolve", json={})
    until(lambda: get(f"/instances/{bad}").get("status") == "COMPLETED", PATIENCE, "it to complete", 0.2)


@contextmanager
def _supervised(cluster: Cluster, name: str) -> Iterator[None]:
    """Start the process again whenever it ends, like an init system."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if not cluster.processes[name].is_running():
                cluster.processes[name].start()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _dead_letters(place: TestBroker) -> list[dict[str, Any]]:
    topology = place.topology
    queue = topology.dead_queue(topology.job_queue("poison").name)
    consumer = open_transport(place.url, topology).consumer([queue], 10)
    consumer._declare = lambda channel: None  # type: ignore[attr-defined]  # it has no dead letters of its own
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + PATIENCE
    while not found and time.monotonic() < deadline:
        found = [json.loads(message.body) for message in consumer.receive(10, 0.5)]
    consumer.close()
    return found


def _environment(directory: Path) -> dict[str, str]:
    return {
        "BPMND_DATA_DIR": str(directory / "data"),
        "BPMND_ADMIN_TOKEN": TOKEN,
        "BPMND_WORKER_MODULES": "tests.support.poison_connectors",
        "BPMND_REDISPATCH_SECONDS": "5",
        "BPMND_LOST_LIMIT": "2",
        "POISON_FILE": str(directory / "poison"),
    }
