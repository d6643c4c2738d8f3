"""Publishing to Kafka: each message confirmed by all in-sync replicas, in order per key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from kombu.entity import Queue

from connectors.queues import CONTENT_TYPE, Topology
from connectors.transport.base import Outgoing
from connectors.transport.kafka_link import MAX_MESSAGE_BYTES, KafkaLink, topic_name

CONFIRM_SECONDS = 10.0
CONTENT_TYPE_HEADER = "content-type"
MESSAGE_ID_HEADER = "message-id"
ROUTING_KEY_HEADER = "routing-key"

Headers = list[tuple[str, str | bytes | None]]


class KafkaPublisher:
    """Implements Publisher with an idempotent producer: what is sent again after a lost answer is not stored twice."""

    def __init__(self, link: KafkaLink, topology: Topology) -> None:
        self._link = link
        self._topology = topology
        self._producer: Producer | None = None
        self._known: set[str] = set()

    def publish(self, messages: Sequence[Outgoing]) -> list[bool]:
        if not messages:
            return []
        producer = self._connected()
        topics = [self._topic(message) for message in messages]
        wanted = {topic for topic, message in zip(topics, messages, strict=True) if message.mandatory}
        if not wanted <= self._known:
            self._known = self._link.topics(producer)
        failures: list[KafkaError] = []

        def on_delivery(error: KafkaError | None, _: object) -> None:
            if error is not None:
                failures.append(error)

        routed: list[bool] = []
        try:
            for topic, message in zip(topics, messages, strict=True):
                if message.mandatory and topic not in self._known:
                    routed.append(False)
                    continue
                self._produce(producer, topic, message, on_delivery)
                routed.append(True)
            left = producer.flush(CONFIRM_SECONDS + 1)
        except (KafkaException, BufferError) as error:
            self.close()
            raise self._link.unavailable(error) from error
        self._settle(left, failures)
        return routed

    def forward(self, topic: str, body: bytes, headers: Headers, key: bytes | None = None) -> None:
        """Publish a message as it is. Raises TransportUnavailable."""
        producer = self._connected()
        failures: list[KafkaError] = []

        def on_delivery(error: KafkaError | None, _: object) -> None:
            if error is not None:
                failures.append(error)

        try:
            producer.produce(topic, value=body, key=key, headers=headers, on_delivery=on_delivery)
            left = producer.flush(CONFIRM_SECONDS + 1)
        except (KafkaException, BufferError) as error:
            self.close()
            raise self._link.unavailable(error) from error
        self._settle(left, failures)

    def has_queue(self, queue: Queue) -> bool:
        return topic_name(queue.name) in self._link.topics(self._connected())

    def close(self) -> None:
        """What was not confirmed is given up: whoever published it was told, or asks again."""
        producer, self._producer, self._known = self._producer, None, set()
        if producer is not None:
            producer.purge()
            producer.poll(0)

    def _connected(self) -> Producer:
        if self._producer is None:
            self._link.reach()
            results = self._topology.results_queue.name
            self._link.create(
                {
                    topic_name(results): self._link.partitions,
                    topic_name(self._topology.dead_queue(results).name): 1,
                    topic_name(self._topology.events_name): self._link.partitions,
                }
            )
            self._producer = Producer(
                self._link.config(
                    acks="all",
                    enable_idempotence=True,
                    # The hash of Kafka's own clients: workers in other languages put an instance where we do.
                    partitioner="murmur2_random",
                    linger_ms=1,
                    message_timeout_ms=int(CONFIRM_SECONDS * 1000),
                    message_max_bytes=MAX_MESSAGE_BYTES,
                )
            )
        return self._producer

    def _settle(self, left: int, failures: Sequence[KafkaError]) -> None:
        if left or failures:
            self.close()
            raise self._link.unavailable(
                failures[0].str() if failures else f"{left} messages were not confirmed in time"
            )

    def _produce(self, producer: Producer, topic: str, message: Outgoing, on_delivery: Any) -> None:
        headers: dict[str, str] = {
            **message.headers,
            CONTENT_TYPE_HEADER: CONTENT_TYPE,
            MESSAGE_ID_HEADER: message.message_id,
            ROUTING_KEY_HEADER: message.routing_key,
        }
        encoded: Headers = [(name, value.encode()) for name, value in headers.items()]
        key = (message.key or message.message_id).encode()
        while True:
            try:
                producer.produce(topic, value=message.body, key=key, headers=encoded, on_delivery=on_delivery)
                return
            except BufferError:
                if producer.poll(CONFIRM_SECONDS) == 0:
                    raise

    def _topic(self, message: Outgoing) -> str:
        """Exchanges are names of topics here: routing happens by name alone."""
        if message.exchange == self._topology.events_name:
            return topic_name(message.exchange)
        if message.exchange == self._topology.jobs_name:
            return topic_name(f"{message.exchange}.{message.routing_key}")
        return topic_name(message.routing_key)
