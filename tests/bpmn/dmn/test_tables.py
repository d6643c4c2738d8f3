"""Decision tables: hit policies, defaults, allowed values, and what Camunda 7 writes (DMN 1.5, chapter 8)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.bpmn.dmn.support import checked, decision, evaluated, literal, table

OVERLAPPING = [(["> 0"], ['"low"']), (["> 5"], ['"mid"']), (["> 9"], ['"high"'])]
AMOUNTS = [(["> 0"], ["10"]), (["> 5"], ["20.5"]), (["> 9"], ["5"])]
ORDER = '"high", "mid", "low"'


@pytest.mark.parametrize(
    ("policy", "x", "expected"),
    [
        ("UNIQUE", 3, "low"),
        ("U", 3, "low"),
        ("FIRST", 10, "low"),
        ("PRIORITY", 10, "high"),
        ("RULE ORDER", 10, ["low", "mid", "high"]),
        ("OUTPUT ORDER", 10, ["high", "mid", "low"]),
        ("COLLECT", 6, ["low", "mid"]),
        ("UNIQUE", 0, None),
        ("FIRST", 0, None),
        ("COLLECT", 0, []),
    ],
)
def test_should_follow_the_hit_policy(policy: str, x: int, expected: Any) -> None:
    # when
    found = evaluated(decision("d1", table(OVERLAPPING, policy=policy, values=[ORDER])), "d1", {"x": x})

    # then
    assert found.result == expected
    assert found.problems == ()


@pytest.mark.parametrize(
    ("aggregation", "x", "expected"),
    [("SUM", 10, Decimal("35.5")), ("COUNT", 10, 3), ("MIN", 10, 5), ("MAX", 10, Decimal("20.5")), ("COUNT", 0, 0),
     ("SUM", 0, None)],
)  # fmt: skip
def test_should_aggregate_what_it_collects(aggregation: str, x: int, expected: Any) -> None:
    # when
    found = evaluated(decision("d1", table(AMOUNTS, policy="COLLECT", aggregation=aggregation)), "d1", {"x": x})

    # then
    assert found.result == expected


@pytest.mark.parametrize("policy", ["UNIQUE", "ANY"])
def test_should_tell_when_the_hit_policy_is_broken(policy: str) -> None:
    # when
    found = evaluated(decision("d1", table(OVERLAPPING, policy=policy)), "d1", {"x": 10})

    # then
    assert found.result is None
    assert [(problem.element_id, problem.code) for problem in found.problems] == [("d1", "DMN_HIT_POLICY_BROKEN")]


def test_should_take_any_of_equal_results() -> None:
    # given
    rules = [(["> 0"], ['"a"', "1"]), (["> 1"], ['"a"', "1.0"])]

    # when
    found = evaluated(decision("d1", table(rules, policy="ANY", outputs=["n", "m"])), "d1", {"x": 2})

    # then
    assert found.result == {"n": "a", "m": 1}


def test_should_answer_the_default_where_no_rule_fits() -> None:
    # given
    rules = [(["1"], ['"one"', "1"])]
    logic = table(rules, outputs=["n", "m"], defaults=['"none"', "0"])

    # then
    assert evaluated(decision("d1", logic), "d1", {"x": 2}).result == {"n": "none", "m": 0}


def test_should_say_which_rules_fitted_and_what_was_asked() -> None:
    # when
    found = evaluated(decision("d1", table(OVERLAPPING, policy="COLLECT")), "d1", {"x": 6})

    # then
    assert [(each.decision_id, each.inputs, each.rules) for each in found.matched] == [("d1", {"x": 6}, ("r1", "r2"))]


@pytest.mark.parametrize(
    ("entry", "x", "fits"),
    [
        ("-", None, True),
        ("", 5, True),
        ('"a", "b"', "b", True),
        ('not("a", "b")', "b", False),
        ('not("a", "b")', "c", True),
        ("[1..5]", 5, True),
        ("]1..5[", 5, False),
        ("< 3, > 7", 8, True),
        ("? > 3 and ? < 5", 4, True),
        ("? > 3 and ? < 5", 5, False),
        ("limit", 7, True),
        ("> limit", 8, True),
        ('starts with(?, "a")', "abc", True),
        ("null", None, True),
        ("1, 2", None, False),
        ("[1, 2, 3]", 2, True),
        ("cellInput > 3", 4, True),
        ("guests > 3", 4, True),
    ],
)
def test_should_ask_the_input_entry(entry: str, x: Any, fits: bool) -> None:
    # given
    logic = table([([entry], ["true"])], defaults=["false"], attributes='camunda:inputVariable="guests"')

    # then
    assert evaluated(decision("d1", logic), "d1", {"x": x, "limit": 7}).result is fits


def test_should_refuse_values_that_are_not_allowed() -> None:
    # given
    logic = table([(["-"], ["1"])]).replace(
        "</inputExpression></input>", "</inputExpression>" + literal('"a","b"', "inputValues") + "</input>"
    )

    # then
    assert evaluated(decision("d1", logic), "d1", {"x": "a"}).result == 1
    refused = evaluated(decision("d1", logic), "d1", {"x": "c"})
    assert (refused.result, [problem.code for problem in refused.problems]) == (None, ["DMN_INPUT_VALUE"])


@pytest.mark.parametrize(
    ("language", "entry", "x", "fits"),
    [
        ("juel", "${cellInput > 3}", 4, True),
        ("", "${cellInput > 3}", 3, False),
        ("javascript", "cellInput > limit", 8, True),
        ("groovy", "cellInput == 'a'", "a", True),
    ],
)
def test_should_evaluate_other_languages_of_camunda_7(language: str, entry: str, x: Any, fits: bool) -> None:
    # given
    attribute = f'<inputEntry expressionLanguage="{language}"' if language else "<inputEntry"
    logic = table([([entry], ["true"])], defaults=["false"]).replace("<inputEntry", attribute)

    # when
    found = evaluated(decision("d1", logic), "d1", {"x": x, "limit": 7})

    # then
    assert found.problems == ()
    assert found.result is fits


@pytest.mark.parametrize(
    ("logic", "code"),
    [
        (table([(["1", "2"], ["1"])]), "DMN_TABLE_SHAPE"),
        (table([], outputs=[]), "DMN_TABLE_SHAPE"),
        (table([], policy="BEST"), "DMN_HIT_POLICY"),
        (table([], policy="COLLECT", aggregation="MEAN"), "DMN_HIT_POLICY"),
        (table([(["> > 1"], ["1"])]), "EXPRESSION_SYNTAX"),
        (table([(["1"], ["1 +"])]), "EXPRESSION_SYNTAX"),
        (table([(["1"], ["1"])], inputs=[""]), "DMN_INPUT_WITHOUT_EXPRESSION"),
        (literal("x", attributes='expressionLanguage="cobol"'), "LANGUAGE_UNSUPPORTED"),
        ('<functionDefinition kind="Java"><context/></functionDefinition>', "DMN_FUNCTION_KIND"),
    ],
)
def test_should_refuse_what_cannot_be_evaluated(logic: str, code: str) -> None:
    # when
    errors = [finding for finding in checked(decision("d1", logic)).findings if finding.severity == "ERROR"]

    # then
    assert [(finding.code, finding.element_id, finding.file) for finding in errors] == [(code, "d1", "d.dmn")]
    assert all(finding.line and finding.hint and finding.message.startswith("Expected") for finding in errors)
