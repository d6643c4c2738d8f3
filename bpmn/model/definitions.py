"""The document (`definitions`), its processes and root elements (BPMN 2.0.2, chapters 8 and 10)."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.model.activities import Activity
from bpmn.model.base import Dialect, Element, Expression
from bpmn.model.correlation import Conversation, CorrelationKey, CorrelationProperty, CorrelationSubscription
from bpmn.model.data import DataObject, DataObjectReference, DataStore, DataStoreReference, IoSpecification, Property
from bpmn.model.events import Event
from bpmn.model.gateways import Gateway

FlowNode = Activity | Event | Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceFlow(Element):
    source: str | None
    target: str | None
    condition: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane(Element):
    nodes: tuple[str, ...] = ()
    lanes: tuple[Lane, ...] = ()
    partition_ref: str | None = None
    """`partitionElementRef`: what the lane stands for, e.g. a resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Association(Element):
    source: str | None
    target: str | None
    direction: str = "None"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAnnotation(Element):
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowElements:
    """What a process or sub-process contains, in document order."""

    nodes: tuple[FlowNode, ...] = ()
    flows: tuple[SequenceFlow, ...] = ()
    data_objects: tuple[DataObject, ...] = ()
    data_object_references: tuple[DataObjectReference, ...] = ()
    data_store_references: tuple[DataStoreReference, ...] = ()
    properties: tuple[Property, ...] = ()
    lanes: tuple[Lane, ...] = ()
    associations: tuple[Association, ...] = ()
    annotations: tuple[TextAnnotation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Process(Element):
    content: FlowElements
    is_executable: bool | None = None
    """None: the attribute is absent (bpmnd runs it, with an INFO finding)."""
    version_tag: str | None = None
    history_time_to_live: str | None = None
    candidate_starter_users: tuple[str, ...] = ()
    candidate_starter_groups: tuple[str, ...] = ()
    io: IoSpecification | None = None
    supports: tuple[str, ...] = ()
    correlation_subscriptions: tuple[CorrelationSubscription, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Element):
    item_ref: str | None = None
    correlation_key: Expression | None = None
    """zeebe:subscription correlationKey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Element):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Element):
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation(Element):
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDefinition(Element):
    structure_ref: str | None = None
    is_collection: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant(Element):
    process_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFlow(Element):
    source: str | None
    target: str | None
    message_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaboration(Element):
    participants: tuple[Participant, ...] = ()
    message_flows: tuple[MessageFlow, ...] = ()
    keys: tuple[CorrelationKey, ...] = ()
    """Keys of all its message flows."""
    conversations: tuple[Conversation, ...] = ()
    """Parts of it that have keys of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Element):
    in_message_ref: str | None = None
    out_message_ref: str | None = None
    interface_id: str | None = None
    interface_name: str | None = None
    implementation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalTask(Element):
    """`globalUserTask`, `globalScriptTask` ...; `activity` is the task it stands for.

    One that is called in the document is a process as well (`bpmn.xml.global_tasks`).
    """

    activity: Activity


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions(Element):
    dialect: Dialect = Dialect.PLAIN
    target_namespace: str | None = None
    expression_language: str | None = None
    exporter: str | None = None
    exporter_version: str | None = None
    processes: tuple[Process, ...] = ()
    messages: tuple[Message, ...] = ()
    signals: tuple[Signal, ...] = ()
    errors: tuple[Error, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    item_definitions: tuple[ItemDefinition, ...] = ()
    data_stores: tuple[DataStore, ...] = ()
    collaborations: tuple[Collaboration, ...] = ()
    choreographies: tuple[Collaboration, ...] = ()
    """Choreographies and global conversations: only their keys and message flows matter here."""
    correlation_properties: tuple[CorrelationProperty, ...] = ()
    operations: tuple[Operation, ...] = ()
    global_tasks: tuple[GlobalTask, ...] = ()
    imports: tuple[str, ...] = ()
