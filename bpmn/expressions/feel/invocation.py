"""Calling functions of FEEL (DMN 1.5, 10.3.2.13): null where the arguments do not fit."""

from __future__ import annotations

from typing import Any

from bpmn.expressions.feel.scope import Run
from bpmn.expressions.feel.types import ANY, MISMATCH, coerced
from bpmn.expressions.feel.values import UNFIT, Function


def invoke(function: Any, arguments: list[Any], run: Run) -> Any:
    """Call with arguments in order."""
    if not isinstance(function, Function):
        return None
    for variant in function.variants:
        count = len(arguments)
        if count < variant.needed or (count > len(variant.parameters) and not variant.variadic):
            continue
        if (result := variant.call(run, *arguments)) is not UNFIT:
            return result
    if function.variants or len(arguments) != len(function.parameters):
        return None
    return _call_declared(function, arguments, run)


def invoke_named(function: Any, arguments: dict[str, Any], run: Run) -> Any:
    """Call with named arguments, in any order."""
    if not isinstance(function, Function):
        return None
    for variant in function.variants:
        known = variant.parameters
        if not arguments.keys() <= set(known) or not set(known[: variant.needed]) <= arguments.keys():
            continue
        ordered = [arguments.get(name) for name in known]
        while len(ordered) > variant.needed and known[len(ordered) - 1] not in arguments:
            ordered.pop()
        if (result := variant.call(run, *ordered)) is not UNFIT:
            return result
    if function.variants or arguments.keys() != set(function.parameters):
        return None
    return _call_declared(function, [arguments[name] for name in function.parameters], run)


def _call_declared(function: Function, arguments: list[Any], run: Run) -> Any:
    """A function that the model defines: its arguments and result are of the types that it says."""
    if function.types:
        arguments = [coerced(value, kind) for value, kind in zip(arguments, function.types, strict=True)]
        if any(value is MISMATCH for value in arguments):
            return None
    run.enter()
    try:
        result = function.call(run, *arguments)
    finally:
        run.leave()
    result = coerced(result, function.result or ANY)
    return None if result is MISMATCH else result
