"""Definitions as one transaction sees them: each is read once, however many instances it starts."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

from server.ports.records import DefinitionRow
from server.ports.store import UnitOfWork


class Definitions:
    """Answers as the unit's own methods do. The rows are shared: nobody changes them."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._found: dict[Hashable, DefinitionRow | None] = {}

    def find(self, tenant_id: str, definition_id: int) -> DefinitionRow | None:
        """See `UnitOfWork.find_definition`."""
        return self._once(
            ("id", tenant_id, definition_id), partial(self._unit.find_definition, tenant_id, definition_id)
        )

    def by_key(
        self, tenant_id: str, key: str, version: int | None = None, version_tag: str | None = None
    ) -> DefinitionRow | None:
        """See `UnitOfWork.find_definition_by_key`."""
        return self._once(
            ("key", tenant_id, key, version, version_tag),
            partial(self._unit.find_definition_by_key, tenant_id, key, version, version_tag),
        )

    def in_deployment(self, tenant_id: str, deployment_id: int, key: str) -> DefinitionRow | None:
        """See `UnitOfWork.definition_in_deployment`."""
        return self._once(
            ("deployment", tenant_id, deployment_id, key),
            partial(self._unit.definition_in_deployment, tenant_id, deployment_id, key),
        )

    def _once(self, question: Hashable, ask: Callable[[], DefinitionRow | None]) -> DefinitionRow | None:
        if question not in self._found:
            self._found[question] = ask()
        return self._found[question]
