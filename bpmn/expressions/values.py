"""Values that leave an expression: JSON-like, finite, acyclic, bounded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from isodate import Duration

from bpmn.expressions.api import EvaluationError, Value
from bpmn.expressions.limits import MAX_DEPTH, MAX_STRING, MAX_VALUES, check_integer

_AS_THEY_ARE = frozenset({type(None), bool, date, timedelta, Duration, bytes})


def plain(value: Any) -> Value:
    """The value as JSON-like data.

    Tuples and sets become lists (sets sorted where their items can be), date-times without zone get UTC. Fresh
    containers are made, so that nothing of the sandbox is shared with the state.

    Raises EvaluationError for NaN and infinity, text that cannot be stored (NUL, lone surrogates), keys that are not
    strings, containers within themselves, objects of other types and values above the limits.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is str:
        return _checked_text(value)
    if kind is int:
        return check_integer(value)
    return _Copier().copy(value, 0)


class _Copier:
    def __init__(self) -> None:
        self._left = MAX_VALUES

    def copy(self, value: Any, depth: int) -> Value:
        self._left -= 1
        if self._left < 0:
            raise EvaluationError(f"Expected a value of at most {MAX_VALUES} parts, but it has more.")
        kind = type(value)
        if kind is str:
            return _checked_text(value)
        if kind in _AS_THEY_ARE:
            return value
        if kind is int:
            return check_integer(value)
        if kind is float:
            if not isfinite(value):
                raise EvaluationError(f"Expected a finite number, but got {value}.")
            return value
        if kind is Decimal:
            if not value.is_finite():
                raise EvaluationError(f"Expected a finite number, but got {value}.")
            return value
        if depth > MAX_DEPTH:
            raise EvaluationError(
                f"Expected lists and maps nested at most {MAX_DEPTH} deep, but the value is deeper or contains itself."
            )
        if isinstance(value, dict):
            return {_key(key): self.copy(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.copy(item, depth + 1) for item in value]
        if isinstance(value, set | frozenset):
            return [self.copy(item, depth + 1) for item in _in_stable_order(value)]
        if kind is datetime or kind is time:
            return with_zone(value)
        raise EvaluationError(
            f"Expected a value that can be stored as JSON, but got an object of type {kind.__name__!r}."
        )


def with_zone(value: datetime | time) -> datetime | time:
    """Date-times without a zone are UTC; plain times of day stay as they are."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


def _key(key: Any) -> str:
    if type(key) is str:
        return _checked_text(key)
    if type(key) in (int, bool):
        return str(key)
    raise EvaluationError(f"Expected map keys to be strings, but one has type {type(key).__name__!r}.")


def _in_stable_order(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=lambda item: (type(item).__name__, repr(item)))


def _checked_text(text: str) -> str:
    if len(text) > MAX_STRING:
        raise EvaluationError(f"Expected a string of at most {MAX_STRING} characters, but it has {len(text)}.")
    if "\x00" in text:
        raise EvaluationError("Expected text without NUL characters, but there is one.")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise EvaluationError("Expected valid Unicode text, but there is a lone surrogate.") from error
    return text


def type_name(value: Any) -> str:
    """What the type of a value is called in messages."""
    if value is None:
        return "null"
    for kind, name in _TYPE_NAMES:
        if isinstance(value, kind):
            return name
    return type(value).__name__


_TYPE_NAMES: tuple[tuple[Any, str], ...] = (
    (bool, "boolean"),
    ((int, float, Decimal), "number"),
    (str, "string"),
    (dict, "map"),
    ((list, tuple, set, frozenset), "list"),
    (datetime, "date-time"),
    (date, "date"),
    (time, "time"),
    ((timedelta, Duration), "duration"),
    (bytes, "bytes"),
)
