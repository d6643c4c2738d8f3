"""Large values of history: taken out of the events when a step is written, put back when it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Any

from server.store.codec import Encoded, decode, encode

LARGE = 4096
"""Bytes above which a value is stored apart."""
REFERENCE = "bpmnd:value"
_DEPTH = 4
"""Levels of maps below an event that are searched for the value that makes it large."""


def take_out(events: list[Mapping[str, Any]]) -> tuple[Encoded, dict[str, bytes]]:
    """The events, encoded, with references for large values; and those values by hash."""
    whole = encode(events)
    if len(whole) <= LARGE:
        return Encoded(whole), {}
    taken: dict[str, bytes] = {}
    shortened = [{name: _shorten(value, taken, _DEPTH) for name, value in event.items()} for event in events]
    return Encoded(encode(shortened)), taken


def _shorten(value: Any, taken: dict[str, bytes], depth: int) -> Any:
    if not isinstance(value, str | bytes | list | tuple | Mapping):
        return value
    encoded = encode(value)
    if len(encoded) <= LARGE:
        return value
    if isinstance(value, Mapping) and depth > 0:
        value = {name: _shorten(item, taken, depth - 1) for name, item in value.items()}
        encoded = encode(value)
        if len(encoded) <= LARGE:
            return value
        # Many small values are large together. References within it are resolved when it is read.
    digest = blake2b(encoded, digest_size=20).hexdigest()
    taken[digest] = encoded
    return {REFERENCE: digest}


def put_back(events: Iterable[Mapping[str, Any]], load: Callable[[set[str]], dict[str, bytes]]) -> list[dict[str, Any]]:
    """The events as they were; `load` answers the values of hashes. A value that is gone stays a reference."""
    restored: list[dict[str, Any]] = [dict(event) for event in events]
    known: dict[str, Any] = {}
    missing: set[str] = set()
    while True:
        wanted: set[str] = set()
        for event in restored:
            _references(event, wanted, _DEPTH + 1)
        wanted -= missing
        if not wanted:
            return restored
        found = load(wanted - known.keys())
        known.update({digest: decode(data) for digest, data in found.items()})
        missing |= wanted - known.keys()
        restored = [_resolve(event, known, _DEPTH + 1) for event in restored]


def _references(value: Any, found: set[str], depth: int) -> None:
    if not isinstance(value, dict):
        return
    reference = _reference(value)
    if reference is not None:
        found.add(reference)
    elif depth > 0:
        for item in value.values():
            _references(item, found, depth - 1)


def _resolve(value: Any, known: dict[str, Any], depth: int) -> Any:
    if not isinstance(value, dict):
        return value
    reference = _reference(value)
    if reference is not None:
        return known.get(reference, value)
    return {name: _resolve(item, known, depth - 1) for name, item in value.items()} if depth > 0 else value


def _reference(value: dict[str, Any]) -> str | None:
    digest = value.get(REFERENCE) if len(value) == 1 else None
    return digest if isinstance(digest, str) else None


__all__ = ["LARGE", "put_back", "take_out"]
