"""The broker goes away and comes back: starts and user tasks go on, the outbox grows and drains, nobody restarts."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.support.own_rabbitmq import OwnRabbitMQ
from tests.support.processes import TOKEN, Cluster, until
from tests.support.stores import temporary_schema

OUTAGE_SECONDS = float(os.environ.get("BPMND_TEST_OUTAGE_SECONDS", "6"))
INSTANCES = 20
PATIENCE = 120.0

MODEL = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="outage" targetNamespace="urn:bpmnd:test">
  <bpmn:process id="outage" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="approve" />
    <bpmn:userTask id="approve" />
    <bpmn:sequenceFlow id="f2" sourceRef="approve" targetRef="charge" />
    <bpmn:serviceTask id="charge" camunda:type="external" camunda:topic="six-charge" />
    <bpmn:sequenceFlow id="f3" sourceRef="charge" targetRef="end" />
    <bpmn:endEvent id="end" />
  </bpmn:process>
</bpmn:definitions>
"""


@pytest.mark.acceptance
@pytest.mark.database
@pytest.mark.broker
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("processes")
@pytest.mark.parametrize("queue_type", ["classic", "quorum"])
def test_should_go_on_while_the_broker_is_away(queue_type: str, tmp_path: Path) -> None:
    with OwnRabbitMQ() as rabbitmq, temporary_schema() as database_url:
        rabbitmq.start()
        environment = {
            "BPMND_DATABASE_URL": database_url,
            "BPMND_BROKER_URL": rabbitmq.url,
            "BPMND_QUEUE_TYPE": queue_type,
            "BPMND_DATA_DIR": str(tmp_path / "data"),
            "BPMND_ADMIN_TOKEN": TOKEN,
            "BPMND_WORKER_MODULES": "tests.support.six_connectors",
            "BPMND_REDISPATCH_SECONDS": "20",
            "SIX_CALLS": str(tmp_path / "calls"),
        }
        engine = create_engine(database_url)
        with Cluster(environment, tmp_path) as cluster, engine.connect() as connection:
            cluster.add("upgrade", "db", "upgrade").popen.wait(60)  # type: ignore[union-attr]
            cluster.add_api("api")
            cluster.add("engine", "engine")
            cluster.add("worker", "worker", "--types", "six-charge")
            cluster.wait_ready("api")

            def count(table: str) -> int:
                found: int = connection.execute(text(f"select count(*) from {table}")).scalar_one()
                connection.rollback()
                return found

            with cluster.client("api") as client:
                client.post("/deployments", files={"files": ("outage.bpmn", MODEL)}).raise_for_status()
                before = [_run_to_the_job(client, number) for number in range(INSTANCES)]
                until(lambda: _completed(client) == INSTANCES, PATIENCE, f"all to complete; {cluster.tail('engine')}")

                # when: the broker is gone for a while
                rabbitmq.kill()
                until(lambda: _ready(cluster) == 503, PATIENCE, "the API to notice")
                gone_at = time.monotonic()
                during = [_run_to_the_job(client, number) for number in range(INSTANCES, 2 * INSTANCES)]
                time.sleep(max(0.0, OUTAGE_SECONDS - (time.monotonic() - gone_at)))

                # then: whatever needs no broker has gone on, and what needs it waits in the database
                assert count("job") == INSTANCES
                assert count("outbox") >= INSTANCES
                assert _completed(client) == INSTANCES

                # and: when it is back everything drains, without anybody having been restarted
                rabbitmq.start()
                until(lambda: _completed(client) == 2 * INSTANCES, PATIENCE, f"the rest; {cluster.tail('worker')}")
                until(lambda: count("outbox") == 0, PATIENCE, "the outbox to drain")
                until(lambda: _ready(cluster) == 200, PATIENCE, "the API to be ready")
                for name in ("api", "engine", "worker"):
                    assert cluster.processes[name].is_running(), cluster.tail(name)
                for number, id in enumerate([*before, *during]):
                    assert client.get(f"/instances/{id}").json()["context"] == {"number": number, "charged": 2 * number}
                    history = client.get(f"/instances/{id}/history", params={"limit": 1000}).json()["items"]
                    assert Counter(event["type"] for event in history)["JOB_COMPLETED"] == 1
        engine.dispose()


def _run_to_the_job(client: httpx.Client, number: int) -> str:
    """Start an instance and complete its user task: no broker is needed for either."""
    response = client.post("/instances", json={"definitionKey": "outage", "variables": {"number": number}})
    assert response.status_code == 201, response.text
    id: str = response.json()["id"]
    [task] = client.get("/tasks", params={"instanceId": id, "status": "OPEN"}).json()["items"]
    response = client.post(f"/tasks/{task['id']}/complete", json={"variables": {}})
    assert response.status_code < 300, response.text
    return id


def _completed(client: httpx.Client) -> int:
    answer: Any = client.get("/instances", params={"status": "COMPLETED", "limit": 1, "total": "true"}).json()
    return int(answer["total"])


def _ready(cluster: Cluster) -> int:
    url = f"http://127.0.0.1:{cluster.ports['api']}/health/ready"
    return httpx.get(url, timeout=30, trust_env=False).status_code
