"""Intermediate throw and end events: what they throw, then the token goes on or ends."""

from __future__ import annotations

from bpmn.runtime import compensation
from bpmn.runtime.behaviors.activities import service_task
from bpmn.runtime.behaviors.events.message import throw_message
from bpmn.runtime.behaviors.events.signal import throw_signal
from bpmn.runtime.terminate import terminate_scope_content
from bpmn.runtime.work import Work
from bpmn.spec.elements import (
    CancelSpec,
    CompensateSpec,
    ErrorSpec,
    EscalationSpec,
    ExpressionSpec,
    JobSpec,
    LinkSpec,
    MessageSpec,
    MultipleSpec,
    SignalSpec,
    TerminateSpec,
)
from bpmn.spec.graph import Node


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    match node.spec:
        case JobSpec() | ExpressionSpec():
            service_task.enter(work, scope_id, token_id, node)
        case MultipleSpec():
            for part in node.parts:
                if work.token(scope_id, token_id) is not None:
                    _throw(work, scope_id, token_id, node, part.spec)
        case spec:
            _throw(work, scope_id, token_id, node, spec)
    if work.token(scope_id, token_id) is None:
        return
    if compensation.waits(node):
        compensation.advance(work, scope_id, token_id)
    elif not isinstance(node.spec, JobSpec | ExpressionSpec):
        work.life.complete(scope_id, token_id, node)


def _throw(work: Work, scope_id: int, token_id: int, node: Node, spec: object) -> None:
    """One event definition; the token may be gone afterwards (errors, escalations that interrupt)."""
    match spec:
        case None | LinkSpec():
            pass
        case MessageSpec():
            throw_message(work, scope_id, token_id, node, spec)
        case ErrorSpec(code=str(code), message=message):
            work.life.throw(scope_id, token_id, node, code, message, terminal=True)
        case EscalationSpec(code=str(code)):
            work.life.escalate(scope_id, token_id, node, code)
        case SignalSpec():
            throw_signal(work, scope_id, token_id, node, spec)
        case CompensateSpec():
            compensation.throw(work, scope_id, token_id, node, spec)
        case CancelSpec():
            compensation.cancel(work, scope_id, token_id, node)
        case TerminateSpec():
            terminate_scope_content(work, scope_id, except_token=token_id)
            work.drop_flows(scope_id)
        case _:
            raise AssertionError(f"nothing to throw at '{node.id}'")
