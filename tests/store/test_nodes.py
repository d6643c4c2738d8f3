"""Node numbers: no two living processes have the same."""

from __future__ import annotations

import threading

from server.ids import NODES
from server.ports.store import Store
from tests.support.stores import Database


def test_should_give_two_processes_different_numbers(database: Database) -> None:
    first, second = database.open(), database.open()

    assert first.lease_node() != second.lease_node()


def test_should_give_many_processes_different_numbers_at_the_same_time(database: Database) -> None:
    stores = [database.open() for _ in range(6)]
    numbers: list[int] = []

    def lease(store: Store) -> None:
        numbers.append(store.lease_node())

    threads = [threading.Thread(target=lease, args=[store]) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(numbers)) == 6
    assert all(0 <= number < NODES for number in numbers)


def test_should_give_a_number_to_another_when_its_lease_has_run_out(database: Database) -> None:
    dead, living = database.open(), database.open()
    number = dead.lease_node()
    database.clock.advance(seconds=59)
    assert living.lease_node() != number

    database.clock.advance(seconds=1)

    assert living.lease_node() == number
    if database.kind != "memory":  # there, both are the same process
        assert dead.renew_node(number) is False


def test_should_hold_a_number_that_is_renewed(database: Database) -> None:
    store, other = database.open(), database.open()
    number = store.lease_node()
    for _ in range(3):
        database.clock.advance(seconds=50)
        assert store.renew_node(number) is True
        assert other.lease_node() != number


def test_should_not_renew_what_has_run_out(database: Database) -> None:
    store = database.open()
    number = store.lease_node()

    database.clock.advance(minutes=2)

    assert store.renew_node(number) is False
    assert store.renew_node(5) is False


def test_should_free_a_number_that_is_released(database: Database) -> None:
    store, other = database.open(), database.open()
    number = store.lease_node()
    store.release_node(number)

    assert other.lease_node() == number
