"""Random block-structured processes, worked off in random order, always complete; tokens are conserved.

Hypothesis prints how to repeat a failure (`@reproduce_failure`).
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.support.models import (
    Element,
    boundary,
    end,
    exclusive,
    inclusive,
    model,
    multi_instance,
    parallel,
    script_task,
    service_task,
    start,
    sub_process,
    task,
    timer,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

MOST_MOVES = 3_000


@dataclass(frozen=True)
class Block:
    """A part with one way in and one way out."""

    first: str
    last: str
    elements: tuple[Element, ...]
    flows: tuple[str, ...]


class Drawing:
    """Draws blocks; ids are numbered."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.numbers = itertools.count(1)

    def block(self, depth: int) -> Block:
        leaves = (self.passing, self.waiting, self.job)
        nested = (self.sequence, self.choice, self.fork, self.subset, self.loop, self.scope, self.each, self.timed)
        kind = self.draw(st.sampled_from(leaves if depth == 0 else (*leaves, *nested)))
        if kind in leaves:
            return kind()  # type: ignore[operator]
        return kind(depth - 1)  # type: ignore[operator]

    def name(self, prefix: str) -> str:
        return f"{prefix}{next(self.numbers)}"

    def single(self, element: Element) -> Block:
        return Block(element.id, element.id, (element,), ())

    def passing(self) -> Block:
        return self.single(task(self.name("task")))

    def waiting(self) -> Block:
        return self.single(user_task(self.name("user")))

    def job(self) -> Block:
        return self.single(service_task(self.name("job"), async_before=self.draw(st.sampled_from(["true", "false"]))))

    def sequence(self, depth: int) -> Block:
        first, second = self.block(depth), self.block(depth)
        flow = f"{first.last} -> {second.first}"
        return Block(first.first, second.last, first.elements + second.elements, (*first.flows, *second.flows, flow))

    def branches(self, depth: int, split: Element, join: Element, conditions: list[str | None]) -> Block:
        elements: tuple[Element, ...] = (split, join)
        flows: list[str] = []
        for condition in conditions:
            branch = self.block(depth)
            arrow = "->" if condition is None else f"-[{condition}]->"
            flows += [*branch.flows, f"{split.id} {arrow} {branch.first}", f"{branch.last} -> {join.id}"]
            elements += branch.elements
        return Block(split.id, join.id, elements, tuple(flows))

    def choice(self, depth: int) -> Block:
        split, join = exclusive(self.name("choose")), exclusive(self.name("merge"))
        count = self.draw(st.integers(2, 3))
        conditions: list[str | None] = [f"${{pick % {count} == {index}}}" for index in range(1, count)]
        return self.branches(depth, split, join, [*conditions, "default"])

    def fork(self, depth: int) -> Block:
        split, join = parallel(self.name("fork")), parallel(self.name("join"))
        return self.branches(depth, split, join, [None] * self.draw(st.integers(2, 3)))

    def subset(self, depth: int) -> Block:
        split, join = inclusive(self.name("some")), inclusive(self.name("gather"))
        first = self.draw(st.integers(2, 4))
        return self.branches(
            depth, split, join, [f"${{pick % {first} == 0}}", f"${{pick % {first + 1} <= 1}}", "default"]
        )

    def loop(self, depth: int) -> Block:
        counter = self.name("n")
        rounds = self.draw(st.integers(1, 3))
        begin = script_task(self.name("zero"), "${0}", "juel", result_variable=counter)
        again, back = exclusive(self.name("again")), exclusive(self.name("back"))
        count = script_task(self.name("count"), f"${{{counter} + 1}}", "juel", result_variable=counter)
        body = self.block(depth)
        return Block(
            begin.id,
            back.id,
            (begin, again, count, back, *body.elements),
            (
                *body.flows,
                f"{begin.id} -> {again.id} -> {body.first}",
                f"{body.last} -> {count.id} -> {back.id} -[${{{counter} < {rounds}}}]-> {again.id}",
            ),
        )

    def inside(self, depth: int, inner: str = "") -> Element:
        body = self.block(depth)
        begin, finish = start(self.name("start")), end(self.name("end"))
        flows = (*body.flows, f"{begin.id} -> {body.first}", f"{body.last} -> {finish.id}")
        return sub_process(self.name("sub"), begin, *body.elements, finish, flows=default_flows(flows), inner=inner)

    def scope(self, depth: int) -> Block:
        return self.single(self.inside(depth))

    def each(self, depth: int) -> Block:
        count, sequential = self.draw(st.integers(0, 3)), self.draw(st.booleans())
        return self.single(self.inside(depth, multi_instance(cardinality=f"${{{count}}}", sequential=sequential)))

    def timed(self, depth: int) -> Block:
        """A sub-process that a timer may interrupt; both ways meet again."""
        host = self.inside(depth)
        event = boundary(self.name("timer"), host.id, timer(duration="PT1H"))
        merge = exclusive(self.name("merge"))
        flows = (f"{host.id} -> {merge.id}", f"{event.id} -> {merge.id}")
        return Block(host.id, merge.id, (host, event, merge), flows)


def default_flows(flows: tuple[str, ...]) -> str:
    """A loop's way out is the default flow: the one of `back...` that leads on."""
    marked = []
    for flow in flows:
        source, arrow, rest = flow.partition(" -> ")
        if arrow and source.startswith("back") and "-[" not in flow:
            flow = f"{source} -[default]-> {rest}"
        marked.append(flow)
    return ";".join(marked)


@st.composite
def processes(draw: st.DrawFn) -> bytes:
    drawing = Drawing(draw)
    body = drawing.block(3)
    flows = (*body.flows, f"start -> {body.first}", f"{body.last} -> end")
    return model(start(), *body.elements, end(), flows=default_flows(flows))


@settings(
    max_examples=60,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(
    data=processes(),
    pick=st.integers(0, 59),
    order=st.randoms(use_true_random=False),
    limits=st.sampled_from(
        [
            Limits(),
            Limits(transitions_per_step=3),
            Limits(scopes_per_step=1),
            Limits(transitions_per_step=2, scopes_per_step=2),
        ]
    ),
)
def test_should_complete_whatever_the_order(data: bytes, pick: int, order: Random, limits: Limits) -> None:
    # given
    simulator = simulate(data, limits=limits)
    instance = simulator.start("p", {"pick": pick})

    # when
    for _ in range(MOST_MOVES):
        if not move(simulator, order):
            break

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    balance: Counter[str] = Counter()
    for text in simulator.trace(instance):
        balance[text[1:]] += 1 if text[0] == "+" else -1
    assert not any(balance.values())


def move(simulator: CheckedSimulator, order: Random) -> bool:
    """Do one of the things that wait; False where there is nothing."""
    waiting = [*simulator.tasks, *simulator.jobs, *simulator.timers]
    if not waiting:
        return False
    chosen = order.choice(waiting)
    if chosen in simulator.timers:
        simulator.advance(simulator.timers[chosen].effect.due_at - simulator.now)
    elif chosen in simulator.tasks:
        simulator.complete_task(chosen)
    else:
        simulator.complete_job(chosen)
    return True
