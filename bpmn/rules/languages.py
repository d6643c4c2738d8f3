"""LANGUAGE_UNSUPPORTED: expressions in a language nobody here knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from bpmn.findings import Finding
from bpmn.model.base import Element, Expression
from bpmn.model.definitions import FlowElements
from bpmn.rules.index import Index, error

KNOWN = frozenset({"literal", "juel", "feel", "python", "javascript", "groovy", "list", "map"})
"""Languages whose text the compiler looks at; it may still refuse what the text uses."""


def check(index: Index) -> Iterator[Finding]:
    for scope in index.scopes:
        for element in (*scope.content.nodes, *scope.content.flows):
            for expression in expressions_of(element):
                if expression.language not in KNOWN:
                    yield error(
                        "LANGUAGE_UNSUPPORTED",
                        element,
                        f"Expected an expression language of bpmnd in '{element.id}', but found"
                        f" '{expression.language}'.",
                        "Write it in JUEL (${...}), FEEL (=...), Python or JavaScript.",
                        line=expression.line,
                    )


def expressions_of(element: Element) -> Iterator[Expression]:
    """Every expression the element holds itself; the content of a sub-process is left to its own elements."""
    kind: Any = type(element)
    waiting: list[Any] = [getattr(element, name) for name in _parts(kind)]
    while waiting:
        value = waiting.pop()
        if value is None or isinstance(value, str | int):
            continue
        if isinstance(value, Expression):
            yield value
            waiting.extend(part for _, part in value.parts)
        elif isinstance(value, tuple):
            waiting.extend(value)
        elif not isinstance(value, FlowElements):
            kind = type(value)
            waiting.extend(getattr(value, name) for name in _parts(kind))


@cache
def _parts(kind: type) -> tuple[str, ...]:
    """Names of the fields of a class of the model; none of any other class."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
