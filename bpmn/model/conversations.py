"""Which correlation keys concern a process, and where its messages hold their values; the one answer for rules and
compilation (BPMN 2.0.2, 8.4.2 and 9.5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bpmn.model.activities import ReceiveTask, SendTask, SubProcess
from bpmn.model.base import Expression
from bpmn.model.correlation import CorrelationKey, CorrelationSubscription
from bpmn.model.definitions import Collaboration, Definitions, FlowNode, MessageFlow, Process
from bpmn.model.events import BoundaryEvent, Event, IntermediateCatchEvent, MessageEventDefinition, StartEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInUse:
    """A key under which the process speaks with others."""

    key: CorrelationKey
    messages: frozenset[str] | None
    """Messages of the conversation that has the key; None: whatever the properties have expressions for."""
    subscription: CorrelationSubscription | None = None
    """How the process computes the key of its own data, where it does."""

    def concerns(self, message_id: str) -> bool:
        return self.messages is None or message_id in self.messages


def keys_of(model: Definitions, process: Process) -> tuple[KeyInUse, ...]:
    """The keys of the collaborations the process takes part in and of its own subscriptions, in document order.

    A collaboration or choreography whose participants name no process concerns all processes of the document.
    """
    subscriptions = {s.key_ref: s for s in process.correlation_subscriptions}
    found: dict[str, KeyInUse] = {}
    for collaboration in (*model.collaborations, *model.choreographies):
        parties = {participant.process_ref for participant in collaboration.participants} - {None}
        takes_part = not parties or process.id in parties
        for key, messages in _keys(model, collaboration):
            if takes_part or key.id in subscriptions:
                found[key.id] = KeyInUse(key=key, messages=messages, subscription=subscriptions.get(key.id))
    return tuple(found.values())


def all_keys(model: Definitions) -> dict[str, CorrelationKey]:
    """Every correlation key of the document by id."""
    collaborations = (*model.collaborations, *model.choreographies)
    return {key.id: key for collaboration in collaborations for key in _own_keys(collaboration)}


def retrievals(model: Definitions, key: CorrelationKey, message_id: str) -> tuple[Expression | None, ...]:
    """Where the message has the values of the key, one path per property; None where a property has none for it."""
    properties = {p.id: p for p in model.correlation_properties}
    paths: list[Expression | None] = []
    for ref in key.property_refs:
        known = properties[ref].retrievals if ref in properties else ()
        paths.append(next((r.path for r in known if r.message_ref == message_id), None))
    return tuple(paths)


class MessageFlows:
    """Who is meant by what an element throws. Looks the model through once, when first asked."""

    def __init__(self, model: Definitions) -> None:
        self._model = model

    def receivers(self, source_id: str, message_id: str) -> tuple[Process, ...] | None:
        """Processes of the document to whose pools message flows lead from the element, and which wait for the
        message.

        None where that does not say who is meant: no flow leads away, or one leads to a pool that is not drawn here,
        or whose process does not wait for this message.
        """
        found: dict[str, Process] = {}
        for target in self._targets.get(source_id, ()):
            process = self._owners.get(target)
            if process is None or self.name(message_id) not in self._awaited[process.id]:
                return None
            found[process.id] = process
        return tuple(found.values()) or None

    def name(self, message_id: str) -> str | None:
        """What messages are found by."""
        return self._names.get(message_id)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {message.id: message.name or message.id for message in self._model.messages}

    @cached_property
    def _targets(self) -> dict[str, list[str]]:
        """Ends of message flows by where they begin; a pool that has a process stands for it."""
        targets: dict[str, list[str]] = {}
        for collaboration in self._model.collaborations:
            pools = {participant.id: participant.process_ref for participant in collaboration.participants}
            for flow in collaboration.message_flows:
                target = flow.target or ""
                targets.setdefault(flow.source or "", []).append(pools.get(target) or target)
        return targets

    @cached_property
    def _owners(self) -> dict[str, Process]:
        """Process by the id of each of its nodes, and of itself."""
        owners = {process.id: process for process in self._model.processes}
        for process in self._model.processes:
            owners.update((node.id, process) for node in nodes_of(process))
        return owners

    @cached_property
    def _awaited(self) -> dict[str, set[str | None]]:
        """Names of the messages that each process waits for or begins with."""
        return {
            process.id: {
                self.name(ref) for node in nodes_of(process) if receives(node) for ref in messages_of(self._model, node)
            }
            for process in self._model.processes
        }


def messages_of(model: Definitions, node: FlowNode) -> Iterator[str]:
    """Ids of the messages that an element sends or receives."""
    if isinstance(node, SendTask | ReceiveTask) and node.message_ref is not None:
        yield node.message_ref
    if isinstance(node, Event):
        for definition in node.definitions:
            if isinstance(definition, MessageEventDefinition):
                ref = definition.message_ref
                if ref is None:
                    named = (o.in_message_ref for o in model.operations if o.id == definition.operation_ref)
                    ref = next(named, None)
                if ref is not None:
                    yield ref


def receives(node: FlowNode) -> bool:
    """Whether the element waits for its message (or begins with it)."""
    return isinstance(node, ReceiveTask | StartEvent | IntermediateCatchEvent | BoundaryEvent)


def nodes_of(process: Process) -> Iterator[FlowNode]:
    """All flow nodes of a process, those of its sub-processes included."""
    waiting = deque((process.content,))
    while waiting:
        for node in waiting.popleft().nodes:
            yield node
            if isinstance(node, SubProcess):
                waiting.append(node.content)


def _own_keys(collaboration: Collaboration) -> Iterator[CorrelationKey]:
    yield from collaboration.keys
    for conversation in collaboration.conversations:
        yield from conversation.keys


def _keys(model: Definitions, collaboration: Collaboration) -> Iterator[tuple[CorrelationKey, frozenset[str] | None]]:
    for key in collaboration.keys:
        yield key, None
    if not collaboration.conversations:
        return
    flows = {f.id: f for c in (*model.collaborations, *model.choreographies) for f in c.message_flows}
    nodes = {node.id: node for process in model.processes for node in nodes_of(process)}
    for conversation in collaboration.conversations:
        named = [flows[ref] for ref in conversation.message_flow_refs if ref in flows]
        messages = frozenset(ref for flow in named for ref in _messages(model, flow, nodes)) if named else None
        for key in conversation.keys:
            yield key, messages


def _messages(model: Definitions, flow: MessageFlow, nodes: dict[str, FlowNode]) -> Iterator[str]:
    if flow.message_ref is not None:
        yield flow.message_ref
    for end in (flow.source, flow.target):
        node = nodes.get(end or "")
        if node is not None:
            yield from messages_of(model, node)
