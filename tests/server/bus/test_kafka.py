"""What is Kafka's own behind the bus: keys and partitions, offsets, brokers that go and come back."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer

from connectors.messages import Outcome, ResultMessage
from connectors.queues import Topology
from connectors.transport import Consumer, Incoming, Outgoing, TransportUnavailable, open_transport
from connectors.transport.kafka_consumer import _fits, _read_runs, _write_runs
from connectors.transport.kafka_link import MAX_TOPIC_LENGTH, topic_name
from server.bus import open_bus
from server.ports.bus import BusUnavailable, ReceivedResult
from tests.support.brokers import TestBroker, broker
from tests.support.kafka import own_broker

pytestmark = pytest.mark.broker

PATIENCE = 60.0


@pytest.fixture
def place() -> Iterator[TestBroker]:
    with broker("kafka") as used:
        yield used


def message(number: int, topology: Topology, key: str = "7") -> Outgoing:
    queue = topology.results_queue.name
    return Outgoing(topology.results_exchange.name, queue, b"%d" % number, str(number), mandatory=True, key=key)


def receive(consumer: Consumer, count: int) -> list[Incoming]:
    taken: list[Incoming] = []
    deadline = time.monotonic() + PATIENCE
    while len(taken) < count and time.monotonic() < deadline:
        taken += consumer.receive(100, 0.2)
    return taken


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"Expected {what}"
        time.sleep(0.05)


def test_should_keep_the_results_of_each_instance_in_order_over_partitions(place: TestBroker) -> None:
    # given two engines that share the partitions
    engines = [open_bus(place.url, prefix=place.prefix) for _ in range(2)]
    sender = open_bus(place.url, prefix=place.prefix)

    # when the results of twenty instances come mixed
    for round in range(10):
        sender.publish_results(
            [
                ResultMessage(
                    job_id=str(100 * instance + round),
                    attempt=1,
                    outcome=Outcome.COMPLETED,
                    instance_id=str(instance),
                )
                for instance in range(20)
            ]
        )
    order: dict[str | None, list[int]] = defaultdict(list)
    deadline = time.monotonic() + PATIENCE
    while len({id for ids in order.values() for id in ids}) < 200 and time.monotonic() < deadline:
        for engine in engines:
            received: list[ReceivedResult] = engine.consume_results(50, 0.1)
            engine.acknowledge(received)
            for one in received:
                order[one.result.instance_id].append(int(one.result.job_id))

    # then nothing is lost, and each instance's came in order: one that came again, when partitions moved, as well
    assert {id for ids in order.values() for id in ids} == {100 * i + r for i in range(20) for r in range(10)}
    for ids in order.values():
        assert list(dict.fromkeys(ids)) == sorted(set(ids))
    for bus in (*engines, sender):
        bus.close()


@pytest.fixture
def mock_cluster() -> Iterator[str]:
    """librdkafka's own mock cluster: keeps the metadata of commits, as Kafka does."""
    host = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock", "log_level": 0})
    brokers = host.list_topics(timeout=10).brokers.values()
    for topic in ("mock.results", "mock.results.dead", "mock.events"):
        host.list_topics(topic, timeout=10)  # it makes topics that are asked for, and in no other way
    yield "confluentkafka://" + ",".join(f"{each.host}:{each.port}" for each in brokers)
    host.flush(1)


def test_should_remember_what_is_acknowledged_beyond_the_oldest_message_at_work(mock_cluster: str) -> None:
    # given six messages in one partition, taken by one consumer
    topology = Topology("mock")
    transport = open_transport(mock_cluster, topology)
    publisher = transport.publisher()
    publisher.publish([message(number, topology) for number in range(6)])
    first = transport.consumer([topology.results_queue], 100)
    taken = receive(first, 6)

    # when the last ones are acknowledged before the first, one never, and the consumer ends
    first.acknowledge(taken[3:])
    first.acknowledge([taken[0], taken[2]])
    first.close()

    # then the next gets that one alone, as one that another may have had, and then what is new
    second = transport.consumer([topology.results_queue], 100)
    [again] = receive(second, 1)
    publisher.publish([message(9, topology)])
    [new] = receive(second, 1)
    assert (again.body, again.redelivered) == (b"1", True)
    assert (new.body, new.redelivered) == (b"9", False)
    second.close()
    publisher.close()


