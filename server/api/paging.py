"""Lists: `limit`, `cursor`, `sort`, `total`, `include`, and the envelope around the items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, Range

from server.api.http import answer
from server.ports.queries import Listing, Page

DEFAULT_LIMIT = 50
MAX_LIMIT = 1000


class PageQuery(Schema):
    """Query parameters of every list."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT, validate=Range(1, MAX_LIMIT), metadata={"description": "Items per page."}
    )
    cursor = fields.String(
        load_default=None, validate=Length(1, 2000), metadata={"description": "`nextCursor` of the page before."}
    )
    sort = fields.String(
        load_default=None,
        validate=Length(1, 100),
        metadata={"description": "A field to sort by; `-` in front: descending."},
    )
    total = fields.Boolean(load_default=False, metadata={"description": "Also count all items."})


class IncludeQuery(Schema):
    """`include=a,b` with the names a resource knows in `INCLUDES`."""

    INCLUDES: tuple[str, ...] = ()
    include = fields.String(load_default="", metadata={"description": "Parts that are left out otherwise, by commas."})

    @validates_schema
    def _only_known(self, data: Mapping[str, Any], **_: Any) -> None:
        unknown = [name for name in included(data) if name not in self.INCLUDES]
        if unknown:
            raise ValidationError(f"Expected parts among {', '.join(self.INCLUDES)}, but got '{unknown[0]}'", "include")


def included(query: Mapping[str, Any]) -> list[str]:
    """The names in `include`."""
    return [name.strip() for name in query.get("include", "").split(",") if name.strip()]


def page_of(query: Mapping[str, Any]) -> Page:
    return Page(limit=query["limit"], cursor=query["cursor"], sort=query["sort"], total=query["total"])


def listed(listing: Listing[Any], items: Sequence[Any]) -> Response:
    """The envelope; `total` only where it was asked for."""
    envelope: dict[str, Any] = {"items": items, "nextCursor": listing.next_cursor}
    if listing.total is not None:
        envelope["total"] = listing.total
    return answer(envelope)


def list_schema(item: type[Schema]) -> Schema:
    """Schema of a list of the items, for the OpenAPI document."""
    name = item.__name__.removesuffix("Schema")
    made: type[Schema] = type(
        f"{name}ListSchema",
        (Schema,),
        {
            "items": fields.List(fields.Nested(item), required=True),
            "nextCursor": fields.String(allow_none=True, required=True),
            "total": fields.Integer(),
        },
    )
    return made()
