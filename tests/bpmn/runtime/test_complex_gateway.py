"""Complex gateway: starts when its activation condition is true, then waits for reset (BPMN 2.0.2, 13.4.5)."""

from __future__ import annotations

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    boundary,
    complex_gateway,
    end,
    exclusive,
    model,
    on_condition,
    parallel,
    start,
    sub_process,
    task,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element(
    "complexGateway",
    "splits like an inclusive gateway; joins when its condition on activationCount is true, once until it is reset",
)

BRANCHES = (user_task("a"), user_task("b"), user_task("c"))


def joining(join: Element, *more: Element, flows: str = "join -> t -> end") -> bytes:
    return model(
        *(start(), parallel("fork"), *BRANCHES, join, task("t"), end(), *more),
        flows=f"start -> fork; fork -> a -> join; fork -> b -> join; fork -> c -> join; {flows}",
    )


def test_should_go_on_with_two_out_of_three_and_once() -> None:
    # given
    simulator = simulate(joining(complex_gateway("join", "activationCount >= 2")))
    instance = simulator.start("p")
    assert simulator.active(instance) == ["a", "b", "c"]

    # when
    simulator.complete("b")

    # then
    assert simulator.trace(instance)[-1] == "-b"

    # when
    simulator.complete("a")

    # then it starts
    assert simulator.trace(instance)[-7:] == ["-a", "+join", "-join", "+t", "-t", "+end", "-end"]
    assert simulator.status(instance) is InstanceStatus.RUNNING

    # when the third comes
    simulator.complete("c")

    # then it is reset, and gives no further token
    assert simulator.trace(instance)[-3:] == ["-c", "+join", "-join"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_be_reset_when_no_further_token_can_come() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), parallel("fork"), *BRANCHES, exclusive("x"), complex_gateway("join", "activationCount >= 2")),
            *(task("t"), end(), end("other")),
            flows="start -> fork; fork -> a -> join; fork -> b -> join; fork -> c -> x -[ok]-> join"
            "\nx -[default]-> other; join -> t -> end",
        )
    )
    instance = simulator.start("p")
    simulator.complete("a")
    simulator.complete("b")
    assert simulator.trace(instance).count("+join") == 1

    # when
    simulator.complete("c", {"ok": False})

    # then
    assert simulator.trace(instance).count("+join") == 2
    assert simulator.trace(instance).count("+t") == 1
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_start_again_after_its_reset() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), exclusive("again"), parallel("fork"), user_task("a"), user_task("b")),
            *(complex_gateway("join", "activationCount >= 1"), user_task("check"), exclusive("x"), end()),
            flows="start -> again -> fork; fork -> a -> join; fork -> b -> join; join -> check -> x"
            "\nx -[redo]-> again; x -[default]-> end",
        )
    )
    instance = simulator.start("p")

    # when
    simulator.complete("a")
    simulator.complete("b")
    simulator.complete("check", {"redo": True})
    simulator.complete("b")

    # then
    assert simulator.trace(instance)[-3:] == ["+join", "-join", "+check"]

    # when
    simulator.complete("a")
    simulator.complete("check", {"redo": False})

    # then
    assert simulator.trace(instance).count("+check") == 2
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_keep_tokens_of_the_next_round_for_after_its_reset() -> None:
    # given two tokens over one of two flows
    simulator = simulate(
        model(
            *(start(), parallel("fork"), parallel("twice"), user_task("b"), exclusive("merge")),
            *(complex_gateway("join", "activationCount >= 1"), task("t"), end()),
            flows="start -> fork; fork -> twice; twice -> i -> merge; twice -> j -> merge; merge -> join"
            "\nfork -> b -> join; join -> t -> end",
        ).replace(b'<parallelGateway id="twice"', b'<task id="i"/><task id="j"/><parallelGateway id="twice"')
    )
    instance = simulator.start("p")
    assert simulator.trace(instance).count("+t") == 1
    assert simulator.run_of(instance).scopes[instance].arrivals == {"merge_join": 1}

    # when
    simulator.complete("b")

    # then it is reset with the token of b, and starts with the one that waited
    assert simulator.trace(instance).count("+t") == 2
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_take_flows_by_its_state() -> None:
    # given
    simulator = simulate(
        joining(
            complex_gateway("join", "activationCount >= 2"),
            *(task("late"), end("end2")),
            flows="join -[waitingForStart]-> t -> end; join -[not waitingForStart]-> late -> end2",
        )
    )
    instance = simulator.start("p")

    # when
    simulator.complete("a")
    simulator.complete("b")
    simulator.complete("c")

    # then
    assert simulator.trace(instance)[-14:] == [
        *("-b", "+join", "-join", "+t", "-t", "+end", "-end"),
        *("-c", "+join", "-join", "+late", "-late", "+end2", "-end2"),
    ]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_see_the_tokens_of_each_flow_and_data() -> None:
    # given
    simulator = simulate(joining(complex_gateway("join", "a_join >= 1 and (b_join + c_join >= need)")))
    instance = simulator.start("p", {"need": 1})

    # when
    simulator.complete("b")
    simulator.complete("c")

    # then
    assert "+t" not in simulator.trace(instance)

    # when
    simulator.complete("a")

    # then all three are taken at the start
    assert simulator.trace(instance)[-8:] == ["+join", "-join", "+t", "-t", "+end", "-end", "+join", "-join"]
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_look_again_when_something_else_moves() -> None:
    # given
    simulator = simulate(joining(complex_gateway("join", "go")))
    instance = simulator.start("p", {"go": False})
    simulator.complete("a")
    assert "+join" not in simulator.trace(instance)

    # when
    simulator.complete("b", {"go": True})

    # then
    assert "+t" in simulator.trace(instance)


