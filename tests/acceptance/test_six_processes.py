"""Two of each role on PostgreSQL and RabbitMQ, each killed once while instances run: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.support.brokers import broker
from tests.support.processes import TOKEN, Cluster, until
from tests.support.stores import temporary_schema

INSTANCES = int(os.environ.get("BPMND_TEST_SIX_INSTANCES", "300"))

MODEL = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    id="six" targetNamespace="urn:bpmnd:test">
  <bpmn:process id="six" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="reserve" />
    <bpmn:serviceTask id="reserve" camunda:type="external" camunda:topic="six-reserve" />
    <bpmn:sequenceFlow id="f2" sourceRef="reserve" targetRef="wait" />
    <bpmn:intermediateCatchEvent id="wait">
      <bpmn:timerEventDefinition>
        <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT1S</bpmn:timeDuration>
      </bpmn:timerEventDefinition>
    </bpmn:intermediateCatchEvent>
    <bpmn:sequenceFlow id="f3" sourceRef="wait" targetRef="approve" />
    <bpmn:userTask id="approve" camunda:candidateGroups="clerks" />
    <bpmn:sequenceFlow id="f4" sourceRef="approve" targetRef="charge" />
    <bpmn:serviceTask id="charge" camunda:type="external" camunda:topic="six-charge" />
    <bpmn:sequenceFlow id="f5" sourceRef="charge" targetRef="end" />
    <bpmn:endEvent id="end" />
  </bpmn:process>
</bpmn:definitions>
"""

EMPTY_AT_THE_END = ("job", "timer", "command", "outbox", "message_subscription", "condition_wait", "scope", "incident")


@pytest.fixture
def database_url() -> Iterator[str]:
    with temporary_schema() as url:
        yield url


@pytest.fixture
def cluster(database_url: str, tmp_path: Path) -> Iterator[Cluster]:
    with broker("rabbitmq") as bus:
        bus.job_types = ["six-reserve", "six-charge"]
        environment = {
            "BPMND_DATABASE_URL": database_url,
            "BPMND_BROKER_URL": bus.url,
            "BPMND_BUS_PREFIX": bus.prefix,
            "BPMND_DATA_DIR": str(tmp_path / "data"),
            "BPMND_ADMIN_TOKEN": TOKEN,
            "BPMND_WORKER_MODULES": "tests.support.six_connectors",
            "BPMND_REDISPATCH_SECONDS": "8",
            "BPMND_RATE_LIMIT": "100000/second",
            "SIX_CALLS": str(tmp_path / "calls"),
        }
        with Cluster(environment, tmp_path) as cluster:
            yield cluster


class Callers:
    """Start instances and complete tasks like clients do: again, with the same key, until it is acknowledged."""

    def __init__(self, cluster: Cluster) -> None:
        self.clients = [cluster.client("api-1"), cluster.client("api-2")]
        self.started: dict[int, str] = {}
        self.done = threading.Event()

    def __enter__(self) -> Callers:
        return self

    def __exit__(self, *error: object) -> None:
        self.done.set()
        for client in self.clients:
            client.close()

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response | None:
        """One answer below 500 from whichever API process gives one; None where neither does now."""
        for client in random.sample(self.clients, 2):
            try:
                response = client.request(method, path, **arguments)
            except httpx.TransportError:
                continue
            if response.status_code < 500:
                return response
        return None

    def start(self, number: int) -> None:
        time.sleep(random.uniform(0, 0.12))  # so that starts go on while processes are killed
        body = {"definitionKey": "six", "businessKey": f"order-{number}", "variables": {"number": number}}
        headers = {"Idempotency-Key": f"start-{number}"}
        response = until(lambda: self.ask("POST", "/instances", json=body, headers=headers), 60, f"start {number}")
        assert response.status_code == 201, response.text
        self.started[number] = response.json()["id"]

    def complete_tasks(self) -> None:
        """Complete every task that shows up, until told that all is done."""
        while not self.done.is_set():
            response = self.ask("GET", "/tasks", params={"status": "OPEN", "limit": 100})
            tasks = [] if response is None else response.json()["items"]
            for task in tasks:
                self.ask("POST", f"/tasks/{task['id']}/complete", json={"variables": {"approved": True}})
            time.sleep(0.05)


