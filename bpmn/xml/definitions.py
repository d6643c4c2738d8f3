"""Readers of the document and its root elements."""

from __future__ import annotations

from typing import Any

from lxml import etree

from bpmn.findings import Severity
from bpmn.model.activities import Activity
from bpmn.model.definitions import (
    Collaboration,
    Definitions,
    Error,
    Escalation,
    GlobalTask,
    ItemDefinition,
    Message,
    MessageFlow,
    Operation,
    Participant,
    Process,
    Signal,
)
from bpmn.xml import activities, data, expressions
from bpmn.xml.context import Context
from bpmn.xml.correlation import (
    conversations,
    correlation_keys,
    correlation_property,
    correlation_subscriptions,
)
from bpmn.xml.event_definitions import TAGS as EVENT_DEFINITIONS
from bpmn.xml.extensions import combined, zeebe
from bpmn.xml.extensions.listeners import execution_listeners
from bpmn.xml.global_tasks import called_global_tasks
from bpmn.xml.namespaces import BPMN, Vendor, split
from bpmn.xml.node import Node, boolean, text_of
from bpmn.xml.scopes import content, mark_content

_WITHOUT_EFFECT = frozenset(
    {
        "documentation", "extensionElements", "category", "resource", "relationship", "extension", "partnerEntity",
        "partnerRole", "endPoint", "conversation", "globalChoreographyTask",
    }
)  # fmt: skip
_GLOBAL_TASKS = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}


def definitions(root: etree._Element, context: Context) -> Definitions:
    """The whole document. Root elements that only describe (categories, resources ...) are passed over."""
    for child in root:
        namespace, tag = split(str(child.tag))
        if namespace == BPMN and tag in EVENT_DEFINITIONS and child.get("id"):
            context.event_definitions[str(child.get("id")).strip()] = child
    found: dict[str, list[Any]] = {}
    for child in root:
        namespace, tag = split(str(child.tag))
        if namespace != BPMN or tag in _WITHOUT_EFFECT or tag in EVENT_DEFINITIONS:
            continue
        node = Node(context, child)
        if tag in _GLOBAL_TASKS:
            found.setdefault("globalTask", []).append(_global_task(node))
        elif tag == "interface":
            found.setdefault("operation", []).extend(_operations(node))
        elif tag in _READERS:
            found.setdefault(tag, []).append(_READERS[tag](node))
        else:
            _unknown(node)
            continue
        node.report_unread()
    processes: tuple[Process, ...] = tuple(found.get("process", ()))
    global_tasks: tuple[GlobalTask, ...] = tuple(found.get("globalTask", ()))
    node = Node(context, root)
    mark_content(node)
    node.report_unread()
    return Definitions(
        **node.common(),
        dialect=context.dialect,
        target_namespace=node.attribute("targetNamespace"),
        expression_language=node.attribute("expressionLanguage"),
        exporter=node.attribute("exporter"),
        exporter_version=node.attribute("exporterVersion"),
        processes=processes + called_global_tasks(processes, global_tasks),
        messages=tuple(found.get("message", ())),
        signals=tuple(found.get("signal", ())),
        errors=tuple(found.get("error", ())),
        escalations=tuple(found.get("escalation", ())),
        item_definitions=tuple(found.get("itemDefinition", ())),
        data_stores=tuple(found.get("dataStore", ())),
        collaborations=tuple(found.get("collaboration", ())),
        choreographies=tuple(found.get("choreography", ())) + tuple(found.get("globalConversation", ())),
        correlation_properties=tuple(found.get("correlationProperty", ())),
        operations=tuple(found.get("operation", ())),
        global_tasks=global_tasks,
        imports=tuple(found.get("import", ())),
    )


def _unknown(node: Node) -> None:
    node.report(
        Severity.WARNING,
        "UNKNOWN_ELEMENT",
        f"Expected only elements bpmnd knows in 'definitions', but found '{node.tag}', which is not read.",
        "Remove it where it has no meaning.",
    )


