"""Inclusive gateway: every true condition; joins when no token can arrive any more (BPMN 2.0.2, 13.4.3)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    boundary,
    end,
    exclusive,
    inclusive,
    model,
    parallel,
    script_task,
    start,
    sub_process,
    task,
    timer,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element(
    "inclusiveGateway", "every true condition, else the default; joins when no token can arrive any more"
)

SPLIT_JOIN = model(
    *(start(), inclusive("split"), user_task("a"), user_task("b"), user_task("c"), inclusive("join"), user_task("z")),
    end(),
    flows="""start -> split -[x > 0]-> a -> join
             split -[x > 1]-> b -> join
             split -[default]-> c -> join -> z -> end""",
)


@pytest.mark.parametrize(("x", "taken"), [(0, ["c"]), (1, ["a"]), (2, ["a", "b"])])
def test_should_take_every_true_flow_and_join_exactly_those(x: int, taken: list[str]) -> None:
    # given
    simulator = simulate(SPLIT_JOIN)

    # when
    instance = simulator.start("p", {"x": x})

    # then
    assert simulator.active(instance) == taken

    # when
    for element in taken:
        assert "+z" not in simulator.trace(instance)
        simulator.complete(element)

    # then
    assert simulator.active(instance) == ["z"]
    assert simulator.trace(instance).count("+join") == 1


def test_should_join_at_once_when_the_rest_goes_another_way() -> None:
    # given a branch that may reach the join, or not
    simulator = simulate(
        model(
            start(),
            inclusive("split"),
            user_task("a"),
            user_task("b"),
            exclusive("decide"),
            inclusive("join"),
            user_task("z"),
            user_task("elsewhere"),
            end(),
            flows="""start -> split -[${true}]-> a -> join -> z -> end
                     split -[${true}]-> b -> decide -[stay]-> join
                     decide -[default]-> elsewhere -> end""",
        )
    )
    instance = simulator.start("p", {"stay": False})
    simulator.complete("a")
    assert simulator.active(instance) == ["b"]

    # when
    simulator.complete("b")

    # then
    assert simulator.active(instance) == ["elsewhere", "z"]


def test_should_not_wait_for_a_token_that_first_passes_the_join() -> None:
    # given a loop back to the join
    simulator = simulate(
        model(
            start(),
            inclusive("join"),
            script_task("count", "n = n + 1"),
            exclusive("g"),
            end(),
            flows="start -> join -> count -> g -[n < 3]-> join; g -[default]-> end",
        )
    )

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.variables(instance)["n"] == 3


def test_should_split_and_join_in_each_round_of_a_loop() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            exclusive("again"),
            inclusive("split"),
            script_task("a", "n = n + 1"),
            task("b"),
            inclusive("join"),
            exclusive("g"),
            end(),
            flows="""start -> again -> split -[n >= 0]-> a -> join; split -[n != 1]-> b -> join
                     join -> g -[n < 4]-> again; g -[default]-> end""",
        )
    )

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance).count("+join") == 4
    assert simulator.trace(instance).count("+b") == 3


def test_should_wait_for_a_sub_process_and_what_may_happen_at_its_boundary() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            parallel("fork"),
            task("a"),
            sub_process("sub", start("s2"), user_task("inner"), end("e2"), flows="s2 -> inner -> e2"),
            boundary("late", "sub", timer(duration="PT1H")),
            inclusive("join"),
            user_task("z"),
            end(),
            flows="start -> fork -> a -> join; fork -> sub -> end; late -> join -> z -> end",
        )
    )

    # when the branch beside the sub-process has arrived
    instance = simulator.start("p")

    # then a token can still come from the boundary event
    assert simulator.active(instance) == ["inner", "sub"]

    # when
    simulator.complete("inner")

    # then
    assert simulator.active(instance) == ["z"]


def test_should_let_two_joins_in_a_row_go_on_one_after_the_other() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            inclusive("split"),
            user_task("a"),
            user_task("b"),
            user_task("c"),
            inclusive("first"),
            inclusive("second"),
            end(),
            flows="""start -> split -[${true}]-> a -> first; split -[${true}]-> b -> first -> second
                     split -[${true}]-> c -> second -> end""",
        )
    )
    instance = simulator.start("p")

    # when
    simulator.complete("c")
    simulator.complete("a")
    assert not {"+first", "+second"} & set(simulator.trace(instance))
    simulator.complete("b")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance).count("+second") == 1


def test_should_raise_an_incident_where_nothing_is_true() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), inclusive("g"), user_task("a"), user_task("b"), end()),
            flows="start -> g -[x == 1]-> a -> end; g -[x == 2]-> b -> end",
        )
    )

    # when
    instance = simulator.start("p", {"x": 3})

    # then
    assert simulator.incident().kind == "NO_FLOW_SELECTED"
    simulator.resolve(simulator.incident().id, {"x": 2})
    assert simulator.active(instance) == ["b"]
