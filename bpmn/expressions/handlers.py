"""Reaching into registered handlers: the only place where an expression touches a Python object's attributes."""

from __future__ import annotations

from typing import Any

from bpmn.expressions.api import BpmnErrorRaised, EvaluationError, Value
from bpmn.expressions.execution import Execution
from bpmn.expressions.task import Task


class HandlerReference:
    """A registered handler while an expression holds it; never leaves the evaluation."""

    __slots__ = ("name", "target")

    def __init__(self, name: str, target: Any) -> None:
        self.name = name
        self.target = target

    def __call__(self, *arguments: Any, **named: Any) -> Value:
        return call_handler(self, None, list(arguments), named)


def read_handler_property(handler: HandlerReference, name: str) -> Value:
    """A public attribute; `name` also finds `getName()`, `isName()` and `get_name()` (Java beans).

    Raises EvaluationError where the handler has none of them.
    """
    _check_public(handler, name)
    if hasattr(handler.target, name):
        value = getattr(handler.target, name)
        return call_handler(handler, name, []) if callable(value) else value
    capital = name[0].upper() + name[1:]
    for getter in (f"get{capital}", f"is{capital}", f"get_{name}", f"is_{name}"):
        if callable(getattr(handler.target, getter, None)):
            return call_handler(handler, getter, [])
    raise EvaluationError(f"Expected handler {handler.name!r} to have property {name!r}, but it has not.")


def call_handler(
    handler: HandlerReference, method: str | None, arguments: list[Value], named: dict[str, Value] | None = None
) -> Value:
    """Call the handler itself (`method` None) or one of its public methods.

    Raises BpmnErrorRaised where the handler does, EvaluationError for every other failure of the handler.
    """
    if method is None:
        function = handler.target
    else:
        _check_public(handler, method)
        function = getattr(handler.target, method, None)
    described = handler.name if method is None else f"{handler.name}.{method}"
    if not callable(function):
        raise EvaluationError(f"Expected {described!r} to be callable, but the registered handler has no such method.")
    try:
        return function(*arguments, **(named or {}))
    except (EvaluationError, BpmnErrorRaised):
        raise
    except Exception as error:
        for argument in arguments:
            execution = argument.execution if isinstance(argument, Task) else argument
            if isinstance(execution, Execution) and execution.signal is error:
                raise
        raise EvaluationError(
            f"Expected handler {described!r} to return a value, but it raised {type(error).__name__}: {error}"
        ) from error


def _check_public(handler: HandlerReference, name: str) -> None:
    if name.startswith("_"):
        raise EvaluationError(f"Expected a public name of handler {handler.name!r}, but {name!r} is private.")
