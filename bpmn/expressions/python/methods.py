"""Methods that models may call, by type. Each takes the guard, the value and the arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bpmn.expressions.api import EvaluationError
from bpmn.expressions.limits import check_item_count, check_string_size
from bpmn.expressions.python.guard import Guard

Method = Callable[..., Any]

MUTATORS = frozenset(
    {
        "append",
        "extend",
        "insert",
        "pop",
        "remove",
        "sort",
        "reverse",
        "clear",
        "setdefault",
        "update",
        "add",
        "discard",
    }
)
"""Methods that change their value: programs that call one get copies of the variables."""


def find_method(value: Any, name: str) -> Method | None:
    for kind, table in _TABLES:
        if isinstance(value, kind):
            return table.get(name)
    return None


def _plain(method: Callable[..., Any]) -> Method:
    """A method whose cost is within the size of its value; tuples among arguments were lists in the model."""

    def call(guard: Guard, value: Any, *arguments: Any, **named: Any) -> Any:
        guard.made(value)
        return method(value, *[tuple(each) if isinstance(each, list) else each for each in arguments], **named)

    return call


def _scanning(method: Callable[..., Any]) -> Method:
    """A method that compares the items of its value with an argument."""

    def call(guard: Guard, value: Any, *arguments: Any) -> Any:
        guard.charge(value)
        for argument in arguments:
            guard.charge(argument)
        return method(value, *arguments)

    return call


def _padded(method: Callable[..., str]) -> Method:
    def call(guard: Guard, value: str, width: int, *fill: str) -> str:
        check_string_size(width)
        return method(value, width, *fill)

    return call


def _join(guard: Guard, separator: str, items: Any) -> str:
    parts = list(guard.iterate(items))
    if not all(isinstance(part, str) for part in parts):
        raise EvaluationError("Expected only strings to join, but there are other values: use str(value).")
    check_string_size(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def _replace(guard: Guard, text: str, old: str, new: str, count: int = -1) -> str:
    check_string_size(len(text) + text.count(old) * max(0, len(new) - len(old)))
    return text.replace(old, new, count)


def _extend(guard: Guard, items: list[Any], more: Any) -> None:
    added = list(guard.iterate(more))
    check_item_count(len(items) + len(added))
    guard.tick(len(added))
    items.extend(added)


def _sort(guard: Guard, items: list[Any], *, key: Any = None, reverse: bool = False) -> None:
    items[:] = sorted_items(guard, items, key=key, reverse=reverse)


def sorted_items(guard: Guard, items: Any, *, key: Any = None, reverse: bool = False) -> list[Any]:
    """`sorted`, charged for the comparisons of nested items."""
    given = list(guard.iterate(items))
    keys = given if key is None else [guard.invoke(key, item) for item in given]
    rounds = max(1, len(keys).bit_length())
    for _ in range(rounds if any(isinstance(each, list) for each in keys) else 1):
        guard.charge(keys)
    order = sorted(range(len(given)), key=keys.__getitem__, reverse=reverse)
    return [given[index] for index in order]


def _update(guard: Guard, target: dict[str, Any], *others: Any, **named: Any) -> None:
    for other in (*others, named):
        if not isinstance(other, dict):
            raise EvaluationError("Expected a map to update from, but got something else.")
        guard.tick(len(other))
        target.update(other)
    check_item_count(len(target))


def _strftime(guard: Guard, value: date, pattern: str) -> str:
    check_string_size(len(pattern) * 20)
    return value.strftime(pattern)


def _timestamp(guard: Guard, value: datetime) -> float:
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


_STRING: dict[str, Method] = {
    **{
        method.__name__: _plain(method)
        for method in (
            str.upper, str.lower, str.casefold, str.swapcase, str.title, str.capitalize, str.strip, str.lstrip,
            str.rstrip, str.startswith, str.endswith, str.split, str.rsplit, str.splitlines, str.find, str.rfind,
            str.index, str.count, str.partition, str.rpartition, str.removeprefix, str.removesuffix, str.isdigit,
            str.isdecimal, str.isnumeric, str.isalpha, str.isalnum, str.isspace, str.isupper, str.islower,
        )
    },
    "join": _join,
    "replace": _replace,
    "zfill": _padded(str.zfill),
    "ljust": _padded(str.ljust),
    "rjust": _padded(str.rjust),
    "center": _padded(str.center),
}  # fmt: skip
_LIST: dict[str, Method] = {
    "append": lambda guard, items, item: items.append(item),
    "extend": _extend,
    "insert": lambda guard, items, index, item: (guard.tick(len(items)), items.insert(index, item))[1],
    "pop": lambda guard, items, index=-1: (guard.tick(len(items)), items.pop(index))[1],
    "remove": _scanning(list.remove),
    "index": _scanning(list.index),
    "count": _scanning(list.count),
    "sort": _sort,
    "reverse": _plain(list.reverse),
    "copy": _plain(list.copy),
    "clear": _plain(list.clear),
}
_DICT: dict[str, Method] = {
    "get": lambda guard, value, key, default=None: value.get(key, default),
    "keys": lambda guard, value: list(value),
    "values": lambda guard, value: list(value.values()),
    "items": lambda guard, value: [[key, item] for key, item in value.items()],
    "pop": lambda guard, value, key, *default: value.pop(key, *default),
    "setdefault": lambda guard, value, key, default=None: value.setdefault(key, default),
    "update": _update,
    "copy": _plain(dict.copy),
    "clear": _plain(dict.clear),
}


def _set_operation(method: Callable[..., Any]) -> Method:
    def call(guard: Guard, value: set[Any], other: Any) -> Any:
        guard.made(value)
        return method(value, guard.charge(list(guard.iterate(other))))

    return call


_SET: dict[str, Method] = {
    "add": lambda guard, value, item: value.add(item),
    "discard": lambda guard, value, item: value.discard(item),
    "remove": lambda guard, value, item: value.remove(item),
    "copy": _plain(set.copy),
    **{
        method.__name__: _set_operation(method)
        for method in (set.union, set.intersection, set.difference, set.issubset, set.issuperset, set.isdisjoint)
    },
}
_DATE: dict[str, Method] = {
    "isoformat": lambda guard, value: value.isoformat(),
    "strftime": _strftime,
    "weekday": lambda guard, value: value.weekday(),
    "isoweekday": lambda guard, value: value.isoweekday(),
    "replace": lambda guard, value, **parts: value.replace(**parts),
}
_DATE_TIME: dict[str, Method] = {
    **_DATE,
    "date": lambda guard, value: value.date(),
    "time": lambda guard, value: value.time(),
    "timestamp": _timestamp,
}
_TABLES: tuple[tuple[Any, dict[str, Method]], ...] = (
    (str, _STRING),
    (list, _LIST),
    (dict, _DICT),
    (set, _SET),
    (datetime, _DATE_TIME),
    (date, _DATE),
    (timedelta, {"total_seconds": lambda guard, value: value.total_seconds()}),
    (float, {"is_integer": lambda guard, value: value.is_integer()}),
    (Decimal, {"quantize": lambda guard, value, exponent, *rounding: value.quantize(exponent, *rounding)}),
)
