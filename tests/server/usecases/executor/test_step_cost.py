"""What a step reads and writes does not depend on what else there is: siblings, items, past steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from connectors.messages import Outcome, ResultMessage
from server.usecases import requests as rq
from server.usecases.executor.executor import Executor, ExecutorOptions
from server.usecases.executor.items import Item
from tests.server.usecases.executor.conftest import RunApp
from tests.support.app import App, leftovers
from tests.support.counting import Cost, CountingStore
from tests.support.models import (
    Element,
    catch,
    compensated,
    end,
    exclusive,
    message,
    model,
    multi_instance,
    on_compensation,
    parallel,
    receive_task,
    service_task,
    start,
    sub_process,
    task,
    throw,
    timer,
    user_task,
)

Draw = Callable[[int], bytes]
Step = Callable[["Bench", str], Cost]
FEW, MANY = 10, 3_000
DIGITS = 64
"""Bytes by which documents may differ: counters with more digits."""


class Bench:
    """A server whose transactions the test does itself, and counts."""

    def __init__(self, app: App) -> None:
        app.server.executor.stop()
        self.app = app
        self.store = CountingStore(app.server.store)
        own = app.server.executor.options
        self.executor = Executor(self.store, ExecutorOptions(ids=own.ids, batch_size=50))  # type: ignore[arg-type]

    def transaction(self, *works: Any) -> list[Any]:
        items = [Item(work) for work in works]
        self.executor._transaction(items, not works, 50, [])
        assert [item.error for item in items] == [None] * len(items)
        return [item.answer for item in items]

    def drain(self) -> None:
        while self.executor._transaction([], True, 50, []).claimed:
            pass

    def start(self, content: bytes, **variables: Any) -> str:
        self.app.deploy(("p.bpmn", content))
        [view] = self.transaction(rq.StartRequest(tenant_id="default", definition_key="p", variables=variables))
        self.drain()
        return str(view.row.id)

    def cost(self, *works: Any) -> Cost:
        """Of one transaction that does these (none: what is due)."""
        self.store.cost = cost = Cost()
        self.transaction(*works)
        self.store.cost = Cost()
        return cost

    def complete(self, instance: str, **variables: Any) -> Cost:
        """The cost of completing one open task."""
        [row] = self.app.get("/tasks", instanceId=instance, limit=1)["items"]
        return self.cost(rq.CompleteTaskRequest(tenant_id="default", task_id=int(row["id"]), variables=variables))


@pytest.fixture
def bench(run_app: RunApp) -> Bench:
    return Bench(run_app())


def same(few: Cost, many: Cost) -> None:
    assert many.rows() == few.rows()
    assert abs(many.bytes - few.bytes) <= DIGITS, (few.bytes, many.bytes)


def counted(count: int) -> str:
    return multi_instance(cardinality=str(count))


def item_of_tasks(count: int) -> bytes:
    return model(start(), user_task("x", counted(count)), end(), flows="start -> x -> end")


def item_of_jobs(count: int) -> bytes:
    return model(start(), service_task("x", counted(count), topic="work"), end(), flows="start -> x -> end")


def item_of_sub_processes(count: int) -> bytes:
    inner = sub_process("inner", start("s2"), user_task("t"), end("e2"), flows="s2 -> t -> e2")
    outer = sub_process("x", start("s1"), inner, user_task("u"), end("e1"), flows="s1 -> inner -> u -> e1",
                        inner=counted(count))  # fmt: skip
    return model(start(), outer, end(), flows="start -> x -> end")


def item_of_sequence(count: int) -> bytes:
    loop = multi_instance(cardinality=str(count), sequential=True)
    return model(start(), user_task("x", loop), end(), flows="start -> x -> end")


def beside(event: Callable[[], Element], count: int) -> bytes:
    """Something that waits beside a wide multi-instance."""
    return model(
        start(), parallel("f"), user_task("x", counted(count)), event(), user_task("after"), end(), end("e2"),
        flows="start -> f; f -> x -> end; f -> w -> after -> e2", roots=message("paid"),
    )  # fmt: skip


def by_task(bench: Bench, instance: str) -> Cost:
    return bench.complete(instance, done=True)


def by_job(bench: Bench, _instance: str) -> Cost:
    [job] = bench.app.activate("work")
    result = ResultMessage(job_id=job["id"], attempt=job["attempt"], outcome=Outcome.COMPLETED, variables={"done": 1})
    return bench.cost(rq.JobResultRequest(tenant_id="default", result=result))


def by_message(bench: Bench, _instance: str) -> Cost:
    """The delivery; before it the message is published and matched."""
    bench.transaction(rq.PublishRequest(tenant_id="default", name="paid", ttl_seconds=60))
    bench.transaction()
    return bench.cost()


def by_timer(bench: Bench, _instance: str) -> Cost:
    assert bench.app.clock is not None
    bench.app.clock.advance(seconds=11)
    return bench.cost()


def received() -> Element:
    return receive_task("w", "paid")


def waited() -> Element:
    return catch("w", timer(duration="PT10S"))


@pytest.mark.parametrize(("draw", "step"), [
    (item_of_tasks, by_task),
    (item_of_jobs, by_job),
    (item_of_sub_processes, by_task),
    (item_of_sequence, by_task),
    (partial(beside, received), by_message),
    (partial(beside, waited), by_timer),
], ids=["task", "job", "sub-process", "sequence", "message", "timer"])  # fmt: skip
def test_should_cost_the_same_however_wide_it_is(bench: Bench, draw: Draw, step: Step) -> None:
    costs = []
    for count in (FEW, MANY if draw is not item_of_sub_processes else MANY // 10):
        instance = bench.start(draw(count))
        step(bench, instance)  # the first one warms the caches
        bench.drain()
        if step in (by_message, by_timer):
            instance = bench.start(draw(count))
        costs.append(step(bench, instance))
        bench.transaction(rq.CancelRequest(tenant_id="default", instance_id=int(instance)))
        bench.drain()

    same(*costs)
    assert sum(costs[0].written.values()) < 20


def test_should_cost_the_same_however_much_has_happened(bench: Bench) -> None:
    # given
    around = model(start(), exclusive("again"), user_task("t"), exclusive("g"), end(),
                   flows="start -> again -> t -> g -[go]-> again; g -[default]-> end")  # fmt: skip
    instance = bench.start(around, go=True, x=1)
    bench.complete(instance)
    young = bench.complete(instance)

    # when two thousand steps have passed
    for _ in range(40):
        setting = rq.SetVariablesRequest(tenant_id="default", instance_id=int(instance), variables={"x": 1})
        bench.transaction(*[setting] * 50)
    for _ in range(20):
        bench.complete(instance)

    # then
    same(young, bench.complete(instance))


@pytest.mark.parametrize("kept", [False, True], ids=["handlers", "sub-processes"])
def test_should_cost_the_same_however_much_could_be_compensated(bench: Bench, kept: bool) -> None:
    # given activities in turn, so that no two records are alike
    first, second = compensated(task("a"), user_task("cancel-a")), compensated(task("b"), user_task("cancel-b"))
    if kept:
        inner = sub_process("a2", start("s1"), *first, end("s2"), flows="s1 -> a -> s2")
        parts: tuple[Element, ...] = (inner, *second)
    else:
        parts = (*first, *second)
    around = model(
        start(), exclusive("again"), *parts, user_task("t"), exclusive("g"), throw("undo", on_compensation()), end(),
        flows=f"start -> again -> {'a2' if kept else 'a'} -> b -> t -> g -[go]-> again; g -[default]-> undo -> end",
    )  # fmt: skip
    instance = bench.start(around, go=True)
    costs: list[Cost] = []

    # when
    for _ in range(200):
        costs.append(bench.complete(instance))

    # then most steps cost the same, and some of them set records aside
    rows = [cost.rows() for cost in costs]
    assert rows.count(rows[0]) >= 190
    assert max(sum(cost.written.values()) for cost in costs) <= sum(costs[0].written.values()) + 2
    assert max(cost.bytes for cost in costs) <= costs[0].bytes + 2 * 100 * 64

    # when
    bench.complete(instance, go=False)

    # then
    undone = bench.app.tasks(instance)
    assert [row["elementId"] for row in undone] == ["cancel-b"]
    bench.transaction(rq.CancelRequest(tenant_id="default", instance_id=int(instance)))
    bench.drain()
    assert leftovers(bench.app.server, instance) == {}
