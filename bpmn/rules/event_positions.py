"""EVENT_NOT_ALLOWED, EVENT_WITHOUT_TRIGGER: which event definitions the standard allows where.

Source: BPMN 2.0.2, chapter 10.5, the tables of event types by position.
"""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.events import (
    BoundaryEvent,
    CancelEventDefinition,
    CompensateEventDefinition,
    ConditionalEventDefinition,
    EndEvent,
    ErrorEventDefinition,
    EscalationEventDefinition,
    Event,
    EventDefinition,
    IntermediateCatchEvent,
    IntermediateThrowEvent,
    LinkEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
    TerminateEventDefinition,
    TimerEventDefinition,
    UnknownEventDefinition,
)
from bpmn.rules.index import Index, Scope, error
from bpmn.rules.supported import Position

_Kinds = frozenset[type[EventDefinition]]
_STARTS: _Kinds = frozenset(
    {MessageEventDefinition, TimerEventDefinition, ConditionalEventDefinition, SignalEventDefinition}
)
_THROWS: _Kinds = frozenset(
    {MessageEventDefinition, SignalEventDefinition, EscalationEventDefinition, CompensateEventDefinition}
)

ALLOWED: dict[Position, _Kinds] = {
    Position.START: _STARTS,
    Position.EVENT_SUB_PROCESS_START: _STARTS
    | {ErrorEventDefinition, EscalationEventDefinition, CompensateEventDefinition},
    Position.CATCH: _STARTS | {LinkEventDefinition},
    Position.THROW: _THROWS | {LinkEventDefinition},
    Position.END: _THROWS | {ErrorEventDefinition, CancelEventDefinition, TerminateEventDefinition},
    Position.BOUNDARY: _STARTS
    | {ErrorEventDefinition, EscalationEventDefinition, CompensateEventDefinition, CancelEventDefinition},
}
_THROWN = frozenset({Position.THROW, Position.END})
_NEEDS_TRIGGER = frozenset({Position.CATCH, Position.BOUNDARY, Position.EVENT_SUB_PROCESS_START})


def position_of(scope: Scope, event: Event) -> Position:
    """Where the event stands."""
    match event:
        case BoundaryEvent():
            return Position.BOUNDARY
        case IntermediateCatchEvent():
            return Position.CATCH
        case IntermediateThrowEvent():
            return Position.THROW
        case EndEvent():
            return Position.END
        case _:
            return Position.EVENT_SUB_PROCESS_START if scope.is_event_sub_process else Position.START


def check(index: Index) -> Iterator[Finding]:
    for scope, event in index.nodes():
        if not isinstance(event, Event):
            continue
        position = position_of(scope, event)
        if not event.definitions and position in _NEEDS_TRIGGER:
            yield error(
                "EVENT_WITHOUT_TRIGGER",
                event,
                f"Expected an event definition in {position.value} '{event.id}', but it has none.",
                "Say what the event waits for (message, timer, ...).",
            )
        if event.parallel_multiple and position in _THROWN:
            yield error(
                "EVENT_NOT_ALLOWED",
                event,
                f"Expected {position.value} '{event.id}' to throw all its events as it always does, but it says"
                " parallelMultiple, which BPMN only knows where several events are waited for.",
                "Remove parallelMultiple.",
            )
        for definition in event.definitions:
            if type(definition) not in ALLOWED[position] and not isinstance(definition, UnknownEventDefinition):
                yield error(
                    "EVENT_NOT_ALLOWED",
                    event,
                    f"Expected an event definition that BPMN allows in {position.value} '{event.id}',"
                    f" but found a {type(definition).__name__}.",
                    "Use another kind of event here.",
                    line=definition.line,
                )
