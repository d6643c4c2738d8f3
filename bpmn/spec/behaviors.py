"""What a multi-instance activity throws as its instances complete (BPMN 2.0.2, 10.3.8, table 10.30: `behavior`)."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.expressions.api import Compiled
from bpmn.model import activities as a
from bpmn.model import events as m
from bpmn.spec.context import BuildContext
from bpmn.spec.elements import ErrorSpec, EscalationSpec, MessageSpec, SignalSpec
from bpmn.spec.events import error_code, escalation_code, signal_spec
from bpmn.spec.implementations import message_spec

ThrownSpec = SignalSpec | EscalationSpec | ErrorSpec | MessageSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviorSpec:
    """One event that the activity may throw when an inner instance completes."""

    event: ThrownSpec
    condition: Compiled | None = None
    """Complex behavior: whether it is thrown."""
    first_only: bool = False
    """Behavior One: only the first instance to complete throws it."""
    carries_attributes: bool = False
    """The default signal: the runtime attributes of the activity are its variables."""


def behavior_specs(context: BuildContext, activity: a.Activity, loop: a.MultiInstance) -> tuple[BehaviorSpec, ...]:
    """The events of the loop's behavior; empty for All.

    Without an event of its own, None and One throw a signal. The standard gives it no name; here it is the id of the
    activity.
    """
    match loop.behavior:
        case "None" | "One":
            first_only = loop.behavior == "One"
            definition = loop.one_event if first_only else loop.none_event
            ref = loop.one_behavior_event_ref if first_only else loop.none_behavior_event_ref
            if definition is None and ref is not None:
                context.error(
                    "UNKNOWN_ELEMENT",
                    f"Expected multi-instance '{activity.id}' to throw an event definition of the document, but there "
                    f"is no '{ref}'",
                    "Define the event at the top of the document, or correct the reference.",
                    activity,
                    loop.line,
                )
                return ()
            if definition is None:
                default = SignalSpec(name=context.literal(activity.id))
                return (BehaviorSpec(event=default, first_only=first_only, carries_attributes=True),)
            event = _thrown(context, activity, definition)
            return () if event is None else (BehaviorSpec(event=event, first_only=first_only),)
        case "Complex":
            specs = []
            for behavior in loop.complex_behaviors:
                condition = context.optional(behavior.condition, activity)
                for definition in behavior.events:
                    event = _thrown(context, activity, definition)
                    if event is not None:
                        specs.append(BehaviorSpec(event=event, condition=condition))
            return tuple(specs)
        case "All":
            return ()
        case other:
            context.error(
                "BEHAVIOR_UNKNOWN",
                f"Expected the behavior of multi-instance '{activity.id}' to be None, One, All or Complex, but it is "
                f"'{other}'",
                "Correct the attribute behavior, or remove it (All is what it is without).",
                activity,
                loop.line,
            )
            return ()


def _thrown(context: BuildContext, activity: a.Activity, definition: m.EventDefinition) -> ThrownSpec | None:
    match definition:
        case m.SignalEventDefinition():
            return signal_spec(context, definition.signal_ref, activity)
        case m.EscalationEventDefinition() if (code := escalation_code(context, definition.escalation_ref)) is not None:
            return EscalationSpec(code=code)
        case m.ErrorEventDefinition() if (code := error_code(context, definition.error_ref)) is not None:
            return ErrorSpec(code=code)
        case m.MessageEventDefinition(implementation=None):
            return message_spec(context, definition.message_ref, definition.correlation_key, activity)
    context.error(
        "ELEMENT_UNSUPPORTED",
        f"Expected multi-instance '{activity.id}' to throw a signal, escalation, error or message that the model "
        f"names, but found {type(definition).__name__}",
        "Refer to an event definition with a signal, escalation, error or message.",
        activity,
    )
    return None
