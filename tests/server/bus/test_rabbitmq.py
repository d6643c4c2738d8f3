"""What is RabbitMQ's own behind the bus: queues of either type."""

from __future__ import annotations

import json
import time

import pytest
from kombu import Queue

from connectors.messages import JobMessage, Outcome, ResultMessage
from connectors.queues import Topology
from connectors.transport import Incoming, open_transport
from server.bus import open_bus
from server.ports.bus import BusUnavailable, Delivery, ReceivedResult
from tests.support.brokers import broker

pytestmark = pytest.mark.broker

PATIENCE = 30.0


def test_should_keep_its_promises_on_quorum_queues() -> None:
    with broker("rabbitmq") as place:
        # given the topology with quorum queues, and a worker and an engine on it
        topology = Topology(place.prefix, "quorum")
        transport = open_transport(place.url, topology)
        worker = transport.consumer([topology.job_queue("charge-card")], 10)
        assert worker.receive(1, 0) == []
        bus = open_bus(place.url, prefix=place.prefix, queue_type="quorum")
        job = JobMessage(
            id="1", type="charge-card", instance_id="7", definition_key="order", version=1, element_id="charge"
        )

        # when a worker goes away with a job
        assert bus.publish_jobs([job]) == [Delivery.SENT]
        [taken] = _receive(worker)
        worker.close()
        other = transport.consumer([topology.job_queue("charge-card")], 10)
        [again] = _receive(other)

        # then another gets it, marked; what nobody can use is kept apart; results arrive
        assert (taken.redelivered, again.redelivered) == (False, True)
        other.bury(again)
        letters = transport.consumer([Queue(topology.job_queue("charge-card").name + ".dead")], 10)
        letters._declare = lambda channel: None  # type: ignore[attr-defined]
        assert [json.loads(letter.body)["id"] for letter in _receive(letters)] == ["1"]
        bus.publish_results([ResultMessage(job_id="1", attempt=1, outcome=Outcome.COMPLETED)])
        [received] = _results(bus)
        bus.acknowledge([received])
        other.close()
        letters.close()
        bus.close()


def test_should_say_so_where_the_queues_are_of_the_other_type() -> None:
    with broker("rabbitmq") as place:
        # given classic queues
        first = open_bus(place.url, prefix=place.prefix)
        first.publish_results([ResultMessage(job_id="1", attempt=1, outcome=Outcome.COMPLETED)])
        first.close()

        # when
        second = open_bus(place.url, prefix=place.prefix, queue_type="quorum")

        # then
        with pytest.raises(BusUnavailable, match="x-queue-type"):
            second.publish_results([ResultMessage(job_id="1", attempt=1, outcome=Outcome.COMPLETED)])
        second.close()


def _receive(consumer: object) -> list[Incoming]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if received := consumer.receive(10, 0.2):  # type: ignore[attr-defined]
            return received  # type: ignore[no-any-return]
    return []


def _results(bus: object) -> list[ReceivedResult]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if received := bus.consume_results(10, 0.2):  # type: ignore[attr-defined]
            return received  # type: ignore[no-any-return]
    return []