def test_should_hand_out_no_more_than_the_prefetch_and_go_on_when_there_is_room(place: TestBroker) -> None:
    # given
    transport = open_transport(place.url, place.topology)
    publisher = transport.publisher()
    publisher.publish([message(number, place.topology) for number in range(30)])
    consumer = transport.consumer([place.topology.results_queue], prefetch=10)

    # when ten are at work
    held = receive(consumer, 10)

    # then no more come until some are done
    assert len(held) == 10
    assert consumer.receive(100, 0.5) == []
    consumer.acknowledge(held)
    seen = held
    while len(seen) < 30:
        more = receive(consumer, 1)
        assert more
        assert len(more) <= 10
        consumer.acknowledge(more)
        seen = [*seen, *more]
    assert [int(each.body) for each in seen] == list(range(30))
    consumer.close()
    publisher.close()


def test_should_not_say_that_a_dead_broker_has_a_message() -> None:
    # given a publisher and a consumer with open connections
    own = own_broker()
    own.start()
    topology = Topology("dead")
    transport = open_transport(own.url, topology, connect_timeout=2)
    publisher = transport.publisher()
    consumer = transport.consumer([topology.results_queue], 10)
    try:
        publisher.publish([message(1, topology)])
        assert len(receive(consumer, 1)) == 1

        # when the broker goes away
        own.stop()

        # then both say so
        with pytest.raises(TransportUnavailable, match="Expected a broker at 'confluentkafka://127"):
            publisher.publish([message(2, topology)])
        for _ in range(2):
            with pytest.raises(TransportUnavailable):
                receive(consumer, 1)
        with pytest.raises(TransportUnavailable):
            transport.check()
    finally:
        consumer.close()
        publisher.close()
        own.stop()


def test_should_go_on_when_a_broker_comes_back_that_forgot_everything() -> None:
    # given
    own = own_broker()
    own.start()
    bus = open_bus(own.url, prefix="again")
    try:
        bus.publish_results([ResultMessage(job_id="1", attempt=1, outcome=Outcome.COMPLETED)])
        found: list[ReceivedResult] = []

        def take() -> bool:
            try:
                found.extend(bus.consume_results(10, 0.2))
            except BusUnavailable:
                return False
            return bool(found)

        until(take, "the first result")
        bus.acknowledge(found)

        # when its topics and groups are gone
        own.stop()
        own.start()
        found.clear()

        def publish() -> bool:
            try:
                bus.publish_results([ResultMessage(job_id="2", attempt=1, outcome=Outcome.COMPLETED)])
            except BusUnavailable:
                return False
            return True

        # then they are made again
        until(publish, "the second result to be published")
        until(take, "the second result")
        assert {one.result.job_id for one in found} == {"2"}
    finally:
        bus.close()
        own.stop()


@pytest.mark.parametrize(
    "job_type", ["charge-card", "order.charge_card", "Überweisung prüfen", "a/b", "a:b", "x" * 230]
)
def test_should_find_a_topic_for_every_job_type(job_type: str) -> None:
    queue = Topology().job_queue(job_type).name
    names = {topic_name(queue), topic_name(queue + ".dead"), topic_name(queue + "!"), topic_name(queue + "?")}

    assert len(names) == 4
    for name in names:
        assert len(name) <= MAX_TOPIC_LENGTH
        assert name.isascii()
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@pytest.mark.parametrize(
    ("pattern", "routing_key", "fits"),
    [
        ("#", "TASK_COMPLETED.order", True),
        ("TASK_COMPLETED.#", "TASK_COMPLETED.order", True),
        ("TASK_COMPLETED.#", "TASK_COMPLETED", True),
        ("*.order", "TASK_COMPLETED.order", True),
        ("*.order", "TASK_COMPLETED.big.order", False),
        ("#.order", "TASK_COMPLETED.big.order", True),
        ("TASK_COMPLETED", "TASK_COMPLETED.order", False),
    ],
)
def test_should_match_routing_keys_as_a_topic_exchange_does(pattern: str, routing_key: str, fits: bool) -> None:
    assert _fits(pattern.split("."), routing_key.split(".")) is fits


def test_should_read_the_runs_of_a_commit_again() -> None:
    assert _write_runs({3, 4, 5, 9}) == "3-5,9-9"
    assert _read_runs("3-5,9-9") == {3, 4, 5, 9}
    assert _read_runs(_write_runs(set(range(0, 1000, 2)))) == set(range(0, 200, 2)), "what a commit can carry"
    assert _read_runs("") == _read_runs(None) == _read_runs('{"other": 1}') == set()
