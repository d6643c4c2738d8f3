"""The one codec: values of the expression languages to bytes and back, exactly.

JSON, where what JSON cannot say is a tagged object `{"~": kind, "v": ...}`: decimals, dates, times, durations, bytes,
file references, integers beyond 64 bit. A map of the user that has the key `~` itself is wrapped as kind `map`. The
first byte is the format (`1`); a later format gets its own and both stay readable.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from isodate import Duration

from server.store.json_edge import dump_api, parse_json, refuse_repeated_names, to_json
from server.store.values import FileReference, Value, check_value, index_hash, index_key, same_value

FORMAT = b"1"
TAG = "~"
_TAG_MARK = b'"~":'
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_MAX_DEPTH = 240


class Encoded(bytes):
    """Bytes that `encode` made: a column takes them as they are."""


def encode(value: Value, *, finite: bool = False) -> bytes:
    """Bytes of a value; `finite` promises that there is no NaN or infinity in it (what the engine itself made).

    Raises ValueError for what cannot be kept: NaN and infinity, lone surrogates, keys that are not text, types that
    are no values, nesting deeper than 240 levels.
    """
    tags = 0

    def tag(item: Any) -> Any:
        nonlocal tags
        plain = _tagged(item)
        if isinstance(plain, dict) and not isinstance(item, Mapping):
            tags += 1
        return plain

    try:
        out = orjson.dumps(value, tag, _OPTIONS)
    except orjson.JSONEncodeError:
        return FORMAT + _dump(_plain(value, 0))
    if out.count(_TAG_MARK) != tags:  # a key of the user looks like our tag
        return FORMAT + _dump(_plain(value, 0))
    if not finite and b"null" in out:  # orjson writes NaN and infinity as null
        _refuse_non_finite(value)
    return FORMAT + out


def decode(data: bytes) -> Value:
    """The value again. Raises ValueError where the bytes are not of a format that this release reads."""
    if data[:1] != FORMAT:
        raise ValueError(f"Expected a document of format '1', but it begins with {data[:1]!r}")
    value = orjson.loads(memoryview(data)[1:])
    return _untag(value) if _TAG_MARK in data else value


def _dump(plain: Any) -> bytes:
    try:
        return orjson.dumps(plain)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"Expected a value that can be stored, but {error}") from None


def _tagged(item: Any) -> Any:
    """What orjson does not know by itself, as a tagged object. A tuple or another mapping becomes a plain one."""
    for kind, writer in _WRITERS.items():
        if isinstance(item, kind):
            return writer(item)
    raise ValueError(f"Expected a value that can be stored, but got an object of type '{type(item).__name__}'")


def _tag(kind: str, content: Any) -> dict[str, Any]:
    return {TAG: kind, "v": content}


def _write_datetime(item: datetime) -> dict[str, Any]:
    tagged = _tag("datetime", item.isoformat())
    if isinstance(item.tzinfo, ZoneInfo) and item.tzinfo.key:
        tagged["z"] = item.tzinfo.key
    return tagged


def _write_time(item: time) -> dict[str, Any]:
    tagged = _tag("time", item.isoformat())
    if isinstance(item.tzinfo, ZoneInfo) and item.tzinfo.key:
        tagged["z"] = item.tzinfo.key
    return tagged


def _write_decimal(item: Decimal) -> dict[str, Any]:
    if not item.is_finite():
        raise ValueError(f"Expected a finite number, but got {item}")
    return _tag("decimal", str(item))


def _parts(item: timedelta) -> list[int]:
    return [item.days, item.seconds, item.microseconds]


_WRITERS: dict[type, Callable[[Any], Any]] = {
    Decimal: _write_decimal,
    datetime: _write_datetime,  # before date, of which it is a subclass
    date: lambda item: _tag("date", item.isoformat()),
    time: _write_time,
    timedelta: lambda item: _tag("timedelta", _parts(item)),
    Duration: lambda item: _tag("duration", [str(item.years), str(item.months), _parts(item.tdelta)]),
    bytes: lambda item: _tag("bytes", base64.b64encode(item).decode()),
    bytearray: lambda item: _tag("bytes", base64.b64encode(item).decode()),
    FileReference: lambda item: _tag("file", [item.id, item.name, item.media_type, item.size]),
    tuple: list,
    Mapping: dict,
}


def _plain(value: Any, depth: int) -> Any:
    """The slow path: the same JSON, built item by item, with wide integers tagged and maps wrapped where needed."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"Expected at most {_MAX_DEPTH} levels of nesting, but the value is deeper")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else _tag("int", str(int(value)))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"Expected a finite number, but got {value}")
        return value
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"Expected text as key, but got {type(key).__name__} '{key}'")
        plain = {key: _plain(item, depth + 1) for key, item in value.items()}
        return _tag("map", list(plain.items())) if TAG in plain else plain
    return _tagged(value)


