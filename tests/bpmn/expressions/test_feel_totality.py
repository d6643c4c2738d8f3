"""FEEL answers everything: whatever a function or operator is given, there is a value, or a limit that says so."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from bpmn.expressions.api import CompileError, EvaluationError
from bpmn.expressions.feel.functions.conversion import shown
from bpmn.expressions.feel.functions.registry import FUNCTIONS
from bpmn.expressions.feel.language import compile_feel, compile_in_decision
from bpmn.expressions.feel.scope import Run, Scope
from bpmn.expressions.feel.values import outward
from bpmn.expressions.values import plain

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
VALUES = (
    *(
        "null",
        "true",
        "0",
        "-1",
        "2.5",
        "1e30",
        "1e6000",
        "-1e6000",
        "1e-6000",
        "12345678901234567890123456789012345678",
    ),
    *(
        '"a"',
        '""',
        '"2020-01-01"',
        '"PT1S"',
        '"(a+"',
        '"[a-z-[b]]"',
        '"x"',
        "[]",
        "[1,2,null]",
        '["a","b"]',
        "[[1],[2]]",
    ),
    *('@"2020-02-29"', '@"-999999999-01-01"', '@"999999999-12-31"', '@"999999999-12-31T23:59:59@Europe/Paris"'),
    *('@"-999999999-01-01T00:00:00@America/New_York"', '@"10:00:00@Europe/Paris"', '@"23:59:59.999999999+14:00"'),
    *(
        '@"P1Y"',
        '@"-P999999999Y"',
        '@"P1D"',
        '@"P99999999999D"',
        "{}",
        '{key: "k", value: 2}',
        '[{key: "a", value: 1}]',
    ),
    *("[1..5]", "(< 5)", "(!= 5)", '(>= @"2020-01-01")', '["a".."c"]', "function(x) x", "function(x, y) x < y", "abs"),
)
WORDS = (
    *(
        "a",
        "b c",
        "if",
        "then",
        "else",
        "for",
        "in",
        "return",
        "some",
        "satisfies",
        "between",
        "and",
        "or",
        "not",
        "null",
    ),
    *(
        "instance",
        "of",
        "list",
        "<",
        ">",
        "<=",
        "=",
        "+",
        "-",
        "*",
        "/",
        "**",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        ".",
    ),
    *("..", "1", "2.5", '"t"', '@"2020-01-01"', "?", "`q`", "function", "date", "->", "'", "@", "number", "true"),
)


def answer(text: str) -> None:
    """Evaluate, show and hand out; only limits may stop it."""
    try:
        value = compile_in_decision(text, known=()).evaluate(Scope(Run(NOW), {}))
        shown(value)
        plain(outward(value))
    except (CompileError, EvaluationError):
        pass


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_should_answer_every_argument(name: str) -> None:
    # given
    chance = random.Random(name)

    # then
    for value in VALUES:
        answer(f"{name}({value})")
    for count in (2, 2, 2, 3, 3, 4, 6, 7) * 8:
        answer(f"{name}({', '.join(chance.choices(VALUES, k=count))})")


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "**", "=", "<", "!=", "and", "in", "..", "["])
def test_should_answer_every_operand(operator: str) -> None:
    for left in VALUES:
        for right in VALUES:
            match operator:
                case "..":
                    answer(f"for i in {left}..{right} return i")
                case "[":
                    answer(f"({left})[{right}]")
                case _:
                    answer(f"{left} {operator} {right}")


@pytest.mark.parametrize("seed", range(20))
def test_should_compile_or_refuse_every_text(seed: int) -> None:
    # given
    chance = random.Random(seed)

    # then
    for _ in range(300):
        text = " ".join(chance.choices(WORDS, k=chance.randint(1, 14)))
        answer(text)
        assert refusal(text).startswith("Expected"), text


def refusal(text: str) -> str:
    """Why a process may not use the text; `Expected` alone where it may."""
    try:
        compile_feel(text)
    except CompileError as refused:
        return str(refused)
    return "Expected"
