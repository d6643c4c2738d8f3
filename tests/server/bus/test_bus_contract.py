"""What every bus promises, on every broker."""

from __future__ import annotations

import pickle
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from kombu import Connection, Queue

from connectors.envelopes import read_job
from connectors.messages import JobMessage, Outcome, ResultMessage
from connectors.transport import Consumer, Incoming, Outgoing, open_transport
from connectors.transport.kafka_link import KafkaLink
from connectors.transport.kafka_publisher import KafkaPublisher
from server.bus import KombuBus, open_bus
from server.ports.bus import Bus, BusUnavailable, Delivery, PublicEvent, ReceivedResult
from tests.support.brokers import BROKERS, TestBroker, broker

pytestmark = pytest.mark.broker

PATIENCE = 30.0
"""Seconds until something that should happen has not happened: a consumer group of Kafka takes some to form."""


@pytest.fixture(params=BROKERS)
def place(request: pytest.FixtureRequest) -> Iterator[TestBroker]:
    with broker(request.param) as used:
        yield used


@pytest.fixture
def bus(place: TestBroker) -> Iterator[Bus]:
    opened = open_bus(place.url, prefix=place.prefix)
    yield opened
    opened.close()


def job(number: int = 1, job_type: str = "charge-card", **fields: object) -> JobMessage:
    return JobMessage(
        id=str(number),
        type=job_type,
        instance_id="7",
        definition_key="order",
        version=1,
        element_id="charge",
        **fields,  # type: ignore[arg-type]
    )


def result(number: int = 1, **fields: object) -> ResultMessage:
    return ResultMessage(
        job_id=str(number),
        attempt=1,
        outcome=Outcome.COMPLETED,
        instance_id="7",
        **fields,  # type: ignore[arg-type]
    )


def worker_of(place: TestBroker, *types: str) -> Consumer:
    """A consumer as a worker has it, with its queues declared."""
    consumer = open_transport(place.url, place.topology).consumer([place.topology.job_queue(t) for t in types], 100)
    assert consumer.receive(1, 0) == []
    return consumer


def publish_raw(place: TestBroker, body: bytes, content_type: str, routing_key: str, exchange: str) -> None:
    if place.kind == "kafka":
        _publish_raw_to_kafka(place, body, content_type, routing_key)
        return
    with Connection(place.url) if place.kind != "memory" else _memory(place) as connection:
        channel = connection.channel()
        message = channel.prepare_message(body, content_type=content_type, content_encoding="binary")
        channel.basic_publish(message, exchange=exchange, routing_key=routing_key)


def _publish_raw_to_kafka(place: TestBroker, body: bytes, content_type: str, topic: str) -> None:
    """Into the partition of instance 7, between the results of that instance."""
    publisher = KafkaPublisher(KafkaLink(place.url, connect_timeout=5), place.topology)
    publisher.forward(topic, body, [("content-type", content_type.encode())], key=b"7")
    publisher.close()


def _memory(place: TestBroker) -> Connection:
    return open_transport(place.url, place.topology)._link.connect()  # type: ignore[attr-defined]


def test_should_tell_which_job_types_have_a_queue(place: TestBroker, bus: Bus) -> None:
    assert bus.routable({"charge-card", "send-parcel"}) == set()
    consumer = worker_of(place, "charge-card")

    assert bus.routable({"charge-card", "send-parcel", "x" * 300}) == {"charge-card"}

    consumer.close()
    assert bus.publish_jobs([job()]) == [Delivery.SENT], "the connection is as good as before"


def take(bus: Bus, count: int) -> list[ReceivedResult]:
    """`count` results, or fewer when they do not come."""
    taken: list[ReceivedResult] = []
    deadline = time.monotonic() + PATIENCE
    while len(taken) < count and time.monotonic() < deadline:
        taken += bus.consume_results(100, 0.2)
    return taken


def receive(consumer: Consumer, count: int) -> list[Incoming]:
    taken: list[Incoming] = []
    deadline = time.monotonic() + PATIENCE
    while len(taken) < count and time.monotonic() < deadline:
        taken += consumer.receive(100, 0.2)
    return taken


