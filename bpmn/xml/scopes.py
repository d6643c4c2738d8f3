"""Readers of containers: what processes and sub-processes hold. Nesting is walked with a work list, not recursion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from bpmn.findings import Severity
from bpmn.model.activities import AdHocSubProcess, SubProcess, Transaction, UnknownNode
from bpmn.model.definitions import Association, FlowElements, FlowNode, Lane, SequenceFlow, TextAnnotation
from bpmn.xml import activities, data, events, expressions, gateways
from bpmn.xml.activities import activity_arguments
from bpmn.xml.context import Context
from bpmn.xml.extensions import zeebe
from bpmn.xml.extensions.listeners import execution_listeners
from bpmn.xml.namespaces import BPMN, split
from bpmn.xml.node import Node, text_of
from bpmn.xml.people import unread_roles

_CONTAINERS = frozenset({"subProcess", "transaction", "adHocSubProcess"})
_NODE_READERS: dict[str, Callable[[Node], FlowNode]] = {**activities.READERS, **events.READERS, **gateways.READERS}
_PARTS_OF_CONTAINER = frozenset(
    {
        # of the process or sub-process itself, read by the readers below and in `definitions`
        "documentation", "extensionElements", "incoming", "outgoing", "auditing", "monitoring", "ioSpecification",
        "ioBinding", "supportedInterfaceRef", "supports", "performer", "humanPerformer", "potentialOwner",
        "resourceRole", "standardLoopCharacteristics", "multiInstanceLoopCharacteristics", "dataInputAssociation",
        "dataOutputAssociation", "completionCondition", "correlationSubscription",
        # drawings without meaning for execution
        "group", "category",
    }
)  # fmt: skip


def content(container: etree._Element, context: Context) -> FlowElements:
    """Everything inside a process, nested sub-processes of any depth included."""
    nested = [container]
    for element in nested:  # grows while it is walked: parents come before their children
        nested.extend(child for child in element if _bpmn_tag(child) in _CONTAINERS)
    built: dict[etree._Element, SubProcess] = {}
    contents: dict[etree._Element, FlowElements] = {}
    for element in reversed(nested):
        contents[element] = _flow_elements(element, context, built)
        if element is not container:
            built[element] = _sub_process(Node(context, element), contents.pop(element))
    return contents[container]


def _bpmn_tag(element: etree._Element) -> str | None:
    namespace, local = split(str(element.tag))
    return local if namespace == BPMN else None


def _flow_elements(
    container: etree._Element, context: Context, built: dict[etree._Element, SubProcess]
) -> FlowElements:
    nodes: list[FlowNode] = []
    found: dict[str, list[Any]] = {}
    for element in container:
        tag = _bpmn_tag(element)
        if tag is None or tag in _PARTS_OF_CONTAINER:
            continue
        if element in built:
            nodes.append(built.pop(element))
            continue
        node = Node(context, element)
        if tag in _NODE_READERS:
            nodes.append(_NODE_READERS[tag](node))
        elif tag == "laneSet":
            found.setdefault("lane", []).extend(_lanes(node))
        elif tag in _OTHER_READERS:
            found.setdefault(tag, []).append(_OTHER_READERS[tag](node))
        else:
            nodes.append(UnknownNode(**activity_arguments(node), tag=tag))
            continue  # a rule refuses the node as a whole; its parts are not worth a remark
        node.report_unread()
    return FlowElements(
        nodes=tuple(nodes),
        flows=tuple(found.get("sequenceFlow", ())),
        data_objects=tuple(found.get("dataObject", ())),
        data_object_references=tuple(found.get("dataObjectReference", ())),
        data_store_references=tuple(found.get("dataStoreReference", ())),
        properties=tuple(found.get("property", ())),
        lanes=tuple(found.get("lane", ())),
        associations=tuple(found.get("association", ())),
        annotations=tuple(found.get("textAnnotation", ())),
    )


def _sub_process(node: Node, elements: FlowElements) -> SubProcess:
    arguments: dict[str, Any] = {
        **activity_arguments(node),
        "resources": unread_roles(node),
        "content": elements,
        "triggered_by_event": node.flag("triggeredByEvent", False),
    }
    sub_process: SubProcess
    match node.tag:
        case "transaction":
            sub_process = Transaction(**arguments, method=node.attribute("method"))
        case "adHocSubProcess":
            sub_process = AdHocSubProcess(
                **arguments,
                completion_condition=expressions.condition(node.child("completionCondition"), node.context),
                sequential=node.attribute("ordering") == "Sequential",
                cancel_remaining=node.flag("cancelRemainingInstances", True),
                active_elements=zeebe.active_elements(node),
            )
        case _:
            sub_process = SubProcess(**arguments)
    mark_content(node)
    node.report_unread()
    return sub_process


def mark_content(node: Node) -> None:
    """Count the children that `_flow_elements` has read (or remarked upon) as read."""
    for child in node.element:
        tag = _bpmn_tag(child)
        if tag is not None:
            node.children(tag)


def _sequence_flow(node: Node) -> SequenceFlow:
    condition = node.child("conditionExpression")
    if condition is not None:
        part = node.part(condition)
        if (resource := part.camunda("resource")) is not None:
            node.report(
                Severity.ERROR,
                "SCRIPT_RESOURCE",
                f"Expected the condition of flow '{node.id}' in the model, but it is the resource '{resource}'.",
                "Write the condition into the model.",
                part.line,
            )
        part.report_unread()
    return SequenceFlow(
        **node.common(),
        listeners=execution_listeners(node),
        source=node.ref("sourceRef"),
        target=node.ref("targetRef"),
        condition=expressions.condition(condition, node.context),
    )


def _association(node: Node) -> Association:
    return Association(
        **node.common(),
        source=node.ref("sourceRef"),
        target=node.ref("targetRef"),
        direction=node.attribute("associationDirection") or "None",
    )


def _annotation(node: Node) -> TextAnnotation:
    text = node.child("text")
    return TextAnnotation(**node.common(), text=None if text is None else text_of(text))


_OTHER_READERS: dict[str, Any] = {
    "sequenceFlow": _sequence_flow,
    "association": _association,
    "textAnnotation": _annotation,
    "dataObject": data.data_object,
    "dataObjectReference": data.data_object_reference,
    "dataStoreReference": data.data_store_reference,
    "property": data.data_property,
}


def _lanes(lane_set: Node) -> list[Lane]:
    """Lanes of a lane set; nested ones are built before those that hold them."""
    context = lane_set.context
    roots = [Node(context, element) for element in lane_set.children("lane")]
    nested: list[tuple[Node, list[Node]]] = []
    waiting = list(roots)
    while waiting:
        lane = waiting.pop()
        child_set = lane.child("childLaneSet")
        children = [] if child_set is None else [Node(context, e) for e in Node(context, child_set).children("lane")]
        nested.append((lane, children))
        waiting.extend(children)
    built: dict[int, Lane] = {}
    for lane, children in reversed(nested):
        lane.children("partitionElement")
        built[id(lane)] = Lane(
            **lane.common(),
            nodes=lane.child_refs("flowNodeRef"),
            lanes=tuple(built[id(child)] for child in children),
            partition_ref=lane.ref("partitionElementRef"),
        )
    return [built[id(root)] for root in roots]
