"""JavaScript behind the one interface of expressions."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.expressions.api import BpmnErrorRaised, Context, EvaluationError, Value
from bpmn.expressions.execution import execution_properties
from bpmn.expressions.failures import in_expression
from bpmn.expressions.javascript.engine import check_syntax, run
from bpmn.expressions.javascript.source import check_no_java, mentioned_names, needs_names
from bpmn.expressions.javascript.transfer import checked_in, from_json, to_json
from bpmn.expressions.limits import check_text
from bpmn.expressions.scope import read_variable, visible_names
from bpmn.expressions.task import task_properties


@dataclass(frozen=True, slots=True)
class JavaScript:
    """A checked expression or script; QuickJS compiles it for each evaluation, in a context of its own."""

    text: str
    code: str
    """What runs; another text where the model's language was translated."""
    reads: frozenset[str] | None
    auto_store: bool
    needs_names: bool
    library: str = ""
    """Code of ours that runs before it."""
    language: str = "javascript"

    def evaluate(self, context: Context) -> Value:
        wanted = visible_names(context) if self.reads is None else self.reads
        variables = {}
        for name in wanted:
            try:
                variables[name] = read_variable(context, name)
            except KeyError:
                continue
        names = visible_names(context) if self.needs_names or self.reads is None else []
        try:
            return self._run(variables, names, context)
        except Exception as error:
            raise in_expression(error, self.text) from error.__cause__

    def _run(self, variables: dict[str, Value], names: list[str], context: Context) -> Value:
        given = {
            "variables": {name: checked_in(value) for name, value in variables.items()},
            "names": names,
            "execution": execution_properties(context.execution),
            "task": None if context.task is None else checked_in(task_properties(context)),
        }
        outcome = run(self.code, to_json(given), self.auto_store, self.library)
        try:
            if "bpmnError" in outcome:
                code, message = outcome["bpmnError"]
                raise BpmnErrorRaised(str(code), str(message))
            if "error" in outcome:
                raise EvaluationError(f"Expected the script to have a value, but {outcome['error']}.")
            value = from_json(outcome["value"])
            assigned = {name: from_json(item) for name, item in outcome["assigned"]}
            local = {name: from_json(item) for name, item in outcome["local"]}
            changes = {name: from_json(item) for name, item in outcome["task"]}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # A script that replaces what all objects inherit also replaces how its outcome is written.
            raise EvaluationError(
                "Expected the script to leave JavaScript's built-ins alone, but it has not."
            ) from error
        context.assigned.update(assigned)
        context.assigned_local.update(local)
        context.task_changes.update(changes)
        return value


def compile_javascript(text: str, *, auto_store: bool = False) -> JavaScript:
    """Compile an expression or script; its value is that of its last statement.

    `execution.setVariable` stores variables; with `auto_store` every global variable too (Flowable).
    Raises CompileError (EXPRESSION_SYNTAX; EXPRESSION_UNSUPPORTED where it needs Java classes).
    """
    check_text(text, "JavaScript")
    check_no_java(text)
    check_syntax(text)
    reads = mentioned_names(text)
    return JavaScript(text, text, reads, auto_store, needs_names(text))
