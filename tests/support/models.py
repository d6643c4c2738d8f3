"""Processes drawn in tests: elements as Python calls, sequence flows as text.

    model(start(), user_task("a"), end(), flows="start -> a -> end")

A flow is `a -> b`, with a condition `a -[x > 1]-> b`, as default flow `a -[default]-> b`; its id is `a_b`. Chains and
several lines (or `;`) are one process. Conditions are Python in a plain model, `${...}` is JUEL everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from bpmn.examine import examine
from bpmn.findings import Finding, Severity
from bpmn.spec import compile_model
from bpmn.spec.graph import Graph

_BPMN = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_VENDORS = {
    "camunda": "http://camunda.org/schema/1.0/bpmn",
    "flowable": "http://flowable.org/bpmn",
    "zeebe": "http://camunda.org/schema/zeebe/1.0",
}
_ARROW = re.compile(r"\s*-(?:\[(.*?)\]-)?>\s*")


@dataclass
class Element:
    """A flow node: its tag, attributes, inner XML, and (sub-processes) the elements inside with their flows."""

    tag: str
    id: str
    attributes: dict[str, str] = field(default_factory=dict)
    inner: str = ""
    elements: tuple[Element, ...] = ()
    flows: str = ""

    def xml(self, default: str | None = None) -> str:
        attributes = dict(self.attributes)
        if default is not None:
            attributes["default"] = default
        written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
        content = _content(self.elements, self.flows) if self.elements else ""
        return f'<{self.tag} id="{self.id}"{written}>{self.inner}{content}</{self.tag}>'


def _content(elements: tuple[Element, ...], flows: str) -> str:
    connections = _connections(flows)
    defaults = {source: f"{source}_{target}" for source, condition, target in connections if condition == "default"}
    nodes = "".join(element.xml(defaults.get(element.id)) for element in elements)
    return nodes + "".join(_flow(*connection) for connection in connections)


def _connections(flows: str) -> list[tuple[str, str | None, str]]:
    found: list[tuple[str, str | None, str]] = []
    for line in re.split(r"[;\n]", flows):
        parts = _ARROW.split(line.strip())
        for index in range(0, len(parts) - 2, 2):
            found.append((parts[index], parts[index + 1], parts[index + 2]))
    return found


def _flow(source: str, condition: str | None, target: str) -> str:
    inside = ""
    if condition not in (None, "default"):
        inside = f'<conditionExpression xsi:type="tFormalExpression">{escape(condition)}</conditionExpression>'
    return f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'


# -- documents --------------------------------------------------------------------------------------------------------


def process(key: str, *elements: Element, flows: str) -> str:
    """One executable process, as XML."""
    return f'<process id="{key}" isExecutable="true">{_content(elements, flows)}</process>'


def document(*processes: str, roots: str = "") -> bytes:
    """A document of processes and root elements (messages, errors)."""
    content = roots + "".join(processes)
    # Only vendors that are used are declared: declarations decide the dialect of a document that uses none.
    vendors = "".join(f' xmlns:{name}="{uri}"' for name, uri in _VENDORS.items() if f"{name}:" in content)
    return f'<definitions {_BPMN}{vendors} targetNamespace="t">{content}</definitions>'.encode()


def model(*elements: Element, flows: str, roots: str = "", key: str = "p") -> bytes:
    """A document of one process."""
    return document(process(key, *elements, flows=flows), roots=roots)


def compile_document(data: bytes) -> dict[str, Graph]:
    """Graphs by process key; AssertionError with the findings where there are errors."""
    graphs, findings = compile_with_findings(data)
    errors = [f"{finding.code}: {finding.message}" for finding in findings if finding.severity is Severity.ERROR]
    assert not errors, errors
    return graphs


def compile_with_findings(data: bytes) -> tuple[dict[str, Graph], tuple[Finding, ...]]:
    """Graphs and all findings of reading, rules and compiling; no graphs where the document cannot be read."""
    examined = examine(data, schema=False)
    if examined.model is None:
        return {}, examined.findings
    compiled = compile_model(examined.model)
    return compiled.graphs, (*examined.findings, *compiled.findings)


# -- root elements ----------------------------------------------------------------------------------------------------


def message(id: str, name: str | None = None, *, key: str | None = None) -> str:
    """A message; `key` is its Camunda 8 correlation key."""
    extension = ""
    if key is not None:
        extension = f"<extensionElements><zeebe:subscription correlationKey={quoteattr(key)}/></extensionElements>"
    return f'<message id="{id}" name="{name or id}">{extension}</message>'


def error(id: str, code: str) -> str:
    return f'<error id="{id}" errorCode="{code}"/>'


# -- extensions -------------------------------------------------------------------------------------------------------


def extension(*content: str) -> str:
    return f"<extensionElements>{''.join(content)}</extensionElements>"


def camunda_io(inputs: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> str:
    """camunda:inputOutput: target -> text or `${...}`."""
    parts = [
        f'<camunda:inputParameter name="{n}">{escape(v)}</camunda:inputParameter>' for n, v in (inputs or {}).items()
    ]
    parts += [
        f'<camunda:outputParameter name="{n}">{escape(v)}</camunda:outputParameter>' for n, v in (outputs or {}).items()
    ]
    return extension(f"<camunda:inputOutput>{''.join(parts)}</camunda:inputOutput>")


def zeebe_io(inputs: dict[str, str] | None = None, outputs: dict[str, str] | None = None, *more: str) -> str:
    """zeebe:ioMapping: target -> `=source`."""
    parts = [f'<zeebe:input source={quoteattr(v)} target="{n}"/>' for n, v in (inputs or {}).items()]
    parts += [f'<zeebe:output source={quoteattr(v)} target="{n}"/>' for n, v in (outputs or {}).items()]
    return extension(f"<zeebe:ioMapping>{''.join(parts)}</zeebe:ioMapping>", *more)


# -- events -----------------------------------------------------------------------------------------------------------


def timer(*, duration: str | None = None, date: str | None = None, cycle: str | None = None) -> str:
    for tag, text in (("timeDuration", duration), ("timeDate", date), ("timeCycle", cycle)):
        if text is not None:
            value = f'<{tag} xsi:type="tFormalExpression">{escape(text)}</{tag}>'
            return f"<timerEventDefinition>{value}</timerEventDefinition>"
    raise ValueError("Expected duration, date or cycle")


def on_message(ref: str) -> str:
    return f'<messageEventDefinition messageRef="{ref}"/>'


def on_error(ref: str | None = None, **attributes: str) -> str:
    more = "".join(f' camunda:{name}="{value}"' for name, value in attributes.items())
    reference = "" if ref is None else f' errorRef="{ref}"'
    return f"<errorEventDefinition{more}{reference}/>"


def escalation(id: str, code: str) -> str:
    return f'<escalation id="{id}" escalationCode="{code}"/>'


def signal(id: str, name: str) -> str:
    return f'<signal id="{id}" name="{name}"/>'


def on_escalation(ref: str | None = None, **attributes: str) -> str:
    more = "".join(f' camunda:{name}="{value}"' for name, value in attributes.items())
    reference = "" if ref is None else f' escalationRef="{ref}"'
    return f"<escalationEventDefinition{more}{reference}/>"


def on_signal(ref: str) -> str:
    return f'<signalEventDefinition signalRef="{ref}"/>'


def on_link(name: str) -> str:
    return f'<linkEventDefinition name="{name}"/>'


def on_condition(text: str) -> str:
    return (
        "<conditionalEventDefinition>"
        f'<condition xsi:type="tFormalExpression">{escape(text)}</condition></conditionalEventDefinition>'
    )


def on_compensation(activity: str | None = None, *, wait: bool = True) -> str:
    reference = "" if activity is None else f' activityRef="{activity}"'
    return f'<compensateEventDefinition{reference} waitForCompletion="{str(wait).lower()}"/>'


TERMINATE = "<terminateEventDefinition/>"
CANCEL = "<cancelEventDefinition/>"


def start(id: str = "start", inner: str = "", **attributes: str) -> Element:
    return Element("startEvent", id, _vendor(attributes), inner)


def end(id: str = "end", inner: str = "") -> Element:
    return Element("endEvent", id, {}, inner)


def catch(id: str, inner: str) -> Element:
    return Element("intermediateCatchEvent", id, {}, inner)


def throw(id: str, inner: str = "") -> Element:
    return Element("intermediateThrowEvent", id, {}, inner)


def boundary(id: str, host: str, inner: str, *, interrupting: bool = True) -> Element:
    return Element("boundaryEvent", id, {"attachedToRef": host, "cancelActivity": str(interrupting).lower()}, inner)


# -- activities -------------------------------------------------------------------------------------------------------


def task(id: str, inner: str = "", **attributes: str) -> Element:
    return Element("task", id, _vendor(attributes), inner)


def manual_task(id: str) -> Element:
    return Element("manualTask", id)


def user_task(id: str, inner: str = "", **attributes: str) -> Element:
    return Element("userTask", id, _vendor(attributes), inner)


def service_task(id: str, inner: str = "", *, topic: str | None = None, **attributes: str) -> Element:
    """A job of type `topic` (default: the id), unless attributes say what else it does."""
    if not attributes or topic is not None or set(attributes) <= {"async_before", "async_after", "name"}:
        attributes |= {"type": "external", "topic": topic or id}
    return Element("serviceTask", id, _vendor(attributes), inner)


def zeebe_task(
    id: str, *, type: str | None = None, io: str = "", tag: str = "serviceTask", **attributes: str
) -> Element:
    """A job of Camunda 8; `io` is what stands beside zeebe:taskDefinition in its extensionElements."""
    return Element(tag, id, attributes, extension(f'<zeebe:taskDefinition type="{type or id}"/>', io))


def send_task(id: str, inner: str = "", **attributes: str) -> Element:
    return Element("sendTask", id, _vendor(attributes), inner)


def receive_task(id: str, ref: str, inner: str = "") -> Element:
    return Element("receiveTask", id, {"messageRef": ref}, inner)


def script_task(id: str, script: str, format: str = "python", inner: str = "", **attributes: str) -> Element:
    written = {"scriptFormat": format, **_vendor(attributes)}
    return Element("scriptTask", id, written, f"{inner}<script>{escape(script)}</script>")


def call_activity(id: str, process_key: str, inner: str = "", **attributes: str) -> Element:
    return Element("callActivity", id, {"calledElement": process_key, **_vendor(attributes)}, inner)


def event_sub_process(id: str, *elements: Element, flows: str) -> Element:
    """Its start event says with `is_interrupting` whether it ends what is beside it."""
    return Element("subProcess", id, {"triggeredByEvent": "true"}, "", elements, flows)


def event_start(id: str, inner: str, *, interrupting: bool = True) -> Element:
    return Element("startEvent", id, {"isInterrupting": str(interrupting).lower()}, inner)


def sub_process(id: str, *elements: Element, flows: str, inner: str = "") -> Element:
    return Element("subProcess", id, {}, inner, elements, flows)


def transaction(id: str, *elements: Element, flows: str, inner: str = "") -> Element:
    return Element("transaction", id, {}, inner, elements, flows)


def compensated(host: Element, handler: Element) -> tuple[Element, Element, Element, Element]:
    """An activity, its compensation boundary event `undo-HOST`, and the handler with the association between them."""
    handler.attributes["isForCompensation"] = "true"
    event = boundary(f"undo-{host.id}", host.id, on_compensation())
    ends = {"sourceRef": event.id, "targetRef": handler.id, "associationDirection": "One"}
    return host, event, handler, Element("association", f"{host.id}-{handler.id}", ends)


def ad_hoc(
    id: str,
    *elements: Element,
    flows: str = "",
    sequential: bool = False,
    until: str | None = None,
    cancel: bool = True,
    inner: str = "",
) -> Element:
    attributes = {"ordering": "Sequential"} if sequential else {}
    if not cancel:
        attributes["cancelRemainingInstances"] = "false"
    if until is not None:
        inner += f'<completionCondition xsi:type="tFormalExpression">{escape(until)}</completionCondition>'
    return Element("adHocSubProcess", id, attributes, inner, elements, flows)


# -- loops and gateways -----------------------------------------------------------------------------------------------


def multi_instance(
    *,
    cardinality: str | None = None,
    collection: str | None = None,
    variable: str | None = None,
    sequential: bool = False,
    until: str | None = None,
) -> str:
    """Multi-instance characteristics as Camunda 7 writes them."""
    attributes = f' isSequential="{str(sequential).lower()}"'
    if collection is not None:
        attributes += f" camunda:collection={quoteattr(collection)}"
    if variable is not None:
        attributes += f' camunda:elementVariable="{variable}"'
    inner = ""
    if cardinality is not None:
        inner += f'<loopCardinality xsi:type="tFormalExpression">{escape(cardinality)}</loopCardinality>'
    if until is not None:
        inner += f'<completionCondition xsi:type="tFormalExpression">{escape(until)}</completionCondition>'
    return f"<multiInstanceLoopCharacteristics{attributes}>{inner}</multiInstanceLoopCharacteristics>"


def standard_loop(condition: str | None = None, *, before: bool = False, maximum: int | None = None) -> str:
    """Standard loop characteristics."""
    most = "" if maximum is None else f' loopMaximum="{maximum}"'
    inner = ""
    if condition is not None:
        inner = f'<loopCondition xsi:type="tFormalExpression">{escape(condition)}</loopCondition>'
    return (
        f'<standardLoopCharacteristics testBefore="{str(before).lower()}"{most}>{inner}</standardLoopCharacteristics>'
    )


def zeebe_multi_instance(
    collection: str,
    *,
    variable: str | None = None,
    output: str | None = None,
    element: str | None = None,
    sequential: bool = False,
) -> str:
    """Multi-instance characteristics as Camunda 8 writes them."""
    attributes = f"inputCollection={quoteattr(collection)}"
    for name, value in (("inputElement", variable), ("outputCollection", output), ("outputElement", element)):
        if value is not None:
            attributes += f" {name}={quoteattr(value)}"
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        + extension(f"<zeebe:loopCharacteristics {attributes}/>")
        + "</multiInstanceLoopCharacteristics>"
    )


def exclusive(id: str) -> Element:
    return Element("exclusiveGateway", id)


def parallel(id: str) -> Element:
    return Element("parallelGateway", id)


def inclusive(id: str) -> Element:
    return Element("inclusiveGateway", id)


def complex_gateway(id: str, condition: str | None = None) -> Element:
    inner = ""
    if condition is not None:
        inner = f'<activationCondition xsi:type="tFormalExpression">{escape(condition)}</activationCondition>'
    return Element("complexGateway", id, {}, inner)


def event_based(id: str) -> Element:
    return Element("eventBasedGateway", id)


def _vendor(attributes: dict[str, str]) -> dict[str, str]:
    """Python names to attributes: `result_variable` -> `camunda:resultVariable`; `name` stays BPMN's own."""
    written = {}
    for name, value in attributes.items():
        if name in ("name", "messageRef", "operationRef"):
            written[name] = value
        else:
            head, *tail = name.split("_")
            written["camunda:" + head + "".join(part.capitalize() for part in tail)] = value
    return written
