"""What a service-like task or message throw event executes: job, expression, message."""

from __future__ import annotations

from bpmn.expressions.api import CompileError, HandlerCall
from bpmn.expressions.compile import handler_call
from bpmn.model.activities import Implementation, ImplementationKind
from bpmn.model.base import Element, Expression
from bpmn.spec.context import BuildContext
from bpmn.spec.correlation import key_uses, receivers
from bpmn.spec.elements import DecisionSpec, ExpressionSpec, JobSpec, MessageSpec


def implementation_spec(
    context: BuildContext, implementation: Implementation, element: Element, priority: Expression | None
) -> JobSpec | ExpressionSpec | None:
    """None (with an ERROR finding) where bpmnd cannot execute it."""
    match implementation.kind:
        case ImplementationKind.EXPRESSION:
            return _expression(context, implementation, element, priority)
        case ImplementationKind.DELEGATE_EXPRESSION:
            call = _handler_call(implementation.value)
            if call is not None and call.method is None:
                return _job(
                    context, implementation, element, priority, Expression(text=call.handler, language="literal")
                )
            return _job(context, implementation, element, priority, implementation.value)
        case ImplementationKind.JOB | ImplementationKind.CLASS:
            return _job(context, implementation, element, priority, implementation.value)
        case ImplementationKind.DECISION:
            context.error(
                "ELEMENT_UNSUPPORTED",
                f"Expected '{element.id}' to run as a job, but it calls the DMN decision '{implementation.value.text}'",
                "Decisions are for business rule tasks: put one before it.",
                element,
            )
            return None


def decision_spec(context: BuildContext, implementation: Implementation, element: Element) -> DecisionSpec:
    """A decision that the task evaluates."""
    return DecisionSpec(
        key=context.expression(implementation.value, element),
        binding=implementation.binding,
        version=context.optional(implementation.version, element),
        mapping=implementation.mapping,
        result_variable=implementation.result_variable,
        result_local=implementation.result_local,
        fail_without_hits=implementation.fail_without_hits,
        skip=context.optional(implementation.skip, element),
    )


def message_spec(
    context: BuildContext,
    message_ref: str | None,
    key: Expression | None,
    element: Element,
    operation_ref: str | None = None,
) -> MessageSpec | None:
    """The message of a reference, its name compiled; None (with a finding) where there is none.

    Without a messageRef it is the message that the operation receives (inMessageRef), whether sent or awaited.
    """
    operation = context.operations.get(operation_ref or "")
    if message_ref is None and operation is not None:
        message_ref = operation.in_message_ref
    message = None if message_ref is None else context.messages.get(message_ref)
    if message is None:
        context.error(
            "MESSAGE_MISSING",
            f"Expected '{element.id}' to refer to a message, but "
            + ("it has no messageRef" if message_ref is None else f"there is no message '{message_ref}'"),
            "Give the event or task a message with a name.",
            element,
        )
        return None
    name = context.template(message.name) or context.literal(message.id)
    correlation = key or message.correlation_key
    return MessageSpec(
        name=name,
        correlation_key=context.optional(correlation, element),
        keys=key_uses(context, message.id, element),
        receivers=receivers(context, message.id, element),
    )


def _handler_call(expression: Expression) -> HandlerCall | None:
    """What the expression calls; None also where it does not compile, which compiling its value reports."""
    try:
        return handler_call(expression)
    except CompileError:
        return None


def _job(
    context: BuildContext,
    implementation: Implementation,
    element: Element,
    priority: Expression | None,
    type: Expression,
) -> JobSpec:
    headers = [(name, context.literal(value)) for name, value in implementation.headers]
    headers.extend(
        (field.target, context.literal("") if field.source is None else context.expression(field.source, element))
        for field in implementation.fields
    )
    return JobSpec(
        type=context.expression(type, element),
        headers=tuple(headers),
        retries=context.optional(implementation.retries, element),
        priority=context.optional(priority, element),
        result_variable=implementation.result_variable,
        result_local=implementation.result_local,
        skip=context.optional(implementation.skip, element),
    )


def _expression(
    context: BuildContext, implementation: Implementation, element: Element, priority: Expression | None
) -> ExpressionSpec:
    call = _handler_call(implementation.value)
    job: JobSpec | None = None
    if call is not None:
        type = call.handler if call.method is None else f"{call.handler}.{call.method}"
        job = JobSpec(
            type=context.literal(type),
            retries=context.optional(implementation.retries, element),
            priority=context.optional(priority, element),
            result_variable=implementation.result_variable,
            result_local=implementation.result_local,
            arguments=call.arguments,
        )
    return ExpressionSpec(
        value=context.expression(implementation.value, element),
        result_variable=implementation.result_variable,
        result_local=implementation.result_local,
        call=call,
        job=job,
        skip=context.optional(implementation.skip, element),
    )
