"""SIGTERM with work in flight: each process finishes or gives back what it holds, in time and with exit code 0."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.brokers import broker
from tests.support.processes import TOKEN, Cluster, until
from tests.support.stores import temporary_schema

PATIENCE = 90.0
SHUTDOWN_SECONDS = 10
"""What is promised."""
LOADED_MACHINE_SECONDS = 10
"""For Python to come to its end on a machine that has other things to do."""


def model(key: str, topic: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="{key}" targetNamespace="urn:bpmnd:test">
  <bpmn:process id="{key}" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="work" />
    <bpmn:serviceTask id="work" camunda:type="external" camunda:topic="{topic}" />
    <bpmn:sequenceFlow id="f2" sourceRef="work" targetRef="end" />
    <bpmn:endEvent id="end" />
  </bpmn:process>
</bpmn:definitions>
""".encode()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "BPMND_DATA_DIR": str(tmp_path / "data"),
        "BPMND_ADMIN_TOKEN": TOKEN,
        "BPMND_WORKER_MODULES": "tests.support.six_connectors",
        "BPMND_WORKER_CONCURRENCY": "4",
        "BPMND_REDISPATCH_SECONDS": "60",
        "BPMND_RATE_LIMIT": "",
        "SIX_CALLS": str(tmp_path / "calls"),
    }


@pytest.fixture
def separate(environment: dict[str, str], tmp_path: Path) -> Iterator[Cluster]:
    """api, engine and worker on PostgreSQL and RabbitMQ."""
    with broker("rabbitmq") as bus, temporary_schema() as database_url:
        bus.job_types = ["six-slow", "six-stuck"]
        environment |= {
            "BPMND_DATABASE_URL": database_url,
            "BPMND_BROKER_URL": bus.url,
            "BPMND_BUS_PREFIX": bus.prefix,
        }
        with Cluster(environment, tmp_path) as cluster:
            cluster.add("upgrade", "db", "upgrade").popen.wait(60)  # type: ignore[union-attr]
            cluster.add_api("api")
            cluster.add("engine", "engine")
            cluster.add("worker", "worker", "--types", "six-slow,six-stuck")
            cluster.wait_ready("api")
            yield cluster


@pytest.fixture
def together(environment: dict[str, str], tmp_path: Path) -> Iterator[Cluster]:
    """Everything in one process on SQLite."""
    with Cluster(environment, tmp_path) as cluster:
        cluster.add_api("api", role="all")
        cluster.wait_ready("api")
        yield cluster


@pytest.mark.acceptance
@pytest.mark.database
@pytest.mark.broker
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("processes", ["separate", "together"])
def test_should_finish_or_give_back_what_it_holds(
    processes: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    cluster: Cluster = request.getfixturevalue(processes)
    names = [name for name in ("worker", "engine", "api") if name in cluster.processes]
    calls = tmp_path / "calls"
    (tmp_path / "calls.stuck").touch()
    with cluster.client("api") as client:
        for key, topic in (("slow", "six-slow"), ("stuck", "six-stuck")):
            client.post("/deployments", files={"files": (f"{key}.bpmn", model(key, topic))}).raise_for_status()

        # given: a job that never ends, some at work and some in the queue, starts that come all the time, and waiting
        started = [_start(client, "stuck")]
        until(lambda: "six-stuck" in _read(calls), PATIENCE, f"the stuck job to begin; {cluster.tail(names[0])}")
        started += [_start(client, "slow") for _ in range(12)]
        until(lambda: "six-slow" in _read(calls), PATIENCE, "a slow job to begin")
    load = Load(cluster)
    until(lambda: load.started and load.waits(), PATIENCE, "load")

    # when: all are told to end
    told = time.monotonic()
    for name in names:
        cluster.processes[name].popen.terminate()  # type: ignore[union-attr]

    # then: they do, in order
    for name in names:
        process = cluster.processes[name].popen
        assert process is not None
        assert process.wait(SHUTDOWN_SECONDS + LOADED_MACHINE_SECONDS) == 0, cluster.tail(name)
        print(f"{name} has ended after {time.monotonic() - told:.1f} s")
    load.join()
    assert load.answers["/instances"] == 201, "who waited was told what there was"

    # and: what was acknowledged is completed after a start, with every result applied once
    (tmp_path / "calls.stuck").unlink()
    for name in names:
        cluster.processes[name].start()
    cluster.wait_ready("api")
    started += load.started
    with cluster.client("api") as client:

        def running() -> int:
            answer = client.get("/instances", params={"status": "RUNNING", "limit": 1, "total": "true"})
            return int(answer.json()["total"])

        until(lambda: running() == 0, PATIENCE, f"all to complete; {cluster.tail(names[0])}", 0.2)
        for id in started:
            assert client.get(f"/instances/{id}").json()["status"] == "COMPLETED"
            history = client.get(f"/instances/{id}/history", params={"limit": 1000}).json()["items"]
            assert Counter(event["type"] for event in history)["JOB_COMPLETED"] == 1


class Load:
    """Clients that start instances as long as they are answered, and two that wait for something."""

    def __init__(self, cluster: Cluster) -> None:
        self.started: list[str] = []
        self.answers: dict[str, int | str] = {}
        self._cluster = cluster
        targets: list[Any] = [
            self._start_all_the_time,
            lambda: self._wait("/jobs/activate", {"type": "nobody", "maxJobs": 1, "lockSeconds": 9, "workerId": "w"}),
            lambda: self._wait("/instances", {"definitionKey": "stuck", "businessKey": "waits"}),
        ]
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in self._threads:
            thread.start()

    def waits(self) -> bool:
        """Whether the start that waits for the end of its instance has come in."""
        with self._cluster.client("api") as client:
            return bool(client.get("/instances", params={"businessKey": "waits"}).json()["items"])

    def join(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _start_all_the_time(self) -> None:
        with self._cluster.client("api") as client:
            while len(self.started) < 200:
                try:
                    self.started.append(_start(client, "slow" if len(self.started) < 10 else "stuck"))
                except (httpx.TransportError, httpx.HTTPStatusError):
                    return

    def _wait(self, path: str, body: dict[str, Any]) -> None:
        with self._cluster.client("api") as client:
            try:
                answer = client.post(path, json=body | {"waitSeconds": 30}, timeout=60)
            except httpx.TransportError as error:
                self.answers[path] = repr(error)
            else:
                self.answers[path] = answer.status_code


def _start(client: httpx.Client, key: str) -> str:
    response = client.post("/instances", json={"definitionKey": key})
    response.raise_for_status()
    id: str = response.json()["id"]
    return id


def _read(calls: Path) -> str:
    return calls.read_text() if calls.exists() else ""
