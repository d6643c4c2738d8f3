"""SpiffWorkflow's script engine with a restricted environment of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine

from bpmn.expressions.api import BpmnErrorRaised, Context, EvaluationError
from bpmn.expressions.limits import MAX_DEPTH
from bpmn.expressions.python.guard import Guard
from bpmn.expressions.python.methods import find_method
from bpmn.expressions.python.program import Program
from bpmn.expressions.python.rewrite import GUARD, RESULT


@dataclass(slots=True)
class Outcome:
    """What a program came to: a value or a failure, as a value."""

    value: Any = None
    failure: EvaluationError | BpmnErrorRaised | None = None


@dataclass(slots=True)
class Job:
    """What the engine calls a task: something with `data`, here the namespace of one evaluation."""

    data: dict[str, Any]


class RestrictedEnvironment(BasePythonScriptEngineEnvironment):  # type: ignore[misc]
    """Runs `Program`s, never text. Failures are returned, since the engine's own wrapping needs a real task."""

    def evaluate(self, expression: Program, context: dict[str, Any], external_context: Context) -> Outcome:
        return self._run(expression, context, external_context)

    def execute(self, script: Program, context: dict[str, Any], external_context: Context) -> Outcome:
        return self._run(script, context, external_context)

    def call_service(self, context: dict[str, Any], **kwargs: Any) -> Outcome:
        return Outcome(failure=EvaluationError("Expected an expression or script, but a service was called."))

    def _run(self, program: Program, namespace: dict[str, Any], context: Context) -> Outcome:
        if not isinstance(program, Program):
            raise TypeError("Expected a compiled program, but got text.")
        # Without this key Python would put its real builtins in.
        namespace["__builtins__"] = {}
        if program.needs_guard:
            namespace[GUARD] = Guard(context, find_method)
        try:
            value = eval(program.code, namespace)
        except BpmnErrorRaised as raised:
            return Outcome(failure=raised)
        except EvaluationError as error:
            return Outcome(failure=error)
        except Exception as error:
            return Outcome(failure=_explained(error))
        return Outcome(value=namespace.get(RESULT, namespace.get("result")) if program.is_script else value)


def _explained(error: Exception) -> EvaluationError:
    match error:
        case NameError(name=str(name)):
            return EvaluationError(f"Expected variable {name!r} to exist, but no scope has it.")
        case KeyError():
            return EvaluationError(f"Expected a map with key {error}, but it has none of that name.")
        case RecursionError():
            return EvaluationError(
                f"Expected lists, maps and calls nested at most {MAX_DEPTH} deep, but they are deeper."
            )
        case MemoryError():
            return EvaluationError("Expected a script that needs little memory, but there is not enough.")
    return EvaluationError(f"Expected the expression to have a value, but {type(error).__name__}: {error}.")


ENGINE = PythonScriptEngine(environment=RestrictedEnvironment())
"""Stateless: every evaluation brings its own namespace, so one serves all threads."""
