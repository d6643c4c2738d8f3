"""Fields of request schemas. Bodies are taken strictly: a number in quotes is no number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields
from marshmallow.validate import Length, Range

MAX_NAME = 255
LARGEST = 2**31 - 1
"""Of whole numbers, where nothing says less: what every database takes."""


def text(*, required: bool = False, maximum: int = MAX_NAME, null: bool = False, **metadata: Any) -> fields.String:
    """A string of 1 to `maximum` characters."""
    return fields.String(required=required, allow_none=null, validate=Length(1, maximum), metadata=metadata)


class Whole(fields.Integer):
    """A JSON integer."""

    def __init__(self, minimum: int = -LARGEST, maximum: int = LARGEST, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=Range(minimum, maximum), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError(f"Expected a whole number, but got {_shown(value)}")
        return value


class Number(fields.Float):
    """A JSON number."""

    def __init__(self, minimum: float | None = None, maximum: float | None = None, **kwargs: Any) -> None:
        super().__init__(validate=Range(minimum, maximum), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool | str | list | dict):
            raise ValidationError(f"Expected a number, but got {_shown(value)}")
        try:
            return float(value)
        except OverflowError:
            raise ValidationError("Expected a number of moderate size, but got a larger one") from None


class Flag(fields.Boolean):
    """JSON true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(f"Expected true or false, but got {_shown(value)}")
        return value


class Instant(fields.DateTime):
    """RFC 3339 with an offset; becomes UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise ValidationError(f"Expected a time such as 2030-01-31T12:00:00Z, but got {_shown(value)}")
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ValidationError(f"Expected a time such as 2030-01-31T12:00:00Z, but got '{value[:40]}'")


class Variables(fields.Dict):
    """An object whose members become variables; values may be anything JSON has."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(keys=fields.String(), values=fields.Raw(allow_none=True), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError(f"Expected an object of variables, but got {_shown(value)}")
        for name in value:
            if not name or len(name) > MAX_NAME:
                raise ValidationError(f"Expected names of 1 to {MAX_NAME} characters, but one has {len(name)}")
        return dict(value)


def _shown(value: Any) -> str:
    names = {bool: "a boolean", str: "a string", list: "a list", dict: "an object", float: "a fraction"}
    return names.get(type(value), "another number" if value is not None else "null")
