"""Model -> graph: what is compiled, linked and prepared."""

from __future__ import annotations

import pytest

from bpmn.examine import examine
from bpmn.findings import Severity
from bpmn.spec import compile_model
from bpmn.spec.graph import NodeKind
from tests.support.models import (
    Element,
    boundary,
    call_activity,
    camunda_io,
    compile_document,
    compile_with_findings,
    document,
    end,
    exclusive,
    extension,
    inclusive,
    model,
    multi_instance,
    on_condition,
    parallel,
    service_task,
    start,
    sub_process,
    task,
    timer,
    user_task,
    zeebe_multi_instance,
    zeebe_task,
)

BODY = '<startEvent id="s"/><endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/>'


@pytest.mark.parametrize(
    ("attribute", "body", "make_executable", "compiled"),
    [
        ('isExecutable="true"', BODY, False, True),
        ("", BODY, False, True),
        ('isExecutable="false"', BODY, False, False),
        ('isExecutable="false"', BODY, True, True),
        ("", "", False, False),
        ('isExecutable="false"', "", True, False),
    ],
)
def test_should_compile_exactly_the_processes_that_run(
    attribute: str, body: str, make_executable: bool, compiled: bool
) -> None:
    # given
    examined = examine(document(f'<process id="p" {attribute}>{body}</process>'), schema=False)
    assert examined.model is not None

    # when
    graphs = compile_model(examined.model, make_executable=make_executable).graphs

    # then
    assert ("p" in graphs) == compiled


def test_should_link_flows_in_document_order_with_conditions_and_default() -> None:
    # given
    graph = compile_document(
        model(
            *(start(), exclusive("g"), task("a"), task("b"), end()),
            flows="start -> g -[x > 1]-> a -> end; g -[default]-> b -> end",
        )
    )["p"]

    # when
    gateway = graph.nodes["g"]

    # then
    assert [flow.id for flow in gateway.outgoing] == ["g_a", "g_b"]
    assert gateway.default is graph.flows["g_b"]
    assert gateway.outgoing[0].condition is not None
    assert gateway.outgoing[0].condition.reads == {"x"}
    assert graph.root.none_start is graph.nodes["start"]


def test_should_let_tokens_wait_only_at_gateways_that_join() -> None:
    # given
    graph = compile_document(
        model(
            *(start(), parallel("fork"), task("a"), task("b"), parallel("join"), exclusive("merge"), end()),
            flows="start -> fork -> a -> join; fork -> b -> join -> merge -> end",
        )
    )["p"]

    # then
    assert {flow.id for flow in graph.flows.values() if flow.parks} == {"a_join", "b_join"}


def test_should_know_from_where_a_token_can_still_reach_an_inclusive_join() -> None:
    # given
    graph = compile_document(
        model(
            *(start(), inclusive("split"), user_task("a"), boundary("late", "a", timer(duration="PT1H")), task("b")),
            *(task("c"), inclusive("join"), end()),
            flows="start -> split -[x]-> a -> join -> end; split -[default]-> b -> join; late -> c -> join",
        )
    )["p"]

    # when
    reach = graph.nodes["join"].reach

    # then a boundary event may still happen to its host
    assert reach == {
        "a_join": {"a", "split", "start"},
        "b_join": {"b", "split", "start"},
        "c_join": {"c", "late", "a", "split", "start"},
    }


def test_should_put_elements_into_the_container_they_are_drawn_in() -> None:
    # given
    inner = sub_process("sub", start("s"), task("t"), end("e"), flows="s -> t -> e")
    graph = compile_document(model(start(), inner, end(), flows="start -> sub -> end"))["p"]

    # when
    sub = graph.nodes["sub"]

    # then
    assert sub.kind is NodeKind.SUB_PROCESS
    assert sub.content is not None
    assert [node.id for node in sub.content.nodes] == ["s", "t", "e"]
    assert graph.nodes["t"].container is sub.content
    assert sub.has_local


def test_should_compile_camunda_lists_and_maps_into_one_expression() -> None:
    # given
    io = extension(
        '<camunda:inputOutput><camunda:inputParameter name="order"><camunda:map>'
        '<camunda:entry key="id">${id}</camunda:entry><camunda:entry key="none"/>'
        "</camunda:map></camunda:inputParameter></camunda:inputOutput>"
    )
    graph = compile_document(
        model(start(), service_task("a", io, type="external", topic="t"), end(), flows="start -> a -> end")
    )["p"]

    # when
    (mapping,) = graph.nodes["a"].inputs

    # then
    assert mapping.target == "order"
    assert mapping.value is not None
    assert (mapping.value.language, mapping.value.reads) == ("map", {"id"})


def test_should_number_instances_as_the_dialect_does() -> None:
    # given
    camunda = task("a", multi_instance(collection="${items}"))
    zeebe = zeebe_task("a")
    zeebe.inner += zeebe_multi_instance("=items", output="out", element="=result")

    # when
    loops = [
        compile_document(model(start(), element, end(), flows="start -> a -> end"))["p"].nodes["a"].loop
        for element in (camunda, zeebe)
    ]

    # then
    assert [(loop.first_number, loop.output_variable) for loop in loops if loop] == [(0, None), (1, "result")]


def test_should_collect_the_variables_that_conditions_read() -> None:
    # given
    graph = compile_document(
        model(
            *(start(), user_task("a"), boundary("b", "a", on_condition("${x > y}")), end()),
            flows="start -> a -> end; b -> end",
        )
    )["p"]

    # then
    assert graph.condition_names == {"x", "y"}
    assert graph.has_conditions


@pytest.mark.parametrize(
    ("element", "code"),
    [
        (service_task("a", expression="${1 +}"), "EXPRESSION_SYNTAX"),
        (service_task("a", delegate_expression="${"), "EXPRESSION_SYNTAX"),
        (user_task("a", camunda_io(inputs={"x": "${(}"})), "EXPRESSION_SYNTAX"),
        (call_activity("a", "${}"), "EXPRESSION_SYNTAX"),
    ],
)
def test_should_report_expressions_that_do_not_compile_with_their_element(element: Element, code: str) -> None:
    # when
    _, findings = compile_with_findings(model(start(), element, end(), flows="start -> a -> end"))

    # then
    errors = [(finding.code, finding.element_id) for finding in findings if finding.severity is Severity.ERROR]
    assert (code, "a") in errors


def test_should_compile_ten_thousand_elements_in_a_row() -> None:
    # given
    names = [f"t{number}" for number in range(10_000)]

    # when
    graph = compile_document(model(start(), *map(task, names), end(), flows=" -> ".join(["start", *names, "end"])))["p"]

    # then
    assert len(graph.nodes) == 10_002
    assert len(graph.flows) == 10_001
