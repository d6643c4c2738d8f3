"""However much is completed that can be compensated, a scope stays small: older records have scopes of their own."""

from __future__ import annotations

import pytest

from bpmn.runtime.commands import Instruction, InstructionType, ModifyInstance
from bpmn.runtime.compensation import RECORDS
from bpmn.runtime.state import InstanceStatus, ScopeKind
from tests.support.models import (
    compensated,
    compile_document,
    end,
    exclusive,
    model,
    on_compensation,
    parallel,
    start,
    task,
    throw,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

ROUNDS = 150


def around(*, activity: str | None = None, wait: bool = True, names: str = "ab") -> bytes:
    """Two activities in turn, as long as `go`; then all of it, or one of them, is compensated."""
    a, b = names
    first = compensated(task(a), user_task(f"cancel-{a}"))
    second = compensated(task(b), user_task(f"cancel-{b}"))
    return model(
        start(), exclusive("again"), *first, *second, user_task("t"), exclusive("g"),
        throw("undo", on_compensation(activity, wait=wait)), user_task("after"), end(),
        flows=f"start -> again -> {a} -> {b} -> t -> g -[go]-> again; g -[default]-> undo -> after -> end",
    )  # fmt: skip


def rounds(simulator: CheckedSimulator, instance: int, count: int = ROUNDS) -> None:
    for _ in range(count - 1):
        simulator.complete("t")
        assert len(simulator.run_of(instance).scopes[instance].compensations) < 2 * RECORDS


def undo_all(simulator: CheckedSimulator) -> list[str]:
    undone = []
    while waiting := [row for row in simulator.open_tasks() if row.element_id.startswith("cancel")]:
        [row] = waiting
        undone.append(row.element_id)
        simulator.complete(row.element_id)
    return undone


def kinds(simulator: CheckedSimulator, instance: int) -> list[ScopeKind]:
    return [scope.kind for scope in simulator.run_of(instance).scopes.values()]


def test_should_undo_everything_the_last_first() -> None:
    # given
    simulator = simulate(around(), oath=False)
    instance = simulator.start("p", {"go": True})
    rounds(simulator, instance)
    assert kinds(simulator, instance).count(ScopeKind.RECORDS) == 2 * ROUNDS // RECORDS - 1
    simulator.check()

    # when
    simulator.complete("t", {"go": False})

    # then
    assert undo_all(simulator) == ["cancel-b", "cancel-a"] * ROUNDS
    assert simulator.active(instance) == ["after"]
    assert kinds(simulator, instance) == [ScopeKind.PROCESS]
    simulator.check()


def test_should_undo_the_activity_that_is_named_as_often_as_it_was_done() -> None:
    simulator = simulate(around(activity="a"), oath=False)
    instance = simulator.start("p", {"go": True})
    rounds(simulator, instance)

    simulator.complete("t", {"go": False})

    assert undo_all(simulator) == ["cancel-a"] * ROUNDS
    simulator.complete("after")
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    simulator.check()


def test_should_close_what_is_never_undone() -> None:
    simulator = simulate(around(), oath=False)
    instance = simulator.start("p", {"go": True})
    rounds(simulator, instance)

    simulator.cancel(instance)

    simulator.check()


def test_should_let_others_undo_what_a_thrower_that_ended_has_left() -> None:
    # given two branches: one throws, and is ended while it waits
    first, second = compensated(task("a"), user_task("cancel-a")), compensated(task("b"), user_task("cancel-b"))
    data = model(
        start(), exclusive("again"), *first, *second, user_task("t"), exclusive("g"), parallel("f"),
        throw("undo", on_compensation()), user_task("after"), throw("again2", on_compensation()), end(), end("e2"),
        flows="start -> again -> a -> b -> t -> g -[go]-> again; g -[default]-> f; f -> undo -> end; "
              "f -> after -> again2 -> e2",
    )  # fmt: skip
    simulator = simulate(data, oath=False)
    instance = simulator.start("p", {"go": True})
    rounds(simulator, instance)
    simulator.complete("t", {"go": False})
    simulator.complete("cancel-b")
    claims = simulator.run_of(instance).scopes[instance].claims
    assert len(claims) == 1

    # when
    cancel = Instruction(type=InstructionType.CANCEL, element_id="undo")
    simulator.do(ModifyInstance(instance_id=instance, instructions=(cancel,)))
    assert simulator.run_of(instance).scopes[instance].claims == ()
    simulator.complete("after")

    # then what was triggered is not undone again
    assert undo_all(simulator) == ["cancel-b", "cancel-a"] * (ROUNDS - 1)
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    simulator.check()


def test_should_not_undo_what_is_done_after_it_was_thrown() -> None:
    # given a throw that nobody waits for, and more rounds while it is at work
    first, second = compensated(task("a"), user_task("cancel-a")), compensated(task("b"), user_task("cancel-b"))
    data = model(
        start(), exclusive("again"), *first, *second, user_task("t"), exclusive("g"), exclusive("h"),
        throw("undo", on_compensation(wait=False)), end(),
        flows="start -> again -> a -> b -> t -> g -[undo]-> undo -> h; g -[default]-> h; h -[go]-> again; "
              "h -[default]-> end",
    )  # fmt: skip
    simulator = simulate(data, oath=False)
    instance = simulator.start("p", {"go": True, "undo": False})
    rounds(simulator, instance)

    # when
    simulator.complete("t", {"undo": True})
    simulator.complete("t", {"undo": False})
    for _ in range(ROUNDS):
        simulator.complete("t")
    simulator.complete("t", {"go": False})

    # then
    assert undo_all(simulator) == ["cancel-b", "cancel-a"] * ROUNDS
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    simulator.check()


@pytest.mark.parametrize("named", [None, "a"])
def test_should_go_on_in_another_version_with_what_is_set_aside(named: str | None) -> None:
    # given
    simulator = simulate(around(activity=named), oath=False)
    instance = simulator.start("p", {"go": True})
    rounds(simulator, instance)
    simulator.complete("t", {"go": False})
    [before] = [row for row in simulator.open_tasks() if row.element_id.startswith("cancel")]

    # when
    target = compile_document(around(activity=named and "x", names="xy"))["p"]
    mapping = {"a": "x", "b": "y", "cancel-a": "cancel-x", "cancel-b": "cancel-y"}
    migration = simulator.migrate(instance, target, mapping)

    # then
    assert migration.findings == ()
    assert before.element_id in ("cancel-x", "cancel-y")
    assert undo_all(simulator) == (["cancel-x"] * ROUNDS if named else ["cancel-y", "cancel-x"] * ROUNDS)
    simulator.check()


def test_should_refuse_a_version_in_which_older_records_have_no_place() -> None:
    # given the activity was done long ago, and others since
    first, second = compensated(task("a"), user_task("cancel-a")), compensated(task("b"), user_task("cancel-b"))
    third = compensated(task("old"), user_task("cancel-old"))

    def draw(*parts: object, before: str) -> bytes:
        return model(
            start(), *parts, exclusive("again"), *first, *second, user_task("t"), exclusive("g"),
            throw("undo", on_compensation()), end(),
            flows=f"start -> {before} -> again -> a -> b -> t -> g -[go]-> again; g -[default]-> undo -> end",
        )  # type: ignore[arg-type]  # fmt: skip

    simulator = simulate(draw(*third, before="old"), oath=False)
    instance = simulator.start("p", {"go": True})
    rounds(simulator, instance)
    assert all(entry.element != "old" for entry in simulator.run_of(instance).scopes[instance].compensations)

    # when
    migration = simulator.migrate(instance, compile_document(draw(task("new"), before="new"))["p"])

    # then
    assert [(finding.code, finding.element_id) for finding in migration.findings] == [
        ("COMPENSATION_NOT_MAPPED", "old")
    ]