def _process(node: Node) -> Process:
    executable = node.attribute("isExecutable")
    starters = node.extensions(Vendor.CAMUNDA, "potentialStarter")
    users = expressions.split_list(node.camunda("candidateStarterUsers") or "")
    groups = expressions.split_list(node.camunda("candidateStarterGroups") or "")
    for element in starters:
        for entry in expressions.split_list(text_of(element).strip()):
            kind, _, name = entry.partition("(")
            if name and kind.strip() == "user":
                users.append(name.removesuffix(")").strip())
            else:
                groups.append(name.removesuffix(")").strip() or entry)
    process = Process(
        **node.common(),
        properties=combined.properties(node),
        listeners=execution_listeners(node),
        content=content(node.element, node.context),
        is_executable=None if executable is None else boolean(executable, True),
        version_tag=node.camunda("versionTag") or zeebe.version_tag(node),
        history_time_to_live=node.camunda("historyTimeToLive"),
        candidate_starter_users=tuple(users),
        candidate_starter_groups=tuple(groups),
        io=data.io_specification(node),
        supports=node.child_refs("supports"),
        correlation_subscriptions=correlation_subscriptions(node),
    )
    mark_content(node)
    return process


def _message(node: Node) -> Message:
    return Message(
        **node.common(),
        properties=combined.properties(node),
        item_ref=node.ref("itemRef"),
        correlation_key=zeebe.correlation_key(node),
    )


def _signal(node: Node) -> Signal:
    return Signal(**node.common(), properties=combined.properties(node))


def _error(node: Node) -> Error:
    return Error(**node.common(), code=node.attribute("errorCode"), message=node.camunda("errorMessage"))


def _escalation(node: Node) -> Escalation:
    return Escalation(**node.common(), code=node.attribute("escalationCode"))


def _item_definition(node: Node) -> ItemDefinition:
    return ItemDefinition(
        **node.common(),
        structure_ref=node.attribute("structureRef"),
        is_collection=node.flag("isCollection", False),
    )


def _collaboration(node: Node) -> Collaboration:
    collaboration = Collaboration(
        **node.common(),
        properties=combined.properties(node),
        participants=tuple(_participant(Node(node.context, child)) for child in node.children("participant")),
        message_flows=tuple(_message_flow(Node(node.context, child)) for child in node.children("messageFlow")),
        keys=correlation_keys(node),
        conversations=conversations(node),
    )
    mark_content(node)
    return collaboration


def _participant(node: Node) -> Participant:
    return Participant(**node.common(), properties=combined.properties(node), process_ref=node.ref("processRef"))


def _message_flow(node: Node) -> MessageFlow:
    return MessageFlow(
        **node.common(),
        source=node.ref("sourceRef"),
        target=node.ref("targetRef"),
        message_ref=node.ref("messageRef"),
    )


def _operations(interface: Node) -> list[Operation]:
    return [_operation(Node(interface.context, child), interface) for child in interface.children("operation")]


def _operation(node: Node, interface: Node) -> Operation:
    return Operation(
        **node.common(),
        in_message_ref=node.child_ref("inMessageRef"),
        out_message_ref=node.child_ref("outMessageRef"),
        interface_id=interface.own_id,
        interface_name=interface.name,
        implementation=node.attribute("implementationRef"),
    )


def _global_task(node: Node) -> GlobalTask:
    reader = activities.READERS[_GLOBAL_TASKS[node.tag]]
    activity: Activity = reader(node)
    mark_content(node)
    return GlobalTask(**node.common(), activity=activity)


def _import(node: Node) -> str:
    return node.attribute("namespace") or node.attribute("location") or ""


_READERS: dict[str, Any] = {
    "process": _process,
    "message": _message,
    "signal": _signal,
    "error": _error,
    "escalation": _escalation,
    "itemDefinition": _item_definition,
    "dataStore": data.data_store,
    "collaboration": _collaboration,
    "choreography": _collaboration,
    "globalConversation": _collaboration,
    "correlationProperty": correlation_property,
    "import": _import,
}
