"""Lanes as candidate groups of user tasks, in models without a vendor's dialect."""

from __future__ import annotations

import pytest

from tests.support.models import Element, end, model, start, sub_process, user_task
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("lane", "candidate group of its unassigned user tasks; ignored in vendors' dialects")


def lane(id: str, *nodes: str, name: str | None = None, inner: str = "", attributes: str = "") -> str:
    refs = "".join(f"<flowNodeRef>{node}</flowNodeRef>" for node in nodes)
    named = "" if name is None else f' name="{name}"'
    children = f"<childLaneSet>{inner}</childLaneSet>" if inner else ""
    return f'<lane id="{id}"{named}{attributes}>{refs}{children}</lane>'


def with_lanes(lanes: str, *elements: Element, flows: str) -> bytes:
    data = model(start(), *elements, end(), flows=flows)
    return data.replace(b'<startEvent id="start"', f'<laneSet>{lanes}</laneSet><startEvent id="start"'.encode(), 1)


def groups(data: bytes) -> dict[str, tuple[str, ...]]:
    simulator = simulate(data)
    simulator.start("p")
    return {task.element_id: task.candidate_groups for task in simulator.open_tasks()}


def test_should_offer_a_task_to_the_lane_it_is_in() -> None:
    clerks = lane("l2", "b", attributes=' partitionElementRef="clerks"')
    lanes = lane("l1", "a", name="Sales") + clerks + lane("l3", "c")

    offered = groups(
        with_lanes(lanes, *map(user_task, "abcd"), flows="start -> a; start -> b; start -> c; start -> d; a -> end")
    )

    assert offered == {"a": ("Sales",), "b": ("clerks",), "c": (), "d": ()}


def test_should_take_the_innermost_lane() -> None:
    inner = lane("l2", "a", name="Back office")
    lanes = lane("l1", "a", "b", "sub", name="Bank", inner=inner)
    inside = sub_process("sub", start("s"), user_task("c"), end("e"), flows="s -> c -> e")

    offered = groups(
        with_lanes(lanes, user_task("a"), user_task("b"), inside, flows="start -> a; start -> b; start -> sub -> end")
    )

    assert offered == {"a": ("Back office",), "b": ("Bank",), "c": ("Bank",)}


def test_should_leave_assigned_tasks_and_other_dialects_alone() -> None:
    lanes = lane("l1", "a", "b", name="Sales")
    owner = (
        "<potentialOwner><resourceAssignmentExpression><formalExpression>group(clerks)</formalExpression>"
        "</resourceAssignmentExpression></potentialOwner>"
    )

    plain = groups(with_lanes(lanes, user_task("a", owner), flows="start -> a -> end"))
    camunda = groups(
        with_lanes(lanes, user_task("a"), user_task("b", priority="7"), flows="start -> a; start -> b -> end")
    )

    assert plain == {"a": ("clerks",)}
    assert camunda == {"a": (), "b": ()}
