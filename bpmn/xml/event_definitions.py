"""Readers of event definitions: tag -> reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.model.events import (
    CancelEventDefinition,
    CompensateEventDefinition,
    ConditionalEventDefinition,
    ErrorEventDefinition,
    EscalationEventDefinition,
    EventDefinition,
    LinkEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
    TerminateEventDefinition,
    TimerEventDefinition,
    TimerKind,
    UnknownEventDefinition,
)
from bpmn.xml import expressions
from bpmn.xml.extensions import combined, zeebe
from bpmn.xml.namespaces import BPMN, split
from bpmn.xml.node import Node


def event_definitions(node: Node) -> tuple[EventDefinition, ...]:
    """The event's own definitions, then those it refers to at the top of the document."""
    found: list[EventDefinition] = []
    for child in node.element:
        namespace, tag = split(str(child.tag))
        if namespace == BPMN and tag.endswith(("EventDefinition", "eventDefinition")):
            node.children(tag)
            found.append(_read(node.part(child), node))
    for ref in node.child_refs("eventDefinitionRef"):
        element = node.context.event_definitions.get(ref)
        if element is None:
            found.append(UnknownEventDefinition(id=ref, line=node.line, tag=f"eventDefinitionRef {ref}"))
        else:
            found.append(_read(node.part(element), node))
    return tuple(found)


def referenced(ref: str | None, node: Node) -> EventDefinition | None:
    """The event definition at the top of the document that `node` refers to; None where there is none."""
    element = None if ref is None else node.context.event_definitions.get(ref)
    return None if element is None else _read(node.part(element), node)


def _read(node: Node, event: Node) -> EventDefinition:
    reader = _READERS.get(node.tag)
    if reader is None:
        return UnknownEventDefinition(id=node.own_id, line=node.line, tag=node.tag)
    definition = reader(node, event)
    node.report_unread()
    return definition


def _common(node: Node) -> dict[str, Any]:
    return {"id": node.own_id, "line": node.line}


def _message(node: Node, event: Node) -> MessageEventDefinition:
    return MessageEventDefinition(
        **_common(node),
        message_ref=node.ref("messageRef"),
        correlation_key=zeebe.correlation_key(event),
        operation_ref=node.child_ref("operationRef") or node.ref("operationRef"),
        implementation=combined.implementation(node) or zeebe.implementation(event),
    )


def _timer(node: Node, event: Node) -> TimerEventDefinition:
    calendar = node.camunda("businessCalendarName")
    for kind in TimerKind:
        element = node.child(kind.value)
        if element is not None:
            part = node.part(element)
            end_date = expressions.attribute(part.camunda("endDate"), part.line)
            part.report_unread()
            return TimerEventDefinition(
                **_common(node),
                kind=kind,
                expression=expressions.time(element, node.context),
                end_date=end_date,
                business_calendar=calendar,
            )
    return TimerEventDefinition(**_common(node), business_calendar=calendar)


def _error(node: Node, event: Node) -> ErrorEventDefinition:
    return ErrorEventDefinition(
        **_common(node),
        error_ref=node.ref("errorRef"),
        # Flowable's errorVariableName receives the code too.
        code_variable=node.camunda("errorCodeVariable", "errorVariableName"),
        message_variable=node.camunda("errorMessageVariable"),
    )


def _escalation(node: Node, event: Node) -> EscalationEventDefinition:
    return EscalationEventDefinition(
        **_common(node),
        escalation_ref=node.ref("escalationRef"),
        code_variable=node.camunda("escalationCodeVariable"),
    )


def _signal(node: Node, event: Node) -> SignalEventDefinition:
    return SignalEventDefinition(**_common(node), signal_ref=node.ref("signalRef"))


def _conditional(node: Node, event: Node) -> ConditionalEventDefinition:
    return ConditionalEventDefinition(
        **_common(node),
        condition=expressions.condition(node.child("condition"), node.context),
        variable_name=node.camunda("variableName"),
        variable_events=tuple(expressions.split_list(node.camunda("variableEvents", "variableEvent") or "")),
    )


def _compensate(node: Node, event: Node) -> CompensateEventDefinition:
    return CompensateEventDefinition(
        **_common(node),
        activity_ref=node.ref("activityRef"),
        wait_for_completion=node.flag("waitForCompletion", True),
    )


def _cancel(node: Node, event: Node) -> CancelEventDefinition:
    return CancelEventDefinition(**_common(node))


def _terminate(node: Node, event: Node) -> TerminateEventDefinition:
    return TerminateEventDefinition(**_common(node))


def _link(node: Node, event: Node) -> LinkEventDefinition:
    return LinkEventDefinition(
        **_common(node), name=node.name, sources=node.child_refs("source"), target=node.child_ref("target")
    )


_READERS: dict[str, Callable[[Node, Node], EventDefinition]] = {
    "messageEventDefinition": _message,
    "timerEventDefinition": _timer,
    "errorEventDefinition": _error,
    "escalationEventDefinition": _escalation,
    "signalEventDefinition": _signal,
    "conditionalEventDefinition": _conditional,
    "compensateEventDefinition": _compensate,
    "cancelEventDefinition": _cancel,
    "terminateEventDefinition": _terminate,
    "linkEventDefinition": _link,
}

TAGS = frozenset(_READERS)
