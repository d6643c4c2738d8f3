"""JSON as it comes in from and goes out to clients: numbers are exact in both directions."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson
from isodate import Duration, duration_isoformat

from server.store.values import FileReference, Value

_INEXACT = re.compile(rb"[\d.]{16}|[eE][+-]?\d{3}")
"""What a number needs to have in it for a float or a 64-bit integer to miss it."""
_MAX_EXPONENT = 6144
"""Of decimals (as in decimal128): arithmetic on 1e999999999 would take all memory."""


def parse_json(data: bytes | str) -> Value:
    """Value of a JSON document; numbers that no float shows exactly are Decimals, integers have any size.

    Raises ValueError for what is not JSON (NaN, trailing commas, lone surrogates) and for numbers beyond 1e6144.
    What JSON allows and values may not have (NUL, deep nesting) is for `check_value`.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if _INEXACT.search(raw) is None:
        return orjson.loads(raw)
    try:
        value = json.loads(raw.decode("utf-8"), parse_float=_number, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("Expected at most 200 levels of nesting, but the document is deeper") from None
    if b"\\u" in raw:
        _refuse_surrogates(value)
    return value


def _refuse_surrogates(value: Value) -> None:
    """What the fast path refuses too: `\\ud800` without its other half."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            try:
                item.encode()
            except UnicodeEncodeError:
                raise ValueError("Expected Unicode text, but the document has a lone surrogate") from None
        elif isinstance(item, dict):
            pending.extend(item)
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def refuse_repeated_names(data: bytes, value: Value) -> None:
    """Raises ValueError where an object of the document that was parsed to `value` has a name twice.

    Parsers take the last one in silence, a proxy in front may take the first. There is one colon per member, so that
    a document without others needs no second look.
    """
    members, pending = 0, [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            members += len(item)
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    if data.count(b":") != members:
        json.loads(data, object_pairs_hook=_without_repetition, parse_int=str, parse_float=str)


def _without_repetition(pairs: list[tuple[str, Any]]) -> None:
    if len(names := {name for name, _ in pairs}) == len(pairs):
        return
    for name, _ in pairs:
        if name not in names:
            raise ValueError(f"Expected every name once in an object, but '{name[:80]}' comes twice")
        names.discard(name)


def _number(literal: str) -> float | Decimal:
    exact = Decimal(literal)
    number = float(literal)
    if math.isfinite(number) and Decimal(repr(number)) == exact:
        return number
    if exact and abs(exact.adjusted()) > _MAX_EXPONENT:
        raise ValueError(f"Expected a number up to 1e{_MAX_EXPONENT} (or 1e-{_MAX_EXPONENT}), but got '{literal[:40]}'")
    return exact


def _refuse(literal: str) -> None:
    raise ValueError(f"Expected JSON, but '{literal}' is no JSON number")


def to_json(value: Value) -> Any:
    """The value as JSON data, as the API shows it.

    Date-times are RFC 3339 (in UTC with `Z`), dates, times and durations ISO 8601 text, bytes Base64 text, file
    references objects. Decimals become the int or float of the same digits, or stay Decimal where there is none;
    `dump_api` writes those (and wide integers) as exact JSON numbers.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime):
        return _rfc3339(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta | Duration):
        return _iso_duration(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, FileReference):
        return {"fileId": value.id, "name": value.name, "mediaType": value.media_type, "size": value.size}
    raise ValueError(f"Expected a value, but got an object of type '{type(value).__name__}'")


def _decimal(value: Decimal) -> int | float | Decimal:
    if value == value.to_integral_value() and abs(value.adjusted()) < 18:
        return int(value)
    number = float(value)
    return number if math.isfinite(number) and Decimal(repr(number)) == value else value


def _rfc3339(moment: datetime) -> str:
    text = moment.isoformat()
    if moment.tzinfo is UTC or text.endswith("+00:00"):
        return text.removesuffix("+00:00") + "Z"
    return text


def _iso_duration(value: timedelta | Duration) -> str:
    if isinstance(value, timedelta) and value < timedelta(0):
        return "-" + str(duration_isoformat(-value))
    return str(duration_isoformat(value))


def dump_api(obj: Any) -> bytes:
    """JSON bytes of an answer; every value of the expression languages may be in it.

    Raises ValueError for what is no value (unknown types, lone surrogates). NaN, which no value of the store can be,
    becomes null.
    """
    try:
        return orjson.dumps(obj, _default, orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS)
    except orjson.JSONEncodeError:
        try:
            return orjson.dumps(_exact(to_json(obj)))
        except orjson.JSONEncodeError as error:
            raise ValueError(f"Expected values that JSON can hold, but {error}") from None


def _default(item: Any) -> Any:
    if isinstance(item, tuple):
        return list(item)
    if isinstance(item, Mapping):
        return dict(item)
    plain = _scalar(item)
    return orjson.Fragment(str(plain).encode()) if isinstance(plain, Decimal) else plain


def _exact(value: Any) -> Any:
    """Wide integers and decimals as the digits they are."""
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    if isinstance(value, Decimal) or (isinstance(value, int) and not -(2**63) <= value < 2**64):
        return orjson.Fragment(str(value).encode())
    return value