def dead_letters(place: TestBroker, queue: str, count: int) -> list[Incoming]:
    dead = Queue(queue + ".dead", durable=True)
    consumer = open_transport(place.url, place.topology).consumer([dead], 10)
    consumer._declare = lambda channel: None  # type: ignore[attr-defined]  # it has no dead letters of its own
    try:
        return receive(consumer, count)
    finally:
        consumer.close()


def test_should_say_unroutable_while_no_worker_has_announced_the_type(bus: Bus, place: TestBroker) -> None:
    # given a worker of one type only
    worker = worker_of(place, "charge-card")

    # when jobs of both types are published
    deliveries = bus.publish_jobs([job(1), job(2, "send-parcel"), job(3)])

    # then only the known type is sent
    assert deliveries == [Delivery.SENT, Delivery.UNROUTABLE, Delivery.SENT]
    assert len(receive(worker, 2)) == 2
    worker.close()


@pytest.mark.parametrize("job_type", ["x" * 300, "charge-card.dead", "ü" * 200, "a\ud800b"])
def test_should_say_unroutable_for_a_type_that_no_queue_can_have(bus: Bus, job_type: str) -> None:
    assert bus.publish_jobs([job(1, job_type)]) == [Delivery.UNROUTABLE]


def test_should_carry_a_job_with_its_headers(bus: Bus, place: TestBroker) -> None:
    # given
    worker = worker_of(place, "charge-card")
    sent = job(variables={"amount": 12345678901234567890, "name": "Zoë"}, tenant_id="acme", attempt=2)

    # when
    bus.publish_jobs([sent], ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"])

    # then
    [incoming] = receive(worker, 1)
    assert incoming.content_type == "application/json"
    assert incoming.headers["tenant"] == "acme"
    assert incoming.headers["idempotency-key"] == "1"
    assert incoming.headers["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert read_job(incoming) == sent
    worker.close()


def test_should_give_results_back_in_order_with_their_tenant(bus: Bus) -> None:
    # given
    bus.publish_results([result(number) for number in range(400)], "acme")

    # when
    received = take(bus, 400)
    bus.acknowledge(received)

    # then
    assert [int(each.result.job_id) for each in received] == list(range(400))
    assert {each.tenant_id for each in received} == {"acme"}
    assert bus.consume_results(10, 0.1) == []


def test_should_never_return_more_results_than_asked_for(bus: Bus) -> None:
    bus.publish_results([result(number) for number in range(25)])
    sizes: list[int] = []
    while sum(sizes) < 25:
        sizes.append(len(bus.consume_results(10, 1)))

    assert max(sizes) <= 10
    assert sum(sizes) == 25


def test_should_deliver_results_again_that_were_not_acknowledged(bus: Bus, place: TestBroker) -> None:
    # given an engine that takes three results, applies one and goes away
    bus.publish_results([result(1), result(2), result(3)])
    first = open_bus(place.url, prefix=place.prefix)
    received = take(first, 3)
    first.acknowledge(received[:1])
    first.close()

    # when another looks
    again = take(bus, 2)

    # then it gets the other two
    assert sorted(each.result.job_id for each in again) == ["2", "3"]


def test_should_acknowledge_in_any_order(bus: Bus, place: TestBroker) -> None:
    # given
    bus.publish_results([result(number) for number in range(6)])
    first = open_bus(place.url, prefix=place.prefix)
    received = take(first, 6)

    # when the last ones are acknowledged before the first, and one never
    first.acknowledge(received[3:])
    first.acknowledge([received[0], received[2]])
    first.close()

    # then that one comes again, and only that one where the broker remembers more than a position
    again = [each.result.job_id for each in take(bus, 1)]
    assert again[0] == "1"
    if place.kind == "kafka":
        assert "0" not in again, "test_kafka.py has a broker that keeps the rest with the position"
        return
    assert again == ["1"]
    assert bus.consume_results(10, 0.2) == []


def test_should_give_released_results_back(bus: Bus) -> None:
    bus.publish_results([result(1)])
    bus.release(take(bus, 1))
    [again] = take(bus, 1)
    bus.acknowledge([again])
    assert again.result.job_id == "1"


def test_should_pass_duplicates_on(bus: Bus) -> None:
    """The engine decides by job and attempt; the bus may double anything."""
    bus.publish_results([result(1), result(1)])
    assert [each.result.job_id for each in take(bus, 2)] == ["1", "1"]


def test_should_carry_big_bodies(bus: Bus) -> None:
    text = "ä" * 1_000_000
    bus.publish_results([result(1, variables={"text": text})])
    [received] = take(bus, 1)
    assert received.result.variables == {"text": text}


class _Bomb:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{not json", "application/json"),
        (b'{"jobId": "1"}', "application/json"),
        (b'{"jobId": "1", "attempt": 1, "outcome": "COMPLETED", "variables": {"a": NaN}}', "application/json"),
        (b'{"jobId": "1", "attempt": 1, "outcome": "COMPLETED"}', "text/plain"),
        (pickle.dumps(_Bomb()), "application/x-python-serialize"),
        (pickle.dumps(_Bomb()), "application/json"),
        (b"\xff\xfe", "application/json"),
    ],
    ids=["broken", "incomplete", "nan", "not-json", "pickle", "disguised-pickle", "not-utf8"],
)
def test_should_bury_what_is_no_result(bus: Bus, place: TestBroker, body: bytes, content_type: str) -> None:
    # given a message that no one can use between two good ones
    queue = place.topology.results_queue.name
    bus.publish_results([result(1)])
    publish_raw(place, body, content_type, queue, place.topology.results_exchange.name)
    bus.publish_results([result(2)])

    # when
    received = take(bus, 2)
    bus.acknowledge(received)

    # then the good ones arrive, the other one lies among the dead letters unchanged
    assert [each.result.job_id for each in received] == ["1", "2"]
    assert [letter.body for letter in dead_letters(place, queue, 1)] == [body]


def test_should_publish_events_to_whoever_listens(bus: Bus, place: TestBroker) -> None:
    # given a listener to one kind of event
    queue = Queue(
        f"{place.prefix}.listener",
        exchange=place.topology.events_exchange,
        routing_key="WORKFLOW_STARTED.#",
        durable=False,
        auto_delete=True,
    )
    listener = open_transport(place.url, place.topology).consumer([queue], 10)
    listener.receive(1, 0)

    # when
    bus.publish_events(
        [
            PublicEvent("TASK_SCHEDULED.order", {"id": "1", "type": "TASK_SCHEDULED"}, "default"),
            PublicEvent("WORKFLOW_STARTED.order", {"id": "2", "type": "WORKFLOW_STARTED"}, "acme"),
        ]
    )

    # then
    [incoming] = receive(listener, 1)
    assert incoming.body == b'{"id":"2","type":"WORKFLOW_STARTED"}'
    assert incoming.headers["tenant"] == "acme"
    assert listener.receive(1, 0.1) == []
    listener.close()
    place.queues.append(queue.name)


def test_should_publish_events_without_a_listener(bus: Bus) -> None:
    bus.publish_events([PublicEvent("WORKFLOW_STARTED.order", {"id": "1"}, "default")])
    assert bus.consume_results(1, 0) == []


def test_should_publish_from_many_threads_at_once(bus: Bus) -> None:
    # when
    threads = [
        threading.Thread(target=lambda n=n: [bus.publish_results([result(n * 100 + i)]) for i in range(25)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # then
    received = take(bus, 100)
    assert len({each.result.job_id for each in received}) == 100
    bus.acknowledge(received)


def test_should_wake_a_waiting_consumer(bus: Bus) -> None:
    # given a consumer that waits for long
    bus.consume_results(1, 0)
    found: list[ReceivedResult] = []
    waiting = threading.Thread(target=lambda: found.extend(bus.consume_results(1, 60)))
    waiting.start()

    # when
    bus.publish_results([result(1)])
    waiting.join(20)

    # then it did not sleep through
    assert [each.result.job_id for each in found] == ["1"]


def test_should_say_whether_messages_outlive_the_process(bus: Bus, place: TestBroker) -> None:
    assert bus.volatile() is (place.kind == "memory")


def test_should_find_the_broker_healthy(bus: Bus) -> None:
    bus.check()


@pytest.mark.parametrize("kind", ["rabbitmq", "redis"])
def test_should_reconnect_after_the_connection_broke(kind: str) -> None:
    with broker(kind) as place:
        # given a bus with open connections both ways
        bus = KombuBus(place.url, prefix=place.prefix)
        bus.publish_results([result(1)])
        [taken] = take(bus, 1)

        # when both are cut
        for connection in (bus._consumer._connection, bus._publishers.current()._connection):  # type: ignore[union-attr]
            _cut(connection)

        # then publishing and consuming go on, and what was not acknowledged comes again
        bus.publish_results([result(2)])
        numbers: set[str] = set()
        for _ in range(50):
            try:
                numbers |= {each.result.job_id for each in bus.consume_results(10, 0.2)}
            except BusUnavailable:
                continue
            if "2" in numbers and (kind == "redis" or "1" in numbers):
                break
        assert "2" in numbers
        if kind == "rabbitmq":
            assert "1" in numbers
        bus.acknowledge([taken])  # of the lost connection: passed over
        bus.close()


def _cut(connection: Connection) -> None:
    if connection.transport.driver_type == "amqp":
        connection.connection.sock.shutdown(socket.SHUT_RDWR)
        return
    for channel in connection.connection.channels:
        for pooled in [*channel.pool._available_connections, channel.client.connection]:
            if pooled is not None and pooled._sock is not None:
                pooled._sock.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("scheme", ["amqp://guest:s3cret@", "redis://:s3cret@", "confluentkafka://guest:s3cret@"])
def test_should_report_a_broker_that_is_not_there(scheme: str) -> None:
    # given a port where nobody listens
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    bus = open_bus(f"{scheme}127.0.0.1:{port}/")

    # then every call says so, soon, without the password
    calls: list[Callable[[], object]] = [
        bus.check,
        lambda: bus.publish_jobs([job()]),
        lambda: bus.publish_results([result()]),
        lambda: bus.publish_events([PublicEvent("A.b", {}, "default")]),
        lambda: bus.consume_results(1, 0.1),
        lambda: bus.consume_results(1, 0.1),
    ]
    for call in calls:
        with pytest.raises(BusUnavailable, match="Expected a broker") as caught:
            call()
        assert "s3cret" not in str(caught.value)
    bus.close()


def test_should_give_up_a_broker_that_does_not_answer() -> None:
    # given something that accepts connections and says nothing
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        bus = KombuBus(f"amqp://127.0.0.1:{mute.getsockname()[1]}//", connect_timeout=0.3)

        # then
        with pytest.raises(BusUnavailable):
            bus.check()


@pytest.mark.parametrize(
    "url", ["confluentkafka://", "confluentkafka://h?nope=1", "sqs://", "nonsense", "", "redis://h/?nope=1"]
)
def test_should_refuse_an_unknown_broker_when_it_is_opened(url: str) -> None:
    with pytest.raises(ValueError, match="Expected a broker URL"):
        open_bus(url)


def test_should_keep_memory_brokers_of_different_names_apart() -> None:
    # given
    one, same, other = open_bus("memory://one"), open_bus("memory://one"), open_bus("memory://other")

    # when
    one.publish_results([result(1)])

    # then
    assert other.consume_results(1, 0) == []
    assert len(same.consume_results(1, 0)) == 1
    for bus in (one, same, other):
        bus.close()


def test_should_wait_for_every_confirm_of_a_large_batch() -> None:
    with broker("rabbitmq") as place:
        # given more messages than fit one window, some of them unroutable
        transport = open_transport(place.url, place.topology)
        worker = worker_of(place, "charge-card")
        publisher = transport.publisher()
        exchange = place.topology.jobs_exchange.name
        messages = [
            Outgoing(exchange, "charge-card" if n % 3 else "nobody", b"{}", str(n), mandatory=True) for n in range(1200)
        ]

        # when
        routed = publisher.publish(messages)

        # then
        assert routed == [bool(n % 3) for n in range(1200)]
        publisher.close()
        worker.close()
