"""Multiple and parallel multiple events (BPMN 2.0.2, 10.5.5): one part per event definition.

A part is a node of its own in the graph, `event#1`, `event#2` ..., that no flow leads to: it carries the compiled event
definition, and waits name it. `Node.whole` leads back to the event.
"""

from __future__ import annotations

from dataclasses import replace

from bpmn.model import events as m
from bpmn.spec.context import BuildContext
from bpmn.spec.elements import CancelSpec, ErrorSpec, ExpressionSpec, JobSpec, MultipleSpec, StartSpec, TerminateSpec
from bpmn.spec.events import WAITED_FOR, catch_definition, throw_definition
from bpmn.spec.graph import Graph, Node


def build_parts(context: BuildContext, graph: Graph, node: Node, event: m.Event, *, throws: bool) -> None:
    """Give `node` its parts and make it a multiple event."""
    parts: list[Node] = []
    for number, definition in enumerate(event.definitions, 1):
        part = Node(f"{event.id}#{number}", event.name, node.kind, node.container)
        build = throw_definition if throws else catch_definition
        part.spec = build(context, event, definition)
        part.needs_wait = isinstance(part.spec, WAITED_FOR)
        part.interrupting = node.interrupting
        part.whole = node
        graph.nodes[part.id] = part
        parts.append(part)
    if throws:
        # What ends the token comes last, so that the others have happened before.
        parts.sort(key=lambda part: isinstance(part.spec, ErrorSpec | TerminateSpec | CancelSpec))
    node.parts = tuple(parts)
    spec = MultipleSpec(parallel=event.parallel_multiple)
    node.spec = replace(node.spec, event=spec) if isinstance(node.spec, StartSpec) else spec
    node.needs_wait = any(part.needs_wait for part in parts)
    _check(context, node, event, throws=throws)


def _check(context: BuildContext, node: Node, event: m.Event, *, throws: bool) -> None:
    problem: str | None = None
    if throws and any(isinstance(part.spec, JobSpec | ExpressionSpec) for part in node.parts):
        problem = "throws a message by a job beside other events"
    elif event.parallel_multiple and not all(part.needs_wait for part in node.parts):
        problem = "waits for an error or escalation together with other events"
    if problem is not None:
        context.error(
            "ELEMENT_UNSUPPORTED",
            f"Expected an event that bpmnd executes at '{event.id}', but it {problem}",
            "Use one event for each of them.",
            event,
        )
