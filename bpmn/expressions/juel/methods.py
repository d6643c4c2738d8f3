"""Methods of values by their Java names. Tables, never Python's own attributes; nothing here changes a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from isodate import Duration

from bpmn.expressions import patterns
from bpmn.expressions.api import EvaluationError
from bpmn.expressions.juel.coerce import shown, to_number, to_text
from bpmn.expressions.limits import check_string_size
from bpmn.expressions.values import type_name, with_zone

Method = tuple[int, int, Callable[..., Any]]
"""Least and greatest number of arguments (without the value itself), and the function."""


def call_method(value: Any, name: str, arguments: list[Any]) -> Any:
    """Call a method of a value. Raises EvaluationError for null, unknown methods and wrong arguments."""
    if value is None:
        raise EvaluationError(f"Expected a value to call {name!r} on, but it is null.")
    method = _find(value, name)
    if method is None:
        if isinstance(value, dict) and not arguments:
            return _bean_getter(value, name)
        hint = " (values are not changed in place: use execution.setVariable)" if name in _MUTATORS else ""
        raise EvaluationError(f"Expected a method of a {type_name(value)}, but found {name!r}{hint}.")
    least, most, function = method
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise EvaluationError(f"Expected {name!r} to receive {wanted} argument(s), but it received {len(arguments)}.")
    try:
        return function(value, *arguments)
    except (TypeError, ValueError, IndexError, OverflowError, AttributeError) as error:
        raise EvaluationError(f"Expected valid arguments for {name!r}, but it failed: {error}.") from error


def _find(value: Any, name: str) -> Method | None:
    for kind, table in _TABLES:
        if isinstance(value, kind) and name in table:
            return table[name]
    return _ANY.get(name)


def _bean_getter(value: dict[str, Any], name: str) -> Any:
    """`customer.getName()`, `order.isPremium()`: the variable was a Java bean where the model comes from."""
    for prefix in ("get", "is"):
        rest = name.removeprefix(prefix)
        if rest and rest != name:
            for key in (rest[0].lower() + rest[1:], name, rest):
                if key in value:
                    return value[key]
    if name in value:
        return value[name]
    raise EvaluationError(f"Expected a method of a map or a getter of one of its keys, but found {name!r}.")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise EvaluationError(f"Expected a string, but got the {type_name(value)} {shown(value)}.")
    return value


def _int(value: Any) -> int:
    number = to_number(value)
    if number != int(number):
        raise EvaluationError(f"Expected an integer, but got {shown(value)}.")
    return int(number)


def _substring(text: str, start: Any, end: Any = None) -> str:
    first, last = _int(start), len(text) if end is None else _int(end)
    if not 0 <= first <= last <= len(text):
        raise EvaluationError(
            f"Expected positions within a string of {len(text)} characters, but got {first} to {last}."
        )
    return text[first:last]


def _replace(text: str, old: Any, new: Any) -> str:
    old, new = _string(old), _string(new)
    check_string_size(len(text) + text.count(old) * max(0, len(new) - len(old)))
    return text.replace(old, new)


def _repeat(text: str, count: Any) -> str:
    check_string_size(len(text) * max(0, _int(count)))
    return str(text * _int(count))


def _concat(text: str, other: Any) -> str:
    # EL coerces an argument to the type of the parameter, so a number is welcome.
    end = to_text(other)
    check_string_size(len(text) + len(end))
    return text + end


def _char_at(text: str, index: Any) -> str:
    return _substring(text, index, _int(index) + 1)


def _compare(left: Any, right: Any) -> int:
    if isinstance(left, datetime) and isinstance(right, datetime):
        left, right = with_zone(left), with_zone(right)
    elif not isinstance(left, str):
        left, right = (left, right) if isinstance(left, date) else (to_number(left), to_number(right))
    return bool(left > right) - bool(left < right)


def _index_of(items: list[Any], wanted: Any) -> int:
    return next((index for index, item in enumerate(items) if _same(item, wanted)), -1)


def _same(left: Any, right: Any) -> bool:
    """Java's `equals`: no coercion between types, but all numbers are of one type here."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def _item(items: list[Any], index: Any) -> Any:
    position = _int(index)
    if not 0 <= position < len(items):
        raise EvaluationError(f"Expected an index below {len(items)}, but got {position}.")
    return items[position]


