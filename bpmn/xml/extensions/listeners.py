"""Execution and task listeners of Camunda 7, Flowable, Activiti and Camunda 8.

Sources: Camunda 7 user guide, "Delegation Code"; Flowable user guide, "Execution listener" and "Task listener";
Camunda 8 documentation, "Execution listeners" and "User task listeners".
"""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from bpmn.findings import Severity
from bpmn.model.base import Expression
from bpmn.model.events import TimerEventDefinition, TimerKind
from bpmn.model.listeners import Listener, ListenerKind
from bpmn.xml import expressions
from bpmn.xml.extensions import camunda
from bpmn.xml.namespaces import Vendor
from bpmn.xml.node import Node, line_of, locals_of

_ON_FLOW = {"start": 0, "take": 1, "end": 2}
"""Flowable calls the listeners of a flow in this order; for Camunda 7 each of them is a `take`."""
_EXECUTION = ("start", "end")
_TASK = ("create", "assignment", "update", "complete", "delete", "timeout")
_ALL = ("create", "assignment", "complete", "delete")
"""What Flowable's `all` stands for."""
_ZEEBE_TASK = {
    **{name: name for name in _TASK if name != "timeout"},
    "creating": "create",
    "assigning": "assignment",
    "updating": "update",
    "completing": "complete",
    "canceling": "delete",
}
_HINT = "Correct the listener, or move what it does into a task before or after the element."


def execution_listeners(node: Node) -> tuple[Listener, ...]:
    """`executionListener` of every vendor, in document order; on a sequence flow all of them are `take`."""
    found: list[tuple[int, Listener]] = []
    on_flow = node.tag == "sequenceFlow"
    for element in node.extensions(Vendor.CAMUNDA, "executionListener"):
        event = (element.get("event") or ("take" if on_flow else "")).strip()
        if event not in (_ON_FLOW if on_flow else _EXECUTION):
            _refuse(node, element, f"listens to the event '{event}', which this element does not have")
            continue
        listener = _camunda(node, element, "take" if on_flow else event)
        if listener is not None:
            found.append((_ON_FLOW[event] if on_flow else 0, listener))
    for group in node.extensions(Vendor.ZEEBE, "executionListeners"):
        for element in locals_of(group, "executionListener"):
            event = (element.get("eventType") or "").strip()
            if event in _EXECUTION:
                found.extend((0, listener) for listener in _zeebe(node, element, event))
            else:
                _refuse(node, element, f"listens to the event '{event}', which bpmnd does not call listeners for")
    return tuple(listener for _, listener in sorted(found, key=lambda entry: entry[0]))


def task_listeners(node: Node) -> tuple[Listener, ...]:
    """`taskListener` of every vendor, in document order."""
    found: list[Listener] = []
    for element in node.extensions(Vendor.CAMUNDA, "taskListener"):
        event = (element.get("event") or "").strip()
        if event == "all":
            listener = _camunda(node, element, _ALL[0])
            if listener is not None:
                found.extend(replace(listener, event=each, whole=False) for each in _ALL)
        elif event in _TASK:
            listener = _camunda(node, element, event)
            found.extend(() if listener is None else (listener,))
        else:
            _refuse(node, element, f"listens to the event '{event}', which user tasks do not have")
    for group in node.extensions(Vendor.ZEEBE, "taskListeners"):
        for element in locals_of(group, "taskListener"):
            name = (element.get("eventType") or "").strip()
            if name in _ZEEBE_TASK:
                found.extend(_zeebe(node, element, _ZEEBE_TASK[name]))
            else:
                _refuse(node, element, f"listens to the event '{name}', which user tasks do not have")
    return tuple(found)


def _camunda(node: Node, element: etree._Element, event: str) -> Listener | None:
    """One listener of the camunda family; None (with a finding) where it cannot be called."""
    line = line_of(element)
    if any(name.startswith("customPropertiesResolver") for name in map(str, element.attrib)):
        _refuse(node, element, "takes its properties from Java code")
        return None
    if (element.get("onTransaction") or "").strip() == "rolled-back":
        node.report(
            Severity.WARNING,
            "LISTENER_NEVER_CALLED",
            f"Expected listeners that are called in '{node.id}', but one waits for a transaction to be rolled back.",
            "Nothing is to do where that is meant: what fails here becomes an incident, and no transaction is lost.",
            line,
        )
        return None
    found = _kind_and_value(node, element, line)
    timer = _timer(element, node) if event == "timeout" else None
    if event == "timeout" and timer is None:
        _refuse(node, element, "has no timer to be called by")
        return None
    if found is None:
        return None
    kind, value, result = found
    return Listener(
        event=event,
        kind=kind,
        value=value,
        fields=camunda.fields_of(list(locals_of(element, "field"))),
        result_variable=result,
        timer=timer,
        line=line,
    )


def _kind_and_value(
    node: Node, element: etree._Element, line: int | None
) -> tuple[ListenerKind, Expression, Expression | None] | None:
    script = next(locals_of(element, "script"), None)
    if script is not None:
        code = camunda.script(node, script)
        if code is None:
            return None  # a script in a file: the finding is there
        if not code.text:
            _refuse(node, element, "has an empty script")
            return None
        return ListenerKind.SCRIPT, code, expressions.attribute(script.get("resultVariable"), line)
    for kind, value in (
        (ListenerKind.CLASS, expressions.literal(element.get("class"), line)),
        (ListenerKind.DELEGATE_EXPRESSION, expressions.attribute(element.get("delegateExpression"), line)),
        (ListenerKind.EXPRESSION, expressions.attribute(element.get("expression"), line)),
    ):
        if value is not None:
            return kind, value, None
    _refuse(node, element, "does not say what it calls")
    return None


def _zeebe(node: Node, element: etree._Element, event: str) -> list[Listener]:
    job_type = expressions.zeebe(element.get("type"), line_of(element))
    if job_type is None:
        _refuse(node, element, "does not say what it calls")
        return []
    headers = tuple(
        (header.get("key") or "", header.get("value") or "")
        for group in node.extensions(Vendor.ZEEBE, "taskHeaders")
        for header in locals_of(group, "header")
    )
    return [
        Listener(
            event=event,
            kind=ListenerKind.JOB,
            value=job_type,
            headers=headers,
            retries=expressions.zeebe(element.get("retries"), line_of(element)),
            line=line_of(element),
        )
    ]


def _timer(element: etree._Element, node: Node) -> TimerEventDefinition | None:
    """The `timerEventDefinition` inside a listener of the event `timeout` (Camunda 7)."""
    for definition in locals_of(element, "timerEventDefinition"):
        for kind in TimerKind:
            for child in locals_of(definition, kind.value):
                value = expressions.time(child, node.context)
                if value is not None:
                    return TimerEventDefinition(
                        id=definition.get("id"), line=line_of(definition), kind=kind, expression=value
                    )
    return None


def _refuse(node: Node, element: etree._Element, what: str) -> None:
    node.report(
        Severity.ERROR,
        "LISTENER_UNSUPPORTED",
        f"Expected listeners that bpmnd calls in '{node.id}', but one {what}.",
        _HINT,
        line_of(element),
    )
