"""What one evaluation may cost. One place, so that every language refuses the same things."""

from __future__ import annotations

from typing import Any

from bpmn.expressions.api import CompileError, EvaluationError

MAX_TEXT = 100_000
"""Characters of an expression or script."""
MAX_NESTING = 32
"""Parentheses, operators, conditionals within each other."""
MAX_STRING = 1_000_000
"""Characters of a string that is made."""
MAX_ITEMS = 100_000
"""Items of a list or map that is made, numbers of a range."""
MAX_INT_BITS = 4096
"""Size of an integer that is made; far above any amount, far below what takes time."""
MAX_DEPTH = 100
"""Lists and maps within each other in a value."""
MAX_VALUES = 250_000
"""Values, nested ones included, in a result."""
MAX_PATTERN = 1_000
"""Characters of a regular expression."""
CPU_SECONDS = 0.1
"""CPU time of a script inside a step."""
JAVASCRIPT_MEMORY = 32 * 1024 * 1024
JAVASCRIPT_STACK = 256 * 1024


def check_text(text: str, language: str) -> None:
    """Refuse a text that is too long to be compiled in reasonable time (CompileError)."""
    if len(text) > MAX_TEXT:
        raise CompileError(
            f"Expected {language} text of at most {MAX_TEXT} characters, but it has {len(text)}.",
            hint="Move the work into a connector or a decision.",
        )


def check_string_size(size: int) -> None:
    if size > MAX_STRING:
        raise EvaluationError(f"Expected a string of at most {MAX_STRING} characters, but it would have {size}.")


def check_item_count(count: int) -> None:
    if count > MAX_ITEMS:
        raise EvaluationError(f"Expected at most {MAX_ITEMS} items, but there would be {count}.")


def too_large_integer() -> EvaluationError:
    return EvaluationError(f"Expected an integer of at most {MAX_INT_BITS} bits, but it would be larger.")


def multiply(left: Any, right: Any) -> Any:
    """Product of two numbers; refuses integers that would be larger than the limit."""
    if type(left) is int and type(right) is int and left.bit_length() + right.bit_length() > MAX_INT_BITS:
        raise too_large_integer()
    return left * right


def check_integer(value: Any) -> Any:
    """The value itself; EvaluationError where it is an integer above the limit."""
    if type(value) is int and value.bit_length() > MAX_INT_BITS:
        raise too_large_integer()
    return value
