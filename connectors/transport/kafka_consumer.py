"""Consuming from Kafka with acknowledgements per message.

Kafka keeps one offset per partition: everything below it is done. Here each message is acknowledged by itself; the
offset that is committed is that of the oldest message still at work, and never one beyond it. What is acknowledged
above it travels in the commit's metadata, so that the next owner of the partition passes over it. A broker that does
not keep metadata hands those messages out a second time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from kombu.entity import Queue

from connectors.queues import DEAD_SUFFIX, Topology
from connectors.transport.base import Incoming, TransportUnavailable
from connectors.transport.kafka_link import KafkaLink, code, topic_name
from connectors.transport.kafka_publisher import CONTENT_TYPE_HEADER, ROUTING_KEY_HEADER, Headers, KafkaPublisher

log = logging.getLogger(__name__)

SESSION_SECONDS = 10.0
"""After which the partitions of a process that was killed go to others."""
POLL_SECONDS = 0.5
MOST_RUNS = 100
"""Of acknowledged offsets in a commit: brokers refuse metadata of more than 4,096 bytes."""

_GONE = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)


@dataclass(eq=False)
class Partition:
    """A partition while this consumer owns it."""

    topic: str
    number: int
    position: int
    """The first offset not handed out yet, whatever the broker's own position is."""
    seen_before: int
    """Messages below this offset were there when the partition came: another may have had them already."""
    outstanding: set[int] = field(default_factory=set)
    acknowledged: set[int] = field(default_factory=set)
    """Those at or above the offset that would be committed."""
    dirty: bool = False
    """Whether there is something to commit."""
    paused: bool = False

    def done(self) -> int:
        """The offset to commit: everything below is acknowledged."""
        if self.outstanding:
            return min(self.outstanding)
        return self.position

    def to_commit(self) -> TopicPartition:
        offset = self.done()
        self.acknowledged = {each for each in self.acknowledged if each >= offset}
        return TopicPartition(self.topic, self.number, offset, metadata=_write_runs(self.acknowledged))


