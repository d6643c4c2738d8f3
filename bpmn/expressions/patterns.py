"""Regular expressions with a bound on their time.

Python's `re` cannot be interrupted, so a pattern from a model could hold a step for ever. QuickJS's engine stops at
its time limit; its syntax is close to Java's, which JUEL models were written for.
"""

from __future__ import annotations

import json

import quickjs

from bpmn.expressions.api import EvaluationError
from bpmn.expressions.limits import CPU_SECONDS, JAVASCRIPT_MEMORY, JAVASCRIPT_STACK, MAX_PATTERN

_META = frozenset(".^$*+?()[]{}|\\")


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches (`String.matches`)."""
    return bool(run_pattern(f"new RegExp({_quoted(f'^(?:{pattern})$')}).test({_quoted(text)})", pattern))


def replace_all(pattern: str, replacement: str, text: str) -> str:
    """`String.replaceAll`: `$1` in the replacement is a group."""
    return str(
        run_pattern(f"{_quoted(text)}.replace(new RegExp({_quoted(pattern)}, 'g'), {_quoted(replacement)})", pattern)
    )


def split(pattern: str, text: str) -> list[str]:
    """`String.split`: empty strings at the end are dropped."""
    if _META.isdisjoint(pattern):
        parts = text.split(pattern) if pattern else list(text)
    else:
        script = f"JSON.stringify({_quoted(text)}.split(new RegExp({_quoted(pattern)})))"
        parts = [part or "" for part in json.loads(str(run_pattern(script, pattern)))]
    while len(parts) > 1 and parts[-1] == "":
        parts.pop()
    return parts


def _quoted(text: str) -> str:
    return json.dumps(text)


def run_pattern(script: str, pattern: str) -> object:
    """What JavaScript gives that uses the pattern. EvaluationError where pattern or time limit is broken."""
    if len(pattern) > MAX_PATTERN:
        raise EvaluationError(
            f"Expected a regular expression of at most {MAX_PATTERN} characters, but it has {len(pattern)}."
        )
    context = quickjs.Context()
    context.set_memory_limit(JAVASCRIPT_MEMORY)
    context.set_max_stack_size(JAVASCRIPT_STACK)
    context.set_time_limit(CPU_SECONDS)
    try:
        return context.eval(script)
    except (quickjs.JSException, quickjs.StackOverflow) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EvaluationError(
            f"Expected the regular expression {pattern[:60]!r} to be applied, but it failed: {reason}."
        ) from error
