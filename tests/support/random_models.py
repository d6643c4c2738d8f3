"""Random processes made of blocks, sound by how they are made; `random_rewrites` draws flows between the blocks.

A diagram begins as one flow from start to end. `refine` puts blocks on flows: tasks, choices, forks, inclusive blocks,
loops, sub-processes. Every edge knows where it is:

- its *context*: the branch of the innermost fork that it is in; a context has one token;
- its *key*: lexicographic order runs along the flows, loops aside;
- whether it is on the *spine* of its context: passed exactly once.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from random import Random
from typing import Self

from tests.support.models import (
    Element,
    end,
    exclusive,
    inclusive,
    model,
    multi_instance,
    parallel,
    script_task,
    service_task,
    start,
    sub_process,
    task,
    user_task,
)

Key = tuple[int, ...]


KINDS = ("leaf", "leaf", "choice", "fork", "subset", "loop", "scope")


@dataclass(eq=False)
class Edge:
    source: str
    target: str
    condition: str | None = None
    context: int | None = None
    """None: neither refined nor a place to jump from or to (the ways back of loops)."""
    key: Key = ()
    spine: bool = False


@dataclass
class Fork:
    split: str
    join: str
    contexts: list[int]


@dataclass
class Diagram:
    """Flow nodes and edges of one process or sub-process; `python` writes expressions in Python instead of JUEL."""

    random: Random
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    python: bool = False
    kinds: tuple[str, ...] = KINDS
    """Methods that make blocks."""
    instances: bool = True
    """Sub-processes may be multi-instance."""
    counters: set[str] = field(default_factory=set)
    """Variables that are 0 when an instance starts."""
    nodes: dict[str, Element] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    forks: list[Fork] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)
    """Gateways where the branches of a choice meet."""
    barriers: list[tuple[int, Key]] = field(default_factory=list)
    """Where waiting for another branch keeps jumps from crossing, by context."""
    end: str = ""

    def begin(self) -> Self:
        """One flow from start to end."""
        first, self.end = self.add(start(self.name("start"))), self.add(end(self.name("end")))
        self.edges.append(Edge(first, self.end, context=self.context(), spine=True))
        return self

    # -- words --------------------------------------------------------------------------------------------------------

    def name(self, prefix: str) -> str:
        return f"{prefix}{next(self.numbers)}"

    def context(self) -> int:
        return next(self.numbers)

    def add(self, element: Element) -> str:
        self.nodes[element.id] = element
        return element.id

    def expression(self, text: str) -> str:
        return text if self.python else f"${{{text}}}"

    def script(self, variable: str, text: str) -> str:
        """A script task that sets a variable."""
        id = self.name("set")
        if self.python:
            return self.add(script_task(id, f"{variable} = {text}"))
        return self.add(script_task(id, f"${{{text}}}", "juel", result_variable=variable))

    def counter(self, prefix: str) -> str:
        name = self.name(prefix)
        self.counters.add(name)
        return name

    def pick(self, count: int, rest: int) -> str:
        return self.expression(f"pick % {count} == {rest}")

    def insert(self, edge: Edge, *nodes: str) -> list[Edge]:
        """Put nodes in a row on an edge; the edges that it is now, in order."""
        stops = [edge.source, *nodes, edge.target]
        parts = [
            replace(edge, source=a, target=b, key=(*edge.key, number), condition=None if number else edge.condition)
            for number, (a, b) in enumerate(itertools.pairwise(stops))
        ]
        position = self.edges.index(edge)
        self.edges[position : position + 1] = parts
        return parts

    def into(self, node: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.target == node]

    def out_of(self, node: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.source == node]

    def finish(self) -> None:
        """What is to be done with a sub-process when its blocks are drawn."""

    # -- blocks -------------------------------------------------------------------------------------------------------

    def refine(self, times: int, depth: int = 1) -> Self:
        """Put `times` blocks on edges; sub-processes within sub-processes as deep as said."""
        for _ in range(times):
            edge = self.random.choice([edge for edge in self.edges if edge.context is not None])
            kind = self.random.choice(self.kinds)
            if kind == "scope":
                self.scope(edge, depth)
            else:
                getattr(self, kind)(edge)
        return self

    def leaf(self, edge: Edge) -> None:
        kinds = [task, user_task, user_task] if self.python else [task, user_task, service_task]
        make = self.random.choice(kinds)
        self.insert(edge, self.add(make(self.name("t"))))  # type: ignore[operator]

    def assign(self, edge: Edge) -> None:
        """A script task that sets a variable that no other sets."""
        self.insert(edge, self.script(self.name("v"), f"pick * {self.random.randint(2, 9)}"))

    def branches(
        self, edge: Edge, split: Element, join: Element, conditions: list[str | None], fork: bool
    ) -> list[int]:
        """A branch with a task for each condition; the contexts of the branches."""
        self.add(split)
        self.add(join)
        before, placeholder, _ = self.insert(edge, split.id, join.id)
        self.edges.remove(placeholder)
        contexts = []
        for number, condition in enumerate(conditions):
            inside = self.add(user_task(self.name("b")))
            context = self.context() if fork else before.context
            contexts.append(context)
            key = (*edge.key, 1, number)
            spine = fork
            self.edges.append(Edge(split.id, inside, condition, context, (*key, 0), spine))
            self.edges.append(Edge(inside, join.id, None, context, (*key, 1), spine))
        return [context for context in contexts if context is not None]

    def choice(self, edge: Edge) -> tuple[str, str]:
        count = self.random.randint(2, 3)
        split, join = exclusive(self.name("choose")), exclusive(self.name("merge"))
        conditions: list[str | None] = [self.pick(count, rest) for rest in range(1, count)]
        self.branches(edge, split, join, [*conditions, "default"], fork=False)
        self.merges.append(join.id)
        return split.id, join.id

    def fork(self, edge: Edge) -> Fork:
        split, join = parallel(self.name("fork")), parallel(self.name("join"))
        contexts = self.branches(edge, split, join, [None] * self.random.randint(2, 3), fork=True)
        self.forks.append(Fork(split.id, join.id, contexts))
        return self.forks[-1]

    def subset(self, edge: Edge) -> tuple[str, str]:
        split, join = inclusive(self.name("some")), inclusive(self.name("gather"))
        first = self.random.randint(2, 4)
        conditions = [self.pick(first, 0), self.expression(f"pick % {first + 1} <= 1"), "default"]
        self.branches(edge, split, join, list(conditions), fork=True)
        return split.id, join.id

    def loop(self, edge: Edge) -> tuple[str, str]:
        """Tests after its body or before it; what counts the rounds is on the way back, where nothing jumps to."""
        counter, rounds = self.counter("n"), self.random.randint(1, 3)
        zero, count = self.script(counter, "0"), self.script(counter, f"{counter} + 1")
        again, back = self.add(exclusive(self.name("again"))), self.add(exclusive(self.name("back")))
        more = self.expression(f"{counter} < {rounds}")
        _, into, body, after = self.insert(edge, zero, again, back)
        into.context = None
        body.spine = False
        after.condition = "default"
        if self.random.random() < 0.5:
            self.edges += [Edge(back, count, more), Edge(count, again)]
        else:
            # again -[more]-> work -> count -> again, and on by default: the gateway merges and splits
            work = self.add(user_task(self.name("w")))
            self.edges.remove(body)
            del self.nodes[back]
            after.source = again
            self.edges.append(Edge(again, work, more, edge.context, (*edge.key, 2, 0)))
            self.edges.append(Edge(work, count, None, edge.context, (*edge.key, 2, 1)))
            self.edges.append(Edge(count, again))
        return again, count

    def scope(self, edge: Edge, depth: int) -> None:
        if depth == 0:
            return self.leaf(edge)
        inner = replace(self, nodes={}, edges=[], forks=[], merges=[], barriers=[]).begin()
        inner.refine(self.random.randint(1, 4), depth - 1).finish()
        loop = ""
        if self.instances and self.random.random() < 0.4:
            sequential = self.random.random() < 0.5
            loop = multi_instance(cardinality=self.expression(str(self.random.randint(1, 3))), sequential=sequential)
        content = inner.content()
        self.insert(edge, self.add(sub_process(self.name("sub"), *content, flows=inner.flows(), inner=loop)))
        return None

    # -- writing ------------------------------------------------------------------------------------------------------

    def content(self) -> list[Element]:
        self._part_twins()
        return list(self.nodes.values())

    def _part_twins(self) -> None:
        """Ids of flows are made of the nodes they connect: a task goes between where two connect the same."""
        seen: set[tuple[str, str]] = set()
        for edge in list(self.edges):
            if (edge.source, edge.target) in seen:
                edge = self.insert(edge, self.add(task(self.name("t"))))[0]
            seen.add((edge.source, edge.target))

    def flows(self) -> str:
        return ";".join(f"{edge.source} {_arrow(edge.condition)} {edge.target}" for edge in self.edges)

    def document(self) -> bytes:
        content = self.content()
        return model(*content, flows=self.flows())

    def variables(self, pick: int) -> dict[str, int]:
        """With which to start."""
        return {"pick": pick, **dict.fromkeys(sorted(self.counters), 0)}


def _arrow(condition: str | None) -> str:
    return "->" if condition is None else f"-[{condition}]->"
