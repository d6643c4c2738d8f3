"""Kafka: topics as queues, consumer groups, keys that keep what concerns one instance in order.

| on the bus | on Kafka |
|---|---|
| queue of a job type, results, dead letters | topic of that name, see `topic_name` |
| public events | topic `bpmnd.events`; a listener is a consumer group that filters by the header `routing-key` |
| key | instance id: one instance stays in one partition |
| acknowledgement | committed offset, with what is acknowledged beyond it in the commit's metadata |
"""

from __future__ import annotations

from collections.abc import Sequence

from kombu.entity import Queue

from connectors.queues import Topology
from connectors.transport.base import Consumer, Publisher
from connectors.transport.kafka_consumer import KafkaConsumer
from connectors.transport.kafka_link import KafkaLink
from connectors.transport.kafka_publisher import KafkaPublisher


class KafkaTransport:
    """Implements Transport for Kafka and brokers that speak its protocol."""

    def __init__(self, url: str, topology: Topology, *, connect_timeout: float = 5.0) -> None:
        self._topology = topology
        self._link = KafkaLink(url, connect_timeout=connect_timeout)

    @property
    def volatile(self) -> bool:
        return False

    def publisher(self) -> Publisher:
        return KafkaPublisher(self._link, self._topology)

    def consumer(self, queues: Sequence[Queue], prefetch: int) -> Consumer:
        return KafkaConsumer(self._link, self._topology, queues, prefetch)

    def check(self) -> None:
        self._link.reach()
        self._link.topics(self._link.admin())
