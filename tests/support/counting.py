"""A store that counts what passes through its port: rows read and written, and how large their documents are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from bpmn.runtime.state import UNLOADED
from server.ports.records import Changes
from server.ports.store import Store
from server.store.codec import encode

BOOKKEEPING = frozenset({"now", "commit", "lock_message_name"})


@dataclass
class Cost:
    """Of one transaction or several."""

    read: Counter[str] = field(default_factory=Counter)
    """Rows that each method of the port gave."""
    written: Counter[str] = field(default_factory=Counter)
    """Rows of each list of `Changes`."""
    calls: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    """Of documents and values, read and written (history is written once, and not counted)."""

    def rows(self) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        """All counts that must not depend on what else there is."""
        return dict(self.calls), dict(+self.read), dict(+self.written)


class CountingStore:
    """As the store it is given; `cost` has what was counted since it was last replaced."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.cost = Cost()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def begin(self) -> Iterator[Any]:
        with self._store.begin() as unit:
            yield _CountingUnit(unit, self.cost)


class _CountingUnit:
    def __init__(self, unit: Any, cost: Cost) -> None:
        self._unit = unit
        self._cost = cost

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._unit, name)
        if name in BOOKKEEPING:
            return method
        return self._write if name == "write" else self._counted(name, method)

    def _counted(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            found = method(*args, **more)
            self._cost.calls[name] += 1
            if isinstance(found, list | Mapping | set):
                self._cost.read[name] += len(found)
                rows = found.values() if isinstance(found, Mapping) else found
                self._cost.bytes += sum(map(_size, rows))
            return found

        return call

    def _write(self, changes: Changes) -> None:
        for part in fields(Changes):
            rows = getattr(changes, part.name)
            if rows:
                self._cost.written[part.name] += len(rows)
            if part.name not in ("history", "outbox"):
                self._cost.bytes += sum(map(_size, rows))
        self._cost.calls["write"] += 1
        self._unit.write(changes)


def _size(row: Any) -> int:
    if not is_dataclass(row):
        return 0
    found = 0
    for name in ("document", "value", "payload"):
        value = getattr(row, name, UNLOADED)
        if value is not UNLOADED:
            found += len(encode(value))
    return found
