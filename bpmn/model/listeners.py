"""Execution and task listeners: what a vendor's model lets happen beside an element, not drawn in the diagram."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpmn.model.base import Expression, Mapping
    from bpmn.model.events import TimerEventDefinition


class ListenerKind(StrEnum):
    """How a listener does its work."""

    EXPRESSION = "expression"
    SCRIPT = "script"
    CLASS = "class"
    """A Java class name, mapped by name to a handler or a job type."""
    DELEGATE_EXPRESSION = "delegateExpression"
    JOB = "job"
    """A job type (Camunda 8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """`event` is one of `start`, `end`, `take` (execution listeners), `create`, `assignment`, `update`, `complete`,
    `delete`, `timeout` (task listeners): Camunda 7's words, whoever's the document is."""

    event: str
    kind: ListenerKind
    value: Expression
    """Expression, script, class name, delegate expression, job type."""
    fields: tuple[Mapping, ...] = ()
    """Field injections; they arrive as headers of the job, or as arguments of the handler."""
    headers: tuple[tuple[str, str], ...] = ()
    retries: Expression | None = None
    result_variable: Expression | None = None
    """Where the value of a script goes (Flowable)."""
    timer: TimerEventDefinition | None = None
    """When a `timeout` is due."""
    whole: bool = True
    """False: one of several that an event `all` stands for (Flowable)."""
    line: int | None = None
