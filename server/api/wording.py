"""What marshmallow says about a wrong value, in the words of this API: what was expected, and what came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range, Validator

_KINDS: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (fields.String, "a string"),
    (fields.Integer, "a whole number"),
    (fields.Boolean, "true or false"),
    (fields.Float, "a number"),
    (fields.List, "a list"),
    (fields.Dict, "an object"),
)
_CODES = ("invalid", "type", "invalid_utf8", "too_large", "special")


def reworded(schema: Schema) -> Schema:
    """The schema, with fields and validators that speak so."""
    for field in schema.fields.values():
        _field(field)
    return schema


def _field(field: fields.Field[Any]) -> None:
    kind = next((words for known, words in _KINDS if isinstance(field, known)), "another value")
    field.error_messages["required"] = "Expected a value, but there is none"
    field.error_messages["null"] = f"Expected {kind}, but got null"
    for code in _CODES:
        if code in field.error_messages:
            field.error_messages[code] = f"Expected {kind}, but got something else"
    for validator in field.validators:
        _validator(validator)
    if isinstance(field, fields.List):
        _field(field.inner)


def _validator(validator: Validator | Callable[[Any], Any]) -> None:
    match validator:
        case Range(min=low, max=high):
            validator.error = f"Expected a number {_between(low, high)}, but got {{input!s:.40}}"
        case Length(min=low, max=high):
            validator.error = f"Expected {_between(low, high)} characters or items, but got fewer or more"
        case OneOf():
            validator.error = "Expected one of {choices}, but got '{input!s:.40}'"


def _between(low: Any, high: Any) -> str:
    if low is not None and high is not None:
        return f"from {low} to {high}"
    return f"of at least {low}" if high is None else f"up to {high}"
