"""What can be compensated (BPMN 2.0.2, 10.7), and whether anything can ask for it: found once, from the drawing.

Only completions that something can still undo are recorded at run time; everything else costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bpmn.model.activities import Activity
from bpmn.model.definitions import FlowElements
from bpmn.spec.elements import CancelSpec, CompensateSpec, TransactionSpec
from bpmn.spec.graph import Container, Graph, Node, NodeKind

_THROWS = (NodeKind.INTERMEDIATE_THROW_EVENT, NodeKind.END_EVENT)


def attach_handlers(graph: Graph, contents: Sequence[tuple[Container, FlowElements]]) -> None:
    """Lead from each activity to the one that undoes it, over the association of its compensation boundary event, and
    from each sub-process to its compensation event sub-process.

    An association may be drawn in either direction, and stand with the process although it connects what is inside a
    sub-process, as modeling tools do.
    """
    connected: dict[str, list[str]] = {}
    for _, elements in contents:
        for association in elements.associations:
            if association.source is not None and association.target is not None:
                connected.setdefault(association.source, []).append(association.target)
                connected.setdefault(association.target, []).append(association.source)
    handlers = {
        element.id
        for _, elements in contents
        for element in elements.nodes
        if isinstance(element, Activity) and element.is_for_compensation
    }
    for container, _ in contents:
        for node in container.nodes:
            if node.kind is NodeKind.BOUNDARY_EVENT and node.host is not None and _catches(node):
                found = [graph.nodes[id] for id in connected.get(node.id, ()) if id in handlers and id in graph.nodes]
                node.host.compensation_handler = next((h for h in found if h.container is container), None)
        container.compensation_start = next((start for start in container.event_starts if _catches(start)), None)


def mark_compensable(containers: Sequence[Container]) -> None:
    """Say which completions are to be recorded; `containers` from the process inward.

    Compensation is thrown in the scope of its event, and from an event sub-process also in the scope around it. A
    completed sub-process that is compensated passes it on to what was completed inside, unless it has a handler or a
    compensation event sub-process of its own.
    """
    handlers = {node.compensation_handler for container in containers for node in container.nodes}
    undoes: dict[Container, bool] = {}
    thrown: dict[Container, set[str | None]] = {}
    cancels: set[Container] = set()
    for container in reversed(containers):
        undoes[container] = container.compensation_start is not None or any(
            node not in handlers and _can_be_undone(node, undoes) for node in container.nodes
        )
        thrown[container] = set(_thrown_in(container, thrown))
        if any(_cancels(node, cancels) for node in container.nodes):
            cancels.add(container)
            thrown[container].add(None)
    for container in containers:
        everything = None in thrown[container] or _is_passed_on(container)
        for node in container.nodes:
            node.compensable = (
                node not in handlers and _can_be_undone(node, undoes) and (everything or node.id in thrown[container])
            )


def _can_be_undone(node: Node, undoes: dict[Container, bool]) -> bool:
    if node.compensation_handler is not None:
        return True
    return node.content is not None and node.kind is not NodeKind.EVENT_SUB_PROCESS and undoes[node.content]


def _thrown_in(container: Container, thrown: dict[Container, set[str | None]]) -> Iterable[str | None]:
    """Activities whose compensation is thrown in the container; None: that of all."""
    for node in container.nodes:
        if node.kind in _THROWS:
            for part in node.parts or (node,):
                if isinstance(part.spec, CompensateSpec):
                    yield part.spec.activity
        elif node.kind is NodeKind.EVENT_SUB_PROCESS and node.content is not None:
            yield from thrown[node.content]


def _cancels(node: Node, cancels: set[Container]) -> bool:
    """A cancel end event, or a sub-process with one inside that is about a transaction further outward."""
    if node.content is not None:
        return node.content in cancels and not isinstance(node.spec, TransactionSpec)
    return node.kind is NodeKind.END_EVENT and any(isinstance(p.spec, CancelSpec) for p in node.parts or (node,))


def _is_passed_on(container: Container) -> bool:
    node = container.node
    return (
        node is not None
        and node.compensable
        and node.compensation_handler is None
        and container.compensation_start is None
    )


def _catches(node: Node) -> bool:
    return any(isinstance(part.spec, CompensateSpec) for part in node.parts or (node,))
