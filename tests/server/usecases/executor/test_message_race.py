"""Publishing and subscribing of the same message at the same time, again and again: none is lost, none comes twice.

`BPMND_TEST_SCALE` multiplies the number of rounds; the seed is printed and can be set with `BPMND_TEST_SEED`.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.usecases import requests as rq
from tests.server.usecases.executor.conftest import RunApp
from tests.support.app import App, leftovers, wait_until
from tests.support.conversations import collaboration, correlation_key, correlation_property, inside, subscription
from tests.support.models import catch, document, end, message, on_message, process, start, throw

SCALE = float(os.environ.get("BPMND_TEST_SCALE", "1"))
ROUNDS = max(2, int(200 * SCALE))
THREADS = 4

ORDER = process("order", start(), catch("wait", on_message("paid")), end(), flows="start -> wait -> end")
KEYED = document(ORDER, roots=message("paid", key="=orderId"))
PROPERTY = correlation_property("pOrder", {"ordered": "orderId", "paid": "carried"})
POOL = collaboration(correlation_key("kOrder", "pOrder"), pools={"P": "order"})
ROOTS = message("paid") + message("ordered") + PROPERTY + POOL
LEARNT = document(
    process(
        "order",
        *(start(), throw("say", on_message("ordered")), catch("wait", on_message("paid")), end()),
        flows="start -> say -> wait -> end",
    ),
    roots=ROOTS,
)
COMPUTED = document(inside(ORDER, subscription("kOrder", {"pOrder": "orderId"})), roots=ROOTS)


def seeded() -> random.Random:
    seed = int(os.environ.get("BPMND_TEST_SEED", time.time_ns() % 2**32))
    print(f"BPMND_TEST_SEED={seed}")
    return random.Random(seed)


def servers_of(run_app: RunApp) -> list[App]:
    """Two on one database where several processes may use it."""
    first = run_app()
    return [first, run_app()] if first.server.store.shared() else [first]


def publish(app: App, number: int, key: str | None) -> rq.Answer:
    return app.server.executor.execute(
        rq.PublishRequest(
            tenant_id="default",
            name="paid",
            correlation_key=key,
            has_correlation_key=key is not None,
            variables={"n": number},
            ttl_seconds=3600,
        )
    )


def publish_carrying(app: App, number: int) -> rq.Answer:
    """With the value of the standard's correlation key in its variables."""
    return app.server.executor.execute(
        rq.PublishRequest(
            tenant_id="default", name="paid", variables={"n": number, "carried": f"K{number}"}, ttl_seconds=3600
        )
    )


def begin(app: App, key: str | None) -> int:
    answer = app.server.executor.execute(
        rq.StartRequest(tenant_id="default", definition_key="order", variables={"orderId": key})
    )
    assert isinstance(answer, rq.InstanceView)
    return answer.row.id


def race(apps: list[App], rng: random.Random, actions: list[Callable[[App], object]]) -> list[object]:
    """All actions, shuffled in windows so that those of a pair meet, on random servers from several threads."""
    for position in range(0, len(actions), 8):
        window = actions[position : position + 8]
        rng.shuffle(window)
        actions[position : position + 8] = window
    chosen = [rng.choice(apps) for _ in actions]
    barrier = threading.Barrier(THREADS)

    def work(first: int) -> list[object]:
        barrier.wait()
        return [actions[index](chosen[index]) for index in range(first, len(actions), THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [answer for part in pool.map(work, range(THREADS)) for answer in part]


def all_received(app: App, ids: list[int]) -> list[int]:
    """The numbers that the instances got, once all have ended."""
    running = set(ids)

    def look() -> bool:
        with app.server.store.read() as unit:
            for id in list(running):
                row = unit.find_instance("default", id)
                assert row is not None
                if row.status == "COMPLETED":
                    running.discard(id)
        return not running

    wait_until(look, timeout=60, what=f"{len(ids)} instances to get their message")
    with app.server.store.read() as unit:
        variables = unit.visible_variables([(id, id) for id in ids])
    return [variables[(id, id)]["n"] for id in ids]


def test_should_lose_no_message_and_deliver_none_twice_by_key(run_app: RunApp) -> None:
    rng = seeded()
    apps = servers_of(run_app)
    apps[0].deploy(("order.bpmn", KEYED))
    actions: list[Callable[[App], object]] = []
    for number in range(ROUNDS):
        actions.append(lambda app, number=number: publish(app, number, f"K{number}"))  # type: ignore[misc]
        actions.append(lambda app, number=number: (number, begin(app, f"K{number}")))  # type: ignore[misc]

    answers = race(apps, rng, actions)

    started = dict(answer for answer in answers if isinstance(answer, tuple))
    numbers = sorted(started)
    assert all_received(apps[0], [started[number] for number in numbers]) == numbers
    results = {answer.result for answer in answers if isinstance(answer, rq.PublishResult)}
    assert results <= {"CORRELATED", "BUFFERED"}
    assert all(not leftovers(apps[0].server, str(id)) for id in started.values())


@pytest.mark.parametrize("model", [LEARNT, COMPUTED], ids=["learnt", "computed"])
def test_should_lose_no_message_that_carries_its_key(run_app: RunApp, model: bytes) -> None:
    rng = seeded()
    apps = servers_of(run_app)
    apps[0].deploy(("order.bpmn", model))
    actions: list[Callable[[App], object]] = []
    for number in range(ROUNDS // 2):
        actions.append(lambda app, number=number: publish_carrying(app, number))  # type: ignore[misc]
        actions.append(lambda app, number=number: (number, begin(app, f"K{number}")))  # type: ignore[misc]

    answers = race(apps, rng, actions)

    started = dict(answer for answer in answers if isinstance(answer, tuple))
    numbers = sorted(started)
    assert all_received(apps[0], [started[number] for number in numbers]) == numbers
    assert all(not leftovers(apps[0].server, str(id)) for id in started.values())


def test_should_lose_no_message_and_deliver_none_twice_where_any_may_take_any(run_app: RunApp) -> None:
    """All share one key: every message fits every instance, and matches meet at the same rows."""
    rng = seeded()
    apps = servers_of(run_app)
    apps[0].deploy(("order.bpmn", KEYED))
    actions: list[Callable[[App], object]] = []
    for number in range(ROUNDS // 2):
        actions.append(lambda app, number=number: publish(app, number, "SAME"))  # type: ignore[misc]
        actions.append(lambda app: begin(app, "SAME"))

    answers = race(apps, rng, actions)

    instances = [answer for answer in answers if isinstance(answer, int)]
    assert sorted(all_received(apps[0], instances)) == list(range(ROUNDS // 2))
