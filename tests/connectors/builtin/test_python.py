"""The `python` connector: what scripts may do, and what they may not."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.builtin.python import python_connector
from connectors.messages import Outcome, ResultMessage
from connectors.options import WorkerOptions
from connectors.testing import run_connector

PYTHON = python_connector(WorkerOptions(python_cpu_seconds=1, python_wall_seconds=10, python_memory_bytes=200_000_000))


def run(script: str, variables: dict[str, Any] | None = None, **headers: str) -> ResultMessage:
    return run_connector(PYTHON, variables=variables, headers={"script": script, **headers})


def test_should_return_what_the_script_assigns() -> None:
    result = run(
        "total = sum(line['price'] * line['count'] for line in lines)\nlines.append({'price': 0, 'count': 0})\n"
        "unchanged = unchanged\nn: int = 3",
        {"lines": [{"price": 2, "count": 3}, {"price": 5, "count": 1}], "unchanged": 1},
    )
    assert result.outcome is Outcome.COMPLETED, result.message
    assert result.variables["total"] == 11
    assert len(result.variables["lines"]) == 3
    assert set(result.variables) == {"total", "lines", "n"}


def test_should_give_the_last_expression_to_the_result_variable() -> None:
    assert run("a * 2", {"a": 21}, resultVariable="answer").variables == {"answer": 42}


def test_should_run_functions_loops_and_handlers() -> None:
    script = """
def fact(n):
    return 1 if n < 2 else n * fact(n - 1)

found = []
for word in sorted(text.split()):
    try:
        found.append(int(word))
    except ValueError as error:
        found.append(f"{word.upper()}!")
big = fact(30)
"""
    result = run(script, {"text": "b 2 a"})
    assert result.variables == {"found": [2, "A!", "B!"], "big": 265252859812191058636308480000000, "word": "b"}


def test_should_throw_bpmn_errors() -> None:
    result = run("if age < 18:\n    raise BpmnError('TOO_YOUNG', 'not yet')", {"age": 17})
    assert (result.outcome, result.error_code, result.message) == (Outcome.ERROR, "TOO_YOUNG", "not yet")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("import os", "Import is not allowed"),
        ("from os import system", "ImportFrom is not allowed"),
        ("__import__('os')", "name '__import__' is not allowed"),
        ("().__class__", "attribute '__class__' is not allowed"),
        ("'{0.__class__}'.format(1)", "attribute 'format' is not allowed"),
        ("'{x}'.format_map({})", "attribute 'format_map' is not allowed"),
        ("(x for x in []).gi_frame", "attribute 'gi_frame' is not allowed"),
        ("def f(): yield 1", "Yield is not allowed"),
        ("class A: pass", "ClassDef is not allowed"),
        ("async def f(): pass", "AsyncFunctionDef is not allowed"),
        ("with x: pass", "With is not allowed"),
        ("def __f(): pass", "name '__f' is not allowed"),
        ("f = lambda __x: 1", "name '__x' is not allowed"),
        ("global x", "Global is not allowed"),
    ],
)
def test_should_refuse_what_scripts_may_not_use(script: str, expected: str) -> None:
    result = run(script)
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False)
    assert expected in (result.message or "")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("open('/etc/passwd')", "line 1: NameError"),
        ("eval('1')", "NameError"),
        ("getattr(1, 'real')", "NameError"),
        ("type(1)", "NameError"),
        ("print(1)", "NameError"),
        ("x = 1\ny = 1 / 0", "line 2: ZeroDivisionError"),
        ("x = (", "line 1"),
        ("x = {1, 2}", "not JSON serializable"),
        ("x = float('nan')", "not JSON compliant"),
        ("def f(): return f()\nf()", "RecursionError"),
        ("x = 'a' * 5_000_000", "at most 4000000 characters"),
    ],
)
def test_should_say_what_went_wrong(script: str, expected: str) -> None:
    result = run(script)
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False)
    assert expected in (result.message or "")


@pytest.mark.parametrize(
    "script",
    [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except: pass",
        "x = 10 ** 10 ** 8",
        "x = 'a' * 10 ** 10",
        "x = []\nwhile True: x.append('a' * 1_000_000)",
    ],
    ids=["endless", "stubborn", "power", "string", "memory"],
)
def test_should_end_scripts_that_take_too_much(script: str) -> None:
    result = run(script)
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False)
    assert "CPU time" in (result.message or "")


def test_should_take_the_script_from_the_model_only() -> None:
    result = run_connector(PYTHON, variables={"script": "x = 1"})
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False)
    assert "task header 'script'" in (result.message or "")


def test_should_refuse_endless_scripts_before_running_them() -> None:
    assert "at most 64000" in (run("#" * 70_000).message or "")