class KafkaConsumer:
    """Implements Consumer over one member of a consumer group.

    All workers are one group whose members subscribe to what they can do; all engines another. A listener to public
    events is a group of its own, named as its queue: it gets what is published from now on and fits its routing key.
    """

    def __init__(self, link: KafkaLink, topology: Topology, queues: Sequence[Queue], prefetch: int) -> None:
        self._link = link
        self._topology = topology
        self._queues = tuple(queues)
        self._prefetch = prefetch
        self._listens = {queue.name for queue in queues if queue.exchange and queue.exchange.type == "topic"}
        self._by_topic = {self._topic(queue): queue for queue in self._queues}
        self._group = _group_of(self._queues)
        self._consumer: Consumer | None = None
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._down: str | None = None
        self._dead: KafkaPublisher | None = None

    def receive(self, max_messages: int, timeout: float) -> list[Incoming]:
        consumer = self._connected()
        deadline = time.monotonic() + timeout
        try:
            room = min(max_messages, self._prefetch - sum(len(each.outstanding) for each in self._partitions.values()))
            self._hold(consumer, room <= 0)
            if any(each.dirty for each in self._partitions.values()):
                self._commit()
                consumer = self._connected()
            while True:
                wait = max(0.0, deadline - time.monotonic())
                first = consumer.poll(min(wait, POLL_SECONDS))
                if first is not None:
                    found = [first, *(consumer.consume(room - 1, 0) if room > 1 else ())]
                    received = [each for message in found if (each := self._read(consumer, message)) is not None]
                    if received:
                        return received
                if self._down is not None:
                    # One of several brokers, or an idle connection that was closed, is no reason to give up.
                    self._down = None
                    self._link.reach()
                if time.monotonic() >= deadline:
                    return []
        except KafkaException as error:
            self._lose_connection()
            raise self._link.unavailable(error) from error
        except TransportUnavailable:
            self._lose_connection()
            raise

    def acknowledge(self, messages: Sequence[Incoming]) -> None:
        for message in messages:
            partition, offset = message.channel, message.delivery_tag
            if isinstance(partition, Partition) and self._owns(partition) and offset in partition.outstanding:
                partition.outstanding.discard(offset)
                partition.acknowledged.add(offset)
                partition.dirty = True
        self._commit()

    def release(self, messages: Sequence[Incoming]) -> None:
        """They are read again: by this consumer if it goes on, otherwise by the next owner of the partition."""
        again: dict[Partition, int] = {}
        for message in messages:
            partition, offset = message.channel, message.delivery_tag
            if isinstance(partition, Partition) and self._owns(partition) and offset in partition.outstanding:
                partition.outstanding.discard(offset)
                again[partition] = min(offset, again.get(partition, offset))
        for partition, offset in again.items():
            partition.position = min(partition.position, offset)
            partition.seen_before = max(partition.seen_before, offset + 1)
            try:
                assert self._consumer is not None
                self._consumer.seek(TopicPartition(partition.topic, partition.number, offset))
            except KafkaException as error:
                log.warning("Lost the connection while giving messages back: %s", error)
                self._lose_connection()
                return

    def bury(self, message: Incoming) -> None:
        if self._dead is None:
            self._dead = KafkaPublisher(self._link, self._topology)
        headers: Headers = [(name, str(value).encode()) for name, value in message.headers.items()]
        if message.content_type is not None:
            headers.append((CONTENT_TYPE_HEADER, message.content_type.encode()))
        try:
            self._dead.forward(topic_name(message.queue + DEAD_SUFFIX), message.body, headers)
        except TransportUnavailable as error:
            # Not acknowledged: it comes again, and is buried then.
            log.warning("A dead letter could not be kept now: %s", error)
            self._lose_connection()
            return
        self.acknowledge([message])

    def close(self) -> None:
        consumer = self._consumer
        if consumer is not None:
            self._commit()
        self._lose_connection()
        if self._dead is not None:
            self._dead.close()
            self._dead = None

    # -- messages -----------------------------------------------------------------------------------------------------

    def _read(self, consumer: Consumer, message: Message) -> Incoming | None:
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                return None
            if error.code() in _GONE or error.fatal():
                raise KafkaException(error)
            log.warning("The broker says: %s", error.str())
            return None
        topic, number, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert number is not None
        assert offset is not None
        partition = self._partitions.get((topic, number))
        if partition is None:
            return None  # taken away meanwhile
        partition.position = max(partition.position, offset + 1)
        if offset in partition.outstanding or offset in partition.acknowledged:
            return None  # read again because of another that was given back
        headers, content_type = _headers(message)
        queue = self._by_topic[topic]
        routing_key = str(headers.get(ROUTING_KEY_HEADER, ""))
        if queue.name in self._listens and not _fits(str(queue.routing_key).split("."), routing_key.split(".")):
            partition.dirty = True
            return None
        partition.outstanding.add(offset)
        return Incoming(
            queue=queue.name,
            body=message.value() or b"",
            content_type=content_type,
            headers=headers,
            redelivered=offset < partition.seen_before,
            delivery_tag=offset,
            channel=partition,
        )

    def _hold(self, consumer: Consumer, full: bool) -> None:
        """A full consumer must go on polling, or its group waits for it; it just takes nothing."""
        changed = [each for each in self._partitions.values() if each.paused != full]
        if changed:
            (consumer.pause if full else consumer.resume)([TopicPartition(p.topic, p.number) for p in changed])
        for partition in changed:
            partition.paused = full

    def _commit(self) -> None:
        """Before this returns the broker knows: a process that dies in the next moment does not get it again."""
        dirty = [partition for partition in self._partitions.values() if partition.dirty]
        if not dirty or self._consumer is None:
            return
        try:
            self._consumer.commit(offsets=[each.to_commit() for each in dirty], asynchronous=False)
        except KafkaException as error:
            if code(error) in (KafkaError.REBALANCE_IN_PROGRESS, KafkaError.ILLEGAL_GENERATION):
                return  # partitions are on their way to another: tried again with the next ones, if they stay
            log.warning("Lost the connection while acknowledging: %s", error)
            self._lose_connection()
            return
        for partition in dirty:
            partition.dirty = False

    def _owns(self, partition: Partition) -> bool:
        return self._partitions.get((partition.topic, partition.number)) is partition

    # -- the connection -----------------------------------------------------------------------------------------------

    def _connected(self) -> Consumer:
        if self._consumer is not None:
            return self._consumer
        self._link.reach()
        self._declare(None)
        consumer = Consumer(
            self._link.config(
                self._on_error,
                group_id=self._group,
                enable_auto_commit=False,
                enable_auto_offset_store=False,
                auto_offset_reset="earliest",
                # Partitions that stay where they are go on while others move.
                partition_assignment_strategy="cooperative-sticky",
                session_timeout_ms=int(SESSION_SECONDS * 1000),
                heartbeat_interval_ms=int(SESSION_SECONDS * 300),
                topic_metadata_refresh_interval_ms=10_000,
                fetch_wait_max_ms=100,
                queued_max_messages_kbytes=16 * 1024,
            )
        )
        self._down = None
        try:
            if self._listens:
                self._bind(consumer)
            consumer.subscribe(
                list(self._by_topic), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
        except KafkaException as error:
            consumer.close()
            raise self._link.unavailable(error) from error
        self._consumer = consumer
        return consumer

    def _declare(self, _: object) -> None:
        """The topics of its queues, and of their dead letters."""
        wanted: dict[str, int] = {}
        for queue in self._queues:
            wanted[self._topic(queue)] = self._link.partitions
            if queue.name not in self._listens:
                wanted[topic_name(self._topology.dead_queue(queue.name).name)] = 1
        self._link.create(wanted)

    def _bind(self, consumer: Consumer) -> None:
        """A listener that is new gets what is published from now on, as one that binds a queue does."""
        timeout = self._link.connect_timeout
        topics = consumer.list_topics(timeout=timeout).topics
        every = [TopicPartition(topic, number) for topic in self._by_topic for number in topics[topic].partitions]
        new = [each for each in consumer.committed(every, timeout=timeout) if each.offset < 0]
        for each in new:
            each.offset = consumer.get_watermark_offsets(each, timeout=timeout)[1]
        if new:
            consumer.commit(offsets=new, asynchronous=False)

    def _on_assign(self, consumer: Consumer, assigned: list[TopicPartition]) -> None:
        timeout = self._link.connect_timeout
        committed: Iterable[TopicPartition]
        try:
            committed = consumer.committed(assigned, timeout=timeout)
        except KafkaException as error:
            log.warning("What is acknowledged already is not known, messages may come twice: %s", error)
            committed = assigned
        for each in committed:
            try:
                low, high = consumer.get_watermark_offsets(each, timeout=timeout)
            except KafkaException:
                low, high = 0, 2**62
            first_owner = each.offset < 0 and each.error is None
            self._partitions[each.topic, each.partition] = Partition(
                each.topic,
                each.partition,
                position=max(low, each.offset),
                seen_before=low if first_owner else high,
                acknowledged=_read_runs(each.metadata),
                # So that whoever comes next knows that there was one.
                dirty=first_owner,
            )
        self._commit()

    def _on_revoke(self, consumer: Consumer, revoked: list[TopicPartition]) -> None:
        self._commit()
        self._on_lost(consumer, revoked)

    def _on_lost(self, _: Consumer, lost: list[TopicPartition]) -> None:
        for each in lost:
            self._partitions.pop((each.topic, each.partition), None)

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._down = error.str()

    def _lose_connection(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            try:
                consumer.close()
            except (KafkaException, RuntimeError):
                log.debug("Closing a broken consumer failed", exc_info=True)
        self._partitions.clear()

    def _topic(self, queue: Queue) -> str:
        return topic_name(queue.exchange.name if queue.name in self._listens else queue.name)


def _group_of(queues: Sequence[Queue]) -> str:
    """Queues of one exchange share a group, unless they listen to a topic each in its own way."""
    names = {
        queue.name if queue.exchange is None or queue.exchange.type == "topic" else queue.exchange.name or queue.name
        for queue in queues
    }
    if len(names) != 1:
        raise ValueError(f"Expected queues of one exchange, but got some of {', '.join(sorted(names))}")
    return names.pop()


def _fits(pattern: Sequence[str], words: Sequence[str]) -> bool:
    """AMQP's patterns of a topic exchange: `*` is a word, `#` any number of them."""
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_fits(pattern[1:], words[start:]) for start in range(len(words) + 1))
    return bool(words) and pattern[0] in ("*", words[0]) and _fits(pattern[1:], words[1:])


def _headers(message: Message) -> tuple[dict[str, Any], str | None]:
    """Headers as text; Kafka has no content type of its own."""
    headers: dict[str, Any] = {}
    for name, value in dict(message.headers() or ()).items():
        headers[name] = value.decode(errors="replace") if isinstance(value, bytes) else value
    content_type = headers.pop(CONTENT_TYPE_HEADER, None)
    return headers, content_type


def _write_runs(offsets: set[int]) -> str:
    """Runs of offsets, first and last: `4-9,12-12`; the first of them where a commit cannot carry all."""
    runs: list[list[int]] = []
    for offset in sorted(offsets):
        if runs and runs[-1][1] == offset - 1:
            runs[-1][1] = offset
        elif len(runs) < MOST_RUNS:
            runs.append([offset, offset])
        else:
            break
    return ",".join(f"{first}-{last}" for first, last in runs)


def _read_runs(metadata: str | None) -> set[int]:
    offsets: set[int] = set()
    for run in (metadata or "").split(","):
        first, dash, last = run.partition("-")
        if not (dash and first.isdecimal() and last.isdecimal()):
            return set()  # nothing, or somebody else's metadata
        offsets.update(range(int(first), int(last) + 1))
    return offsets
