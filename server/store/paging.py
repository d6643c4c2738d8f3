"""Cursors: the position after the last item of a page, by value and never by offset, opaque to clients."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from server.ports.queries import BadCursor, BadSort, Page
from server.store.codec import decode, encode

MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """What a page is sorted by: a field of the list (None: only the id) and the direction."""

    name: str | None
    descending: bool

    @property
    def text(self) -> str:
        return f"{'-' if self.descending else ''}{self.name or 'id'}"


def order_of(page: Page, fields: Iterable[str]) -> Order:
    """The order that the page asks for. Raises BadSort, naming the fields, for one that the list does not know."""
    if page.sort is None:
        return Order(None, False)
    name = page.sort.removeprefix("-")
    known = ["id", *(field for field in fields if field != "id")]
    if name not in known:
        raise BadSort(f"Expected to sort by one of {', '.join(known)} (with '-' descending), but got '{page.sort}'")
    return Order(None if name == "id" else name, page.sort.startswith("-"))


def limit_of(page: Page) -> int:
    """The number of items, between 1 and 1000."""
    return max(1, min(page.limit, MAX_LIMIT))


def write_cursor(order: Order, *position: Any) -> str:
    """The cursor after an item: its sort value(s) and id."""
    return base64.urlsafe_b64encode(encode([order.text, *position])).decode().rstrip("=")


def read_cursor(page: Page, order: Order, length: int) -> tuple[Any, ...] | None:
    """Position that the page starts after. Raises BadCursor where it is none of ours or of another order."""
    if page.cursor is None:
        return None
    try:
        padded = page.cursor + "=" * (-len(page.cursor) % 4)
        content = decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise BadCursor("Expected the 'nextCursor' of an earlier answer, but the cursor is none") from None
    if not isinstance(content, list) or len(content) != length + 1 or not isinstance(content[-1], int):
        raise BadCursor("Expected the 'nextCursor' of an earlier answer, but the cursor is none")
    if content[0] != order.text:
        raise BadCursor(f"Expected a cursor of the order '{order.text}', but it belongs to '{content[0]}'")
    return tuple(content[1:])
