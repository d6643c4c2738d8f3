"""Builders for events: the one event definition of an event, compiled."""

from __future__ import annotations

from bpmn.model import events as m
from bpmn.model.activities import FormField
from bpmn.model.base import Element
from bpmn.spec.context import BuildContext
from bpmn.spec.elements import (
    CancelSpec,
    CompensateSpec,
    ConditionSpec,
    ErrorSpec,
    EscalationSpec,
    EventSpec,
    ExpressionSpec,
    FormFieldSpec,
    JobSpec,
    LinkSpec,
    MessageSpec,
    SignalSpec,
    StartSpec,
    TerminateSpec,
    TimerSpec,
)
from bpmn.spec.implementations import implementation_spec, message_spec


def start_spec(context: BuildContext, event: m.StartEvent) -> StartSpec:
    return StartSpec(event=catch_spec(context, event), initiator=event.initiator)


WAITED_FOR = MessageSpec | TimerSpec | SignalSpec | ConditionSpec
"""Events that are waited for by rows; errors and escalations look for their handler when they are thrown."""


def catch_spec(context: BuildContext, event: m.Event) -> EventSpec | None:
    """What a start, intermediate catch or boundary event waits for; None for a none event (and for a multiple one,
    whose parts `bpmn.spec.parts` builds)."""
    return catch_definition(context, event, event.definitions[0]) if len(event.definitions) == 1 else None


def catch_definition(context: BuildContext, event: m.Event, definition: m.EventDefinition) -> EventSpec | None:
    """What one event definition waits for; None with a finding where it cannot be built."""
    match definition:
        case m.LinkEventDefinition():
            return LinkSpec(definition.name or event.name or event.id)
        case m.MessageEventDefinition():
            return message_spec(
                context, definition.message_ref, definition.correlation_key, event, definition.operation_ref
            )
        case m.TimerEventDefinition(kind=kind, expression=expression):
            if kind is None or expression is None:
                context.error(
                    "TIMER_MISSING",
                    f"Expected the timer of '{event.id}' to have a date, duration or cycle, but it has none",
                    "Set timeDate, timeDuration or timeCycle.",
                    event,
                )
                return None
            return TimerSpec(kind=kind, value=context.expression(expression, event))
        case m.ErrorEventDefinition():
            return ErrorSpec(
                code=error_code(context, definition.error_ref),
                code_variable=definition.code_variable,
                message_variable=definition.message_variable,
            )
        case m.EscalationEventDefinition():
            return EscalationSpec(
                code=escalation_code(context, definition.escalation_ref), code_variable=definition.code_variable
            )
        case m.SignalEventDefinition():
            return signal_spec(context, definition.signal_ref, event)
        case m.CompensateEventDefinition():
            return CompensateSpec()
        case m.CancelEventDefinition():
            return CancelSpec()
        case m.ConditionalEventDefinition(condition=condition):
            if condition is None:
                context.error(
                    "CONDITION_MISSING",
                    f"Expected the conditional event '{event.id}' to have a condition, but it has none",
                    "Give it a condition expression.",
                    event,
                )
                return None
            compiled = context.expression(condition, event)
            if definition.variable_name:
                names: tuple[str, ...] = (definition.variable_name,)
            else:
                names = ("*",) if compiled.reads is None else tuple(sorted(compiled.reads)) or ("*",)
            return ConditionSpec(condition=compiled, names=names, variable=definition.variable_name or None)
        case _:
            _unsupported(context, event, definition)
            return None


def throw_spec(context: BuildContext, event: m.Event) -> JobSpec | ExpressionSpec | EventSpec | None:
    """What an intermediate throw or end event does; None for a none event (and for a multiple one)."""
    return throw_definition(context, event, event.definitions[0]) if len(event.definitions) == 1 else None


