"""Conversion functions (DMN 1.5, 10.3.4.1)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from bpmn.expressions.api import CompileError
from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.functions.signature import function, simple, variant
from bpmn.expressions.feel.lexer import NAME, tokens
from bpmn.expressions.feel.literals import number as parsed_number
from bpmn.expressions.feel.literals import temporal_value
from bpmn.expressions.feel.operations import compare
from bpmn.expressions.feel.types import is_number
from bpmn.expressions.feel.values import Function, Range
from bpmn.expressions.limits import MAX_DEPTH, check_string_size

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_PARTS = "year: number, month: number, day: number, hour: number, minute: number, second: number"
_RANGE = re.compile(r"\s*([\[(\]])(.*?)\.\.(.*)([\])\[])\s*", re.DOTALL)


def date_from(value: Any) -> Any:
    if isinstance(value, str):
        return temporal.parse_date(value)
    if isinstance(value, temporal.DateTime):
        return value.date
    return value if isinstance(value, temporal.Date) else None


def date_of_parts(year: Any, month: Any, day: Any) -> Any:
    parts = [int(part) for part in (year, month, day) if abs(part) < 10**12]
    return temporal.make_date(*parts) if len(parts) == 3 else None


def date_and_time_from(value: Any) -> Any:
    if isinstance(value, str):
        return temporal.parse_date_time(value)
    if isinstance(value, temporal.Date):
        return temporal.midnight_utc(value)
    return value if isinstance(value, temporal.DateTime) else None


def date_and_time_of(day: Any, clock: Any) -> Any:
    return temporal.DateTime(day.date if isinstance(day, temporal.DateTime) else day, clock)


def date_and_time_of_parts(
    year: Any, month: Any, day_number: Any, hour: Any, minute: Any, second: Any, where: Any = None
) -> Any:
    """`where` is an offset from UTC or the name of a zone."""
    day, clock = date_of_parts(year, month, day_number), time_of_parts(hour, minute, second)
    if day is None or clock is None:
        return None
    if isinstance(where, str):
        if not temporal.known_zone(where):
            return None
        clock = temporal.Time(clock.hour, clock.minute, clock.second, clock.nano, None, where)
    elif where is not None:
        clock = time_of_parts(hour, minute, second, where) if isinstance(where, temporal.Nanos) else None
    return None if clock is None else temporal.DateTime(day, clock)


def time_from(value: Any) -> Any:
    if isinstance(value, str):
        return temporal.parse_time(value)
    if isinstance(value, temporal.DateTime):
        return value.time
    if isinstance(value, temporal.Date):
        return temporal.UTC_MIDNIGHT
    return value if isinstance(value, temporal.Time) else None


def time_of_parts(hour: Any, minute: Any, second: Any, offset: Any = None) -> Any:
    if not 0 <= second < 60 or abs(hour) > 24 or abs(minute) > 60:
        return None
    nanos = int(Decimal(second) * temporal.NANOS)
    seconds = None
    if offset is not None:
        seconds, rest = divmod(abs(offset.nanos), temporal.NANOS)
        if rest:
            return None
        seconds = -seconds if offset.nanos < 0 else seconds
    return temporal.make_time(int(hour), int(minute), nanos // temporal.NANOS, nanos % temporal.NANOS, seconds)


def number_from(text: str, grouping: str | None = None, decimal: str | None = None) -> Any:
    if grouping not in (None, " ", ",", ".") or decimal not in (None, ",", ".") or (grouping and grouping == decimal):
        return None
    if grouping:
        text = text.replace(grouping, "")
    if decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        return None
    sign, digits = (text[0] == "-", text[1:]) if text[0] in "+-" else (False, text)
    value = parsed_number(digits)
    return -value if sign and value is not None else value


def number_of(value: Any) -> Any:
    if is_number(value):
        return value
    return number_from(value) if isinstance(value, str) else None


def shown(value: Any) -> str | None:
    """`string(value)`: null stays null."""
    return None if value is None else _shown(value, within=False, depth=0)


def _shown(value: Any, *, within: bool, depth: int) -> str:
    if value is None or depth > MAX_DEPTH:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if within else value
    if is_number(value):
        return show_number(value)
    if isinstance(value, list):
        return _joined([_shown(item, within=True, depth=depth + 1) for item in value], "[]")
    if isinstance(value, dict):
        entries = [f"{_key(key)}: {_shown(item, within=True, depth=depth + 1)}" for key, item in value.items()]
        return _joined(entries, "{}")
    if isinstance(value, Range):
        return _shown_range(value, depth)
    if isinstance(value, Function):
        return f"function({', '.join(value.parameters)})"
    plain = _shown_temporal(value)
    return f'@"{plain}"' if within else plain


def _joined(parts: list[str], brackets: str) -> str:
    check_string_size(sum(len(part) + 2 for part in parts))
    return brackets[0] + ", ".join(parts) + brackets[1]


def _shown_temporal(value: Any) -> str:
    match value:
        case temporal.Date():
            return temporal.show_date(value)
        case temporal.Time():
            return temporal.show_time(value)
        case temporal.DateTime():
            return temporal.show_date_time(value)
        case temporal.Months() | temporal.Nanos():
            return temporal.show_duration(value)
    return str(value)


def _shown_range(value: Range, depth: int) -> str:
    start = _shown(value.start, within=True, depth=depth + 1)
    end = _shown(value.end, within=True, depth=depth + 1)
    if value.operator is not None:
        return f"({value.operator} {end if value.operator in ('<', '<=') else start})"
    return f"{'[' if value.start_included else '('}{start}..{end}{']' if value.end_included else ')'}"


def show_number(value: Any) -> str:
    """Without exponent and without zeros at the end of the fraction."""
    number = Decimal(value)
    if number and abs(number.adjusted()) > 400:
        return str(number)
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _key(key: str) -> str:
    try:
        found = tokens(key)
    except CompileError:
        found = []
    plain = len(found) == 2 and found[0].kind == NAME and not key.startswith("`")
    return key if plain else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def range_from(text: str) -> Any:
    """`range("[1..10)")`: endpoints are numbers, texts in quotes, dates, times and durations."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    start, end = _endpoint(match[2]), _endpoint(match[3])
    if (start is None and match[2].strip()) or (end is None and match[3].strip()):
        return None
    if start is None and end is None:
        return None
    start_included, end_included = match[1] == "[", match[4] == "]"
    if (start is None and start_included) or (end is None and end_included):
        return None
    if start is not None and end is not None and compare("<=", start, end) is not True:
        return None
    return Range(start, end, start_included, end_included)


