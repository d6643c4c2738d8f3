"""Model -> executable graph: `compile_model` builds one `Graph` per executable process, expressions compiled once."""

from bpmn.spec.build import CompiledModel, compile_model
from bpmn.spec.graph import Graph

__all__ = ["CompiledModel", "Graph", "compile_model"]
