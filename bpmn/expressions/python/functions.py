"""Builtins that models may call; all bounded, none gives access to a type or a frame."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from bpmn.expressions.api import BpmnErrorRaised, EvaluationError
from bpmn.expressions.limits import MAX_INT_BITS, check_item_count
from bpmn.expressions.python.guard import Guard, SafeFunction
from bpmn.expressions.python.methods import sorted_items

_LONGEST_NUMBER = 1_300


def _len(guard: Guard, value: Any) -> int:
    if not isinstance(value, list | dict | str | set):
        raise EvaluationError("Expected a list, map, set or string to measure, but got something else.")
    return len(value)


def _sum(guard: Guard, items: Any, start: Any = 0) -> Any:
    total = start
    for item in guard.iterate(items):
        total = guard.add(total, item)
    return total


def _extreme(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(guard: Guard, *arguments: Any, key: Any = None, **default: Any) -> Any:
        items = list(guard.iterate(arguments[0])) if len(arguments) == 1 else list(arguments)
        guard.charge(items)
        return function(items, key=None if key is None else guard.function(key), **default)

    return call


def _round(guard: Guard, value: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > 100:
        raise EvaluationError(f"Expected to round to at most 100 digits, but got {digits}.")
    if isinstance(value, Decimal) and abs(value.adjusted()) > MAX_INT_BITS // 4:
        raise EvaluationError("Expected a decimal of moderate size to round, but its exponent is too large.")
    return round(value, digits)


def _range(guard: Guard, *bounds: int) -> list[int]:
    numbers = range(*bounds)
    # len() of a range beyond the machine's word raises OverflowError; the difference of the bounds does not.
    check_item_count((numbers.stop - numbers.start) // numbers.step)
    return list(numbers)


def _number_text(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        raise EvaluationError(f"Expected a number of at most {_LONGEST_NUMBER} characters, but it has {len(value)}.")
    return value


def _int(guard: Guard, value: Any = 0, base: int | None = None) -> int:
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() > MAX_INT_BITS // 4:
        raise EvaluationError("Expected a decimal of moderate size, but its exponent is too large.")
    return int(_number_text(value)) if base is None else int(_number_text(value), base)


def _decimal(guard: Guard, value: Any = 0) -> Decimal:
    try:
        return Decimal(_number_text(value))
    except InvalidOperation as error:
        raise EvaluationError(f"Expected a decimal number, but got {str(value)[:40]!r}.") from error


def _str(guard: Guard, value: Any = "") -> str:
    return guard.text(value)


def _list(guard: Guard, items: Any = ()) -> list[Any]:
    return list(guard.iterate(items)) if items != () else []


def _dict(guard: Guard, value: Any = None, **named: Any) -> dict[Any, Any]:
    if value is None:
        return dict(named)
    pairs = value if isinstance(value, dict) else [tuple(guard.iterate(pair)) for pair in guard.iterate(value)]
    return {**dict(pairs), **named}


def _enumerate(guard: Guard, items: Any, start: int = 0) -> list[list[Any]]:
    return [[index, item] for index, item in enumerate(guard.iterate(items), start)]


def _zip(guard: Guard, *lists: Any) -> list[list[Any]]:
    return [list(row) for row in zip(*[guard.iterate(each) for each in lists], strict=False)]


def _isinstance(guard: Guard, value: Any, kinds: Any) -> bool:
    wanted = kinds if isinstance(kinds, list) else [kinds]
    if not all(isinstance(kind, SafeFunction) and kind.kind is not None for kind in wanted):
        raise EvaluationError("Expected types such as str or int in isinstance, but got something else.")
    return isinstance(value, tuple(kind.kind for kind in wanted))


def _bpmn_error(guard: Guard, code: Any, message: Any = "", variables: Any = None) -> BpmnErrorRaised:
    return BpmnErrorRaised(guard.text(code), guard.text(message), variables if isinstance(variables, dict) else None)


def _map(guard: Guard, function: Any, *lists: Any) -> list[Any]:
    return [guard.invoke(function, *row) for row in zip(*[guard.iterate(each) for each in lists], strict=False)]


def _filter(guard: Guard, function: Any, items: Any) -> list[Any]:
    return [item for item in guard.iterate(items) if (item if function is None else guard.invoke(function, item))]


def _moment(guard: Guard, text: str) -> datetime:
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _datetime(guard: Guard, *parts: Any, **named: Any) -> datetime:
    value = datetime(*parts, **named)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _now(guard: Guard, *zone: Any) -> datetime:
    return guard.context.now


def _today(guard: Guard) -> date:
    return guard.context.now.date()


_ALL = (
    SafeFunction("len", _len),
    SafeFunction("sum", _sum),
    SafeFunction("min", _extreme(min)),
    SafeFunction("max", _extreme(max)),
    SafeFunction("sorted", sorted_items),
    SafeFunction("reversed", lambda guard, items: list(guard.iterate(items))[::-1]),
    SafeFunction("abs", lambda guard, value: abs(value)),
    SafeFunction("round", _round),
    SafeFunction("any", lambda guard, items: any(guard.iterate(items))),
    SafeFunction("all", lambda guard, items: all(guard.iterate(items))),
    SafeFunction("range", _range),
    SafeFunction("enumerate", _enumerate),
    SafeFunction("zip", _zip),
    SafeFunction("map", _map),
    SafeFunction("filter", _filter),
    SafeFunction("format", lambda guard, value, specification="": guard.format(value, specification)),
    SafeFunction("isinstance", _isinstance),
    SafeFunction("str", _str, str),
    SafeFunction("int", _int, int),
    SafeFunction("float", lambda guard, value=0: float(_number_text(value)), float),
    SafeFunction("bool", lambda guard, value=False: bool(value), bool),
    SafeFunction("list", _list, list),
    SafeFunction("tuple", _list, list),
    SafeFunction("dict", _dict, dict),
    SafeFunction("set", lambda guard, items=(): set(_list(guard, items)), set),
    SafeFunction("Decimal", _decimal, Decimal),
    SafeFunction("timedelta", lambda guard, *parts, **named: timedelta(*parts, **named), timedelta),
    SafeFunction(
        "date",
        lambda guard, *parts, **named: date(*parts, **named),
        date,
        {"today": _today, "fromisoformat": lambda guard, text: date.fromisoformat(text)},
    ),
    SafeFunction(
        "datetime", _datetime, datetime, {"now": _now, "utcnow": _now, "today": _now, "fromisoformat": _moment}
    ),
    SafeFunction("now", _now),
    SafeFunction("BpmnError", _bpmn_error),
)
FUNCTIONS: dict[str, SafeFunction] = {function.name: function for function in _ALL}
