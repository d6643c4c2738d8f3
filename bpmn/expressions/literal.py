"""Text that is its own value."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.expressions.api import Context, Value


@dataclass(frozen=True, slots=True)
class LiteralExpression:
    """A constant string behind the one interface of expressions."""

    text: str
    language: str = "literal"
    reads: frozenset[str] | None = frozenset()

    def evaluate(self, context: Context) -> Value:
        return self.text
