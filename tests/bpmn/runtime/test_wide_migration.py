"""Instances of many scopes change their version some scopes per step, and stand still meanwhile."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from bpmn.runtime import events as e
from bpmn.runtime.commands import Command, EvaluateCondition, FireTimer, PauseInstance
from bpmn.runtime.engine import Outcome
from bpmn.runtime.migration import Migration
from bpmn.runtime.state import InstanceStatus, ScopeState
from bpmn.runtime.work import Limits
from tests.support.models import (
    boundary,
    camunda_io,
    compensated,
    compile_document,
    end,
    event_start,
    event_sub_process,
    message,
    model,
    multi_instance,
    on_compensation,
    on_condition,
    on_message,
    parallel,
    start,
    sub_process,
    task,
    throw,
    timer,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

FEW = Limits(scopes_per_step=3)


def migrate(simulator: CheckedSimulator, instance: int, target: bytes, **mapping: str) -> Migration:
    return simulator.migrate(instance, compile_document(target)["p"], mapping)


def wide(id: str, count: int, *more: Any, flows: str = "") -> bytes:
    loop = multi_instance(cardinality=str(count))
    return model(start(), user_task(id, loop), *more, end(), flows=f"start -> {id} -> end{flows}")


def findings(migration: Migration) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.element_id) for finding in migration.findings]


def states(simulator: CheckedSimulator, instance: int) -> list[ScopeState]:
    events = simulator.run_of(instance).events
    return [event.state for event in events if isinstance(event, e.ScopeStateChanged) and event.scope == instance]


def test_should_move_five_thousand_items_in_bounded_steps() -> None:
    # given
    count, portion = 5_000, Limits().scopes_per_step
    simulator = simulate(wide("a", count), oath=False)
    instance = simulator.start("p")
    tasks = set(simulator.tasks)
    simulator.steps = simulator.most_events = simulator.most_loaded = 0

    # when
    migration = migrate(simulator, instance, wide("b", count), a="b")

    # then
    assert migration.step.outcome is Outcome.DONE
    assert simulator.steps == 1 + 2 * (count // portion + 1)
    assert simulator.most_loaded <= portion + 3
    assert simulator.most_events <= 3 * portion + 10
    assert set(simulator.tasks) == tasks
    assert {pending.effect.element_id for pending in simulator.tasks.values()} == {"b"}
    simulator.check()

    # when
    for task_id in sorted(tasks):
        simulator.complete_task(task_id)

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    simulator.check()


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7])
def test_should_move_all_whatever_the_last_portion_holds(count: int) -> None:
    # given a body and `count` items
    simulator = simulate(wide("a", count), limits=FEW)
    instance = simulator.start("p")

    # when
    migrate(simulator, instance, wide("b", count), a="b")

    # then
    assert [task.element_id for task in simulator.open_tasks()] == ["b"] * count
    assert states(simulator, instance) == ([] if count == 2 else [ScopeState.MIGRATING, ScopeState.ACTIVE])
    while simulator.tasks:
        simulator.complete("b")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_check_all_scopes_before_any_is_moved() -> None:
    # given the last of the scopes has no place
    def two(second: str) -> bytes:
        return model(start(), parallel("f"), user_task("a", multi_instance(cardinality="6")), parallel("j"), end(),
                     sub_process("s", start("s1"), user_task(second), end("s2"), flows=f"s1 -> {second} -> s2"),
                     flows="start -> f; f -> a -> j; f -> s -> j; j -> end")  # fmt: skip

    simulator = simulate(two("gone"), limits=FEW)
    instance = simulator.start("p")
    before = simulator.run_of(instance).state()

    # when
    migration = migrate(simulator, instance, two("b"))

    # then nothing has changed but that it stood still for a while
    assert findings(migration) == [("ELEMENT_NOT_MAPPED", "gone")]
    assert migration.step.outcome is Outcome.REJECTED
    after = simulator.run_of(instance).state()
    assert (after.scopes, after.variables) == (before.scopes, before.variables)
    assert after.instance.definition_id == before.instance.definition_id
    assert states(simulator, instance) == [ScopeState.MIGRATING, ScopeState.ACTIVE]


def test_should_tell_the_same_as_in_one_step() -> None:
    def draw(*late: str) -> bytes:
        bounds = [boundary(id, "a", timer(duration="PT1H")) for id in late]
        ends = "".join(f"; {id} -> e_{id}" for id in late)
        return wide("a", 7, *bounds, *(end(f"e_{id}") for id in late), flows=ends)

    told = []
    for limits in (Limits(), FEW):
        simulator = simulate(draw("old"), limits=limits)
        instance = simulator.start("p")
        told.append(findings(migrate(simulator, instance, draw("new"))))
        assert [row.effect.element_id for row in simulator.timers.values()] == ["new"]

    assert told[0] == told[1]
    assert sorted(told[0]) == [("EVENT_ARMED", "new"), ("EVENT_DISARMED", "old")]


def test_should_tell_one_finding_for_an_element_however_many_there_are() -> None:
    simulator = simulate(wide("a", 50), limits=FEW)
    instance = simulator.start("p")

    migration = migrate(simulator, instance, wide("b", 50))

    assert findings(migration) == [("ELEMENT_NOT_MAPPED", "a")]


def test_should_keep_what_comes_meanwhile_until_it_is_done() -> None:
    # given what the first step left to commands
    simulator = simulate(wide("a", 12), limits=FEW)
    instance = simulator.first_step("p")
    assert len(simulator.open_tasks()) < 12

    # when
    migrate(simulator, instance, wide("b", 12), a="b")

    # then the items that are opened afterwards are of the new version
    assert [task.element_id for task in simulator.open_tasks()] == ["b"] * 12


def test_should_move_what_is_kept_to_be_compensated() -> None:
    # given items that are done, and kept with what each has seen
    def trip(book: str, cancel: str) -> bytes:
        parts = compensated(task(book), user_task(cancel, name="${leg}"))
        legs = sub_process("legs", start("s1"), *parts, end("s2"), flows=f"s1 -> {book} -> s2",
                           inner=multi_instance(collection="${of}", variable="leg"))  # fmt: skip
        return model(start(), legs, user_task("b"), throw("undo", on_compensation()), end(),
                     flows="start -> legs -> b -> undo -> end")  # fmt: skip

    simulator = simulate(trip("book", "cancel"), limits=FEW)
    instance = simulator.start("p", {"of": ["a", "b", "c", "d", "e", "f", "g"]})
    assert simulator.active(instance) == ["b"]

    # when
    migration = migrate(simulator, instance, trip("reserve", "release"), book="reserve", cancel="release")
    simulator.complete("b")

    # then
    assert findings(migration) == []
    undone = []
    while simulator.tasks:
        [row] = simulator.open_tasks("release")
        undone.append(row.name)
        simulator.complete("release")
    assert sorted(undone) == ["a", "b", "c", "d", "e", "f", "g"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_let_joins_go_on_only_when_all_is_moved() -> None:
    # given in each of the items two branches have arrived at the join
    def forked(third: str) -> bytes:
        inner = sub_process(
            "s", start("s1"), parallel("f"), *map(user_task, "abc"), parallel("j"), end("s2"), end("s3"),
            flows=f"s1 -> f; f -> a -> j; f -> b -> j; f -> c -> {third}; j -> s2",
            inner=multi_instance(cardinality="5"),
        )  # fmt: skip
        return model(start(), inner, end(), flows="start -> s -> end")

    simulator = simulate(forked("j"), limits=FEW)
    instance = simulator.start("p")
    for _ in range(5):
        simulator.complete("a")
        simulator.complete("b")

    # when the new version's join waits for these alone
    migration = migrate(simulator, instance, forked("s3"))

    # then
    assert findings(migration) == []
    run = simulator.run_of(instance)
    assert all(not scope.arrivals for scope in run.scopes.values())
    done = [at for at, event in enumerate(run.events) if isinstance(event, e.ElementCompleted) and event.element == "j"]
    moved = [at for at, event in enumerate(run.events) if isinstance(event, e.ScopeStateChanged)]
    assert len(done) == 5
    assert moved[-1] < done[0]
    for _ in range(5):
        simulator.complete("c")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_look_at_new_conditions_when_all_is_moved() -> None:
    # given
    simulator = simulate(wide("a", 9), limits=FEW)
    instance = simulator.start("p", {"x": 3})

    # when
    target = wide("a", 9, boundary("b", "a", on_condition("x > 2")), user_task("late"), end("e2"),
                  flows="; b -> late -> e2")  # fmt: skip
    migrate(simulator, instance, target)

    # then
    assert simulator.active(instance) == ["late"]


class Ignoring(deque[Command]):
    """A queue of which nothing comes out: what a server keeps while the instance is paused."""

    def __init__(self, kept: list[Command]) -> None:
        super().__init__()
        self.kept = kept

    def append(self, command: Command) -> None:
        self.kept.append(command)


def test_should_look_at_new_conditions_of_a_paused_instance_when_it_goes_on() -> None:
    # given
    simulator = simulate(wide("a", 9), limits=FEW)
    instance = simulator.start("p", {"x": 3})
    simulator.do(PauseInstance(instance_id=instance))
    asked: list[Command] = []
    simulator.queue = Ignoring(asked)

    # when
    target = wide("a", 9, boundary("b", "a", on_condition("x > 2")), user_task("late"), end("e2"),
                  flows="; b -> late -> e2")  # fmt: skip
    migrate(simulator, instance, target)

    # then
    assert simulator.status(instance) is InstanceStatus.PAUSED
    assert [type(command) for command in asked] == [EvaluateCondition]


def test_should_listen_and_map_in_the_new_version() -> None:
    # given
    def items(*, more: bool) -> bytes:
        event = event_sub_process("es", event_start("es1", on_message("m"), interrupting=False), end("es2"),
                                  flows="es1 -> es2")  # fmt: skip
        work = user_task("a", camunda_io(outputs={"y": "${1}"})) if more else user_task("a")
        parts = [start("s1"), work, end("s2"), *([event] if more else [])]
        inner = sub_process("s", *parts, flows="s1 -> a -> s2", inner=multi_instance(cardinality="5"))
        return model(start(), inner, end(), flows="start -> s -> end", roots=message("m"))

    simulator = simulate(items(more=False), limits=FEW)
    instance = simulator.start("p")

    # when
    migration = migrate(simulator, instance, items(more=True))

    # then scopes that the migration itself opened are not moved again
    assert migration.step.outcome is Outcome.DONE
    assert len(simulator.subscriptions) == 5
    kinds = [scope.kind.value for scope in simulator.run_of(instance).scopes.values()]
    assert kinds.count("LOCAL") == 5
    for _ in range(5):
        simulator.complete("a")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_leave_out_what_is_being_removed() -> None:
    # given a body whose items are removed portion by portion; its elements have no place in the new version
    def guarded(id: str) -> bytes:
        return wide(id, 12, boundary("late", id, timer(duration="PT1H")), user_task("after"), end("e2"),
                    flows="; late -> after -> e2")  # fmt: skip

    simulator = simulate(guarded("a"), limits=FEW, oath=False)
    instance = simulator.start("p")
    [row] = [pending.effect for pending in simulator.timers.values()]
    simulator.now = row.due_at
    del simulator.timers[row.id]
    simulator._step(FireTimer(instance_id=instance, scope_id=row.scope_id, timer_id=row.id, token_id=row.token_id,
                              element_id="late"))  # fmt: skip
    assert len(simulator.open_tasks("a")) > 3

    # when
    migration = migrate(simulator, instance, guarded("b"))

    # then
    assert findings(migration) == []
    assert simulator.active(instance) == ["after"]
    simulator.check()
