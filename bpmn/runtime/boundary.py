"""Boundary events and event waits: arming timers, subscriptions and conditions for a token."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bpmn.runtime import correlation
from bpmn.runtime import effects as fx
from bpmn.runtime.needs import Fail, Thrown
from bpmn.runtime.state import WaitKind
from bpmn.runtime.work import Work
from bpmn.schedule import ScheduleError, TimerPlan, plan_timer
from bpmn.spec.elements import ConditionSpec, MessageSpec, MultipleSpec, SignalSpec, TimerSpec
from bpmn.spec.graph import Node


def subscribe_boundary_events(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    """Arm what may happen to a host while it is active; errors need no subscription."""
    for boundary in node.boundary:
        if boundary.needs_wait:
            await_event(work, scope_id, token_id, boundary)


def await_event(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    """The token waits for the event of `node`: a catch event, a boundary event, or one behind an event-based gateway.

    Expressions see what the token's element sees, its input mappings included.
    """
    spec = node.spec
    match spec:
        case MultipleSpec():
            for part in node.parts:
                if part.needs_wait:
                    await_event(work, scope_id, token_id, part)
        case TimerSpec():
            arm_timer(work, scope_id, token_id, node, plan(work, scope_id, token_id, node, spec))
        case MessageSpec():
            await_message(work, scope_id, token_id, node, spec)
        case SignalSpec():
            name = work.text(spec.name, work.life_scope(scope_id, token_id), node, "signal name")
            if not name:
                raise Fail("SIGNAL_INVALID", f"Expected the signal of '{node.id}' to have a name, but it is empty")
            id = work.ids()
            work.add_wait(scope_id, token_id, WaitKind.SIGNAL, id, node.id, {"name": name})
            work.effect(
                fx.CreateSignalSubscription(id=id, scope_id=scope_id, token_id=token_id, element_id=node.id, name=name)
            )
        case ConditionSpec():
            id = work.ids()
            work.add_wait(scope_id, token_id, WaitKind.CONDITION, id, node.id)
            work.effect(
                fx.CreateConditionWait(
                    id=id, scope_id=scope_id, token_id=token_id, element_id=node.id, names=spec.names
                )
            )
            # A condition that is true already fires at once (Camunda 7, "Conditional Events").
            work.fresh.add(id)
        case _:
            raise AssertionError(f"no wait for {spec!r}")


def await_event_or_fail(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    """As `await_event`, for what waits beside the token's own work: what cannot wait is an incident of the token."""
    try:
        await_event(work, scope_id, token_id, node)
    except (Fail, Thrown) as failure:
        kind = failure.kind if isinstance(failure, Fail) else "EXPRESSION_ERROR"
        work.raise_incident(scope_id, token_id, node.id, kind, str(failure))


def await_message(work: Work, scope_id: int, token_id: int, node: Node, spec: MessageSpec) -> None:
    scope = work.life_scope(scope_id, token_id)
    name = work.text(spec.name, scope, node, "message name")
    if not name:
        raise Fail("MESSAGE_INVALID", f"Expected the message of '{node.id}' to have a name, but it is empty")
    key: Any = None
    if spec.correlation_key is not None:
        key = work.evaluate(spec.correlation_key, scope, node)
        if key is None or isinstance(key, list | dict):
            raise Fail(
                "MESSAGE_INVALID",
                f"Expected the correlation key of '{node.id}' to be text or a number, but it was {key!r}",
            )
    id = work.ids()
    data: dict[str, Any] = {"name": name}
    if key is not None:
        data["correlationKey"] = key
    rule, expected = correlation.expected(work, scope, spec, key)
    if rule:
        data["correlation"] = expected[1:]
    work.add_wait(scope_id, token_id, WaitKind.MESSAGE, id, node.id, data)
    work.effect(
        fx.CreateMessageSubscription(
            id=id,
            scope_id=scope_id,
            token_id=token_id,
            element_id=node.id,
            name=name,
            correlation_key=expected,
            rule=rule,
        )
    )


def plan(work: Work, scope_id: int, token_id: int, node: Node, spec: TimerSpec) -> TimerPlan:
    """When a timer is due. Raises Fail TIMER_INVALID."""
    value = work.evaluate(spec.value, work.life_scope(scope_id, token_id), node)
    try:
        return plan_timer(spec.kind, value, work.now)
    except ScheduleError as error:
        raise Fail("TIMER_INVALID", f"{error} (element '{node.id}')") from error


def arm_timer(work: Work, scope_id: int, token_id: int, node: Node, plan: TimerPlan, *, at: str | None = None) -> None:
    """A timer of `node`; `at` names the part of it that waits (a listener)."""
    id = work.ids()
    work.add_wait(scope_id, token_id, WaitKind.TIMER, id, at or node.id, {"dueAt": rfc3339(plan.due_at)})
    work.effect(
        fx.CreateTimer(
            id=id,
            scope_id=scope_id,
            token_id=token_id,
            element_id=node.id,
            due_at=plan.due_at,
            cycle=plan.cycle,
            remaining=plan.remaining,
        )
    )


def rfc3339(at: datetime) -> str:
    """UTC with `Z`."""
    return at.isoformat().replace("+00:00", "Z")
