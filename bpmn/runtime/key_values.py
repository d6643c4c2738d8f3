"""Values of correlation keys: read from a message or from the data of a process, and compared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from bpmn.expressions.api import (
    NO_HANDLERS,
    BpmnErrorRaised,
    Compiled,
    Context,
    EvaluationError,
    ExecutionInfo,
    Handlers,
    Lookup,
)

Value = Any
Values = tuple[Value, ...]

_OF_A_MESSAGE = ExecutionInfo("", "", "", 0, None, "", None, "")
"""A message knows no instance."""


def key_values(
    paths: Iterable[Compiled],
    lookup: Lookup,
    now: datetime,
    *,
    execution: ExecutionInfo = _OF_A_MESSAGE,
    handlers: Handlers = NO_HANDLERS,
) -> Values | None:
    """What the paths find, in their order; None where one finds nothing, fails, or finds no scalar.

    A message that lacks a value belongs to no conversation with this key; that is no error of the message.
    """
    found: list[Value] = []
    for path in paths:
        context = Context(variables=lookup, execution=execution, now=now, handlers=handlers)
        try:
            value = path.evaluate(context)
        except (EvaluationError, BpmnErrorRaised):
            return None
        if value is None or isinstance(value, list | dict):
            return None
        found.append(value)
    return tuple(found)


def same_values(left: Values | None, right: Values | None) -> bool:
    """Equal by value and type: 1 and "1", 1 and true differ; 1 and 1.0 do not."""
    if left is None or right is None:
        return left is right
    return len(left) == len(right) and all(map(_same, left, right))


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(_exact(left) == _exact(right))


def _exact(value: Value) -> Value:
    return Decimal(repr(value)) if isinstance(value, float) else value
