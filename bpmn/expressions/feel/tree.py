"""What the parser makes of FEEL: a closed set of nodes, each small (DMN 1.5, 10.3.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bpmn.expressions.feel.types import Type


class Node:
    """A part of an expression."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Literal(Node):
    value: Any


@dataclass(frozen=True, slots=True)
class Name(Node):
    """`declared`: bound within the expression or known to the parser, so that it may hide a built-in function."""

    name: str
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Operators of one level, from left to right. Flat, so that long sums need no recursion."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Negation(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Test(Node):
    """One positive unary test. With an operator, `value` is its endpoint; `asks` says that it contains `?`."""

    operator: str
    value: Node
    asks: bool = False


@dataclass(frozen=True, slots=True)
class In(Node):
    value: Node
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class UnaryTests(Node):
    """What stands in an input entry. Without tests it is `-`: anything fits."""

    tests: tuple[Test, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    value: Node
    type: Type


@dataclass(frozen=True, slots=True)
class RangeLiteral(Node):
    """`operator` is set for `(< 10)` and the like, which have one endpoint."""

    start: Node | None
    end: Node | None
    start_included: bool
    end_included: bool
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class Items(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entries(Node):
    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`if then else if ... else`, flat."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Iterator(Node):
    """`name in source`; with `end` it runs from `source` to it."""

    name: str
    source: Node
    end: Node | None = None


@dataclass(frozen=True, slots=True)
class For(Node):
    iterators: tuple[Iterator, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    every: bool
    iterators: tuple[Iterator, ...]
    condition: Node


@dataclass(frozen=True, slots=True)
class Function(Node):
    parameters: tuple[tuple[str, Type], ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Member(Node):
    """A step of a path: `.name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """A step: `[condition]`."""

    condition: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A step: `(arguments)`, all of them named or none."""

    arguments: tuple[Node, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Path(Node):
    """A value and the steps taken from it, flat."""

    base: Node
    steps: tuple[Node, ...]