def throw_definition(
    context: BuildContext, event: m.Event, definition: m.EventDefinition
) -> JobSpec | ExpressionSpec | EventSpec | None:
    """What one event definition throws; None with a finding where it cannot be built."""
    match definition:
        case m.LinkEventDefinition():
            return LinkSpec(definition.name or event.name or event.id)
        case m.MessageEventDefinition():
            if definition.implementation is not None:
                return implementation_spec(context, definition.implementation, event, None)
            return message_spec(
                context, definition.message_ref, definition.correlation_key, event, definition.operation_ref
            )
        case m.ErrorEventDefinition(error_ref=ref) if isinstance(event, m.EndEvent):
            code = error_code(context, ref)
            if code is None:
                context.error(
                    "ERROR_MISSING",
                    f"Expected the error end event '{event.id}' to name an error, but it has no errorRef",
                    "Refer to an error with an error code.",
                    event,
                )
                return None
            error = context.errors.get(ref or "")
            return ErrorSpec(code=code, message=None if error is None else error.message)
        case m.EscalationEventDefinition(escalation_ref=ref):
            escalation = escalation_code(context, ref)
            if escalation is None:
                context.error(
                    "ESCALATION_MISSING",
                    f"Expected the escalation event '{event.id}' to name an escalation, but it has no escalationRef",
                    "Refer to an escalation with a code.",
                    event,
                )
                return None
            return EscalationSpec(code=escalation)
        case m.SignalEventDefinition():
            return signal_spec(context, definition.signal_ref, event)
        case m.CompensateEventDefinition(activity_ref=activity, wait_for_completion=wait):
            return CompensateSpec(activity=activity, wait=wait)
        case m.CancelEventDefinition() if isinstance(event, m.EndEvent):
            return CancelSpec()
        case m.TerminateEventDefinition() if isinstance(event, m.EndEvent):
            return TerminateSpec()
        case _:
            _unsupported(context, event, definition)
            return None


def error_code(context: BuildContext, ref: str | None) -> str | None:
    """The code of an errorRef. An error without errorCode is known by its name or id; a reference to no error
    element is itself the code (Flowable)."""
    if ref is None:
        return None
    error = context.errors.get(ref)
    if error is None:
        return ref
    return error.code or error.name or error.id


def escalation_code(context: BuildContext, ref: str | None) -> str | None:
    """The code of an escalationRef; an escalation without a code is known by its name or id."""
    if ref is None:
        return None
    escalation = context.escalations.get(ref)
    if escalation is None:
        return ref
    return escalation.code or escalation.name or escalation.id


def signal_spec(context: BuildContext, ref: str | None, event: Element) -> SignalSpec | None:
    """The signal of a reference, its name compiled; None (with a finding) where there is none."""
    signal = None if ref is None else context.signals.get(ref)
    if signal is None:
        context.error(
            "SIGNAL_MISSING",
            f"Expected '{event.id}' to refer to a signal, but "
            + ("it has no signalRef" if ref is None else f"there is no signal '{ref}'"),
            "Give the event a signal with a name.",
            event,
        )
        return None
    return SignalSpec(name=context.template(signal.name) or context.literal(signal.id))


def form_field_spec(context: BuildContext, field: FormField, event_or_task: Element) -> FormFieldSpec:
    """JSON-able description of a form field, and its default."""
    description: dict[str, object] = {"id": field.id, "label": field.label, "type": field.type}
    if field.required:
        description["required"] = True
    if not field.writable:
        description["writable"] = False
    if not field.readable:
        description["readable"] = False
    if field.variable:
        description["variable"] = field.variable
    if field.values:
        description["values"] = [{"id": id, "name": name} for id, name in field.values]
    if field.date_pattern:
        description["datePattern"] = field.date_pattern
    if field.constraints:
        description["constraints"] = [{"name": name, "config": config} for name, config in field.constraints]
    return FormFieldSpec(description=description, default=context.optional(field.default, event_or_task))


def _unsupported(context: BuildContext, event: m.Event, definition: m.EventDefinition) -> None:
    context.error(
        "ELEMENT_UNSUPPORTED",
        f"Expected an event that bpmnd executes at '{event.id}', but found {type(definition).__name__}",
        "See the table of supported elements; model it with what is supported.",
        event,
    )
