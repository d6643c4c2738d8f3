"""The net of one scope: how its tokens can move, stripped of everything else.

Tokens lie on edges. A node takes tokens from edges that lead into it and puts tokens on edges that lead out of it, by
its kind. An edge remembers which elements a token passes on it, so that what is found can be told as a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What a node takes and gives."""

    XOR = "one token from any edge; one token on any edge"
    AND = "one token from each edge; one token on each edge"
    OR_SPLIT = "one token; one on each forced edge and on any of the optional ones, on the default edge if on no other"
    OR_JOIN = "a token from each edge that has one, when no more can come; one token"
    END = "takes what comes"
    KILL = "takes what comes and ends every other token of the scope"


class Role(Enum):
    """When an OR_SPLIT puts a token on an edge; the edges of other nodes are FORCED."""

    FORCED = "always"
    OPTIONAL = "maybe"
    DEFAULT = "if on no other"


Trace = tuple["Trace | str", ...]
"""Ids of elements in the order a token passes them, nested so that joining two costs nothing."""


@dataclass(slots=True, eq=False, repr=False)
class Edge:
    source: NetNode | None
    """None: the token that starts the scope lies here."""
    target: NetNode
    trace: Trace = ()
    entries: tuple[tuple[str, str], ...] = ()
    """(sequence flow, joining gateway) over which a token on this edge arrives at its target."""
    role: Role = Role.FORCED


@dataclass(slots=True, eq=False, repr=False)
class NetNode:
    kind: Kind
    element: str
    """Id of the element it stands for (of one of them, where nodes were fused)."""
    ins: dict[Edge, None] = field(default_factory=dict)
    outs: dict[Edge, None] = field(default_factory=dict)


@dataclass(slots=True, eq=False, repr=False)
class Net:
    start: Edge
    nodes: dict[NetNode, None] = field(default_factory=dict)

    def add(self, kind: Kind, element: str) -> NetNode:
        node = NetNode(kind, element)
        self.nodes[node] = None
        return node

    @property
    def joins(self) -> Iterator[NetNode]:
        """Nodes at which tokens wait for each other."""
        return (node for node in self.nodes if node.kind in (Kind.AND, Kind.OR_JOIN) and len(node.ins) > 1)


def connect(
    source: NetNode | None,
    target: NetNode,
    trace: Trace = (),
    entries: tuple[tuple[str, str], ...] = (),
    role: Role = Role.FORCED,
) -> Edge:
    """A new edge, known to both its ends."""
    edge = Edge(source, target, trace, entries, role)
    if source is not None:
        source.outs[edge] = None
    target.ins[edge] = None
    return edge


def flatten(traces: Iterable[Trace]) -> list[str]:
    """The ids in the traces, in order."""
    found: list[str] = []
    waiting: list[Trace | str] = [*traces]
    waiting.reverse()
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            found.append(item)
        else:
            waiting.extend(reversed(item))
    return found
