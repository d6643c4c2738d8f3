"""A registered handler as a listener: called with `execution` (or `task`) and the injected fields as arguments."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.expressions.api import Compiled, Context, EvaluationError, Value
from bpmn.expressions.execution import Execution
from bpmn.expressions.handlers import HandlerReference, call_handler
from bpmn.expressions.task import Task
from bpmn.expressions.values import plain

_METHODS = ("notify", "execute")
"""Of listeners and delegates (Camunda 7, Flowable); a function is called itself."""


@dataclass(frozen=True, slots=True)
class Callback:
    """`text` is the name of the handler, a Java class name or that of a bean."""

    text: str
    fields: tuple[tuple[str, Compiled], ...] = ()
    reads: frozenset[str] | None = None
    language: str = "handler"

    def evaluate(self, context: Context) -> Value:
        """What the handler returns. Raises EvaluationError where there is none, or it fails; BpmnErrorRaised."""
        if self.text not in context.handlers:
            raise EvaluationError(f"Expected handler {self.text!r} to be registered, but it is not.")
        handler = HandlerReference(self.text, context.handlers.get(self.text))
        about = Execution(context) if context.task is None else Task(context)
        named = {name: value.evaluate(context) for name, value in self.fields}
        method = next((name for name in _METHODS if callable(getattr(handler.target, name, None))), None)
        return plain(call_handler(handler, method, [about], named))
