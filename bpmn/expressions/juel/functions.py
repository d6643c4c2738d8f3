"""Functions that Camunda 7 (`now()`, `S()`) and Flowable (`vars:get(name)`) add to JUEL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.expressions.api import Context, EvaluationError
from bpmn.expressions.juel.coerce import equal, greater, greater_or_equal, is_empty, less, less_or_equal
from bpmn.expressions.juel.methods import read_json
from bpmn.expressions.scope import read_variable

Function = tuple[int, Callable[..., Any]]
"""Number of arguments, and what it does with the context and them."""

FUNCTIONS: dict[str, Function] = {
    "now": (0, lambda context: context.now),
    "dateTime": (0, lambda context: context.now),
    "S": (1, lambda context, value: read_json(value)),
    "JSON": (1, lambda context, value: read_json(value)),
}

# Flowable, "Variable functions": the first argument is the name of a variable; a missing one compares as null.
VARIABLE_PREFIXES = frozenset({"vars", "var", "variables"})
_VARIABLE_FUNCTIONS: dict[tuple[str, ...], tuple[int, Callable[..., Any]]] = {
    ("get",): (0, lambda value: value),
    ("getOrDefault",): (1, lambda value, default: default if value is None else value),
    ("exists", "exist"): (0, lambda value: value is not None),
    ("isEmpty", "empty"): (0, is_empty),
    ("isNotEmpty", "notEmpty"): (0, lambda value: not is_empty(value)),
    ("equals", "eq"): (1, equal),
    ("notEquals", "ne"): (1, lambda value, other: not equal(value, other)),
    ("lowerThan", "lessThan", "lt"): (1, less),
    ("lowerThanOrEquals", "lessThanOrEquals", "lte"): (1, less_or_equal),
    ("greaterThan", "gt"): (1, greater),
    ("greaterThanOrEquals", "gte"): (1, greater_or_equal),
    ("contains",): (-1, lambda value, *wanted: all(_has(value, item) for item in wanted)),
    ("containsAny",): (-1, lambda value, *wanted: any(_has(value, item) for item in wanted)),
}


def _has(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    return isinstance(value, list) and any(item == wanted for item in value)


def _reading(operation: Callable[..., Any]) -> Callable[..., Any]:
    def call(context: Context, name: Any, *arguments: Any) -> Any:
        if not isinstance(name, str):
            raise EvaluationError(f"Expected the name of a variable, but got {name!r}.")
        try:
            value = read_variable(context, name)
        except KeyError:
            value = None
        return operation(value, *arguments)

    return call


FUNCTIONS.update(
    {
        f"{prefix}:{name}": (count if count < 0 else count + 1, _reading(operation))
        for prefix in VARIABLE_PREFIXES
        for names, (count, operation) in _VARIABLE_FUNCTIONS.items()
        for name in names
    }
)


def reads_variable(function: str) -> bool:
    """Whether the function's first argument names a variable that it reads."""
    return function.partition(":")[0] in VARIABLE_PREFIXES and ":" in function
