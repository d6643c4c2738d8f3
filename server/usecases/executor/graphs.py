"""Executable graphs by definition id: read and compiled once, then shared by all threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

from bpmn.expressions.api import NO_HANDLERS, Handlers
from bpmn.runtime.migration_plan import MigrationPlan, plan
from bpmn.spec import Graph, compile_model
from bpmn.xml import read
from server.ports.records import DefinitionRow
from server.ports.store import UnitOfWork


class GraphMissing(Exception):
    """The definition is gone, or its document cannot be compiled any more."""


class GraphCache:
    """Least recently used out; a graph is a few kB per element."""

    def __init__(self, handlers: Handlers = NO_HANDLERS, size: int = 500) -> None:
        self.handlers = handlers
        self._size = size
        self._lock = threading.Lock()
        self._graphs: OrderedDict[int, Graph] = OrderedDict()
        self._plan: tuple[tuple[int, int, Mapping[str, str]], MigrationPlan] | None = None

    def get(self, unit: UnitOfWork, definition_id: int) -> Graph:
        """The graph of a definition. Raises GraphMissing."""
        with self._lock:
            graph = self._graphs.get(definition_id)
            if graph is not None:
                self._graphs.move_to_end(definition_id)
                return graph
        definition = unit.find_definition(None, definition_id)
        if definition is None:
            raise GraphMissing(f"Expected definition {definition_id} to exist, but it is gone")
        graph = self._compile(unit, definition)
        with self._lock:
            self._graphs[definition_id] = graph
            while len(self._graphs) > self._size:
                self._graphs.popitem(last=False)
        return graph

    def plan(
        self, source_id: int, target_id: int, mapping: Mapping[str, str], source: Graph, target: Graph
    ) -> MigrationPlan:
        """The migration plan between two definitions; the last one is kept for the next step of the same migration."""
        key = (source_id, target_id, mapping)
        known = self._plan
        if known is None or known[0] != key:
            known = self._plan = (key, plan(source, target, mapping))
        return known[1]

    def _compile(self, unit: UnitOfWork, definition: DefinitionRow) -> Graph:
        content = unit.resource(definition.deployment_id, definition.resource_name)
        if content is None:
            raise GraphMissing(f"Expected the document of definition {definition.id} to be stored, but it is gone")
        model = read(content, file=definition.resource_name).model
        if model is None:
            raise GraphMissing(f"Expected the document of definition {definition.id} to be readable, but it is not")
        compiled = compile_model(model, handlers=self.handlers, make_executable=definition.forced_executable)
        graph = compiled.graphs.get(definition.key)
        if graph is None:
            raise GraphMissing(f"Expected definition {definition.id} to be executable, but it is not")
        return graph
