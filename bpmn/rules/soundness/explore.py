"""Walks through the markings of a net, breadth first and bounded, and looks for those that are wrong.

Of the nodes that can act in a marking only one is followed (with each of its choices), the one nearest to the start:
nothing else can take its tokens away, so that every deadlock is still found (persistent sets, Godefroid 1996), without
all the orders in which parallel branches may run. Inclusive joins go on when nothing else can, as in the runtime.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations

from bpmn.rules.soundness.net import Edge, Kind, Net, NetNode, Role, Trace

MAX_MARKINGS = 20_000
MAX_WORK = 100_000
"""Tokens looked at, over all markings: what bounds the time where markings are wide."""
MAX_DEADLOCKS = 20
"""After so many the walk ends: there is enough to correct."""
MAX_TOKENS = 3
"""On one edge; a marking with more is not followed."""
MAX_COMPARISONS = 100_000
"""Of markings with earlier ones, in search of growth."""
MAX_OPTIONAL = 6
"""Edges of an inclusive split up to which every combination is tried; above, each alone and all together."""

Marking = tuple[int, ...]
"""Numbers of the edges that hold tokens, sorted; an edge with two tokens appears twice."""


@dataclass(frozen=True, slots=True)
class Deadlock:
    """Tokens that nothing moves any more. `path`: what was passed on the way; `waiting`: where they lie."""

    path: tuple[Trace, ...]
    waiting: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """A marking that contains an earlier one and more. `path` leads to the earlier, `cycle` from there to it again."""

    path: tuple[Trace, ...]
    cycle: tuple[Trace, ...]
    splits: tuple[str, ...]
    """Elements in the cycle that made one token into several."""


@dataclass(slots=True)
class Exploration:
    deadlocks: list[Deadlock] = field(default_factory=list)
    growths: list[Growth] = field(default_factory=list)
    acted: set[NetNode] = field(default_factory=set)
    """Nodes that took tokens at least once."""
    markings: int = 0
    complete: bool = True


def explore(net: Net, max_markings: int = MAX_MARKINGS) -> Exploration:
    """All that is wrong in at most `max_markings` markings: each set of stuck joins once, nearest first."""
    return _Explorer(net).run(max_markings)


class _Explorer:
    def __init__(self, net: Net) -> None:
        self.edges = _edges(net)
        self.number = {edge: number for number, edge in enumerate(self.edges)}
        self.rank = {node: rank for rank, node in enumerate(dict.fromkeys(edge.target for edge in self.edges))}
        self.ins = {node: tuple(self.number[edge] for edge in node.ins if edge in self.number) for node in self.rank}
        self.found = Exploration()
        self.outcomes = {node: self._outcomes(node) for node in self.rank}
        self.before: dict[Marking, tuple[Marking, NetNode, Marking] | None] = {}
        self.reach: dict[int, frozenset[NetNode]] = {}
        self.reported: set[frozenset[NetNode]] = set()
        self.grown: set[tuple[str, ...]] = set()
        self.comparisons = 0
        self.work = 0

    def run(self, max_markings: int) -> Exploration:
        first: Marking = (0,)
        self.before[first] = None
        waiting: deque[Marking] = deque([first])
        while waiting:
            marking = waiting.popleft()
            self.found.markings += 1
            self.work += len(marking)
            if self.found.markings > max_markings or self.work > MAX_WORK or len(self.reported) == MAX_DEADLOCKS:
                self.found.complete = False
                break
            moved = False
            for following, node, produced in self._successors(marking):
                moved = True
                if following in self.before:
                    continue
                self.before[following] = (marking, node, produced)
                if self._may_go_on(following):
                    waiting.append(following)
            if not moved and marking and not any(self.edges[n].target.kind is Kind.KILL for n in marking):
                self._deadlock(marking)
        return self.found

    def _outcomes(self, node: NetNode) -> tuple[Marking, ...]:
        outs = [edge for edge in node.outs if edge in self.number]
        match node.kind:
            case Kind.XOR:
                return tuple((self.number[edge],) for edge in outs)
            case Kind.OR_SPLIT:
                return tuple(self._subsets(outs))
            case _:
                return (tuple(self.number[edge] for edge in outs),)

    def _subsets(self, outs: list[Edge]) -> Iterator[Marking]:
        by_role: dict[Role, Marking] = {
            role: tuple(self.number[edge] for edge in outs if edge.role is role) for role in Role
        }
        forced, optional = by_role[Role.FORCED], by_role[Role.OPTIONAL]
        sizes: range | tuple[int, ...] = range(len(optional) + 1)
        if len(optional) > MAX_OPTIONAL:
            self.found.complete = False
            sizes = (0, 1, len(optional))
        for chosen in chain.from_iterable(combinations(optional, size) for size in sizes):
            if taken := (forced + chosen) or by_role[Role.DEFAULT]:
                yield taken

    def _successors(self, marking: Marking) -> Iterator[tuple[Marking, NetNode, Marking]]:
        acting = self._acting(marking)
        if acting is not None:
            node, taken = acting
            yield from self._act(marking, node, taken)
            return
        for node, taken in self._inclusive_joins(marking):
            yield from self._act(marking, node, taken)

    def _acting(self, marking: Marking) -> tuple[NetNode, Marking] | None:
        best: tuple[NetNode, Marking] | None = None
        for number in dict.fromkeys(marking):
            node = self.edges[number].target
            if node.kind in (Kind.OR_JOIN, Kind.KILL) or (best is not None and self.rank[best[0]] <= self.rank[node]):
                continue
            if node.kind is not Kind.AND:
                best = (node, (number,))
            elif all(other in marking for other in self.ins[node]):
                best = (node, self.ins[node])
        return best

    def _inclusive_joins(self, marking: Marking) -> Iterator[tuple[NetNode, Marking]]:
        """BPMN 2.0.2, 13.4.3: no token elsewhere can reach an empty edge, unless it can reach a full one too."""
        places = dict.fromkeys(self.edges[number].target for number in marking)
        for node in places:
            if node.kind is not Kind.OR_JOIN:
                continue
            full = [number for number in self.ins[node] if number in marking]
            empty = [number for number in self.ins[node] if number not in marking]
            if not any(
                place is not node
                and any(place in self._reaching(number) for number in empty)
                and not any(place in self._reaching(number) for number in full)
                for place in places
            ):
                yield node, tuple(full)

    def _reaching(self, number: int) -> frozenset[NetNode]:
        """Nodes from which a token can come to the edge without passing the node it leads to."""
        if number not in self.reach:
            join = self.edges[number].target
            seen: set[NetNode] = set()
            waiting = [self.edges[number].source]
            while waiting:
                node = waiting.pop()
                if node is not None and node is not join and node not in seen:
                    seen.add(node)
                    waiting.extend(edge.source for edge in node.ins)
            self.reach[number] = frozenset(seen)
        return self.reach[number]

    def _act(self, marking: Marking, node: NetNode, taken: Marking) -> Iterator[tuple[Marking, NetNode, Marking]]:
        self.found.acted.add(node)
        rest = list(marking)
        for number in taken:
            rest.remove(number)
        for produced in self.outcomes[node]:
            kept = rest + [number for number in produced if self._is_kept(number, rest)]
            kept.sort()
            yield tuple(kept), node, produced

    def _is_kept(self, number: int, rest: list[int]) -> bool:
        kind = self.edges[number].target.kind
        return kind is not Kind.END and (kind is not Kind.KILL or number not in rest)

    def _may_go_on(self, marking: Marking) -> bool:
        """False where the marking is not worth following: tokens grow in number, or there are too many of them."""
        counts = Counter(marking)
        most = max(counts.values(), default=0)
        if most == 1:
            return True
        if self._grows(marking, counts):
            return False
        if most > MAX_TOKENS:
            self.found.complete = False
            return False
        return True

    def _grows(self, marking: Marking, counts: Counter[int]) -> bool:
        cycle: list[tuple[NetNode, Marking]] = []
        current = marking
        while (step := self.before[current]) is not None:
            current, node, produced = step
            cycle.append((node, produced))
            self.comparisons += 1
            if self.comparisons > MAX_COMPARISONS:
                self.found.complete = False
                return False
            if len(current) < len(marking) and Counter(current) <= counts:
                splits = tuple(dict.fromkeys(node.element for node, produced in reversed(cycle) if len(produced) > 1))
                if splits not in self.grown:
                    self.grown.add(splits)
                    parts = tuple(self._traces(produced) for _, produced in reversed(cycle))
                    self.found.growths.append(Growth(self._path(current), parts, splits))
                self.found.complete = False
                return True
        return False

    def _deadlock(self, marking: Marking) -> None:
        key = frozenset(self.edges[number].target for number in marking)
        if key not in self.reported:
            self.reported.add(key)
            waiting = tuple(self.edges[number] for number in dict.fromkeys(marking))
            self.found.deadlocks.append(Deadlock(self._path(marking), waiting))

    def _path(self, marking: Marking) -> tuple[Trace, ...]:
        traces: list[Trace] = []
        current = marking
        while (step := self.before[current]) is not None:
            current, _, produced = step
            traces.append(self._traces(produced))
        traces.append(self.edges[0].trace)
        return tuple(reversed(traces))

    def _traces(self, produced: Marking) -> Trace:
        return tuple(self.edges[number].trace for number in produced)


def _edges(net: Net) -> list[Edge]:
    """The edges by their distance from the start."""
    edges = [net.start]
    seen: set[NetNode] = set()
    for edge in edges:  # grows while it is walked
        if edge.target not in seen:
            seen.add(edge.target)
            edges.extend(edge.target.outs)
    return edges
