"""Tables as dictionaries. A transaction works on an overlay; committing merges it, forgetting it rolls back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any, Generic, TypeVar, cast

from server.ports import records
from server.ports.store import Conflict
from server.store.codec import decode, encode

R = TypeVar("R")
Key = tuple[Any, ...]

ENCODED: dict[type[Any], frozenset[str]] = {
    records.InstanceRow: frozenset({"document"}),
    records.ScopeRow: frozenset({"document"}),
    records.VariableRow: frozenset({"value"}),
    records.CommandRow: frozenset({"payload"}),
    records.JobRow: frozenset({"headers"}),
    records.UserTaskRow: frozenset({"form"}),
    records.MessageRow: frozenset({"correlation_key", "correlation_keys", "variables"}),
    records.MessageSubscriptionRow: frozenset({"correlation_key", "rule"}),
    records.MessageStartRow: frozenset({"correlation_key"}),
    records.HistoryRow: frozenset({"events"}),
    records.OutboxRow: frozenset({"body"}),
    records.ItemRow: frozenset({"value", "output"}),
    records.MigrationRow: frozenset({"mapping", "findings"}),
}
"""Fields that are kept as bytes of the codec: what comes out is a copy, and the same as out of a database."""


class Table(Generic[R]):
    """Rows by primary key, grouped by the first parts of it (`prefix`), so that those of an instance are near."""

    def __init__(self, name: str, row_type: type[R], key: tuple[str, ...], prefix: int = 1) -> None:
        self.name = name
        self.row_type = row_type
        self.key = key
        self.prefix = prefix
        self.encoded = ENCODED.get(row_type, frozenset())
        self.fields = tuple(field.name for field in fields(cast(Any, row_type)))
        self.groups: dict[Key, dict[Key, R]] = {}

    def key_of(self, row: R) -> Key:
        return tuple(getattr(row, name) for name in self.key)

    def freeze(self, row: R) -> R:
        """A copy to keep."""
        return cast(R, replace(cast(Any, row), **{name: encode(getattr(row, name)) for name in self.encoded}))

    def thaw(self, row: R) -> R:
        """A copy to give away."""
        return cast(R, replace(cast(Any, row), **{name: decode(getattr(row, name)) for name in self.encoded}))


class View(Generic[R]):
    """One table as a transaction sees it: what is committed, with the transaction's own changes over it."""

    def __init__(self, table: Table[R]) -> None:
        self.table = table
        self._changed: dict[Key, dict[Key, R | None]] = {}

    def get(self, *key: Any) -> R | None:
        """The row as it is kept (see `thaw`)."""
        prefix = key[: self.table.prefix]
        changed = self._changed.get(prefix)
        if changed is not None and key in changed:
            return changed[key]
        group = self.table.groups.get(prefix)
        return None if group is None else group.get(key)

    def find(self, *key: Any) -> R | None:
        """The row as a copy."""
        row = self.get(*key)
        return None if row is None else self.table.thaw(row)

    def scan(self, *prefix: Any) -> Iterator[R]:
        """Rows as they are kept: of one group, or of all."""
        if prefix:
            yield from self._group(prefix)
            return
        for group in [*self.table.groups, *(group for group in self._changed if group not in self.table.groups)]:
            yield from self._group(group)

    def _group(self, prefix: Key) -> Iterator[R]:
        changed = self._changed.get(prefix)
        committed = self.table.groups.get(prefix, {})
        if changed is None:
            yield from list(committed.values())
            return
        yield from [row for key, row in committed.items() if key not in changed]
        yield from [row for row in changed.values() if row is not None]

    def thawed(self, rows: Iterable[R]) -> list[R]:
        return [self.table.thaw(row) for row in rows]

    def insert(self, row: R) -> None:
        """Raises Conflict where the key is taken."""
        key = self.table.key_of(row)
        if self.get(*key) is not None:
            raise Conflict(f"pk_{self.table.name}")
        self._put(key, self.table.freeze(row))

    def upsert(self, row: R) -> None:
        self._put(self.table.key_of(row), self.table.freeze(row))

    def update(self, row: R, columns: Iterable[str]) -> None:
        """Take over these columns of `row`, where there is a row of its key."""
        key = self.table.key_of(row)
        old = self.get(*key)
        if old is not None:
            frozen = self.table.freeze(row)
            self._put(key, cast(R, replace(cast(Any, old), **{name: getattr(frozen, name) for name in columns})))

    def set(self, key: Key, **columns: Any) -> None:
        """Set plain columns, where there is a row of the key."""
        old = self.get(*key)
        if old is not None:
            self._put(key, cast(R, replace(cast(Any, old), **columns)))

    def delete(self, *key: Any) -> bool:
        """Whether there was such a row."""
        if self.get(*key) is None:
            return False
        self._put(key, None)
        return True

    def _put(self, key: Key, row: R | None) -> None:
        self._changed.setdefault(key[: self.table.prefix], {})[key] = row

    def merge(self) -> None:
        """Make the changes part of what is committed."""
        for prefix, changed in self._changed.items():
            group = self.table.groups.setdefault(prefix, {})
            for key, row in changed.items():
                if row is None:
                    group.pop(key, None)
                else:
                    group[key] = row
            if not group:
                del self.table.groups[prefix]
        self._changed = {}
