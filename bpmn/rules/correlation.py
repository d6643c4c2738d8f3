"""CORRELATION_KEY_MISSING: messages that are to reach one of several instances of a Camunda 8 model need a key.

Camunda 8 refuses such a model; here a message can still be addressed by business key or instance.
"""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import ReceiveTask
from bpmn.model.base import Dialect, Expression
from bpmn.model.conversations import KeyInUse, keys_of, retrievals
from bpmn.model.definitions import FlowNode
from bpmn.model.events import BoundaryEvent, IntermediateCatchEvent, MessageEventDefinition, StartEvent
from bpmn.rules.index import Index, Scope, warning


def check(index: Index) -> Iterator[Finding]:
    if index.model.dialect is not Dialect.ZEEBE:
        return
    keys: dict[str, tuple[KeyInUse, ...]] = {}
    for scope, node in index.nodes():
        for message_ref, key in _received(scope, node):
            message = index.messages.get(message_ref or "")
            if message is None or _is_carried(index, keys, scope, message.id):
                continue
            if key is None and message.correlation_key is None:
                yield warning(
                    "CORRELATION_KEY_MISSING",
                    node,
                    f"Expected a correlationKey for message '{message.id}', for which '{node.id}' waits, but there is"
                    " none; only a business key or an instance id brings the message here.",
                    "Set zeebe:subscription correlationKey on the message.",
                )


def _is_carried(index: Index, keys: dict[str, tuple[KeyInUse, ...]], scope: Scope, message_id: str) -> bool:
    """The message carries a correlation key of the standard's; `keys` remembers those of each process."""
    process = scope.process
    if process.id not in keys:
        keys[process.id] = keys_of(index.model, process)
    return any(
        use.concerns(message_id) and use.key.property_refs and None not in retrievals(index.model, use.key, message_id)
        for use in keys[process.id]
    )


def _received(scope: Scope, node: FlowNode) -> Iterator[tuple[str | None, Expression | None]]:
    """(message, key) of what a running instance waits for."""
    if isinstance(node, ReceiveTask):
        if not node.instantiate:
            yield node.message_ref, node.correlation_key
    elif isinstance(node, IntermediateCatchEvent | BoundaryEvent) or (
        isinstance(node, StartEvent) and scope.is_event_sub_process
    ):
        for definition in node.definitions:
            if isinstance(definition, MessageEventDefinition):
                yield definition.message_ref, definition.correlation_key
