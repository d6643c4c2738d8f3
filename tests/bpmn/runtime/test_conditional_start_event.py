"""Conditional start events of a process: which variables begin an instance (BPMN 2.0.2, 10.5.2; Camunda 7)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bpmn.expressions.api import ExecutionInfo, Handlers
from bpmn.runtime.conditional_starts import BegunByConditions, begun_by_conditions
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    boundary,
    catch,
    compile_document,
    end,
    exclusive,
    message,
    model,
    on_condition,
    on_message,
    on_signal,
    signal,
    start,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = pytest.mark.element(
    "conditionalStartEvent", "`POST /conditions` starts an instance per event whose condition the variables fulfil"
)


def process(*starts: Element, roots: str = "") -> bytes:
    flows = "; ".join(f"{event.id} -> t" for event in starts) + "; t -> end"
    return model(*starts, user_task("t"), end(), flows=flows, roots=roots)


def begun(document: bytes, handlers: Handlers | None = None, **variables: object) -> BegunByConditions:
    (graph,) = compile_document(document).values()
    about = ExecutionInfo("", "7", graph.key, 1, "B-1", "", None, "default")
    return begun_by_conditions(graph, variables, about, datetime(2026, 1, 1, tzinfo=UTC), handlers or Handlers())


def test_should_begin_at_the_event_whose_condition_is_true_with_the_variables() -> None:
    # given
    simulator = simulate(process(start(), start("high", on_condition("${amount > 100}"))))

    # when
    nothing = simulator.start_by_conditions({"amount": 100})
    (instance,) = simulator.start_by_conditions({"amount": 101, "by": "Ada"})

    # then
    assert nothing == []
    assert simulator.active(instance) == ["t"]
    assert simulator.variables(instance) == {"amount": 101, "by": "Ada"}
    assert simulator.trace(instance) == ["+high", "-high", "+t"]
    simulator.complete("t")
    assert simulator.status(instance) is InstanceStatus.COMPLETED


def test_should_begin_an_instance_for_every_event_that_is_true() -> None:
    # given
    starts = [start(id, on_condition(f"${{x > {least}}}")) for id, least in (("a", 1), ("b", 5), ("c", 2))]
    simulator = simulate(process(*starts))

    # when
    instances = simulator.start_by_conditions({"x": 3})

    # then
    assert [simulator.trace(instance)[0] for instance in instances] == ["+a", "+c"]


def test_should_not_begin_where_a_variable_it_reads_is_missing() -> None:
    document = process(start("s", on_condition("${x > 1 || y > 1}")))

    assert begun(document, x=5) == BegunByConditions((), ())
    assert begun(document, x=5, y=0) == BegunByConditions(("s",), ())


def test_should_tell_which_condition_cannot_be_evaluated_and_go_on() -> None:
    # given
    document = process(
        start("a", on_condition("${x > 1}")), start("b", on_condition("${y}")), start("c", on_condition("${y == 'no'}"))
    )

    # when
    result = begun(document, x={"no": "number"}, y="no")

    # then
    assert result.fulfilled == ("c",)
    (a, why_a), (b, why_b) = result.failed
    assert (a, b) == ("a", "b")
    assert "x > 1" in why_a
    assert "to be true or false, but it was 'no'" in why_b


@pytest.mark.parametrize(("variables", "expected"), [({"x": 5}, ()), ({"x": 5, "changed": None}, ("s",))])
def test_should_look_only_where_the_variable_it_names_is_given(
    variables: dict[str, object], expected: tuple[str, ...]
) -> None:
    named = on_condition("${x > 1}").replace(
        "<conditionalEventDefinition>", '<conditionalEventDefinition camunda:variableName="changed">'
    )

    assert begun(process(start("s", named)), **variables).fulfilled == expected


def test_should_tell_the_condition_what_it_is_about_and_forget_what_it_sets() -> None:
    # given
    handlers = Handlers({"limits": lambda key: {"p": 3}[key]})
    text = "${execution.setVariable('z', 1) == null && execution.processBusinessKey == 'B-1' && x > 2}"
    document = process(start("s", on_condition(text)))

    # then
    assert begun(document, handlers, x=3).failed == ()
    assert begun(document, handlers, x=3).fulfilled == ("s",)
    assert begun(process(start("s", on_condition("${limits('p') < x}"))), handlers, x=4).fulfilled == ("s",)


def test_should_be_one_alternative_of_a_multiple_start_event() -> None:
    # given
    several = start("s", on_message("m") + on_condition("${x > 1}") + on_condition("${y > 1}") + on_signal("q"))
    document = process(several, roots=message("m", "paid") + signal("q", "alarm"))
    simulator = simulate(document)
    (graph,) = simulator.graphs.values()

    # when both conditions are true
    instances = simulator.start_by_conditions({"x": 2, "y": 2})

    # then the event has happened once
    assert [simulator.trace(instance) for instance in instances] == [["+s", "-s", "+t"]]
    assert [s.element_id for s in (*graph.message_starts, *graph.signal_starts)] == ["s", "s"]
    assert not graph.has_conditions
    assert begun(document, x="?", y=2) == BegunByConditions(("s",), ())
    assert [id for id, _ in begun(document, x="?", y=1).failed] == ["s"]


def test_should_begin_behind_an_event_based_gateway_that_starts_the_process() -> None:
    # given
    gateway = Element("eventBasedGateway", "g", {"instantiate": "true"})
    simulator = simulate(
        model(
            *(gateway, catch("paid", on_message("m")), catch("full", on_condition("${load > 9}")), exclusive("x")),
            *(user_task("t"), end()),
            flows="g -> paid -> x; g -> full -> x; x -> t -> end",
            roots=message("m", "paid"),
        )
    )

    # when
    (instance,) = simulator.start_by_conditions({"load": 10})

    # then
    assert simulator.trace(instance) == ["+full", "-full", "+x", "-x", "+t"]


def test_should_not_be_looked_at_again_while_the_instance_runs() -> None:
    # given a condition that stays true, and another event that waits for the same variable
    simulator = simulate(
        model(
            start("s", on_condition("${x > 1}")),
            user_task("t"),
            boundary("b", "t", on_condition("${x > 5}")),
            end(),
            flows="s -> t -> end; b -> end",
        )
    )
    (instance,) = simulator.start_by_conditions({"x": 2})

    # when
    simulator.set_variables(instance, x=3)

    # then
    assert simulator.active(instance) == ["t"]
    assert list(simulator.runs) == [instance]
    assert len(simulator.conditions) == 1
