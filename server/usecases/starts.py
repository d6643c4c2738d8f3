"""Message, timer, signal and conditional starts of a definition's latest version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from bpmn.expressions.api import NO_HANDLERS, BpmnErrorRaised, Context, EvaluationError, ExecutionInfo, Handlers
from bpmn.findings import Finding, Severity
from bpmn.schedule import ScheduleError, plan_timer
from bpmn.spec.graph import Graph, TimerStart
from server.errors import InvalidModel
from server.ports.records import ConditionStartRow, DefinitionRow, MessageStartRow, SignalStartRow, TimerStartRow


class Starts(NamedTuple):
    """In the order in which `UnitOfWork.replace_starts` takes them."""

    messages: Sequence[MessageStartRow] = ()
    timers: Sequence[TimerStartRow] = ()
    signals: Sequence[SignalStartRow] = ()
    conditions: Sequence[ConditionStartRow] = ()


StartPlanner = Callable[[Graph | None, DefinitionRow, datetime, Callable[[], int]], Starts]
"""(graph, definition, now, next id) -> the rows; a definition that cannot run (no graph) has none."""


class _NoVariables:
    """There is no instance yet."""

    def get(self, name: str) -> Any:
        raise KeyError(name)

    def names(self) -> Iterable[str]:
        return ()


def start_planner(handlers: Handlers = NO_HANDLERS) -> StartPlanner:
    """Plans starts; expressions of timers may call these handlers."""

    def plan(graph: Graph | None, definition: DefinitionRow, now: datetime, next_id: Callable[[], int]) -> Starts:
        if graph is None:
            return Starts()
        messages = [
            MessageStartRow(
                tenant_id=definition.tenant_id,
                message_name=start.message_name,
                definition_id=definition.id,
                definition_key=definition.key,
                element_id=start.element_id,
            )
            for start in graph.message_starts
        ]
        timers = [_timer(start, definition, now, next_id(), handlers) for start in graph.timer_starts]
        signals = [
            SignalStartRow(
                tenant_id=definition.tenant_id,
                signal_name=start.signal_name,
                definition_id=definition.id,
                definition_key=definition.key,
                element_id=start.element_id,
            )
            for start in graph.signal_starts
        ]
        conditions = [
            ConditionStartRow(
                tenant_id=definition.tenant_id,
                definition_key=definition.key,
                definition_id=definition.id,
                element_id=element_id,
            )
            for element_id in dict.fromkeys(start.element_id for start in graph.condition_starts)
        ]
        return Starts(messages, timers, signals, conditions)

    return plan


def _timer(start: TimerStart, definition: DefinitionRow, now: datetime, id: int, handlers: Handlers) -> TimerStartRow:
    """Raises InvalidModel where the expression needs an instance, or says no time."""
    context = Context(
        variables=_NoVariables(),
        execution=ExecutionInfo(
            instance_id="",
            definition_id=str(definition.id),
            definition_key=definition.key,
            version=definition.version,
            business_key=None,
            element_id=start.element_id,
            element_name=None,
            tenant_id=definition.tenant_id,
        ),
        now=now,
        handlers=handlers,
    )
    try:
        plan = plan_timer(start.kind, start.expression.evaluate(context), now)
    except (EvaluationError, BpmnErrorRaised, ScheduleError) as error:
        message = f"Expected the timer of start event '{start.element_id}' to say when it fires, but {error}"
        finding = Finding(
            severity=Severity.ERROR,
            code="TIMER_START_INVALID",
            message=message,
            hint="Give it a date to come, a duration or a cycle; there are no variables before an instance starts.",
            element_id=start.element_id,
            file=definition.resource_name,
        )
        raise InvalidModel(message, [finding]) from error
    return TimerStartRow(
        id=id,
        tenant_id=definition.tenant_id,
        definition_id=definition.id,
        definition_key=definition.key,
        element_id=start.element_id,
        due_at=plan.due_at,
        cycle=plan.cycle,
        remaining=plan.remaining,
    )
