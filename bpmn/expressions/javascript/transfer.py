"""Values into QuickJS and out again, as JSON with tags for dates and large integers."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from bpmn.expressions.api import EvaluationError, Value
from bpmn.expressions.juel.coerce import duration_text
from bpmn.expressions.values import plain

_TAG = "$bpmnd"
_EXACT = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_AS_THEY_ARE = frozenset({type(None), bool, float, str})


def to_json(value: dict[str, Any]) -> str:
    """JSON text for `prelude.js`. Decimals become JavaScript's numbers, durations and times ISO 8601 text."""
    return json.dumps(value, default=_tagged, ensure_ascii=True)


def checked_in(value: Value) -> Any:
    """A variable's value as `to_json` can write it: integers that JavaScript's numbers cannot hold are tagged."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is int:
        return value if -_EXACT <= value <= _EXACT else {_TAG: "integer", "v": str(value)}
    if kind is list:
        return [checked_in(item) for item in value]
    if kind is dict:
        return {key: checked_in(item) for key, item in value.items()}
    return value


def _tagged(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return {_TAG: "date", "v": ((value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH) / _MILLISECOND}
    if isinstance(value, date):
        return {_TAG: "date", "v": (datetime(value.year, value.month, value.day, tzinfo=UTC) - _EPOCH) / _MILLISECOND}
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise EvaluationError(f"Expected variables that JavaScript can hold, but one has type {type(value).__name__!r}.")


def from_json(value: Any) -> Value:
    """A value written by `prelude.js`: whole numbers are ints, dates are date-times in UTC."""
    return plain(_untagged(value))


def _untagged(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    if isinstance(value, list):
        return [_untagged(item) for item in value]
    if isinstance(value, dict):
        content = value["v"]
        match value[_TAG]:
            case "date":
                try:
                    return _EPOCH + content * _MILLISECOND
                except OverflowError as error:
                    raise EvaluationError("Expected a date between the years 1 and 9999, but got another.") from error
            case "integer":
                return int(content)
        return {key: _untagged(item) for key, item in content}
    return value
