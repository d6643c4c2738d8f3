"""The outbox: claimed by deleting, in order per instance, whatever the order of commits and ids."""

from __future__ import annotations

import threading
from collections import defaultdict

from server.ports.records import Changes, OutboxRow
from server.ports.store import Store
from tests.store.helpers import write
from tests.support import rows
from tests.support.stores import Database


def test_should_claim_by_deleting(store: Store) -> None:
    row = rows.outbox(1, 1, body={"a": [1, None]})
    write(store, outbox=[row])

    with store.begin() as unit:
        assert unit.claim_outbox(10) == [row]
    with store.begin() as unit:
        assert unit.claim_outbox(10) == [row]
        unit.commit()
    with store.begin() as unit:
        assert unit.claim_outbox(10) == []


def test_should_follow_the_sequence_of_an_instance_and_not_the_ids(store: Store) -> None:
    write(store, outbox=[rows.outbox(1, 2, id=100), rows.outbox(1, 1, id=200), rows.outbox(1, 3, id=50)])

    with store.begin() as unit:
        first = unit.claim_outbox(2)
        second = unit.claim_outbox(2)

    assert [row.sequence for row in [*first, *second]] == [1, 2, 3]


def test_should_claim_at_most_the_limit_over_many_instances(store: Store) -> None:
    write(store, outbox=[rows.outbox(instance, 1) for instance in range(1, 60)])

    with store.begin() as unit:
        assert len(unit.claim_outbox(25)) == 25
        assert len(unit.claim_outbox(100)) == 34


def test_should_keep_the_order_of_every_instance_with_several_relays(database: Database) -> None:
    # given three engines that write and two relays that publish at the same time
    store = database.open()
    instances, steps = range(1, 25), 20
    published: dict[int, list[int]] = defaultdict(list)
    publishing = threading.Lock()
    left = threading.Semaphore(0)
    expected = len(instances) * steps

    def write_events(mine: list[int]) -> None:
        for step in range(1, steps + 1):
            write(store, outbox=[rows.outbox(instance, step) for instance in mine])

    def relay() -> None:
        while True:
            with publishing:
                if sum(map(len, published.values())) == expected:
                    return
            with store.begin() as unit:
                claimed: list[OutboxRow] = unit.claim_outbox(7)
                with publishing:  # the broker's confirm comes before the commit
                    for row in claimed:
                        published[row.instance_id].append(row.sequence)
                unit.commit()
            left.release()

    threads = [threading.Thread(target=write_events, args=[list(instances[n::3])]) for n in range(3)]
    threads += [threading.Thread(target=relay) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # then each instance's events were published once each and in order
    assert published == {instance: list(range(1, steps + 1)) for instance in instances}


def test_should_write_events_together_with_the_step(store: Store) -> None:
    with store.begin() as unit:
        unit.write(Changes(new_instances=[rows.instance(id=1)], outbox=[rows.outbox(1, 1)]))

    with store.begin() as unit:
        assert unit.claim_outbox(10) == []
