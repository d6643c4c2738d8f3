"""What an expression sees: the variables of its scope chain, nearest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bpmn.runtime.draft import Draft
from bpmn.runtime.needs import Missing, NeedVariables
from bpmn.runtime.state import UNLOADED, Items

Value = Any

COUNTERS = {
    "nrOfInstances": "total",
    "nrOfActiveInstances": "active",
    "nrOfCompletedInstances": "completed",
    "numberOfInstances": "total",
    "numberOfActiveInstances": "active",
    "numberOfCompletedInstances": "completed",
}
"""Names under which the counters of a multi-instance body are seen: Camunda 7 and Flowable; Camunda 8."""


class ChainLookup:
    """Implements `bpmn.expressions.api.Lookup` over a draft."""

    __slots__ = ("draft", "scope_id")

    def __init__(self, draft: Draft, scope_id: int) -> None:
        self.draft = draft
        self.scope_id = scope_id

    def get(self, name: str) -> Value:
        draft = self.draft
        scope_id: int | None = self.scope_id
        while scope_id is not None:
            names = draft.names(scope_id)
            if name in names:
                value = names[name]
                if value is UNLOADED:
                    raise Missing(NeedVariables(((scope_id, name),)))
                return value
            scope = draft.scope(scope_id)
            if scope.items is not None and scope.items.total >= 0 and name in COUNTERS:
                return counter(scope.items, name)
            scope_id = scope.parent
        raise KeyError(name)

    def names(self) -> Iterable[str]:
        seen: dict[str, None] = {}
        scope_id: int | None = self.scope_id
        while scope_id is not None:
            seen.update(dict.fromkeys(self.draft.names(scope_id)))
            scope_id = self.draft.scope(scope_id).parent
        return seen


class MappingLookup:
    """A plain mapping as lookup: the variables of a called instance."""

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values = values

    def get(self, name: str) -> Value:
        return self.values[name]

    def names(self) -> Iterable[str]:
        return self.values.keys()


def counter(items: Items, name: str) -> int:
    """The value of one of COUNTERS."""
    value: int = getattr(items, COUNTERS[name])
    return value


def visible(draft: Draft, scope_id: int) -> dict[str, Value]:
    """All variables a scope sees, values loaded; Missing for those that are not."""
    result: dict[str, Value] = {}
    missing: list[tuple[int, str]] = []
    current: int | None = scope_id
    while current is not None:
        for name, value in draft.names(current).items():
            if name in result:
                continue
            result[name] = value
            if value is UNLOADED:
                missing.append((current, name))
        current = draft.scope(current).parent
    if missing:
        raise Missing(NeedVariables(tuple(missing)))
    return result
