"""Registry: which connector does which job type."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType

from connectors.connector import Connector


class DuplicateConnector(ValueError):
    """Two connectors want the same job type."""


class Registry:
    """The connectors of a worker. There is no global one: what is not added here does not run."""

    def __init__(self, connectors: Iterable[Connector] = ()) -> None:
        self._by_type: dict[str, Connector] = {}
        for each in connectors:
            self.add(each)

    def add(self, connector: Connector) -> Connector:
        """Raises DuplicateConnector where another connector has one of its types."""
        for job_type in connector.types:
            other = self._by_type.get(job_type)
            if other is not None and other is not connector:
                raise DuplicateConnector(
                    f"Expected one connector for job type '{job_type}', but both '{_origin(other)}' and "
                    f"'{_origin(connector)}' claim it"
                )
        for job_type in connector.types:
            self._by_type[job_type] = connector
        return connector

    def add_module(self, module: ModuleType | str) -> list[Connector]:
        """Add every connector that a module defines or imports; returns them.

        Raises ImportError where the module cannot be imported, ValueError where it has no connector.
        """
        loaded = importlib.import_module(module) if isinstance(module, str) else module
        found = [value for value in vars(loaded).values() if isinstance(value, Connector)]
        if not found:
            raise ValueError(
                f"Expected functions decorated with @connector in module '{loaded.__name__}', but there are none"
            )
        return [self.add(each) for each in found]

    def get(self, job_type: str) -> Connector | None:
        return self._by_type.get(job_type)

    def types(self) -> list[str]:
        return sorted(self._by_type)

    def declared_variables(self) -> dict[str, tuple[str, ...]]:
        """The variables each job type asks for, for an engine in the same process; types that take all are left out."""
        return {job_type: each.variables for job_type, each in self._by_type.items() if each.variables is not None}

    def only(self, types: Iterable[str]) -> Registry:
        """A registry of these job types alone. Raises ValueError for a type that no connector does."""
        selected = Registry()
        for job_type in types:
            found = self._by_type.get(job_type)
            if found is None:
                raise ValueError(
                    f"Expected a connector for job type '{job_type}', but there are only: {', '.join(self.types())}"
                )
            selected._by_type[job_type] = found
        return selected

    def __iter__(self) -> Iterator[Connector]:
        return iter(dict.fromkeys(self._by_type.values()))

    def __len__(self) -> int:
        return len(self._by_type)


def _origin(connector: Connector) -> str:
    function = connector.function
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', connector.name)}"
