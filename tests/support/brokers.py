"""Brokers for the contract suites of bus and worker: each test gets names of its own, deleted afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import redis
from kombu import Connection

from connectors.queues import DEAD_SUFFIX, Topology
from connectors.transport.kafka_link import KafkaLink
from tests.support.kafka import kafka_url
from tests.support.services import amqp_url, redis_url

BROKERS = ("memory", "rabbitmq", "redis", "kafka")


@dataclass
class TestBroker:
    """A broker URL and a prefix that no one else uses."""

    __test__ = False

    kind: str
    url: str
    prefix: str
    job_types: list[str] = field(default_factory=lambda: ["charge-card", "send-parcel"])
    queues: list[str] = field(default_factory=list)
    """Further queues that the test declares."""

    @property
    def topology(self) -> Topology:
        return Topology(self.prefix)


@contextmanager
def broker(kind: str) -> Iterator[TestBroker]:
    """One of BROKERS; skips the test where the service is absent."""
    prefix = f"bpmnd-test-{uuid4().hex[:10]}"
    match kind:
        case "memory":
            yield TestBroker(kind, f"memory://{prefix}", prefix)
        case "rabbitmq":
            used = TestBroker(kind, amqp_url(), prefix)
            try:
                yield used
            finally:
                _delete_from_rabbitmq(used)
        case "kafka":
            used = TestBroker(kind, kafka_url(), prefix)
            try:
                yield used
            finally:
                _delete_from_kafka(used)
        case _:
            used = TestBroker(kind, redis_url(), prefix)
            try:
                yield used
            finally:
                client = redis.Redis.from_url(used.url)
                for key in client.scan_iter(f"*{prefix}*"):
                    client.delete(key)
                client.close()


def _delete_from_kafka(used: TestBroker) -> None:
    link = KafkaLink(used.url, connect_timeout=10)
    admin = link.admin()
    topics = [topic for topic in link.topics(admin) if topic.startswith(used.prefix)]
    if topics:
        for deleted in admin.delete_topics(topics).values():
            deleted.result(10)


def _delete_from_rabbitmq(used: TestBroker) -> None:
    topology = used.topology
    jobs = [topology.job_queue(job_type).name for job_type in used.job_types]
    queues = [topology.results_queue.name, *jobs, *used.queues]
    with Connection(used.url) as connection:
        channel = connection.channel()
        for queue in queues:
            channel.queue_delete(queue)
            channel.queue_delete(queue + DEAD_SUFFIX)
        for exchange in topology.exchanges:
            channel.exchange_delete(exchange.name)
