"""The public events, as a consumer in any language sees them on RabbitMQ."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from kombu import Connection, Queue
from kombu.message import Message

from connectors.connector import connector
from connectors.job import Job
from connectors.queues import Topology
from tests.acceptance.conftest import RunApp
from tests.support.app import App
from tests.support.brokers import TestBroker, broker
from tests.support.models import document, end, error, exclusive, on_error, process, service_task, start, user_task

pytestmark = [pytest.mark.acceptance, pytest.mark.broker]

PAY = process(
    "pay", start(), service_task("charge"), user_task("check"), exclusive("ok"), end(), end("bad", on_error("e")),
    flows="start -> charge -> check -> ok; ok -[${good}]-> end; ok -[default]-> bad")  # fmt: skip
ENVELOPE = {"specversion", "id", "source", "type", "subject", "time", "data"}
DATA = {
    "instanceId", "rootInstanceId", "definitionKey", "version", "elementId", "elementType", "tenantId", "businessKey",
    "sequence",
}  # fmt: skip


class Listener:
    """A queue of its own, bound to the topic exchange."""

    def __init__(self, connection: Connection, topology: Topology, binding: str) -> None:
        self._connection = connection
        self.events: list[tuple[str, dict[str, Any]]] = []
        queue = Queue("", topology.events_exchange, routing_key=binding, exclusive=True, auto_delete=True)
        self._consumer = connection.Consumer(queue, callbacks=[self._receive], accept=None)
        self._consumer.consume()

    def _receive(self, body: Any, message: Message) -> None:
        parsed = json.loads(body) if isinstance(body, str | bytes) else body
        self.events.append((message.delivery_info["routing_key"], parsed))
        message.ack()

    def take(self, count: int) -> list[dict[str, Any]]:
        """Exactly `count` events; fails where fewer come, or more."""
        deadline = time.monotonic() + 10
        while len(self.events) < count and time.monotonic() < deadline:
            self._drain(0.2)
        self._drain(0.2)
        assert len(self.events) == count, [event["type"] for _, event in self.events]
        return [event for _, event in self.events]

    def _drain(self, seconds: float) -> None:
        try:
            while True:
                self._connection.drain_events(timeout=seconds)
        except TimeoutError:
            return


@pytest.fixture
def rabbitmq() -> Iterator[TestBroker]:
    with broker("rabbitmq") as used:
        used.job_types = ["charge"]
        yield used


@pytest.fixture
def app(run_app: RunApp, rabbitmq: TestBroker) -> App:
    @connector("charge")
    def charge(job: Job) -> dict[str, Any]:
        return {"charged": True}

    app = run_app(broker=rabbitmq.url, bus_prefix=rabbitmq.prefix, connectors=[charge])
    app.deploy(("pay.bpmn", document(PAY, roots=error("e", "NO_GOOD"))))
    return app


def listener(rabbitmq: TestBroker, binding: str) -> Iterator[Listener]:
    with Connection(rabbitmq.url) as connection:
        yield Listener(connection, rabbitmq.topology, binding)


@pytest.fixture
def everything(rabbitmq: TestBroker) -> Iterator[Listener]:
    yield from listener(rabbitmq, "#")


@pytest.fixture
def failures(rabbitmq: TestBroker) -> Iterator[Listener]:
    yield from listener(rabbitmq, "WORKFLOW_FAILED.pay")


def test_should_tell_what_happens_as_cloud_events_in_order(everything: Listener, failures: Listener, app: App) -> None:
    good, bad = app.start("pay", businessKey="B-1"), app.start("pay")
    good_task = app.task(good, "check")
    app.complete(good_task, {"good": True})
    app.complete(app.task(bad, "check"), {"good": False})
    app.ended(good)
    app.reaches(bad, "FAILED")

    events = everything.take(12)

    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        assert event.keys() >= ENVELOPE
        assert event["specversion"] == "1.0"
        assert event["data"].keys() >= DATA
        assert event["subject"] == event["data"]["instanceId"]
        assert datetime.fromisoformat(event["time"]).tzinfo is not None
        told[event["subject"]].append(event)
    assert len({event["id"] for event in events}) == 12
    common = ["WORKFLOW_STARTED", "TASK_SCHEDULED", "TASK_COMPLETED", "TASK_SCHEDULED", "TASK_COMPLETED"]
    assert [event["type"] for event in told[good]] == [*common, "WORKFLOW_COMPLETED"]
    assert [event["type"] for event in told[bad]] == [*common, "WORKFLOW_FAILED"]
    for id in (good, bad):
        sequences = [event["data"]["sequence"] for event in told[id]]
        assert sequences == sorted(set(sequences))
        by_sequence = {entry["seq"]: entry["type"] for entry in app.history(id)}
        assert by_sequence[sequences[0]] == "INSTANCE_STARTED", "the numbers are those of history"
        assert [by_sequence[number] for number in sequences[1:5]] == [
            "JOB_CREATED", "JOB_COMPLETED", "USER_TASK_CREATED", "USER_TASK_COMPLETED",
        ]  # fmt: skip

    scheduled, completed = told[good][3]["data"], told[good][4]["data"]
    assert scheduled["taskId"] == completed["taskId"] == good_task["id"]
    assert (scheduled["elementId"], scheduled["definitionKey"], scheduled["version"], scheduled["businessKey"]) == (
        "check", "pay", 1, "B-1",
    )  # fmt: skip
    assert told[good][1]["data"]["jobId"] == told[good][2]["data"]["jobId"]
    assert {key for key, _ in everything.events} == {
        f"{type}.pay" for type in (*common, "WORKFLOW_COMPLETED", "WORKFLOW_FAILED")
    }

    [failure] = failures.take(1)
    assert (failure["subject"], failure["data"]["errorCode"]) == (bad, "NO_GOOD")


def test_should_tell_each_instance_in_order_under_load(everything: Listener, app: App) -> None:
    ids = [app.start("pay") for _ in range(30)]
    for id in ids:
        app.complete(app.task(id, "check"), {"good": True})
    for id in ids:
        app.ended(id)

    events = everything.take(30 * 6)

    for id in ids:
        of_instance = [event["data"]["sequence"] for event in events if event["subject"] == id]
        assert len(of_instance) == 6
        assert of_instance == sorted(of_instance)
