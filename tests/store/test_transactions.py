"""A unit of work happens completely or not at all."""

from __future__ import annotations

import threading

import pytest

from server.ports.records import Changes
from server.ports.store import Conflict, Store
from tests.store.helpers import write
from tests.support import rows
from tests.support.stores import Database


def test_should_keep_what_is_committed(store: Store) -> None:
    row = rows.instance(document={"v": 1, "t": [[1, "a"]]}, business_key="B-1", single_start=True, active="a b")

    write(store, new_instances=[row])

    with store.begin() as unit:
        assert unit.lock_instances([row.id]) == {row.id: row}


def test_should_forget_everything_when_left_without_commit(store: Store) -> None:
    old = rows.instance()
    write(store, new_instances=[old], new_jobs=[rows.job(old.id, id=1)], set_variables=[rows.variable(old.id, "x", 1)])

    with store.begin() as unit:
        unit.write(
            Changes(
                new_instances=[rows.instance(id=5)],
                updated_instances=[rows.instance(id=old.id, sequence=99)],
                deleted_jobs=[(old.id, 1)],
                set_variables=[rows.variable(old.id, "x", 2)],
            )
        )

    with store.begin() as unit:
        assert unit.lock_instances([5, old.id]) == {old.id: old}
        assert unit.load_jobs([(old.id, 1)])
        assert unit.load_variables([(old.id, old.id)])[0].value == 1


def test_should_forget_everything_when_left_by_an_error(store: Store) -> None:
    def fail() -> None:
        with store.begin() as unit:
            unit.write(Changes(new_instances=[rows.instance(id=5)]))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()

    with store.begin() as unit:
        assert unit.instances_exist([5]) == set()


def test_should_see_its_own_writes(store: Store) -> None:
    row = rows.instance()
    with store.begin() as unit:
        unit.write(Changes(new_instances=[row], new_jobs=[rows.job(row.id, id=1)]))
        unit.write(Changes(deleted_jobs=[(row.id, 1)]))

        assert unit.instances_exist([row.id]) == {row.id}
        assert unit.load_jobs([(row.id, 1)]) == {}


def test_should_refuse_a_second_running_instance_of_a_single_start(store: Store) -> None:
    write(store, new_instances=[rows.instance(business_key="B", single_start=True)])

    with pytest.raises(Conflict) as refused:
        write(store, new_instances=[rows.instance(business_key="B", single_start=True)])

    assert refused.value.constraint == "uq_instance_single_start"


@pytest.mark.parametrize(
    "other",
    [
        {"business_key": "C", "single_start": True},
        {"business_key": "B", "single_start": False},
        {"business_key": "B", "single_start": True, "tenant_id": "other"},
        {"business_key": "B", "single_start": True, "definition_key": "invoice"},
        {"business_key": None, "single_start": True},
    ],
)
def test_should_accept_what_is_not_the_same_single_start(store: Store, other: dict[str, object]) -> None:
    write(store, new_instances=[rows.instance(business_key="B", single_start=True)])

    row = rows.instance(**other)
    write(store, new_instances=[row])

    with store.begin() as unit:
        assert unit.instances_exist([row.id]) == {row.id}


def test_should_let_the_next_single_start_in_the_transaction_that_ends_the_first(store: Store) -> None:
    first = rows.instance(business_key="B", single_start=True)
    write(store, new_instances=[first])
    first.status, first.ended_at = "COMPLETED", rows.NOW
    second = rows.instance(business_key="B", single_start=True)

    write(store, updated_instances=[first], new_instances=[second])

    with store.begin() as unit:
        assert unit.running_instance_with_business_key("default", "order", "B") == second.id


def test_should_roll_back_a_transaction_with_a_conflict(store: Store) -> None:
    write(store, new_jobs=[rows.job(1, id=1)])

    with pytest.raises(Conflict):
        write(store, new_instances=[rows.instance(id=5)], new_jobs=[rows.job(1, id=1)])

    with store.begin() as unit:
        assert unit.instances_exist([5]) == set()


def test_should_read_the_time_once_per_unit(database: Database) -> None:
    store = database.open()
    with store.begin() as unit:
        first = unit.now()
        database.clock.advance(seconds=5)
        assert unit.now() == first
    with store.begin() as unit:
        assert (unit.now() - first).total_seconds() == 5


def test_should_ask_the_database_for_the_time(database: Database) -> None:
    store = database.open_with_own_time()
    with store.begin() as first:
        earlier = first.now()
    with store.begin() as second:
        assert second.now() > earlier
        assert second.now().utcoffset() is not None


def test_should_never_give_a_command_to_two_units(store: Store) -> None:
    ids = [rows.new_id() for _ in range(40)]
    write(store, new_commands=[rows.command(id=id) for id in ids])
    taken: list[int] = []
    barrier = threading.Barrier(4)

    def drain() -> None:
        barrier.wait()
        while True:
            with store.begin() as unit:
                claimed = unit.claim_commands(3)
                unit.write(Changes(deleted_commands=[(row.instance_id, row.id) for row in claimed]))
                unit.commit()
            if not claimed:
                return
            taken.extend(row.id for row in claimed)

    threads = [threading.Thread(target=drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # A unit that finds every row locked ends early; what is left is taken by the ones that hold them.
    assert sorted(taken) == ids
