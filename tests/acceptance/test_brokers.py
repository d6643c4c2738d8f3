"""Real processes over each broker that processes can share: start, job, worker, result, public events, end."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Queue

from connectors.transport import Consumer, open_transport
from tests.support.brokers import TestBroker, broker
from tests.support.processes import TOKEN, Cluster, until
from tests.support.stores import temporary_schema

INSTANCES = 25
PATIENCE = 60.0

MODEL = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="two" targetNamespace="urn:bpmnd:test">
  <bpmn:process id="two-jobs" isExecutable="true">
    <bpmn:startEvent id="start" />
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="reserve" />
    <bpmn:serviceTask id="reserve" camunda:type="external" camunda:topic="six-reserve" />
    <bpmn:sequenceFlow id="f2" sourceRef="reserve" targetRef="charge" />
    <bpmn:serviceTask id="charge" camunda:type="external" camunda:topic="six-charge" />
    <bpmn:sequenceFlow id="f3" sourceRef="charge" targetRef="end" />
    <bpmn:endEvent id="end" />
  </bpmn:process>
</bpmn:definitions>
"""


@pytest.fixture(params=["rabbitmq", "redis", "kafka"])
def place(request: pytest.FixtureRequest) -> Iterator[TestBroker]:
    with broker(request.param) as used:
        used.job_types = ["six-reserve", "six-charge"]
        yield used


@pytest.fixture
def listener(place: TestBroker) -> Iterator[Consumer]:
    """A queue of public events, bound before anything happens."""
    queue = Queue(
        f"{place.prefix}.listener", exchange=place.topology.events_exchange, routing_key="#", auto_delete=True
    )
    place.queues.append(queue.name)
    opened = open_transport(place.url, place.topology).consumer([queue], 1000)
    opened.receive(1, 0)
    yield opened
    opened.close()


@pytest.mark.acceptance
@pytest.mark.database
@pytest.mark.broker
@pytest.mark.timeout(240)
@pytest.mark.xdist_group("processes")
def test_should_run_instances_from_start_to_end_over_every_broker(
    place: TestBroker, listener: Consumer, tmp_path: Path
) -> None:
    # given: api, engine and worker as processes of their own
    with temporary_schema() as database_url:
        environment = {
            "BPMND_DATABASE_URL": database_url,
            "BPMND_BROKER_URL": place.url,
            "BPMND_BUS_PREFIX": place.prefix,
            "BPMND_DATA_DIR": str(tmp_path / "data"),
            "BPMND_ADMIN_TOKEN": TOKEN,
            "BPMND_WORKER_MODULES": "tests.support.six_connectors",
            "SIX_CALLS": str(tmp_path / "calls"),
        }
        with Cluster(environment, tmp_path) as cluster:
            cluster.add("upgrade", "db", "upgrade").popen.wait(60)  # type: ignore[union-attr]
            cluster.add_api("api")
            cluster.add("engine", "engine")
            cluster.add("worker", "worker", "--types", "six-reserve,six-charge")
            cluster.wait_ready("api")
            with cluster.client("api") as client:
                client.post("/deployments", files={"files": ("two.bpmn", MODEL)}).raise_for_status()

                # when
                started = [
                    client.post(
                        "/instances", json={"definitionKey": "two-jobs", "variables": {"number": number}}
                    ).json()["id"]
                    for number in range(INSTANCES)
                ]

                # then: all complete, with the results of both jobs
                def completed() -> bool:
                    answer = client.get("/instances", params={"status": "COMPLETED", "total": "true", "limit": 1})
                    return bool(answer.json()["total"] == INSTANCES)

                until(completed, PATIENCE, f"all to complete; worker: {cluster.tail('worker')}{cluster.tail('engine')}")
                for number, id in enumerate(started):
                    context = client.get(f"/instances/{id}").json()["context"]
                    assert context == {"number": number, "reserved": number, "charged": 2 * number}

                # and: each job was done, with one idempotency key, and the events of each instance came in order
                calls = {tuple(line.split()[:3]) for line in (tmp_path / "calls").read_text().splitlines()}
                assert Counter((type, instance) for type, _, instance in calls) == {
                    (type, id): 1 for type in ("six-reserve", "six-charge") for id in started
                }
                events = _events(listener, 6 * INSTANCES)
                for id in started:
                    told = [event for event in events if event["subject"] == id]
                    assert [event["type"] for event in told] == [
                        "WORKFLOW_STARTED",
                        *("TASK_SCHEDULED", "TASK_COMPLETED") * 2,
                        "WORKFLOW_COMPLETED",
                    ]
            for name in ("api", "engine", "worker"):
                process = cluster.processes[name].popen
                assert process is not None
                process.terminate()
                assert process.wait(20) == 0, cluster.tail(name)


def _events(listener: Consumer, count: int) -> list[dict[str, Any]]:
    """The first `count` events; one that came twice counts once."""
    found: dict[str, dict[str, Any]] = {}
    deadline = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < deadline:
        messages = listener.receive(1000, 0.5)
        listener.acknowledge(messages)
        for event in (json.loads(message.body) for message in messages):
            found.setdefault(event["id"], event)
    return list(found.values())
