"""Execution and task listeners, compiled: what is evaluated in the step, and the job that others become.

Expressions, scripts and registered handlers run in the step. A class, delegate or bean that is not registered becomes a
job of that name, whose completion lets the element go on, as Camunda 8's listener jobs do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bpmn.expressions.api import Compiled, CompileError, HandlerCall
from bpmn.expressions.callback import Callback
from bpmn.expressions.compile import handler_call
from bpmn.findings import Finding, Severity
from bpmn.model.activities import UserTask
from bpmn.model.base import Dialect, Element, Expression
from bpmn.model.definitions import FlowElements, Process
from bpmn.model.listeners import Listener, ListenerKind
from bpmn.spec.context import BuildContext
from bpmn.spec.elements import CancelSpec, ErrorSpec, JobSpec, TimerSpec
from bpmn.spec.graph import Container, Flow, Graph, Node, NodeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSpec:
    """`handler` None: it always runs in the step. Else it does where a handler of that name is registered (or, for an
    expression, a variable of that name exists); otherwise it becomes the job."""

    event: str
    value: Compiled | None
    handler: str | None = None
    job: JobSpec | None = None
    result_variable: Compiled | None = None
    timer: TimerSpec | None = None
    flow_id: str | None = None
    """The sequence flow it belongs to."""

    @property
    def name(self) -> str:
        """What history calls it."""
        if self.handler is not None:
            return self.handler
        if self.value is not None:
            return self.value.text if self.value.language == "juel" else f"{self.value.language} script"
        return "" if self.job is None else self.job.type.text


Specs = tuple[ListenerSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeListeners:
    """The listeners of one element, and what its vendor means by them."""

    start: Specs = ()
    end: Specs = ()
    tasks: Mapping[str, Specs] = field(default_factory=dict)
    """Task listeners by event."""
    late: bool = False
    """Camunda 8: boundary events wait only when the start listeners are done, end listeners come after the output
    mappings, and what a start listener brings is local."""
    on_cancel: bool = False
    """Camunda 7: end listeners are called as well when the element is cancelled."""
    flowable: bool = False
    """Flowable and Activiti: `assignment` comes before `create`, and `delete` also after `complete`."""


def attach_listeners(
    context: BuildContext, graph: Graph, process: Process, contents: Iterable[tuple[Container, FlowElements]]
) -> None:
    """Give the nodes and flows of the graph their listeners. Called when the flows are linked and joins prepared."""
    contents = list(contents)
    on_flows: dict[str, Specs] = {}
    for container, elements in contents:
        for element in elements.nodes:
            node = graph.nodes.get(element.id)
            if node is not None and node.container is container:
                node.listeners = _of_node(context, element, node)
        for sequence_flow in elements.flows:
            if sequence_flow.listeners and sequence_flow.id in graph.flows:
                specs = _specs(context, sequence_flow.listeners, sequence_flow)
                on_flows[sequence_flow.id] = tuple(replace(spec, flow_id=sequence_flow.id) for spec in specs)
    for container, _ in contents:
        for node in container.nodes:
            if node.kind is NodeKind.EVENT_BASED_GATEWAY:
                _move_behind(node, on_flows, context.dialect)
    for id, specs in on_flows.items():
        _put_on_flow(graph, graph.flows[id], specs, context.dialect)
    if process.listeners:
        node = Node(process.id, process.name, NodeKind.PROCESS, graph.root)
        node.listeners = _of_node(context, process, node)
        graph.process = node
        graph.nodes.setdefault(process.id, node)


def _of_node(context: BuildContext, element: Element, node: Node) -> NodeListeners | None:
    of_task = element.task_listeners if isinstance(element, UserTask) else ()
    if not element.listeners and not of_task:
        return None
    specs = _specs(context, element.listeners, element)
    start = tuple(spec for spec in specs if spec.event == "start")
    end = tuple(spec for spec in specs if spec.event == "end")
    tasks: dict[str, Specs] = {}
    for spec in _specs(context, of_task, element):
        tasks[spec.event] = (*tasks.get(spec.event, ()), spec)
    throws = any(isinstance(part.spec, ErrorSpec | CancelSpec) for part in node.parts or (node,))
    if throws and node.kind is NodeKind.END_EVENT:
        # It is left by what it throws, and never completes: its end is called just before.
        start, end = start + end, ()
    late = context.dialect is Dialect.ZEEBE
    if late and start and _may_have_local(node):
        node.has_local = True
    return NodeListeners(
        start=start,
        end=end,
        tasks=tasks,
        late=late,
        on_cancel=context.dialect is Dialect.CAMUNDA,
        flowable=context.dialect is Dialect.FLOWABLE,
    )


def _may_have_local(node: Node) -> bool:
    """Conditions of flows see the scope around a gateway: what its listeners bring is set there."""
    return node.kind is not NodeKind.PROCESS and not node.kind.value.endswith("_GATEWAY")


def _move_behind(gateway: Node, on_flows: dict[str, Specs], dialect: Dialect) -> None:
    """An event-based gateway is left when an event behind it has happened: its end, and taking the flow, are called
    with the start of that event."""
    before = () if gateway.listeners is None else gateway.listeners.end
    if gateway.listeners is not None:
        gateway.listeners = replace(gateway.listeners, end=())
    for flow in gateway.outgoing:
        first = before + on_flows.pop(flow.id, ())
        if first:
            known = flow.target.listeners or _none(dialect)
            flow.target.listeners = replace(known, start=first + known.start)


def _none(dialect: Dialect) -> NodeListeners:
    return NodeListeners(
        late=dialect is Dialect.ZEEBE, on_cancel=dialect is Dialect.CAMUNDA, flowable=dialect is Dialect.FLOWABLE
    )


def _put_on_flow(graph: Graph, flow: Flow, specs: Specs, dialect: Dialect) -> None:
    """A flow with listeners has a node of its own, where a token stays while they are called. From there it goes on as
    it would have from the source."""
    node = Node(flow.id, flow.name, NodeKind.SEQUENCE_FLOW, flow.source.container)
    node.listeners = replace(_none(dialect), start=specs)
    node.async_after = flow.source.async_after
    rest = Flow(flow.id, flow.name, node, flow.target, None)
    rest.parks = flow.parks
    node.outgoing = (rest,)
    flow.gate = node
    graph.nodes.setdefault(flow.id, node)
    for join in node.container.inclusive_joins:
        for id, reaching in join.reach.items():
            if id == flow.id or flow.target.id in reaching:
                join.reach[id] = reaching | {flow.id}


def _specs(context: BuildContext, listeners: tuple[Listener, ...], element: Element) -> Specs:
    found = (_spec(context, listener, element) for listener in listeners)
    return tuple(spec for spec in found if spec is not None)


def _spec(context: BuildContext, listener: Listener, element: Element) -> ListenerSpec | None:
    fields = tuple(
        (mapping.target, context.literal("") if mapping.source is None else context.expression(mapping.source, element))
        for mapping in listener.fields
    )
    headers = (*((name, context.literal(value)) for name, value in listener.headers), *fields)
    retries = context.optional(listener.retries, element)
    value: Compiled | None = None
    handler: str | None = None
    job: JobSpec | None = None
    match listener.kind:
        case ListenerKind.SCRIPT:
            value = context.script(listener.value, element)
        case ListenerKind.EXPRESSION:
            value = context.expression(listener.value, element)
            call = _call(listener.value)
            if call is not None and call.handler not in ("execution", "task"):
                handler = call.handler
                type = handler if call.method is None else f"{handler}.{call.method}"
                job = JobSpec(type=context.literal(type), headers=headers, arguments=call.arguments)
        case ListenerKind.CLASS:
            handler = listener.value.text
            job = JobSpec(type=context.literal(handler), headers=headers, retries=retries)
        case ListenerKind.DELEGATE_EXPRESSION:
            call = _call(listener.value)
            plain = call is not None and call.method is None
            handler = call.handler if call is not None and plain else None
            type_of = listener.value if handler is None else Expression(text=handler, language="literal")
            job = JobSpec(type=context.expression(type_of, element), headers=headers, retries=retries)
        case ListenerKind.JOB:
            job = JobSpec(type=context.expression(listener.value, element), headers=headers, retries=retries)
    if handler is not None and value is None:
        value = Callback(handler, fields)
    if job is not None and (handler is None or handler not in context.handlers):
        _tell(context, listener, element, job)
    timer = None
    if listener.timer is not None and listener.timer.kind is not None and listener.timer.expression is not None:
        timer = TimerSpec(kind=listener.timer.kind, value=context.expression(listener.timer.expression, element))
    return ListenerSpec(
        event=listener.event,
        value=value,
        handler=handler,
        job=job,
        result_variable=context.optional(listener.result_variable, element),
        timer=timer,
    )


def _call(expression: Expression) -> HandlerCall | None:
    try:
        return handler_call(expression)
    except CompileError:
        return None


def _tell(context: BuildContext, listener: Listener, element: Element, job: JobSpec) -> None:
    """A listener that is a job holds its element up, which who drew it may not expect; one that is called when a task
    is cancelled cannot hold anything up."""
    if listener.event == "delete" and listener.whole:
        context.error(
            "LISTENER_UNSUPPORTED",
            f"Expected listeners that bpmnd calls in '{element.id}', but '{job.type.text}' listens to the deletion of "
            "the task, and nothing waits for a job when a task is cancelled",
            "Make it an expression or a script, or register a pure handler of that name.",
            element,
            listener.line,
        )
        return
    if listener.event == "delete":
        message = (
            f"Expected listeners that always can be called, but '{job.type.text}' of '{element.id}' is a job, and is "
            "not called when the task is cancelled"
        )
    else:
        message = (
            f"Expected listeners that run in the step, but '{job.type.text}' ({listener.event} of '{element.id}') "
            "becomes a job of that type, and the element waits for it"
        )
    context.findings.append(
        Finding(
            severity=Severity.WARNING,
            code="LISTENER_JOB",
            message=message,
            hint=f"Have a worker for jobs of type '{job.type.text}'.",
            element_id=element.id,
            element_name=element.name,
            line=listener.line if listener.line is not None else element.line,
        )
    )
