"""Which variables an expression may read, from its syntax tree."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.expressions.api import Handlers
from bpmn.expressions.juel.ast import (
    Chain,
    FunctionCall,
    Identifier,
    Index,
    Literal,
    MethodCall,
    Node,
    Path,
    Property,
    Template,
    Ternary,
    Unary,
)
from bpmn.expressions.juel.functions import reads_variable

_READING_METHODS = frozenset({"getVariable", "getVariableLocal"})
_BULK_NAMES = frozenset({"variables", "getVariables"})


def template_reads(template: Template, handlers: Handlers) -> frozenset[str] | None:
    """Names of variables (handlers left out); None where only the evaluation can tell."""
    names: set[str] = set()
    for part in template.parts:
        if not isinstance(part, str):
            for name in _names(part):
                if name is None:
                    return None
                names.add(name)
    return frozenset(name for name in names if name not in handlers)


def _names(root: Node) -> Iterator[str | None]:
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        match node:
            case Literal():
                pass
            case Identifier("execution"):
                yield None  # handed to a handler that may read anything
            case Identifier(name):
                yield name
            case Path(base, accesses):
                if base == Identifier("execution"):
                    yield from _execution_names(accesses[0])
                else:
                    waiting.append(base)
                for access in accesses:
                    if isinstance(access, MethodCall):
                        waiting.extend(access.arguments)
                    elif isinstance(access, Index):
                        waiting.append(access.key)
            case Chain(first, rest):
                waiting.append(first)
                waiting.extend(operand for _, operand in rest)
            case Unary(_, operand):
                waiting.append(operand)
            case Ternary(cases, otherwise):
                waiting.append(otherwise)
                for case in cases:
                    waiting.extend(case)
            case FunctionCall(name, arguments):
                if reads_variable(name):
                    yield _literal_name(arguments)
                waiting.extend(arguments)


def _execution_names(access: Property | Index | MethodCall) -> Iterator[str | None]:
    match access:
        case MethodCall(name, arguments) if name in _READING_METHODS:
            yield _literal_name(arguments)
        case MethodCall(name) | Property(name) if name in _BULK_NAMES:
            yield None
        case Index():
            yield None


def _literal_name(arguments: tuple[Node, ...]) -> str | None:
    match arguments:
        case (Literal(str(name)), *_):
            return name
    return None
