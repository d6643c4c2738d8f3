"""Types of FEEL: what a value is an instance of, and what conforms to what (DMN 1.5, 10.3.2.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.values import Function, Range


class Type:
    """What values may be."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Simple(Type):
    """A built-in type without parameters; `Any` and `Null` among them."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf(Type):
    item: Type


@dataclass(frozen=True, slots=True)
class ContextOf(Type):
    fields: Mapping[str, Type]


@dataclass(frozen=True, slots=True)
class RangeOf(Type):
    endpoint: Type


@dataclass(frozen=True, slots=True)
class FunctionOf(Type):
    parameters: tuple[Type, ...]
    result: Type


@dataclass(slots=True)
class Named(Type):
    """A type of the model (item definition). `target` is set once all of them are read, as they may name each other.

    `allowed` asks whether a value is one of the allowed ones.
    """

    name: str
    target: Type = field(default_factory=lambda: Simple("Any"))
    allowed: Callable[[Any], bool] | None = None


ANY = Simple("Any")
NULL = Simple("Null")
NUMBER = Simple("number")
STRING = Simple("string")
BOOLEAN = Simple("boolean")
DATE = Simple("date")
TIME = Simple("time")
DATE_TIME = Simple("date and time")
DAYS = Simple("days and time duration")
MONTHS = Simple("years and months duration")

BUILT_IN: dict[str, Type] = {
    **{each.name: each for each in (ANY, NULL, NUMBER, STRING, BOOLEAN, DATE, TIME, DATE_TIME, DAYS, MONTHS)},
    # As DMN 1.1 and tools write them.
    "any": ANY,
    "null": NULL,
    "dateTime": DATE_TIME,
    "date time": DATE_TIME,
    "dayTimeDuration": DAYS,
    "day time duration": DAYS,
    "yearMonthDuration": MONTHS,
    "year month duration": MONTHS,
    "list": ListOf(ANY),
    "context": ContextOf({}),
    "range": RangeOf(ANY),
    "function": Simple("function"),
}


class Mismatch:
    """What `coerced` answers where a value does not fit."""


MISMATCH = Mismatch()


def is_number(value: Any) -> bool:
    return type(value) is Decimal or type(value) is int


def instance_of(value: Any, kind: Type) -> bool:
    """Whether the value belongs to the type. Null belongs to `Null` and `Any` only (10.3.2.9.3)."""
    while isinstance(kind, Named):
        if value is None:
            return False
        if kind.allowed is not None and not kind.allowed(value):
            return False
        kind = kind.target
    match kind:
        case Simple(name):
            return _SIMPLE[name](value)
        case ListOf(item):
            return isinstance(value, list) and (
                item is ANY or all(each is None or instance_of(each, item) for each in value)
            )
        case ContextOf(fields):
            return isinstance(value, dict) and all(
                name in value and (value[name] is None or instance_of(value[name], each))
                for name, each in fields.items()
            )
        case RangeOf(endpoint):
            return isinstance(value, Range) and all(
                each is None or instance_of(each, endpoint) for each in (value.start, value.end)
            )
        case FunctionOf(parameters, result):
            return isinstance(value, Function) and _function_conforms(value, parameters, result)
    return False


_SIMPLE: dict[str, Callable[[Any], bool]] = {
    "Any": lambda value: True,
    "Null": lambda value: value is None,
    "number": is_number,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: isinstance(value, temporal.Date),
    "time": lambda value: isinstance(value, temporal.Time),
    "date and time": lambda value: isinstance(value, temporal.DateTime),
    "days and time duration": lambda value: isinstance(value, temporal.Nanos),
    "years and months duration": lambda value: isinstance(value, temporal.Months),
    "function": lambda value: isinstance(value, Function),
}


def _function_conforms(function: Function, parameters: tuple[Type, ...], result: Type) -> bool:
    if len(function.parameters) != len(parameters):
        return False
    known = function.types or (ANY,) * len(parameters)
    return conforms(function.result or ANY, result) and all(
        conforms(wanted, taken) for wanted, taken in zip(parameters, known, strict=True)
    )


def conforms(narrow: Type, wide: Type) -> bool:
    """Whether every value of the first type belongs to the second (10.3.2.9.2)."""
    while isinstance(wide, Named):
        if wide is narrow:
            return True
        wide = wide.target
    while isinstance(narrow, Named):
        narrow = narrow.target
    if wide == ANY or narrow in (NULL, wide):
        return True
    match narrow, wide:
        case ListOf(first), ListOf(second):
            return conforms(first, second)
        case RangeOf(first), RangeOf(second):
            return conforms(first, second)
        case ContextOf(first_fields), ContextOf(second_fields):
            return all(
                name in first_fields and conforms(first_fields[name], each) for name, each in second_fields.items()
            )
        case FunctionOf(first_parameters, first_result), FunctionOf(second_parameters, second_result):
            return (
                len(first_parameters) == len(second_parameters)
                and conforms(first_result, second_result)
                and all(conforms(b, a) for a, b in zip(first_parameters, second_parameters, strict=True))
            )
    return False


def coerced(value: Any, kind: Type) -> Any:
    """The value as one of the type: itself, a list of it, the only item of it, a date as its midnight in UTC.

    MISMATCH where it does not fit (10.3.2.9.4); null fits everywhere.
    """
    if value is None or kind is ANY:
        return value
    if fits(value, kind):
        return value
    target = resolved(kind)
    if isinstance(target, ListOf):
        if not isinstance(value, list) and fits(single := coerced(value, target.item), target.item):
            return [single] if fits([single], kind) else MISMATCH
        return MISMATCH
    if isinstance(value, list) and len(value) == 1:
        return value[0] if fits(value[0], kind) else MISMATCH
    if target == DATE_TIME and isinstance(value, temporal.Date):
        return temporal.midnight_utc(value)
    return MISMATCH


def fits(value: Any, kind: Type) -> bool:
    """As `instance_of`, with null for every type and within lists and contexts."""
    return value is None or (value is not MISMATCH and instance_of(value, kind))


def resolved(kind: Type) -> Type:
    """The type behind the names of the model."""
    while isinstance(kind, Named):
        kind = kind.target
    return kind


def show(kind: Type) -> str:
    """A type as FEEL writes it, for messages."""
    match kind:
        case Simple(name) | Named(name):
            return name
        case ListOf(item):
            return f"list<{show(item)}>"
        case ContextOf(fields):
            return "context<" + ", ".join(f"{name}: {show(each)}" for name, each in fields.items()) + ">"
        case RangeOf(endpoint):
            return f"range<{show(endpoint)}>"
        case FunctionOf(parameters, result):
            return f"function<{', '.join(show(each) for each in parameters)}> -> {show(result)}"
    return "Any"
