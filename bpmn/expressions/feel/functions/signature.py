"""How built-in functions are declared: their names in FEEL, their parameters, the kinds of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.scope import Run
from bpmn.expressions.feel.types import is_number
from bpmn.expressions.feel.values import UNFIT, Function, Range, Variant

_CHECKS: dict[str, Callable[[Any], bool]] = {
    "any": lambda value: True,
    "number": is_number,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "context": lambda value: isinstance(value, dict),
    "function": lambda value: isinstance(value, Function),
    "range": lambda value: isinstance(value, Range),
    "day": lambda value: isinstance(value, temporal.Date | temporal.DateTime),
    "time": lambda value: isinstance(value, temporal.Time),
    "days": lambda value: isinstance(value, temporal.Nanos),
    "point": lambda value: value is not None and not isinstance(value, list | dict | Function | Range),
    "ranged": lambda value: value is not None and not isinstance(value, list | dict | Function),
}
_MISSING: Any = object()


class _Parameter:
    """`name: kind`, with `?` behind the kind where it may be left out, `|null` where null is taken, `...` for many."""

    __slots__ = ("check", "kind", "name", "nullable", "optional", "variadic")

    def __init__(self, text: str) -> None:
        name, _, kind = (part.strip() for part in text.partition(":"))
        self.variadic = kind.endswith("...")
        kind = kind.removesuffix("...")
        self.optional = kind.endswith("?")
        kind = kind.removesuffix("?")
        self.nullable = kind.endswith("|null") or kind == "any"
        self.name, self.kind = name, kind.removesuffix("|null")
        self.check = _CHECKS[self.kind]

    def take(self, value: Any) -> Any:
        """The argument as the parameter wants it; _MISSING where it does not fit (DMN 1.5, 10.3.2.9.4)."""
        if value is None:
            return None if self.nullable else _MISSING
        if self.check(value):
            return value
        if self.kind == "list":
            return [value]
        if isinstance(value, list) and len(value) == 1 and value[0] is not None and self.check(value[0]):
            return value[0]
        return _MISSING


def variant(signature: str, implementation: Callable[..., Any], *, with_run: bool = False) -> Variant:
    """One way to call a function. With `with_run` the implementation gets the evaluation's `Run` first."""
    parameters = [_Parameter(part) for part in signature.split(",")] if signature else []
    last = parameters[-1] if parameters and parameters[-1].variadic else None

    def call(run: Run, *arguments: Any) -> Any:
        run.tick(1)
        taken = []
        for at, argument in enumerate(arguments):
            parameter = parameters[at] if at < len(parameters) else last
            assert parameter is not None, "invocation checks the number of arguments"
            value = parameter.take(argument)
            if value is _MISSING:
                return UNFIT
            taken.append(value)
        return implementation(run, *taken) if with_run else implementation(*taken)

    return Variant(
        parameters=tuple(parameter.name for parameter in parameters),
        needed=sum(not parameter.optional and not parameter.variadic for parameter in parameters),
        call=call,
        variadic=last is not None,
    )


def function(name: str, *variants: Variant) -> Function:
    """A built-in function; of its variants the first that fits the number or the names of the arguments is called."""

    def call(run: Run, *arguments: Any) -> Any:
        raise AssertionError("Expected a built-in function to be called by its variants")

    longest = max(variants, key=lambda each: len(each.parameters))
    return Function(name, longest.parameters, call, variants=variants)


def simple(name: str, signature: str, implementation: Callable[..., Any], *, with_run: bool = False) -> Function:
    """A built-in function that is called in one way."""
    return function(name, variant(signature, implementation, with_run=with_run))
