"""Ids rise, whatever the clock does, and tell when and where they were made."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from server.ids import EPOCH, IdGenerator, lowest_id, node_of, time_of

START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)


def test_should_tell_time_and_node() -> None:
    id = IdGenerator(77, lambda: START)()

    assert time_of(id) == datetime(2026, 3, 1, tzinfo=UTC)
    assert node_of(id) == 77
    assert 0 < id < 2**63


def test_should_rise_within_a_millisecond_and_beyond_its_sequence() -> None:
    generator = IdGenerator(1, lambda: START)

    ids = [generator() for _ in range(10_000)]

    assert ids == sorted(set(ids))
    assert time_of(ids[-1]) - time_of(ids[0]) == timedelta(milliseconds=2)


def test_should_never_go_back_with_the_clock() -> None:
    times = iter([START, START - 5_000, START - 1, START + 1])
    generator = IdGenerator(1, lambda: next(times))

    ids = [generator() for _ in range(4)]

    assert ids == sorted(set(ids))
    assert time_of(ids[2]) == time_of(ids[0])
    assert time_of(ids[3]) > time_of(ids[0])


def test_should_not_repeat_an_id_in_any_thread() -> None:
    generator = IdGenerator(1)
    made: list[list[int]] = []

    def make() -> None:
        made.append([generator() for _ in range(2_000)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    everything = [id for ids in made for id in ids]
    assert len(set(everything)) == 8_000
    assert all(ids == sorted(ids) for ids in made)


def test_should_keep_nodes_apart() -> None:
    assert IdGenerator(1, lambda: START)() != IdGenerator(2, lambda: START)()


def test_should_spread_over_shards_on_an_idle_system() -> None:
    clock = iter(range(START, START + 64))
    generator = IdGenerator(1, lambda: next(clock))

    assert len({generator() % 16 for _ in range(64)}) == 16


def test_should_bound_a_time_by_its_lowest_id() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)

    assert lowest_id(moment) <= IdGenerator(0, lambda: START)()
    assert lowest_id(moment) > IdGenerator(1023, lambda: START - 1)()
    assert lowest_id(EPOCH - timedelta(days=1)) == 0


@pytest.mark.parametrize("node", [-1, 1024])
def test_should_refuse_a_node_that_does_not_fit(node: int) -> None:
    with pytest.raises(ValueError, match=f"but got {node}"):
        IdGenerator(node)