def _refuse_non_finite(value: Any) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is dict:
            pending.extend(item.values())
        elif kind is list or kind is tuple:
            pending.extend(item)
        elif kind is float:
            if not math.isfinite(item):
                raise ValueError(f"Expected a finite number, but got {item}")
        elif kind not in _PLAIN:
            if isinstance(item, Mapping):
                pending.extend(item.values())
            elif isinstance(item, list | tuple):
                pending.extend(item)
            elif isinstance(item, float):
                pending.append(float(item))


_PLAIN = frozenset({str, int, bool, type(None)})


def _zone(tagged: dict[str, Any]) -> ZoneInfo | None:
    try:
        return ZoneInfo(tagged["z"]) if "z" in tagged else None
    except ZoneInfoNotFoundError:  # time zone data differs between machines; the offset still tells the moment
        return None


def _read_datetime(tagged: dict[str, Any]) -> datetime:
    moment = datetime.fromisoformat(tagged["v"])
    zone = _zone(tagged)
    return moment if zone is None else moment.astimezone(zone)


def _read_time(tagged: dict[str, Any]) -> time:
    moment = time.fromisoformat(tagged["v"])
    zone = _zone(tagged)
    return moment if zone is None else moment.replace(tzinfo=zone)


def _timedelta(parts: list[int]) -> timedelta:
    return timedelta(parts[0], parts[1], parts[2])


_READERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "decimal": lambda tagged: Decimal(tagged["v"]),
    "int": lambda tagged: int(tagged["v"]),
    "datetime": _read_datetime,
    "date": lambda tagged: date.fromisoformat(tagged["v"]),
    "time": _read_time,
    "timedelta": lambda tagged: _timedelta(tagged["v"]),
    "duration": lambda tagged: _duration(*tagged["v"]),
    "bytes": lambda tagged: base64.b64decode(tagged["v"]),
    "file": lambda tagged: FileReference(*tagged["v"]),
    "map": lambda tagged: {key: _untag(item) for key, item in tagged["v"]},
}


def _duration(years: str, months: str, rest: list[int]) -> Duration:
    duration = Duration(years=Decimal(years), months=Decimal(months))
    duration.tdelta = _timedelta(rest)
    return duration


def _untag(value: Any) -> Any:
    if isinstance(value, dict):
        kind = value.get(TAG)
        if kind is None:
            return {key: _untag(item) for key, item in value.items()}
        reader = _READERS.get(kind)
        if reader is None:
            raise ValueError(f"Expected a kind of value that this release knows, but got '{kind}'")
        return reader(value)
    if isinstance(value, list):
        return [_untag(item) for item in value]
    return value


__all__ = [
    "FileReference",
    "check_value",
    "decode",
    "dump_api",
    "encode",
    "index_hash",
    "index_key",
    "parse_json",
    "refuse_repeated_names",
    "same_value",
    "to_json",
]