def _endpoint(text: str) -> Any:
    text = text.strip()
    call = re.fullmatch(r'(?:@|(?:date|time|date and time|duration)\s*\(\s*)"([^"]*)"\s*\)?', text)
    if call:
        return temporal_value(call[1])
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    return number_from(text) if text else None


def _duration(value: Any) -> Any:
    if isinstance(value, temporal.Months | temporal.Nanos):
        return value
    return temporal.parse_duration(value) if isinstance(value, str) else None


FUNCTIONS = (
    function(
        "date",
        variant("from: any", date_from),
        variant("year: number, month: number, day: number", date_of_parts),
    ),
    function(
        "date and time",
        variant("from: any", date_and_time_from),
        variant("date: day, time: time", date_and_time_of),
        variant(
            "year: number, month: number, day: number, hour: number, minute: number, second: number",
            date_and_time_of_parts,
        ),
        variant(
            "year: number, month: number, day: number, hour: number, minute: number, second: number, offset: any",
            date_and_time_of_parts,
        ),
        variant(
            "year: number, month: number, day: number, hour: number, minute: number, second: number, timezone: any",
            date_and_time_of_parts,
        ),
    ),
    function(
        "time",
        variant("from: any", time_from),
        variant("hour: number, minute: number, second: number, offset: days|null?", time_of_parts),
    ),
    function(
        "number",
        variant("from: any", number_of),
        variant(
            "from: string, grouping separator: string|null?, decimal separator: string|null?",
            number_from,
        ),
    ),
    simple("string", "from: any", shown),
    simple("duration", "from: any", _duration),
    simple("years and months duration", "from: day, to: day", temporal.months_between),
    simple("range", "from: string", range_from),
)