def _entries(value: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": item} for key, item in value.items()]


def _plus(unit: str, sign: int) -> Method:
    def shift(value: date, amount: Any = 1) -> Any:
        count = sign * _int(amount)
        if unit in ("years", "months"):
            return value + Duration(**{unit: count})
        return value + timedelta(**{unit: count})

    return (0, 1, shift)


def _milliseconds(value: datetime) -> int:
    return (value.replace(tzinfo=value.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _property(value: Any, name: Any) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise EvaluationError(f"Expected a JSON object with property {name!r}, but the {type_name(value)} has none.")
    return value[name]


_STRING: dict[str, Method] = {
    "length": (0, 0, len),
    "isEmpty": (0, 0, lambda text: not text),
    "isBlank": (0, 0, lambda text: not text.strip()),
    "contains": (1, 1, lambda text, part: _string(part) in text),
    "startsWith": (1, 1, lambda text, part: text.startswith(_string(part))),
    "endsWith": (1, 1, lambda text, part: text.endswith(_string(part))),
    "substring": (1, 2, _substring),
    "indexOf": (1, 2, lambda text, part, start=0: text.find(_string(part), max(0, _int(start)))),
    "lastIndexOf": (1, 1, lambda text, part: text.rfind(_string(part))),
    "toUpperCase": (0, 0, str.upper),
    "toLowerCase": (0, 0, str.lower),
    "trim": (0, 0, str.strip),
    "strip": (0, 0, str.strip),
    "equalsIgnoreCase": (1, 1, lambda text, other: isinstance(other, str) and text.lower() == other.lower()),
    "replace": (2, 2, _replace),
    "replaceAll": (2, 2, lambda text, old, new: patterns.replace_all(_string(old), _string(new), text)),
    "split": (1, 1, lambda text, separator: patterns.split(_string(separator), text)),
    "concat": (1, 1, _concat),
    "charAt": (1, 1, _char_at),
    "matches": (1, 1, lambda text, pattern: patterns.matches(_string(pattern), text)),
    "repeat": (1, 1, _repeat),
    "compareTo": (1, 1, lambda text, other: _compare(text, _string(other))),
}
_LIST: dict[str, Method] = {
    "size": (0, 0, len),
    "get": (1, 1, _item),
    "contains": (1, 1, lambda items, wanted: _index_of(items, wanted) >= 0),
    "containsAll": (1, 1, lambda items, wanted: all(_index_of(items, item) >= 0 for item in wanted)),
    "isEmpty": (0, 0, lambda items: not items),
    "indexOf": (1, 1, _index_of),
    "subList": (2, 2, lambda items, start, end: items[_int(start) : _int(end)]),
    "elements": (0, 0, list),
}
_MAP: dict[str, Method] = {
    "get": (1, 1, lambda value, key: value.get(key)),
    "getOrDefault": (2, 2, lambda value, key, default: value.get(key, default)),
    "containsKey": (1, 1, lambda value, key: key in value),
    "containsValue": (1, 1, lambda value, wanted: _index_of(list(value.values()), wanted) >= 0),
    "size": (0, 0, len),
    "isEmpty": (0, 0, lambda value: not value),
    "keySet": (0, 0, list),
    "values": (0, 0, lambda value: list(value.values())),
    "entrySet": (0, 0, _entries),
    "prop": (1, 1, _property),
    "hasProp": (1, 1, lambda value, name: name in value),
    "fieldNames": (0, 0, list),
}
_NUMBER: dict[str, Method] = {
    "intValue": (0, 0, int),
    "longValue": (0, 0, int),
    "doubleValue": (0, 0, float),
    "floatValue": (0, 0, float),
    "compareTo": (1, 1, _compare),
    "numberValue": (0, 0, lambda value: value),
}
_BOOLEAN: dict[str, Method] = {"booleanValue": (0, 0, bool), "boolValue": (0, 0, bool)}
_DATE: dict[str, Method] = {
    "before": (1, 1, lambda value, other: _compare(value, other) < 0),
    "isBefore": (1, 1, lambda value, other: _compare(value, other) < 0),
    "after": (1, 1, lambda value, other: _compare(value, other) > 0),
    "isAfter": (1, 1, lambda value, other: _compare(value, other) > 0),
    "compareTo": (1, 1, _compare),
    "toDate": (0, 0, lambda value: value),
    "getYear": (0, 0, lambda value: value.year),
    "getMonthValue": (0, 0, lambda value: value.month),
    "getMonthOfYear": (0, 0, lambda value: value.month),
    "getDayOfMonth": (0, 0, lambda value: value.day),
    "getDayOfWeek": (0, 0, lambda value: value.isoweekday()),
    **{
        f"{verb}{unit.capitalize()}": _plus(unit, sign)
        for verb, sign in (("plus", 1), ("minus", -1))
        for unit in ("years", "months", "weeks", "days")
    },
}
_DATE_TIME: dict[str, Method] = {
    "getTime": (0, 0, _milliseconds),
    "getMillis": (0, 0, _milliseconds),
    "getHourOfDay": (0, 0, lambda value: value.hour),
    "getHour": (0, 0, lambda value: value.hour),
    "getMinute": (0, 0, lambda value: value.minute),
    **{
        f"{verb}{unit.capitalize()}": _plus(unit, sign)
        for verb, sign in (("plus", 1), ("minus", -1))
        for unit in ("hours", "minutes", "seconds")
    },
}
_ANY: dict[str, Method] = {
    "toString": (0, 0, to_text),
    "equals": (1, 1, _same),
    "stringValue": (0, 0, to_text),
    "value": (0, 0, lambda value: value),
}
_TABLES: tuple[tuple[Any, Mapping[str, Method]], ...] = (
    (str, _STRING),
    (list, _LIST),
    (dict, _MAP),
    (bool, _BOOLEAN),
    ((int, float, Decimal), _NUMBER),
    (datetime, _DATE_TIME),
    (date, _DATE),
)
_MUTATORS = frozenset({"add", "addAll", "put", "putAll", "remove", "clear", "set", "sort", "removeAll", "append"})


def read_json(value: Any) -> Any:
    """Spin's `S(...)`/`JSON(...)`: text to JSON, anything else as it is."""
    if not isinstance(value, str):
        return value
    check_string_size(len(value))
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise EvaluationError(f"Expected JSON text, but it cannot be read: {error}.") from error
