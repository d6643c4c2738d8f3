"""What the runtime executes: the one table to extend when it learns more. Everything else is refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bpmn.model import activities, events, gateways
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
)


class Position(StrEnum):
    """Where an event stands; the same definition may run in one place and not in another."""

    START = "start event"
    EVENT_SUB_PROCESS_START = "start event of an event sub-process"
    CATCH = "intermediate catch event"
    THROW = "intermediate throw event"
    END = "end event"
    BOUNDARY = "boundary event"


class Feature(StrEnum):
    """Features that cut across kinds of elements."""

    EVENT_SUB_PROCESS = "event sub-processes"
    STANDARD_LOOP = "standard loops"
    MULTI_INSTANCE = "multi-instance activities"
    MULTI_INSTANCE_BEHAVIOR = "events thrown by multi-instance activities (behavior other than All)"
    COMPENSATION = "activities for compensation"
    QUANTITIES = "start and completion quantities other than 1"
    MULTIPLE_EVENTS = "events with several event definitions"
    INSTANTIATING_RECEIVE = "receive tasks that start the process"
    INSTANTIATING_GATEWAY = "event-based gateways that start the process"
    DECISION = "DMN decisions"
    DATA_ASSIGNMENTS = "data associations with assignments or transformations"
    DATA_VALUES = "initial values of data objects"


@dataclass(frozen=True, slots=True)
class Supported:
    """The kinds of nodes (exact types), the event definitions by position (None: no definition), the features."""

    nodes: frozenset[type]
    events: frozenset[tuple[Position, type[EventDefinition] | None]]
    features: frozenset[Feature]


RUNTIME = Supported(
    nodes=frozenset(
        {
            activities.Task,
            activities.ManualTask,
            activities.UserTask,
            activities.ServiceTask,
            activities.SendTask,
            activities.ReceiveTask,
            activities.ScriptTask,
            activities.BusinessRuleTask,
            activities.CallActivity,
            activities.SubProcess,
            activities.Transaction,
            activities.AdHocSubProcess,
            gateways.ExclusiveGateway,
            gateways.InclusiveGateway,
            gateways.ParallelGateway,
            gateways.EventBasedGateway,
            gateways.ComplexGateway,
            events.StartEvent,
            events.EndEvent,
            events.IntermediateCatchEvent,
            events.IntermediateThrowEvent,
            events.BoundaryEvent,
        }
    ),
    events=frozenset(
        {
            (Position.START, None),
            (Position.START, MessageEventDefinition),
            (Position.START, TimerEventDefinition),
            (Position.START, SignalEventDefinition),
            (Position.START, ConditionalEventDefinition),
            (Position.EVENT_SUB_PROCESS_START, MessageEventDefinition),
            (Position.EVENT_SUB_PROCESS_START, TimerEventDefinition),
            (Position.EVENT_SUB_PROCESS_START, ErrorEventDefinition),
            (Position.EVENT_SUB_PROCESS_START, EscalationEventDefinition),
            (Position.EVENT_SUB_PROCESS_START, SignalEventDefinition),
            (Position.EVENT_SUB_PROCESS_START, ConditionalEventDefinition),
            (Position.EVENT_SUB_PROCESS_START, CompensateEventDefinition),
            (Position.CATCH, MessageEventDefinition),
            (Position.CATCH, TimerEventDefinition),
            (Position.CATCH, SignalEventDefinition),
            (Position.CATCH, ConditionalEventDefinition),
            (Position.CATCH, LinkEventDefinition),
            (Position.THROW, LinkEventDefinition),
            (Position.THROW, None),
            (Position.THROW, MessageEventDefinition),
            (Position.THROW, EscalationEventDefinition),
            (Position.THROW, SignalEventDefinition),
            (Position.THROW, CompensateEventDefinition),
            (Position.END, None),
            (Position.END, MessageEventDefinition),
            (Position.END, ErrorEventDefinition),
            (Position.END, EscalationEventDefinition),
            (Position.END, SignalEventDefinition),
            (Position.END, CompensateEventDefinition),
            (Position.END, CancelEventDefinition),
            (Position.END, TerminateEventDefinition),
            (Position.BOUNDARY, MessageEventDefinition),
            (Position.BOUNDARY, TimerEventDefinition),
            (Position.BOUNDARY, ErrorEventDefinition),
            (Position.BOUNDARY, EscalationEventDefinition),
            (Position.BOUNDARY, SignalEventDefinition),
            (Position.BOUNDARY, ConditionalEventDefinition),
            (Position.BOUNDARY, CompensateEventDefinition),
            (Position.BOUNDARY, CancelEventDefinition),
        }
    ),
    features=frozenset(
        {
            Feature.COMPENSATION,
            Feature.DATA_ASSIGNMENTS,
            Feature.DATA_VALUES,
            Feature.DECISION,
            Feature.EVENT_SUB_PROCESS,
            Feature.INSTANTIATING_GATEWAY,
            Feature.INSTANTIATING_RECEIVE,
            Feature.MULTI_INSTANCE,
            Feature.MULTI_INSTANCE_BEHAVIOR,
            Feature.MULTIPLE_EVENTS,
            Feature.QUANTITIES,
            Feature.STANDARD_LOOP,
        }
    ),
)
