"""Values as the store sees them: which are accepted, and when two of them count as the same one in a search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from isodate import Duration

Value = Any

MAX_DEPTH = 200
MAX_DIGITS = 4300
"""Of an integer; Python refuses longer ones in text (CVE-2020-10735)."""


@dataclass(frozen=True, slots=True)
class FileReference:
    """A file kept outside of the variables; only the reference travels through expressions and documents."""

    id: str
    name: str
    media_type: str = "application/octet-stream"
    size: int | None = None


def check_value(value: Value) -> None:
    """Accept a value into the system.

    Raises ValueError, naming the place by JSON pointer, for text with NUL or lone surrogates, NaN and infinity, keys
    that are not text, nesting deeper than 200, integers of more than 4,300 digits, and unknown types.
    """
    pending: list[tuple[Value, str, int]] = [(value, "", 0)]
    while pending:
        item, pointer, depth = pending.pop()
        if isinstance(item, str):
            _check_text(item, pointer)
        elif isinstance(item, Mapping):
            _check_depth(depth, pointer)
            for key, child in item.items():
                if not isinstance(key, str):
                    raise ValueError(f"Expected text as key at '{pointer}', but got {type(key).__name__} '{key}'")
                _check_text(key, pointer)
                pending.append((child, f"{pointer}/{_escape(key)}", depth + 1))
        elif isinstance(item, list | tuple):
            _check_depth(depth, pointer)
            pending.extend((child, f"{pointer}/{index}", depth + 1) for index, child in enumerate(item))
        else:
            _check_scalar(item, pointer)


def _check_text(text: str, pointer: str) -> None:
    if text.isascii():
        if "\x00" in text:
            raise ValueError(f"Expected text without NUL at '{pointer}', but character {text.index(chr(0))} is NUL")
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"Expected Unicode text at '{pointer}', but character {error.start} is a lone surrogate"
        ) from None
    if "\x00" in text:
        raise ValueError(f"Expected text without NUL at '{pointer}', but character {text.index(chr(0))} is NUL")


def _check_depth(depth: int, pointer: str) -> None:
    if depth >= MAX_DEPTH:
        raise ValueError(f"Expected at most {MAX_DEPTH} levels of nesting, but '{pointer[:120]}...' is deeper")


def _check_scalar(item: Value, pointer: str) -> None:
    if isinstance(item, float):
        if not math.isfinite(item):
            raise ValueError(f"Expected a finite number at '{pointer}', but got {item}")
    elif isinstance(item, Decimal):
        if not item.is_finite():
            raise ValueError(f"Expected a finite number at '{pointer}', but got {item}")
    elif isinstance(item, int):
        if abs(item) >= _TOO_BIG:
            raise ValueError(f"Expected an integer of at most {MAX_DIGITS} digits at '{pointer}', but it is longer")
    elif item is not None and not isinstance(item, _OTHER_SCALARS):
        raise ValueError(f"Expected a value at '{pointer}', but got an object of type '{type(item).__name__}'")


_TOO_BIG = 10**MAX_DIGITS
_OTHER_SCALARS = (datetime, date, time, timedelta, Duration, bytes, FileReference)


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def index_key(value: Value) -> bytes | None:
    """Bytes that are equal exactly for scalars that count as the same value; None for lists, maps and files.

    Numbers are normalised (1 = 1.0 = Decimal("1.00"), 0.1 = Decimal("0.1")) and differ from text and truth values;
    moments in time are compared in UTC.
    """
    if isinstance(value, str):
        return b"s" + value.encode("utf-8", "surrogatepass")
    if value is None:
        return b"z"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int | float | Decimal):
        return _number_key(value)
    if isinstance(value, datetime):
        return f"m{(value.astimezone(UTC) if value.tzinfo is not None else value).isoformat()}".encode()
    if isinstance(value, date | time):
        return f"{type(value).__name__}{value.isoformat()}".encode()
    if isinstance(value, timedelta):
        return f"p{value.days},{value.seconds},{value.microseconds}".encode()
    if isinstance(value, Duration):
        return f"y{value.years * 12 + value.months}:{value.tdelta}".encode()
    if isinstance(value, bytes):
        return b"b" + value
    return None


def _number_key(number: float | Decimal) -> bytes:
    if isinstance(number, int) and -(10**18) < number < 10**18:
        digits = str(number).rstrip("0")
        return f"n{digits}e{len(str(number)) - len(digits)}".encode() if digits.strip("-") else b"n0"
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    sign, figures, exponent = exact.as_tuple()
    if not isinstance(exponent, int):
        return f"n{number}".encode()
    text = "".join(map(str, figures)).lstrip("0")
    digits = text.rstrip("0")
    if not digits:
        return b"n0"
    return f"n{'-' if sign else ''}{digits}e{exponent + len(text) - len(digits)}".encode()


def index_hash(value: Value) -> int | None:
    """64-bit signed hash of `index_key` for an index column; None where the value is no scalar."""
    key = index_key(value)
    return None if key is None else hash_bytes(key)


def hash_bytes(data: bytes) -> int:
    """First 64 bits of BLAKE2b as a signed integer, stable over processes and releases."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)


def equality_key(value: Value) -> bytes:
    """Bytes that are equal exactly for values that count as the same one: `index_key`, and lists and maps by item."""
    key = index_key(value)
    if key is not None:
        return key
    if isinstance(value, Mapping):
        parts = [part for name in sorted(value) for part in (name.encode(), equality_key(value[name]))]
        return b"{" + b"".join(b"%d:%s" % (len(part), part) for part in parts)
    if isinstance(value, list | tuple):
        return b"[" + b"".join(b"%d:%s" % (len(part), part) for part in map(equality_key, value))
    return b"r" + repr(value).encode()


def equality_hash(value: Value | None) -> int | None:
    """64-bit hash of `equality_key` for index columns of correlation keys; None for None (no key)."""
    return None if value is None else hash_bytes(equality_key(value))


def same_value(left: Value, right: Value) -> bool:
    """Whether two values count as the same one for correlation; lists and maps are compared item by item."""
    return equality_key(left) == equality_key(right)
