"""Short ways to write and read in contract tests."""

from __future__ import annotations

from typing import Any

from server.ports.records import Changes
from server.ports.store import Store


def write(store: Store, **lists: list[Any]) -> None:
    """One committed transaction with these lists of `Changes`."""
    with store.begin() as unit:
        unit.write(Changes(**lists))
        unit.commit()
