"""Events and event definitions (BPMN 2.0.2, chapter 10.5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bpmn.model.activities import Form, Implementation
from bpmn.model.base import Element, Expression, Mapping
from bpmn.model.data import DataAssociation, IoSpecification


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDefinition:
    id: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEventDefinition(EventDefinition):
    message_ref: str | None = None
    correlation_key: Expression | None = None
    operation_ref: str | None = None
    implementation: Implementation | None = None
    """What a throw event executes (camunda:type/topic/class ..., zeebe:taskDefinition)."""


class TimerKind(StrEnum):
    DATE = "timeDate"
    DURATION = "timeDuration"
    CYCLE = "timeCycle"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerEventDefinition(EventDefinition):
    kind: TimerKind | None = None
    expression: Expression | None = None
    end_date: Expression | None = None
    business_calendar: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEventDefinition(EventDefinition):
    error_ref: str | None = None
    code_variable: str | None = None
    message_variable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationEventDefinition(EventDefinition):
    escalation_ref: str | None = None
    code_variable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalEventDefinition(EventDefinition):
    signal_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalEventDefinition(EventDefinition):
    condition: Expression | None = None
    variable_name: str | None = None
    variable_events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensateEventDefinition(EventDefinition):
    activity_ref: str | None = None
    wait_for_completion: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelEventDefinition(EventDefinition):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminateEventDefinition(EventDefinition):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEventDefinition(EventDefinition):
    name: str | None = None
    sources: tuple[str, ...] = ()
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEventDefinition(EventDefinition):
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Element):
    """Base of all events. `definitions` holds own and referenced event definitions, references resolved."""

    definitions: tuple[EventDefinition, ...] = ()
    parallel_multiple: bool = False
    inputs: tuple[Mapping, ...] = ()
    outputs: tuple[Mapping, ...] = ()
    io: IoSpecification | None = None
    """Its data inputs (of an event that throws) or data outputs (of one that catches)."""
    data_associations: tuple[DataAssociation, ...] = ()
    async_before: bool = False
    async_after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEvent(Event):
    is_interrupting: bool = True
    initiator: str | None = None
    """Variable that receives the name of who started the instance (camunda/flowable/activiti:initiator)."""
    form: Form | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEvent(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class IntermediateCatchEvent(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class IntermediateThrowEvent(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryEvent(Event):
    attached_to: str | None = None
    cancel_activity: bool = True


def always_interrupts(event: BoundaryEvent) -> bool:
    """Errors and cancellation end their activity whatever `cancel_activity` says (BPMN 2.0.2, table 10.93)."""
    return any(isinstance(d, ErrorEventDefinition | CancelEventDefinition) for d in event.definitions)
