"""What a run costs: counted in steps, elements and loaded scopes, not in seconds.

A step costs what it touches and is bounded; a run costs its elements, whatever happened before.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime.engine import Outcome
from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.support.models import (
    Element,
    boundary,
    compensated,
    document,
    end,
    exclusive,
    model,
    multi_instance,
    on_compensation,
    parallel,
    script_task,
    start,
    sub_process,
    task,
    throw,
    timer,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

LIMITS = Limits()


def run(data: bytes, **variables: object) -> tuple[CheckedSimulator, int]:
    """Start an instance of a model that is too large to be checked after every step."""
    simulator = simulate(data, oath=False)
    return simulator, simulator.start("p", variables)


def chain(length: int) -> bytes:
    names = [f"t{number}" for number in range(length)]
    return model(start(), *map(task, names), end(), flows=" -> ".join(["start", *names, "end"]))


@pytest.mark.parametrize("length", [5, 100, 10_000])
def test_should_walk_a_chain_in_as_many_transitions_as_it_has_elements(length: int) -> None:
    # when
    simulator, instance = run(chain(length))

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.transitions == length + 1
    assert len(simulator.run_of(instance).events) == 3 * length + 7
    assert simulator.steps == length // LIMITS.transitions_per_step + 1
    assert simulator.most_transitions <= LIMITS.transitions_per_step
    assert simulator.most_loaded == 1
    simulator.check()


def test_should_walk_a_loop_of_ten_thousand_rounds() -> None:
    # given
    rounds = 10_000
    simulator, instance = run(
        model(
            *(
                start(),
                exclusive("again"),
                script_task("s", "${n + 1}", "juel", result_variable="n"),
                exclusive("g"),
                end(),
            ),
            flows=f"start -> again -> s -> g -[${{n < {rounds}}}]-> again; g -[default]-> end",
        ),
        n=0,
    )

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.transitions == 3 * rounds + 1
    assert simulator.steps == 3 * rounds // LIMITS.transitions_per_step + 1
    assert simulator.most_transitions <= LIMITS.transitions_per_step


def test_should_walk_a_loop_with_a_wait_state_without_remembering_its_rounds() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), exclusive("again"), user_task("t"), exclusive("g"), end()),
            flows="start -> again -> t -> g -[go]-> again; g -[default]-> end",
        ),
        oath=False,
        keep_events=False,
    )
    instance = simulator.start("p", {"go": True})

    # when
    for _ in range(1_000):
        simulator.complete("t")
        assert simulator.most_events <= 12

    # then
    scope = simulator.run_of(instance).scopes[instance]
    assert len(scope.tokens) == 1
    assert not scope.transit
    assert simulator.steps == 1_001


def test_should_walk_twenty_blocks_of_three_branches_in_a_row() -> None:
    # given
    elements: list[Element] = [start()]
    flows = []
    before = "start"
    for block in range(20):
        fork, join = f"fork{block}", f"join{block}"
        elements += [parallel(fork), parallel(join), *(task(f"t{block}{branch}") for branch in "abc")]
        flows.append(f"{before} -> {fork}")
        flows += [f"{fork} -> t{block}{branch} -> {join}" for branch in "abc"]
        before = join
    flows.append(f"{before} -> end")

    # when
    simulator, instance = run(model(*elements, end(), flows=";".join(flows)))

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.transitions == 20 * 5 + 1
    assert len(simulator.run_of(instance).events) == 20 * (5 * 2 + 7) + 2 + 3 + 2
    simulator.check()


def nested(depth: int) -> bytes:
    """Written as text: the drawing helpers would recurse."""
    inside, name = '<userTask id="t"/>', "t"
    for level in range(depth):
        inside = (
            f'<subProcess id="sub{level}"><startEvent id="s{level}"/>{inside}<endEvent id="e{level}"/>'
            f'<sequenceFlow id="in{level}" sourceRef="s{level}" targetRef="{name}"/>'
            f'<sequenceFlow id="out{level}" sourceRef="{name}" targetRef="e{level}"/></subProcess>'
        )
        name = f"sub{level}"
    return document(
        f'<process id="p" isExecutable="true"><startEvent id="start"/>{inside}<endEvent id="end"/>'
        f'<sequenceFlow id="in" sourceRef="start" targetRef="{name}"/>'
        f'<sequenceFlow id="out" sourceRef="{name}" targetRef="end"/></process>'
    )


DEPTH = 500


def test_should_go_down_and_up_nested_sub_processes_without_recursion() -> None:
    # given
    simulator, instance = run(nested(DEPTH))
    assert len(simulator.run_of(instance).scopes) == DEPTH + 1

    # when
    simulator.complete("t")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.transitions == 3 * DEPTH + 2 - DEPTH
    simulator.check()


def test_should_cancel_nested_sub_processes_in_portions() -> None:
    # given
    simulator = simulate(nested(DEPTH), oath=False, limits=Limits(scopes_per_step=20))
    instance = simulator.start("p")
    steps = simulator.steps

    # when
    simulator.cancel(instance)

    # then
    assert list(simulator.run_of(instance).scopes) == [instance]
    assert simulator.steps - steps == -(-DEPTH // 20)
    simulator.check()


def wide(count: int, sequential: bool = False) -> bytes:
    return model(
        *(start(), user_task("t", multi_instance(cardinality=f"${{{count}}}", sequential=sequential))),
        *(boundary("late", "t", timer(duration="PT1H")), user_task("after"), end()),
        flows="start -> t -> end; late -> after -> end",
    )


def test_should_open_and_complete_ten_thousand_instances_each_for_itself() -> None:
    # given
    count = 10_000
    simulator, instance = run(wide(count))
    assert len(simulator.tasks) == count
    opening = count // LIMITS.scopes_per_step
    assert simulator.steps == opening
    assert simulator.most_transitions <= LIMITS.scopes_per_step + 2
    opened = simulator.most_events

    # when
    simulator.most_loaded = simulator.most_events = 0
    for pending in list(simulator.tasks):
        simulator.complete_task(pending)

    # then a completion loads its own item, the body and the process, whatever the others do
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.steps == opening + count
    assert simulator.most_loaded == 3
    assert simulator.most_events <= 12
    assert opened <= 5 * LIMITS.scopes_per_step
    simulator.check()


def test_should_interrupt_ten_thousand_open_instances_in_portions() -> None:
    # given
    count = 10_000
    simulator, instance = run(wide(count))
    steps = simulator.steps

    # when
    simulator.most_loaded = simulator.most_events = 0
    simulator.advance(timedelta(hours=1))

    # then
    assert simulator.active(instance) == ["after"]
    assert [pending.effect.element_id for pending in simulator.tasks.values()] == ["after"]
    assert simulator.steps - steps <= 2 * (count // LIMITS.scopes_per_step) + 2
    assert simulator.most_loaded <= LIMITS.scopes_per_step + 2
    assert simulator.most_events <= 5 * LIMITS.scopes_per_step
    simulator.check()


def test_should_do_nothing_any_more_in_a_body_that_is_being_removed() -> None:
    # given a body of 50, interrupted, of which one portion of 10 is gone
    simulator = simulate(wide(50), oath=False, limits=Limits(scopes_per_step=10))
    instance = simulator.start("p")
    (pending,) = simulator.timers.values()
    timer_row = pending.effect
    simulator._step(
        c.FireTimer(
            instance_id=instance,
            scope_id=timer_row.scope_id,
            timer_id=timer_row.id,
            token_id=timer_row.token_id,
            element_id="late",
        )
    )
    assert 30 < len(simulator.tasks) <= 42

    # when
    outcomes = {
        simulator._step(
            c.CompleteUserTask(instance_id=instance, scope_id=row.scope_id, task_id=row.id, token_id=row.token_id)
        )
        for row in simulator.open_tasks("t")
    }

    # then
    assert outcomes == {Outcome.GONE}
    while simulator.queue:
        simulator._step(simulator.queue.popleft())
    simulator.check()
    assert simulator.active(instance) == ["after"]


def kept_and_ended_early(count: int, enough: int) -> bytes:
    """Items that can be compensated, of which `enough` complete."""
    booked = compensated(user_task("book"), user_task("cancel", name="${loopCounter}"))
    loop = multi_instance(cardinality=str(count), until=f"${{nrOfCompletedInstances >= {enough}}}")
    trip = sub_process("trip", start("s1"), *booked, end("e1"), flows="s1 -> book -> e1", inner=loop)
    return model(start(), trip, user_task("after"), throw("undo", on_compensation()), end(),
                 flows="start -> trip -> after -> undo -> end")  # fmt: skip


@pytest.mark.parametrize(("count", "enough"), [(3_000, 500), (3_000, 3), (450, 449)])
def test_should_end_a_wide_multi_instance_early_in_portions_and_keep_what_is_done(count: int, enough: int) -> None:
    # given
    simulator, instance = run(kept_and_ended_early(count, enough))
    for _ in range(enough - 1):
        simulator.complete("book")
    simulator.steps = simulator.most_loaded = simulator.most_events = 0

    # when
    simulator.complete("book")

    # then
    assert simulator.active(instance) == ["after"]
    assert simulator.most_loaded <= 2 * LIMITS.scopes_per_step + 4
    assert simulator.most_events <= 8 * LIMITS.scopes_per_step
    assert simulator.steps <= 3 * count // LIMITS.scopes_per_step + 2
    assert len(simulator.run_of(instance).scopes) == 2 + 2 * enough
    simulator.check()

    # when
    simulator.complete("after")
    undone = 0
    while simulator.tasks:
        simulator.complete("cancel")
        undone += 1

    # then
    assert undone == enough
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    simulator.check()


def test_should_do_nothing_in_items_that_are_left_over_while_others_are_compensated() -> None:
    # given a body that ended early; its last portions are not removed yet, and it is being compensated already
    simulator = simulate(
        kept_and_ended_early(40, 2),
        oath=False,
        limits=Limits(scopes_per_step=4),
    )
    instance = simulator.start("p")
    simulator.complete("book")
    kept: list[c.Command] = []
    (row,) = [pending.effect for pending in list(simulator.tasks.values())[:1]]
    simulator._step(
        c.CompleteUserTask(instance_id=instance, scope_id=row.scope_id, task_id=row.id, token_id=row.token_id)
    )
    kept.extend(simulator.queue)
    simulator.queue.clear()
    assert kept
    left = simulator.open_tasks("book")
    assert len(left) > 20
    simulator.complete("after")
    assert len(simulator.open_tasks("cancel")) == 1

    # when
    outcomes = {
        simulator._step(
            c.CompleteUserTask(instance_id=instance, scope_id=row.scope_id, task_id=row.id, token_id=row.token_id)
        )
        for row in left
    }

    # then
    assert outcomes == {Outcome.GONE}
    for _ in range(2):
        simulator.complete("cancel")
    for command in kept:
        simulator.do(command)
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    simulator.check()


def test_should_load_no_items_but_the_next_ones_of_a_sequence() -> None:
    # given
    loop = multi_instance(collection="${items}", variable="item", sequential=True)
    simulator = simulate(
        model(start(), user_task("t", loop, name="${item}"), end(), flows="start -> t -> end"), oath=False
    )
    simulator.start("p", {"items": [str(number) for number in range(100)]})

    # when
    names = []
    while simulator.tasks:
        (row,) = simulator.open_tasks()
        names.append(row.name)
        simulator.complete_task(row.id)

    # then
    assert names == [str(number) for number in range(100)]
    assert simulator.most_loaded == 3
