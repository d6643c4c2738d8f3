"""Python behind the one interface of expressions."""

from __future__ import annotations

from dataclasses import dataclass
from types import FunctionType
from typing import Any

from bpmn.expressions.api import NO_HANDLERS, Context, Handlers, Value
from bpmn.expressions.failures import in_expression
from bpmn.expressions.handlers import HandlerReference
from bpmn.expressions.python.engine import ENGINE, Job, Outcome
from bpmn.expressions.python.functions import FUNCTIONS
from bpmn.expressions.python.program import Program, compile_expression_program, compile_script_program
from bpmn.expressions.scope import read_variable
from bpmn.expressions.values import plain

_SCALARS = frozenset({bool, type(None)})
_CONTAINERS = (list, dict)


@dataclass(frozen=True, slots=True)
class PythonExpression:
    """A compiled expression or script."""

    text: str
    reads: frozenset[str] | None
    program: Program
    language: str = "python"

    def evaluate(self, context: Context) -> Value:
        namespace, originals = self._namespace(context)
        run = ENGINE.execute if self.program.is_script else ENGINE.evaluate
        outcome: Outcome = run(Job(namespace), self.program, context)
        if outcome.failure is not None:
            raise in_expression(outcome.failure, self.text) from outcome.failure.__cause__
        try:
            if self.program.is_script:
                self._collect(namespace, originals, context)
            if type(outcome.value) in _SCALARS:
                return outcome.value
            return None if self._is_function(outcome.value) else plain(outcome.value)
        except Exception as error:
            raise in_expression(error, self.text) from error.__cause__

    def _namespace(self, context: Context) -> tuple[dict[str, Any], dict[str, Any]]:
        """The names the program reads, and the values from before copying. The lookup's signals pass from here."""
        namespace: dict[str, Any] = {}
        originals: dict[str, Any] = {}
        for name in self.program.lookups:
            try:
                value = read_variable(context, name)
            except KeyError:
                if name in context.handlers:
                    namespace[name] = HandlerReference(name, context.handlers.get(name))
                elif name in FUNCTIONS:
                    namespace[name] = FUNCTIONS[name]
                continue
            if self.program.changes_values and isinstance(value, _CONTAINERS):
                originals[name] = value
                value = plain(value)
            namespace[name] = value
        return namespace, originals

    def _collect(self, namespace: dict[str, Any], originals: dict[str, Any], context: Context) -> None:
        assigned: dict[str, Value] = {}
        for name in self.program.stores:
            # As SpiffWorkflow: functions of a script are its own.
            if name in namespace and not self._is_function(namespace[name]):
                assigned[name] = plain(namespace[name])
        for name, original in originals.items():
            if name not in assigned and name in namespace:
                changed = plain(namespace[name])
                if changed != original:
                    assigned[name] = changed
        context.assigned.update(assigned)

    def _is_function(self, value: Any) -> bool:
        return self.program.is_script and type(value) is FunctionType


def compile_python_expression(text: str, handlers: Handlers = NO_HANDLERS) -> PythonExpression:
    """Compile an expression. Raises CompileError (EXPRESSION_SYNTAX, EXPRESSION_UNSUPPORTED)."""
    return _compiled(text, compile_expression_program(text), handlers)


def compile_python_script(text: str, handlers: Handlers = NO_HANDLERS) -> PythonExpression:
    """Compile a script. What it assigns, and lists and maps that it changes in place, go to `context.assigned`.

    Raises CompileError (EXPRESSION_SYNTAX, EXPRESSION_UNSUPPORTED).
    """
    return _compiled(text, compile_script_program(text), handlers)


def _compiled(text: str, program: Program, handlers: Handlers) -> PythonExpression:
    return PythonExpression(text, frozenset(name for name in program.reads if name not in handlers), program)
