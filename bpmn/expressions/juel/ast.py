"""The syntax tree of one `${...}`. Chains of operators and of `.`/`[]`/`()` are flat, so depth is nesting only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Identifier:
    name: str


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """`name(...)` or `prefix:name(...)`."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Property:
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    key: Node


@dataclass(frozen=True, slots=True)
class MethodCall:
    name: str
    arguments: tuple[Node, ...]


Access = Property | Index | MethodCall


@dataclass(frozen=True, slots=True)
class Path:
    base: Node
    accesses: tuple[Access, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """`first op operand op operand ...`, operators of one precedence, evaluated from the left."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`operators` in the order of application, innermost first: `not`, `-`, `empty`."""

    operators: tuple[str, ...]
    operand: Node


@dataclass(frozen=True, slots=True)
class Ternary:
    """`condition ? then : condition ? then : otherwise`."""

    cases: tuple[tuple[Node, Node], ...]
    otherwise: Node


Node = Literal | Identifier | FunctionCall | Path | Chain | Unary | Ternary


@dataclass(frozen=True, slots=True)
class Template:
    """Literal text and expressions in turn."""

    parts: tuple[str | Node, ...]

    @property
    def single(self) -> Node | None:
        """The expression, where the template is exactly one."""
        if len(self.parts) == 1 and not isinstance(self.parts[0], str):
            return self.parts[0]
        return None
