"""Link events (BPMN 2.0.2, 10.5.5): from each throw a flow of its own to the catch event of the same name.

The flow is called `link:THROW:CATCH`. As a flow it is bounded, joined and shown like any other.
"""

from __future__ import annotations

from bpmn.model import events as m
from bpmn.model.definitions import FlowElements
from bpmn.spec.context import BuildContext
from bpmn.spec.elements import LinkSpec
from bpmn.spec.graph import Flow, Graph, NodeKind


def connect_links(context: BuildContext, graph: Graph, elements: FlowElements) -> None:
    """Connect the link events of one container; a throw without its catch event is an ERROR finding."""
    events = [e for e in elements.nodes if isinstance(e, m.IntermediateThrowEvent | m.IntermediateCatchEvent)]
    catches = {
        node.spec.name: node
        for event in events
        if (node := graph.nodes.get(event.id)) is not None
        and node.kind is NodeKind.INTERMEDIATE_CATCH_EVENT
        and isinstance(node.spec, LinkSpec)
    }
    for event in events:
        node = graph.nodes.get(event.id)
        if node is None or node.kind is not NodeKind.INTERMEDIATE_THROW_EVENT or not isinstance(node.spec, LinkSpec):
            continue
        target = catches.get(node.spec.name)
        if target is None:
            context.error(
                "LINK_TARGET_MISSING",
                f"Expected link event '{event.id}' to lead to a catch event of the link '{node.spec.name}' in the same "
                "process or sub-process, but there is none",
                "Add an intermediate link catch event with the same link name.",
                event,
            )
            continue
        flow = Flow(f"link:{node.id}:{target.id}", None, node, target, None)
        graph.flows[flow.id] = flow
        node.outgoing = (*node.outgoing, flow)
        target.incoming = (*target.incoming, flow)