@pytest.mark.acceptance
@pytest.mark.database
@pytest.mark.broker
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("processes")
def test_should_complete_every_instance_when_each_process_is_killed_once(
    cluster: Cluster, database_url: str, tmp_path: Path
) -> None:
    # given: six processes, started for real
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    random.seed(seed)
    cluster.add("upgrade", "db", "upgrade").popen.wait(60)  # type: ignore[union-attr]
    for number in ("1", "2"):
        cluster.add_api(f"api-{number}")
        cluster.add(f"engine-{number}", "engine")
        cluster.add(f"worker-{number}", "worker")
    for name in ("api-1", "api-2"):
        cluster.wait_ready(name)
    with Callers(cluster) as callers:
        deployed = callers.ask("POST", "/deployments", files={"files": ("six.bpmn", MODEL)})
        assert deployed is not None
        assert deployed.status_code == 201, deployed.text

        # when: instances run while each process is killed -9 once, and started again
        completer = threading.Thread(target=callers.complete_tasks, daemon=True)
        completer.start()
        with ThreadPoolExecutor(4) as pool:
            starts = [pool.submit(callers.start, number) for number in range(INSTANCES)]
            victims = [name for name in cluster.processes if name != "upgrade"]
            random.shuffle(victims)
            for name in victims:
                time.sleep(random.uniform(0.2, 0.6))
                cluster.processes[name].kill()
                time.sleep(random.uniform(0.1, 0.5))
                cluster.processes[name].start()
            for start in starts:
                start.result()

        def running() -> int:
            response = callers.ask("GET", "/instances", params={"status": "RUNNING", "limit": 1, "total": "true"})
            return -1 if response is None else int(response.json()["total"])

        try:
            until(lambda: running() == 0, 120, f"no instance to run any more; engine: {cluster.tail('engine-1')}", 0.2)
        finally:
            callers.done.set()
            completer.join(10)

        # then: every acknowledged instance is completed, and each result was applied once
        engine = create_engine(database_url)
        with engine.connect() as connection:
            rows = connection.execute(text("select id, status, business_key from instance")).all()
            assert Counter(row.status for row in rows) == {"COMPLETED": INSTANCES}
            assert {row.id for row in rows} == {int(id) for id in callers.started.values()}
            assert {row.business_key for row in rows} == {f"order-{number}" for number in range(INSTANCES)}
            until(
                lambda: not _left_over(connection),
                30,
                f"nothing to be left over, but {_left_over(connection)}",
                0.2,
            )
        engine.dispose()
        for number in random.sample(range(INSTANCES), 20):
            response = callers.ask("GET", f"/instances/{callers.started[number]}")
            assert response is not None
            assert response.json()["context"] == {
                "number": number,
                "reserved": number,
                "charged": number * 2,
                "approved": True,
            }
        for number in range(INSTANCES):
            history = callers.ask("GET", f"/instances/{callers.started[number]}/history", params={"limit": 1000})
            assert history is not None
            types = Counter(event["type"] for event in history.json()["items"])
            assert types["JOB_COMPLETED"] == 2
            assert types["USER_TASK_COMPLETED"] == 1
            assert types["TIMER_FIRED"] == 1
            assert types["INSTANCE_COMPLETED"] == 1
        # and: outward calls happened at least once, all calls of one job with one idempotency key
        calls = [line.split() for line in (tmp_path / "calls").read_text().splitlines()]
        keys = {(type, instance): set() for type, _, instance, _ in calls}
        for type, key, instance, _ in calls:
            keys[(type, instance)].add(key)
        assert len(keys) == 2 * INSTANCES
        assert all(len(used) == 1 for used in keys.values())
        print(f"{len(calls)} calls for {2 * INSTANCES} jobs")


def _left_over(connection: Any) -> dict[str, int]:
    counts = {
        table: connection.execute(text(f'select count(*) from "{table}"')).scalar_one() for table in EMPTY_AT_THE_END
    }
    connection.rollback()
    return {table: count for table, count in counts.items() if count}