def test_should_join_as_an_inclusive_gateway_without_a_condition() -> None:
    # given
    simulator = simulate(joining(complex_gateway("join")))
    instance = simulator.start("p")

    # when
    simulator.complete("a")
    simulator.complete("b")

    # then
    assert "+join" not in simulator.trace(instance)

    # when
    simulator.complete("c")

    # then
    assert simulator.trace(instance).count("+join") == 1
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_split_as_an_inclusive_gateway() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), complex_gateway("split"), task("a"), task("b"), task("c"), end("e1"), end("e2"), end("e3")),
            flows="start -> split -[x > 1]-> a -> e1; split -[x > 2]-> b -> e2; split -[default]-> c -> e3",
        )
    )

    # when
    one, two, none = (simulator.start("p", {"x": x}) for x in (2, 3, 0))

    # then
    assert [entry for entry in simulator.trace(one, "+") if entry in ("+a", "+b", "+c")] == ["+a"]
    assert [entry for entry in simulator.trace(two, "+") if entry in ("+a", "+b", "+c")] == ["+a", "+b"]
    assert [entry for entry in simulator.trace(none, "+") if entry in ("+a", "+b", "+c")] == ["+c"]


def test_should_raise_an_incident_where_its_start_selects_no_flow() -> None:
    # given
    simulator = simulate(joining(complex_gateway("join", "activationCount >= 2"), flows="join -[ok]-> t -> end"))
    instance = simulator.start("p", {"ok": False})
    simulator.complete("a")
    simulator.complete("b")
    assert simulator.incident().kind == "NO_FLOW_SELECTED"

    # when the third token comes meanwhile
    simulator.complete("c")

    # then it waits until the start is done
    assert simulator.trace(instance).count("+join") == 1

    # when
    simulator.resolve(simulator.incident().id, {"ok": True})

    # then the reset takes the flow a second time, since its condition is true
    assert simulator.trace(instance).count("+join") == 2
    assert simulator.trace(instance).count("+t") == 2
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_raise_an_incident_at_the_flow_where_its_condition_fails() -> None:
    # given
    simulator = simulate(joining(complex_gateway("join", "activationCount >= needed")))
    instance = simulator.start("p")

    # when
    simulator.complete("a")

    # then
    incident = simulator.incident()
    assert (incident.kind, incident.element_id) == ("EXPRESSION_ERROR", "a_join")

    # when another comes meanwhile
    simulator.complete("b")
    simulator.resolve(incident.id, {"needed": 3})

    # then no token is lost
    assert "+t" not in simulator.trace(instance)
    simulator.complete("c")
    assert simulator.trace(instance).count("+t") == 1
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_forget_its_state_with_its_scope() -> None:
    # given
    inside = sub_process(
        "sub",
        *(start("s"), parallel("fork"), *BRANCHES, complex_gateway("join", "activationCount >= 1"), end("e")),
        flows="s -> fork; fork -> a -> join; fork -> b -> join; fork -> c -> join; join -> e",
    )
    simulator = simulate(
        model(
            *(start(), inside, boundary("stop", "sub", on_condition("done")), end(), end("end2")),
            flows="start -> sub -> end; stop -> end2",
        )
    )
    instance = simulator.start("p", {"done": False})
    simulator.complete("a")

    # when
    simulator.set_variables(instance, done=True)

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_wait_for_ever_when_its_condition_never_comes_true() -> None:
    # given
    simulator = simulate(joining(complex_gateway("join", "activationCount > 3")))
    instance = simulator.start("p")

    # when
    for branch in ("a", "b", "c"):
        simulator.complete(branch)

    # then as the standard says (13.4.5)
    assert simulator.status(instance) is InstanceStatus.RUNNING
    assert simulator.run_of(instance).scopes[instance].arrivals == {"a_join": 1, "b_join": 1, "c_join": 1}
