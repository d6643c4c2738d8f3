"""What expression tests share: a context over plain dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bpmn.expressions.api import Context, ExecutionInfo, Handlers

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
INFO = ExecutionInfo(
    instance_id="4711",
    definition_id="12",
    definition_key="order",
    version=3,
    business_key="B-7",
    element_id="Task_1",
    element_name="Check order",
    tenant_id="default",
)


class Variables:
    """A lookup over a dictionary that remembers what was asked for."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.values = dict(values or {})
        self.asked: list[str] = []

    def get(self, name: str) -> Any:
        self.asked.append(name)
        return self.values[name]

    def names(self) -> Iterable[str]:
        return list(self.values)


class NotLoaded(Exception):
    """Stands for the runtime's own signal that a value must be loaded first."""


class Unloaded(Variables):
    def get(self, name: str) -> Any:
        raise NotLoaded(name)


def context(
    variables: Mapping[str, Any] | None = None,
    handlers: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Context:
    return Context(
        variables=Variables(variables), execution=INFO, now=NOW, handlers=Handlers(handlers), extra=extra or {}
    )
