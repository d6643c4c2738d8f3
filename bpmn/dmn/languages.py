"""Expressions of a decision in other languages than FEEL, as Camunda 7 allows: JUEL, JavaScript, Groovy, Python."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bpmn.dmn.program import Evaluate
from bpmn.expressions.api import Compiled, Context, ExecutionInfo
from bpmn.expressions.compile import compile_expression, language_of
from bpmn.expressions.feel.scope import Scope
from bpmn.expressions.feel.values import inward, outward
from bpmn.model.base import Expression

_NOWHERE = ExecutionInfo(
    instance_id="0",
    definition_id="0",
    definition_key="",
    version=0,
    business_key=None,
    element_id="",
    element_name=None,
    tenant_id="",
)


def language(text: str, named: str) -> str:
    """The language of a text: what is named, JUEL for `${...}`, else FEEL."""
    if named:
        return language_of(Expression(text=text, language=named, line=None))
    return "juel" if text.startswith(("${", "#{")) else "feel"


def compile_other(text: str, named: str) -> tuple[Evaluate, Compiled]:
    """Compile text of another language than FEEL. Raises CompileError."""
    compiled = compile_expression(Expression(text=text, language=named, line=None))

    def evaluate(scope: Scope) -> Any:
        context = Context(variables=_Names(scope), execution=_NOWHERE, now=scope.run.now)
        return inward(compiled.evaluate(context))

    return evaluate, compiled


class _Names:
    """The names of a FEEL scope as variables, with values of the process."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, name: str) -> Any:
        found = self._scope.find(name)
        if found is None:
            raise KeyError(name)
        return found[0] if found[1] else outward(found[0])

    def names(self) -> Iterable[str]:
        scope: Scope | None = self._scope
        while scope is not None:
            yield from (name for name in scope.values if name != "?")
            if scope.outer is not None and hasattr(scope.outer, "names"):
                yield from scope.outer.names()
            scope = scope.parent
