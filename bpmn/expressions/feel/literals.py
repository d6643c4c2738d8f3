"""Values that the text of FEEL names directly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bpmn.expressions.feel import temporal
from bpmn.expressions.feel.operations import EXACT, numeric


def number(text: str) -> Any:
    """A number, rounded to 34 digits; None for one beyond the range of decimal128."""
    if len(text) < 15 and text.isdigit():
        return int(text)
    return numeric(EXACT.plus, Decimal(text)) if len(text) < 10_000 else None


def temporal_value(text: str) -> Any:
    """The date, time, date and time or duration that the text is; None where it is none of them."""
    if "T" in text and not text.startswith(("P", "-P")):
        return temporal.parse_date_time(text)
    return temporal.parse_date(text) or temporal.parse_time(text) or temporal.parse_duration(text)
