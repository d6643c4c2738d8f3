"""String functions (DMN 1.5, 10.3.4.3), and those of FEEL in Camunda 8 that depend on nothing else."""

from __future__ import annotations

import base64
from typing import Any

from bpmn.expressions.feel import regex
from bpmn.expressions.feel.functions.signature import function, simple, variant
from bpmn.expressions.limits import check_item_count, check_string_size


def substring(text: str, start: Any, length: Any = None) -> str | None:
    position = int(start)
    if position == 0 or abs(position) > len(text) or (length is not None and length < 1):
        return None
    begin = position - 1 if position > 0 else len(text) + position
    return text[begin:] if length is None else text[begin : begin + int(length)]


def substring_before(text: str, match: str) -> str:
    return text.partition(match)[0] if match and match in text else ""


def substring_after(text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


def join(items: list[Any], delimiter: str | None = None, prefix: str | None = None, suffix: str | None = None) -> Any:
    if not all(item is None or isinstance(item, str) for item in items):
        return None
    parts = [item for item in items if item is not None]
    separator = delimiter or ""
    check_string_size(sum(len(part) for part in parts) + len(separator) * len(parts))
    return (prefix or "") + separator.join(parts) + (suffix or "")


def split(text: str, delimiter: str) -> Any:
    parts = regex.split(text, delimiter)
    if parts is not None:
        check_item_count(len(parts))
    return parts


def extract(text: str, pattern: str) -> Any:
    """Camunda 8: all matches of the pattern."""
    return regex.extract(text, pattern)


def to_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FUNCTIONS = (
    simple("substring", "string: string, start position: number, length: number?", substring),
    simple("string length", "string: string", len),
    simple("upper case", "string: string", str.upper),
    simple("lower case", "string: string", str.lower),
    simple("substring before", "string: string, match: string", substring_before),
    simple("substring after", "string: string, match: string", substring_after),
    simple("contains", "string: string, match: string", lambda text, match: match in text),
    simple("starts with", "string: string, match: string", str.startswith),
    simple("ends with", "string: string, match: string", str.endswith),
    simple("matches", "input: string, pattern: string, flags: string|null?", regex.matches),
    simple("replace", "input: string, pattern: string, replacement: string, flags: string|null?", regex.replace),
    simple("split", "string: string, delimiter: string", split),
    function(
        "string join",
        variant("list: list, delimiter: string|null?", join),
        variant("list: list, delimiter: string|null, prefix: string|null, suffix: string|null", join),
    ),
    simple("extract", "string: string, pattern: string", extract),
    simple("trim", "string: string", str.strip),
    simple("is blank", "string: string", lambda text: not text.strip()),
    simple("to base64", "value: string", to_base64),
)
