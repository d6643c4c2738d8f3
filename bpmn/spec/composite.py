"""camunda:list and camunda:map: values put together of compiled parts."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.expressions.api import Compiled, Context, Value

Part = tuple[Compiled | None, Compiled | None]
"""(key, value): the key is None in a list, a value of None is null."""


@dataclass(frozen=True, slots=True)
class CompositeExpression:
    """A list or map behind the one interface of expressions; `language` says which."""

    language: str
    parts: tuple[Part, ...]
    reads: frozenset[str] | None
    text: str = ""

    def evaluate(self, context: Context) -> Value:
        """The list, or the map with text as keys. Errors are those of the parts."""
        if self.language == "list":
            return [_value(value, context) for _, value in self.parts]
        return {str(_value(key, context)): _value(value, context) for key, value in self.parts}


def composite(language: str, parts: tuple[Part, ...]) -> CompositeExpression:
    """The expression of these parts; it reads what they read."""
    reads: frozenset[str] | None = frozenset()
    for compiled in (part for pair in parts for part in pair if part is not None):
        reads = None if reads is None or compiled.reads is None else reads | compiled.reads
    return CompositeExpression(language, parts, reads)


def _value(compiled: Compiled | None, context: Context) -> Value:
    return None if compiled is None else compiled.evaluate(context)
