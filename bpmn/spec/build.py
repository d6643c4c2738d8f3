"""Model -> graph, in passes: create the nodes, link the flows, attach boundary events, prepare the joins.

No pass recurses over nesting or flows, so that 500 nested sub-processes or 10,000 elements in a row are only longer.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from bpmn.expressions.api import NO_HANDLERS, Handlers
from bpmn.findings import Finding, Severity
from bpmn.model import activities as a
from bpmn.model import events as m
from bpmn.model import gateways as g
from bpmn.model.base import Dialect
from bpmn.model.definitions import Definitions, FlowElements, FlowNode, Process
from bpmn.model.executable import runs
from bpmn.spec.activities import activity_kind, activity_spec, loop_spec, quantity
from bpmn.spec.compensation import attach_handlers, mark_compensable
from bpmn.spec.context import BuildContext
from bpmn.spec.correlation import name_keys
from bpmn.spec.data import data_mappings, declared, name_data
from bpmn.spec.elements import ComplexGatewaySpec, ConditionSpec
from bpmn.spec.events import WAITED_FOR, catch_spec, start_spec, throw_spec
from bpmn.spec.graph import Container, Flow, Graph, Node, NodeKind
from bpmn.spec.lanes import name_lanes
from bpmn.spec.links import connect_links
from bpmn.spec.listeners import attach_listeners
from bpmn.spec.parts import build_parts
from bpmn.spec.starts import choose_start, collect_starts

_EVENT_KINDS: dict[type[m.Event], NodeKind] = {
    m.StartEvent: NodeKind.START_EVENT,
    m.EndEvent: NodeKind.END_EVENT,
    m.IntermediateCatchEvent: NodeKind.INTERMEDIATE_CATCH_EVENT,
    m.IntermediateThrowEvent: NodeKind.INTERMEDIATE_THROW_EVENT,
    m.BoundaryEvent: NodeKind.BOUNDARY_EVENT,
}
_GATEWAY_KINDS: dict[type[g.Gateway], NodeKind] = {
    g.ExclusiveGateway: NodeKind.EXCLUSIVE_GATEWAY,
    g.ParallelGateway: NodeKind.PARALLEL_GATEWAY,
    g.InclusiveGateway: NodeKind.INCLUSIVE_GATEWAY,
    g.EventBasedGateway: NodeKind.EVENT_BASED_GATEWAY,
    g.ComplexGateway: NodeKind.COMPLEX_GATEWAY,
}


@dataclass(frozen=True, slots=True)
class CompiledModel:
    """One graph per executable process, by key, and what compiling found; with ERROR findings they must not run."""

    graphs: dict[str, Graph]
    findings: tuple[Finding, ...]


def compile_model(
    model: Definitions, *, handlers: Handlers = NO_HANDLERS, make_executable: bool = False
) -> CompiledModel:
    """Compile every process that runs (`bpmn.model.executable`), with `make_executable` also those that say no."""
    graphs: dict[str, Graph] = {}
    findings: list[Finding] = []
    for process in model.processes:
        if not runs(process, make_executable):
            continue
        context = BuildContext(model, handlers)
        context.make_executable = make_executable
        graphs[process.id] = build_graph(context, process)
        findings.extend(context.findings)
    return CompiledModel(graphs, tuple(findings))


def build_graph(context: BuildContext, process: Process) -> Graph:
    """The graph of one process; problems go to `context.findings`."""
    root = Container(process.id, None)
    graph = Graph(
        key=process.id,
        name=process.name,
        root=root,
        nodes={},
        flows={},
        history_time_to_live=process.history_time_to_live,
        version_tag=process.version_tag,
    )
    name_data(context, process)
    name_lanes(context, process)
    graph.correlation = name_keys(context, process)
    contents = _create_nodes(context, graph, root, process.content)
    for container, elements in contents:
        container.data = declared(context, elements, process if container is root else None)
    for container, elements in contents:
        _link_flows(context, graph, container, elements)
    for container, elements in contents:
        _attach_boundary_events(context, graph, elements)
        connect_links(context, graph, elements)
        choose_start(container)
        _collect_event_starts(container)
    attach_handlers(graph, contents)
    for container, _ in contents:
        _prepare_joins(container)
    attach_listeners(context, graph, process, contents)
    collect_starts(graph)
    _collect_conditions(graph)
    mark_compensable([container for container, _ in contents])
    return graph


def _create_nodes(
    context: BuildContext, graph: Graph, root: Container, content: FlowElements
) -> list[tuple[Container, FlowElements]]:
    contents: list[tuple[Container, FlowElements]] = []
    waiting: deque[tuple[Container, FlowElements]] = deque([(root, content)])
    while waiting:
        container, elements = waiting.popleft()
        contents.append((container, elements))
        for element in elements.nodes:
            node = _create_node(context, graph, container, element)
            if node is None:
                continue
            container.nodes.append(node)
            graph.nodes[node.id] = node
            if isinstance(element, a.SubProcess):
                node.content = Container(element.id, node)
                waiting.append((node.content, element.content))
    return contents


def _create_node(context: BuildContext, graph: Graph, container: Container, element: FlowNode) -> Node | None:
    kind: NodeKind | None
    match element:
        case a.Activity():
            kind = activity_kind(element)
        case m.Event():
            kind = _EVENT_KINDS.get(type(element))
        case _:
            kind = _GATEWAY_KINDS.get(type(element))
    if kind is None:
        context.error(
            "ELEMENT_UNSUPPORTED",
            f"Expected an element that bpmnd executes, but '{element.id}' is a {type(element).__name__}",
            "See the table of supported elements; model it with what is supported.",
            element,
        )
        return None
    node = Node(element.id, element.name, kind, container)
    if isinstance(element, a.Activity):
        node.spec = activity_spec(context, element)
        node.loop = loop_spec(context, element)
        node.start_quantity = quantity(context, element, element.start_quantity, "startQuantity")
        node.completion_quantity = quantity(context, element, element.completion_quantity, "completionQuantity")
        _map_data(context, node, element)
        node.has_local = bool(node.inputs or node.outputs) or kind is NodeKind.SUB_PROCESS
    elif isinstance(element, m.Event):
        if isinstance(element, m.StartEvent):
            if container.node is not None and container.node.kind is NodeKind.EVENT_SUB_PROCESS:
                node.spec = catch_spec(context, element)
                node.interrupting = element.is_interrupting
            else:
                node.spec = start_spec(context, element)
        elif isinstance(element, m.EndEvent | m.IntermediateThrowEvent):
            node.spec = throw_spec(context, element)
        else:
            node.spec = catch_spec(context, element)
        _map_data(context, node, element)
        node.has_local = bool(node.inputs or node.outputs)
        if isinstance(element, m.BoundaryEvent):
            node.interrupting = element.cancel_activity or m.always_interrupts(element)
    node.needs_wait = isinstance(node.spec, WAITED_FOR)
    if isinstance(element, m.Event) and len(element.definitions) > 1:
        throws = isinstance(element, m.EndEvent | m.IntermediateThrowEvent)
        build_parts(context, graph, node, element, throws=throws)
    if isinstance(element, g.ComplexGateway) and element.activation_condition is not None:
        node.spec = ComplexGatewaySpec(context.expression(element.activation_condition, element))
    if isinstance(element, a.ReceiveTask | g.EventBasedGateway):
        node.instantiates = element.instantiate and container.node is None
        node.starts_all = isinstance(element, g.EventBasedGateway) and element.parallel
    node.results_stay_local = bool(node.outputs) and context.dialect is Dialect.ZEEBE
    if isinstance(element, a.Activity | m.Event | g.Gateway):
        node.async_before = element.async_before
        node.async_after = element.async_after
    return node


def _map_data(context: BuildContext, node: Node, element: a.Activity | m.Event) -> None:
    inputs, outputs = data_mappings(context, element)
    node.inputs = inputs + context.mappings(element.inputs, element)
    node.outputs = outputs + context.mappings(element.outputs, element)


def _link_flows(context: BuildContext, graph: Graph, container: Container, elements: FlowElements) -> None:
    outgoing: dict[str, list[Flow]] = {}
    incoming: dict[str, list[Flow]] = {}
    for element in elements.flows:
        source = graph.nodes.get(element.source or "")
        target = graph.nodes.get(element.target or "")
        if source is None or target is None or source.container is not target.container:
            context.findings.append(
                Finding(
                    severity=Severity.ERROR,
                    code="FLOW_REFERENCE",
                    message=f"Expected flow '{element.id}' to lead from element to element of one process or "
                    f"sub-process, but it goes from '{element.source}' to '{element.target}'",
                    hint="Connect both ends of the sequence flow.",
                    element_id=element.id,
                    element_name=element.name,
                    line=element.line,
                )
            )
            continue
        flow = Flow(element.id, element.name, source, target, context.optional(element.condition, element))
        graph.flows[flow.id] = flow
        outgoing.setdefault(source.id, []).append(flow)
        incoming.setdefault(target.id, []).append(flow)
    defaults = {
        element.id: element.default_flow
        for element in elements.nodes
        if isinstance(element, a.Activity | g.ExclusiveGateway | g.InclusiveGateway | g.ComplexGateway)
    }
    for node in container.nodes:
        node.outgoing = tuple(outgoing.get(node.id, ()))
        node.incoming = tuple(incoming.get(node.id, ()))
        default = defaults.get(node.id)
        node.default = next((flow for flow in node.outgoing if flow.id == default), None)
        if node.kind not in (NodeKind.PARALLEL_GATEWAY, NodeKind.EVENT_BASED_GATEWAY):
            node.conditional_flows = node.default is not None or any(f.condition for f in node.outgoing)


def _attach_boundary_events(context: BuildContext, graph: Graph, elements: FlowElements) -> None:
    attached: dict[str, list[Node]] = {}
    for element in elements.nodes:
        node = graph.nodes.get(element.id)
        if not isinstance(element, m.BoundaryEvent) or node is None:
            continue
        host = graph.nodes.get(element.attached_to or "")
        if host is None or host.container is not node.container:
            context.error(
                "BOUNDARY_HOST",
                f"Expected boundary event '{element.id}' to be attached to an activity beside it, but "
                f"'{element.attached_to}' is none",
                "Attach the event to an activity.",
                element,
            )
            continue
        node.host = host
        attached.setdefault(host.id, []).append(node)
    for host_id, nodes in attached.items():
        graph.nodes[host_id].boundary = tuple(nodes)


def _collect_event_starts(container: Container) -> None:
    """Where the event sub-processes of the container begin."""
    container.event_starts = tuple(
        start
        for sub_process in container.nodes
        if sub_process.kind is NodeKind.EVENT_SUB_PROCESS and sub_process.content is not None
        for start in sub_process.content.nodes
        if start.kind is NodeKind.START_EVENT and start.spec is not None
    )


def _prepare_joins(container: Container) -> None:
    for node in container.nodes:
        if node.start_quantity > 1:
            for flow in node.incoming:
                flow.parks = True
        if len(node.incoming) < 2:
            continue
        if node.kind is NodeKind.PARALLEL_GATEWAY:
            for flow in node.incoming:
                flow.parks = True
        elif node.kind in (NodeKind.INCLUSIVE_GATEWAY, NodeKind.COMPLEX_GATEWAY):
            container.inclusive_joins.append(node)
            for flow in node.incoming:
                flow.parks = True
                node.reach[flow.id] = _reaching(flow, node)


def _reaching(flow: Flow, join: Node) -> frozenset[str]:
    """Ids of the nodes from which a token can come over `flow` without passing `join`."""
    seen: set[str] = set()
    waiting = [flow.source]
    while waiting:
        node = waiting.pop()
        if node.id in seen or node is join:
            continue
        seen.add(node.id)
        waiting.extend(incoming.source for incoming in node.incoming)
        if node.host is not None:
            waiting.append(node.host)
    return frozenset(seen)


def _collect_conditions(graph: Graph) -> None:
    names: set[str] = set()
    for node in graph.nodes.values():
        begins = node.kind is NodeKind.START_EVENT and node.container is graph.root  # nothing waits for it
        if isinstance(node.spec, ConditionSpec) and not begins:
            names.update(node.spec.names)
    graph.condition_names = None if "*" in names else frozenset(names)
