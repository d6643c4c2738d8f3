"""References to messages, errors, signals, escalations, operations: `..._MISSING` where there is none to find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bpmn.findings import Finding
from bpmn.model.activities import ReceiveTask, SendTask, ServiceTask
from bpmn.model.base import Dialect, Element
from bpmn.model.definitions import FlowNode
from bpmn.model.events import (
    EndEvent,
    ErrorEventDefinition,
    EscalationEventDefinition,
    Event,
    EventDefinition,
    IntermediateThrowEvent,
    MessageEventDefinition,
    SignalEventDefinition,
)
from bpmn.model.triggers import is_triggered
from bpmn.rules.index import Index, error, info, warning


def check(index: Index) -> Iterator[Finding]:
    for _, node in index.nodes():
        if isinstance(node, Event):
            for definition in node.definitions:
                yield from _definition(index, node, definition)
        elif isinstance(node, ReceiveTask):
            if is_triggered(node, index.model.dialect):
                yield info(
                    "RECEIVE_BY_ID",
                    node,
                    f"Receive task '{node.id}' names no message, which Camunda 7 and Flowable trigger by API; here"
                    f" it waits for a message with the name '{node.id}'.",
                    f'Send it with POST /messages {{"name": "{node.id}", "instanceId": ...}}, or give it a messageRef.',
                )
                continue
            yield from _message(index, node, node.message_ref, required=True)
        elif isinstance(node, SendTask):
            yield from _message(index, node, node.message_ref, required=_throws_message(node))
        if isinstance(node, SendTask | ServiceTask):
            yield from _operation(index, node, node.operation_ref)


def _definition(index: Index, event: Event, definition: EventDefinition) -> Iterator[Finding]:
    throws = isinstance(event, EndEvent | IntermediateThrowEvent)
    match definition:
        case MessageEventDefinition():
            runs_itself = throws and definition.implementation is not None
            operation = index.operations.get(definition.operation_ref or "")
            by_operation = operation is not None and operation.in_message_ref in index.messages
            yield from _message(index, event, definition.message_ref, required=not runs_itself and not by_operation)
            yield from _operation(index, event, definition.operation_ref)
        case ErrorEventDefinition():
            if _is_code(index, definition):
                yield warning(
                    "ERROR_BY_CODE",
                    event,
                    f"Expected error '{definition.error_ref}', to which '{event.id}' refers, in the document, but there"
                    " is none; as in Camunda 7 and Flowable the reference itself is the error code.",
                    f'Add <error id="{definition.error_ref}" errorCode="..."/>, or correct errorRef.',
                )
                return
            yield from _known(event, "error", definition.error_ref, index.errors, required=throws)
            thrown = index.errors.get(definition.error_ref or "")
            if throws and thrown is not None and thrown.code is None:
                yield error(
                    "ERROR_WITHOUT_CODE",
                    event,
                    f"Expected error '{thrown.id}' thrown by '{event.id}' to have an errorCode, but it has none.",
                    "Set errorCode on the error; handlers are found by it.",
                )
        case SignalEventDefinition():
            yield from _known(event, "signal", definition.signal_ref, index.signals, required=True)
        case EscalationEventDefinition():
            yield from _known(event, "escalation", definition.escalation_ref, index.escalations, required=throws)


def _is_code(index: Index, definition: ErrorEventDefinition) -> bool:
    """Camunda 7 and Flowable take a reference to no error element for the code itself."""
    ref = definition.error_ref
    return ref is not None and ref not in index.errors and index.model.dialect in (Dialect.CAMUNDA, Dialect.FLOWABLE)


def _message(index: Index, node: FlowNode, ref: str | None, *, required: bool) -> Iterator[Finding]:
    yield from _known(node, "message", ref, index.messages, required=required)
    message = index.messages.get(ref or "") if required else None
    if message is not None and not (message.name or "").strip():
        yield error(
            "MESSAGE_WITHOUT_NAME",
            node,
            f"Expected message '{message.id}' of '{node.id}' to have a name, but it has none.",
            "Set name on the message; senders address it by name.",
            line=message.line,
        )


def _known(
    node: FlowNode, kind: str, ref: str | None, known: Mapping[str, Element], *, required: bool
) -> Iterator[Finding]:
    if ref is None and required:
        yield error(
            f"{kind.upper()}_MISSING",
            node,
            f"Expected {kind}Ref in '{node.id}', but it has none.",
            f"Define a {kind} at the top of the document and refer to it by {kind}Ref.",
        )
    elif ref is not None and ref not in known:
        yield error(
            f"{kind.upper()}_MISSING",
            node,
            f"Expected {kind} '{ref}', to which '{node.id}' refers, in the document, but there is none.",
            f'Add <{kind} id="{ref}" .../> to the definitions, or correct {kind}Ref.',
        )


def _throws_message(task: SendTask) -> bool:
    """True for a send task that does nothing but send its message."""
    return task.implementation is None and task.message_ref is not None


def _operation(index: Index, node: FlowNode, ref: str | None) -> Iterator[Finding]:
    if ref is not None and ref not in index.operations:
        yield warning(
            "OPERATION_MISSING",
            node,
            f"Expected operation '{ref}', to which '{node.id}' refers, in the document, but there is none.",
            "Add the interface with this operation, or remove operationRef.",
        )
