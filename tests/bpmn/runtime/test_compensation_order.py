"""Random processes are done in a random order and undone: strictly in reverse, wherever the steps are cut."""

from __future__ import annotations

import itertools
from random import Random

import pytest

from bpmn.runtime import compensation
from bpmn.runtime.events import ElementCompleted
from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.support.models import (
    Element,
    compensated,
    end,
    model,
    on_compensation,
    parallel,
    start,
    sub_process,
    throw,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

Tree = dict[str, "Tree"]
"""Sub-process -> what is in it; a task has nothing in it."""


@pytest.fixture(autouse=True, params=[compensation.RECORDS, 1])
def records(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many records are set aside together."""
    monkeypatch.setattr(compensation, "RECORDS", request.param)


class Drawing:
    """Blocks in a row, some of them parallel, down to sub-processes in sub-processes."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.numbers = itertools.count(1)

    def content(self, depth: int) -> tuple[list[Element], str, str, str, Tree]:
        """Elements, flows, first and last id, and the tree of what can be undone."""
        elements: list[Element] = []
        flows: list[str] = []
        tree: Tree = {}
        ends: list[tuple[str, str]] = []
        for _ in range(self.random.randint(1, 3)):
            branches = [self.activity(depth, elements, tree) for _ in range(self.random.choice([1, 1, 2, 3]))]
            if len(branches) == 1:
                ends.append((branches[0], branches[0]))
                continue
            fork, join = (f"{what}{next(self.numbers)}" for what in ("fork", "join"))
            elements += [parallel(fork), parallel(join)]
            flows += [f"{fork} -> {branch} -> {join}" for branch in branches]
            ends.append((fork, join))
        flows += [f"{before[1]} -> {after[0]}" for before, after in itertools.pairwise(ends)]
        return elements, "; ".join(flows), ends[0][0], ends[-1][1], tree

    def activity(self, depth: int, elements: list[Element], tree: Tree) -> str:
        number = next(self.numbers)
        if depth == 0 or self.random.random() < 0.6:
            id = f"a{number}"
            elements.extend(compensated(user_task(id), user_task(f"undo_{id}")))
            tree[id] = {}
            return id
        id = f"s{number}"
        inside, flows, first, last, content = self.content(depth - 1)
        begin, done = start(f"begin{number}"), end(f"done{number}")
        more = f"begin{number} -> {first}; {last} -> done{number}"
        elements.append(sub_process(id, begin, *inside, done, flows=f"{flows}; {more}" if flows else more))
        tree[id] = content
        return id


def in_reverse(completed: list[str], tree: Tree) -> list[str]:
    """The tasks to be undone, in order, where `completed` is the order in which everything was completed."""
    order: list[str] = []
    waiting = [tree]
    while waiting:
        level = waiting.pop()
        for id in (id for id in reversed(completed) if id in level):
            if level[id]:
                order.extend(in_reverse(completed, level[id]))
            else:
                order.append(id)
    return order


def complete_all(simulator: CheckedSimulator, random: Random) -> list[str]:
    """Complete the tasks that are no handlers, in random order; returns what was completed, sub-processes included."""
    while ids := sorted(task.id for task in simulator.open_tasks() if not task.element_id.startswith("undo_")):
        simulator.complete_task(random.choice(ids))
    (run,) = simulator.runs.values()
    return [event.element for event in run.events if isinstance(event, ElementCompleted)]


@pytest.mark.parametrize("seed", range(25))
def test_should_undo_in_the_reverse_order_of_completion(seed: int) -> None:
    # given
    random = Random(seed)
    elements, flows, first, last, tree = Drawing(random).content(3)
    data = model(
        start(),
        *elements,
        throw("undo", on_compensation()),
        end(),
        flows=f"{flows or ''}; start -> {first}; {last} -> undo -> end",
    )
    limits = Limits(transitions_per_step=random.choice([1, 3, 1_000]), scopes_per_step=random.choice([1, 2, 200]))
    simulator = simulate(data, limits=limits)
    instance = simulator.start("p")
    completed = complete_all(simulator, random)

    # when
    undone: list[str] = []
    while tasks := simulator.open_tasks():
        (task,) = tasks
        undone.append(task.element_id.removeprefix("undo_"))
        simulator.complete_task(task.id)

    # then
    assert undone == in_reverse(completed, tree)
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert list(simulator.runs[instance].scopes) == [instance]


@pytest.mark.parametrize("seed", range(25))
def test_should_leave_nothing_when_cancelled_while_it_is_undone(seed: int) -> None:
    # given
    random = Random(seed)
    elements, flows, first, last, _ = Drawing(random).content(3)
    data = model(
        start(),
        *elements,
        throw("undo", on_compensation()),
        end(),
        flows=f"{flows or ''}; start -> {first}; {last} -> undo -> end",
    )
    simulator = simulate(data, limits=Limits(scopes_per_step=random.choice([1, 2, 200])))
    instance = simulator.start("p")
    complete_all(simulator, random)
    for _ in range(random.randint(0, 3)):
        for task in simulator.open_tasks()[:1]:
            simulator.complete_task(task.id)

    # when
    simulator.cancel(instance)

    # then
    assert simulator.runs[instance].instance.status in (InstanceStatus.CANCELLED, InstanceStatus.COMPLETED)
    assert list(simulator.runs[instance].scopes) == [instance]
    assert simulator.waiting() == []
