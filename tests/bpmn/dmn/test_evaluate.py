"""Decisions, what they require, functions and services of the model (DMN 1.5, chapters 6, 7 and 10)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bpmn.dmn.evaluate import Mapped, UnknownDecision, as_values, evaluate
from bpmn.dmn.examine import examine
from bpmn.expressions.api import EvaluationError
from tests.bpmn.dmn.support import (
    NOW,
    checked,
    decision,
    document,
    evaluated,
    known,
    literal,
    required,
    table,
)


def test_should_evaluate_every_required_decision_once() -> None:
    # given: a diamond
    body = (
        decision("top", literal("left + right"), requires=required("left") + required("right"))
        + decision("left", literal("base * 2"), requires=required("base"))
        + decision("right", literal("base * 3"), requires=required("base"))
        + decision("base", table([(["> 0"], ["x + 1"])]))
    )

    # when
    found = evaluated(body, "top", {"x": 4})

    # then
    assert found.result == 25
    assert found.decisions == {"base": 5, "left": 10, "right": 15, "top": 25}
    assert len(found.matched) == 1


def test_should_read_variables_of_the_process_but_no_decision_that_is_not_required() -> None:
    # given
    body = decision("a", literal("[x, b]")) + decision("b", literal("1"))

    # then
    assert evaluated(body, "a", {"x": 7, "b": 8}).result == [7, None]


@pytest.mark.parametrize("name", ["dish", "Dish of the day", "desiredDish", "theDish"])
def test_should_bind_a_required_result_to_the_names_that_vendors_use(name: str) -> None:
    # given: its id (Camunda 8), name, output (Camunda 7), variable (the standard)
    logic = table([(["-"], ['"Stew"'])], outputs=["desiredDish"])
    body = decision("drinks", literal(name), requires=required("dish")) + (
        f'<decision id="dish" name="Dish of the day"><variable name="theDish"/>{logic}</decision>'
    )

    # then
    assert evaluated(body, "drinks", {"x": 1}).result == "Stew"


def test_should_call_functions_of_the_model() -> None:
    # given
    body = (
        '<businessKnowledgeModel id="fact" name="fact"><encapsulatedLogic>'
        '<formalParameter name="n" typeRef="number"/>'
        + literal("if n < 2 then 1 else n * fact(n - 1)")
        + "</encapsulatedLogic></businessKnowledgeModel>"
        + decision(
            "a", literal("[fact(5), fact(n: 3), fact(&quot;x&quot;)]".replace("&quot;", '"')), requires=known("fact")
        )
        + decision(
            "b",
            "<invocation>"
            + literal("fact")
            + '<binding><parameter name="n"/>'
            + literal("4")
            + "</binding></invocation>",
            requires=known("fact"),
        )
    )

    # then
    assert evaluated(body, "a").result == [120, 6, None]
    assert evaluated(body, "b").result == 24


def test_should_end_a_function_that_calls_itself_for_ever() -> None:
    # given
    body = (
        '<businessKnowledgeModel id="f" name="f"><encapsulatedLogic><formalParameter name="n"/>'
        + literal("f(n + 1)")
        + "</encapsulatedLogic></businessKnowledgeModel>"
        + decision("a", literal("f(1)"), requires=known("f"))
    )

    # then
    with pytest.raises(EvaluationError, match="Expected"):
        evaluated(body, "a")


def test_should_serve_decision_services() -> None:
    # given
    body = (
        decision("out", literal("inner + given"), requires=required("inner") + required("given"))
        + decision("inner", literal("10"))
        + decision("given", literal("1"))
        + '<decisionService id="s" name="s"><outputDecision href="#out"/><encapsulatedDecision href="#inner"/>'
        '<inputDecision href="#given"/></decisionService>' + decision("caller", literal("s(5)"), requires=known("s"))
    )

    # then
    assert evaluated(body, "s", {"given": 7}).result == 17
    assert evaluated(body, "caller").result == 15


def test_should_check_the_types_of_inputs_and_results() -> None:
    # given
    body = (
        '<itemDefinition name="tGrade"><typeRef>string</typeRef>'
        + literal('"A","B"', "allowedValues")
        + '</itemDefinition><inputData id="i" name="grade"><variable name="grade" typeRef="tGrade"/></inputData>'
        + decision("a", literal("grade"), requires=required("i", "requiredInput"))
        + decision("b", literal('"text"'), type_ref="number")
        + decision("c", literal('["single"]'), type_ref="string")
    )

    # then
    assert evaluated(body, "a", {"grade": "A"}).result == "A"
    refused = evaluated(body, "a", {"grade": "C"})
    assert (refused.result, [(each.element_id, each.code) for each in refused.problems]) == (None, [("i", "DMN_TYPE")])
    wrong = evaluated(body, "b")
    assert (wrong.result, [(each.element_id, each.code) for each in wrong.problems]) == (None, [("b", "DMN_TYPE")])
    assert evaluated(body, "c").result == "single"


def test_should_use_what_another_document_defines() -> None:
    # given
    base = document(
        '<itemDefinition name="tName"><typeRef>string</typeRef></itemDefinition>'
        '<inputData id="i" name="who"><variable name="who" typeRef="tName"/></inputData>'
        + decision("hello", literal('"Hello " + who'), requires=required("i", "requiredInput")),
        own="urn:base",
    )
    top = document(
        '<import name="base" namespace="urn:base" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
        '<decision id="loud" name="loud"><variable name="loud" typeRef="base.tName"/>'
        '<informationRequirement><requiredDecision href="urn:base#hello"/></informationRequirement>'
        + literal("upper case(base.hello)")
        + "</decision>",
    )
    imported = examine(base).program
    assert imported is not None

    # when
    examined = examine(top, imported={"urn:base": imported})

    # then
    assert examined.program is not None
    assert examined.findings == ()
    assert evaluate(examined.program, "loud", Mapped({"who": "Ada"}), NOW).result == "HELLO ADA"
    missing = {finding.code for finding in examine(top).findings if finding.severity == "ERROR"}
    assert missing == {"DMN_IMPORT", "DMN_REFERENCE_MISSING"}


@pytest.mark.parametrize(
    ("body", "severity", "code"),
    [
        (decision("a", literal("b"), requires=required("b")), "ERROR", "DMN_REFERENCE_MISSING"),
        (
            decision("a", literal("b"), requires=required("b")) + decision("b", literal("a"), requires=required("a")),
            "ERROR",
            "DMN_CIRCULAR",
        ),
        (decision("a", literal("1")) + decision("a", literal("2")), "ERROR", "DMN_DUPLICATE_ID"),
        (decision("a", ""), "WARNING", "DMN_WITHOUT_LOGIC"),
        (decision("a", literal("frobnicate(1)")), "WARNING", "DMN_FUNCTION_UNKNOWN"),
        (decision("a", literal("1"), type_ref="tMissing"), "WARNING", "DMN_TYPE_MISSING"),
        ('<itemDefinition name="t"><typeRef>u</typeRef></itemDefinition>', "ERROR", "DMN_TYPE_MISSING"),
        ('<itemDefinition name="t"><typeRef>t</typeRef></itemDefinition>', "ERROR", "DMN_TYPE_CIRCULAR"),
        (decision("a", "<list>" * 60 + "</list>" * 60), "ERROR", "DMN_TOO_DEEP"),
    ],
)  # fmt: skip
def test_should_tell_what_is_wrong_with_the_model(body: str, severity: str, code: str) -> None:
    # when
    findings = checked(body).findings

    # then
    assert [(finding.severity, finding.code) for finding in findings][:1] == [(severity, code)]
    assert all(finding.line and finding.hint for finding in findings)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "XML_SYNTAX"),
        (b"<definitions", "XML_SYNTAX"),
        (b"<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'/>", "NOT_DMN"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "XML_DOCTYPE"),
    ],
)
def test_should_refuse_what_is_no_dmn(data: bytes, code: str) -> None:
    # when
    examined = examine(data)

    # then
    assert examined.program is None
    assert [finding.code for finding in examined.findings] == [code]


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_should_read_every_version_of_dmn(namespace: str) -> None:
    assert evaluated(decision("a", literal("1 + 1")), "a", namespace=namespace).result == 2


def test_should_not_know_other_decisions() -> None:
    with pytest.raises(UnknownDecision):
        evaluated(decision("a", literal("1")), "b")


def test_should_give_values_of_the_process() -> None:
    # given
    context = "".join(
        f'<contextEntry><variable name="{name}"/>{literal(text)}</contextEntry>'
        for name, text in (("n", "1 + 1"), ("d", '@"2026-01-31"'), ("third", "1 / 3"), ("l", "[n, 0.5]"))
    )

    # when
    value = as_values(evaluated(decision("a", f"<context>{context}</context>"), "a").result)

    # then
    assert value == {
        "n": 2,
        "d": date(2026, 1, 31),
        "third": Decimal("0.3333333333333333333333333333333333"),
        "l": [2, 0.5],
    }
    assert type(value["n"]) is int


class NotLoaded(Exception):
    """Stands for the runtime's own signal that a value must be loaded first."""


class Unloaded:
    def get(self, name: str) -> Any:
        raise NotLoaded(name)

    def names(self) -> Iterable[str]:
        return []


def test_should_let_the_signals_of_the_variables_through() -> None:
    # given
    program = checked(decision("a", literal("x"))).program
    assert program is not None

    # then
    with pytest.raises(NotLoaded):
        evaluate(program, "a", Unloaded(), NOW)


def test_should_tell_which_variables_it_reads() -> None:
    # given
    body = (
        '<inputData id="i" name="age"/>'
        + decision("a", literal("b + x"), requires=required("b"))
        + decision("b", table([(["> limit"], ["age"])], inputs=["y"]), requires=required("i", "requiredInput"))
    )
    program = checked(body).program

    # then
    assert program is not None
    assert program.reads("a") == {"x", "y", "limit", "age"}
    assert program.reads("b") == {"y", "limit", "age"}
