"""Parallel gateway: one token of each incoming flow, one onto each outgoing flow (BPMN 2.0.2, 13.4.1)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import end, exclusive, model, parallel, script_task, start, task, user_task
from tests.support.simulation import simulate

pytestmark = pytest.mark.element("parallelGateway", "forks; joins one token of each incoming flow")

FORK_JOIN = model(
    *(start(), parallel("fork"), user_task("a"), user_task("b"), parallel("join"), user_task("c"), end()),
    flows="start -> fork -> a -> join; fork -> b -> join -> c -> end",
)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_should_join_whatever_the_order(order: tuple[str, str]) -> None:
    # given
    simulator = simulate(FORK_JOIN)
    instance = simulator.start("p")
    assert simulator.active(instance) == ["a", "b"]

    # when
    simulator.complete(order[0])

    # then
    assert simulator.active(instance) == [order[1]]

    # when
    simulator.complete(order[1])

    # then
    assert simulator.active(instance) == ["c"]
    assert simulator.trace(instance, "+").count("+join") == 1


def test_should_not_join_two_tokens_of_one_flow() -> None:
    # given two tokens that come over the same incoming flow
    simulator = simulate(
        model(
            start(),
            parallel("fork"),
            task("a"),
            task("b"),
            exclusive("merge"),
            user_task("c"),
            parallel("join"),
            end(),
            flows="""start -> fork -> a -> merge; fork -> b -> merge -> join
                     fork -> c -> join -> end""",
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert "+join" not in simulator.trace(instance)
    assert simulator.run_of(instance).scopes[instance].arrivals == {"merge_join": 2}

    # when
    simulator.complete("c")

    # then one pair is joined, the other token waits on
    assert simulator.trace(instance).count("+join") == 1
    assert simulator.status(instance) is InstanceStatus.RUNNING
    assert simulator.run_of(instance).scopes[instance].arrivals == {"merge_join": 1}


def test_should_fork_and_join_in_one_gateway() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), parallel("fork"), task("a"), task("b"), parallel("both"), user_task("c"), user_task("d"), end()),
            flows="start -> fork -> a -> both; fork -> b -> both -> c -> end; both -> d -> end",
        )
    )

    # when
    instance = simulator.start("p")

    # then
    assert simulator.active(instance) == ["c", "d"]


def test_should_join_anew_in_each_round_of_a_loop() -> None:
    # given
    simulator = simulate(
        model(
            start(),
            exclusive("again"),
            parallel("fork"),
            task("a"),
            script_task("b", "n = n + 1"),
            parallel("join"),
            exclusive("g"),
            end(),
            flows="""start -> again -> fork -> a -> join; fork -> b -> join -> g -[n < 5]-> again
                     g -[default]-> end""",
        )
    )

    # when
    instance = simulator.start("p", {"n": 0})

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance).count("+join") == 5
    assert simulator.variables(instance)["n"] == 5
