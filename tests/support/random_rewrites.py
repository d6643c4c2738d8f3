"""Rewrites of random processes that keep them sound, but leave no blocks.

A context has one token, so a token may be moved from any edge of a context to any other (`jump`): the rest of the
marking stays one that is reachable. Jumps to greater keys never make a loop; others count how often they were taken, in
a variable of their own, and give up. Between spine edges of two branches of a fork a flow may make one wait for the
other (`synchronize`), always from the earlier branch, so that they never wait for each other; jumps do not cross these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Self

from tests.support.models import exclusive, inclusive, parallel
from tests.support.random_models import Diagram, Edge

ACTIVITIES = ("task", "userTask", "scriptTask", "serviceTask", "subProcess")
_LAST = 1_000_000
"""Behind everything that a refinement puts into a key."""


@dataclass
class Unstructured(Diagram):
    """A diagram that is rewritten when its blocks are drawn."""

    def finish(self) -> None:
        self.rewrite(self.random.randint(0, 2))

    def rewrite(self, times: int) -> Self:
        """Do `times` rewrites between the blocks, and as many that take gateways out of the way."""
        # What jumps may not cross comes first; gateways go when all flows are drawn.
        for _ in range(self.random.randint(0, 2)):
            self.synchronize()
        for _ in range(times):
            self.random.choice([self.jump, self.jump, self.regroup, self.join_inclusively, self.repeat_tail])()
        for _ in range(times):
            self.random.choice([self.merge_implicitly, self.split_implicitly])()
        return self

    def synchronize(self) -> bool:
        """Let one branch of a fork wait until an earlier one has come to a certain flow."""
        if not self.forks:
            return False
        fork = self.random.choice(self.forks)
        earlier, later = sorted(self.random.sample(range(len(fork.contexts)), 2))
        ends = []
        for branch in (earlier, later):
            context = fork.contexts[branch]
            spine = [edge for edge in self.edges if edge.context == context and edge.spine]
            ends.append(self.random.choice(spine))
        split, join = self.add(parallel(self.name("send"))), self.add(parallel(self.name("await")))
        for edge, gateway in zip(ends, (split, join), strict=True):
            assert edge.context is not None
            self.insert(edge, gateway)
            self.barriers.append((edge.context, (*edge.key, 0, _LAST)))
        self.edges.append(Edge(split, join))
        return True

    def segment(self, edge: Edge) -> tuple[int | None, int]:
        """Between edges of the same segment tokens may jump."""
        passed = sum(context == edge.context and key < edge.key for context, key in self.barriers)
        return edge.context, passed

    def jump(self) -> bool:
        """A choice on one edge leads to another of the same segment: out of, into, and between blocks and loops."""
        sources = [edge for edge in self.edges if edge.context is not None]
        source = self.random.choice(sources)
        others = [edge for edge in sources if edge is not source and self.segment(edge) == self.segment(source)]
        if not others:
            return False
        target = self.random.choice(others)
        split, merge = self.add(exclusive(self.name("if"))), self.add(exclusive(self.name("meet")))
        _, rest = self.insert(source, split)
        rest.condition = "default"
        self.insert(target, merge)
        if source.key < target.key:
            self.edges.append(Edge(split, merge, self.pick(self.random.randint(2, 4), self.random.randint(0, 1))))
        else:
            counter = self.counter("j")
            count = self.script(counter, f"{counter} + 1")
            self.edges.append(Edge(split, count, self.expression(f"{counter} < {self.random.randint(1, 2)}")))
            self.edges.append(Edge(count, merge))
        return True

    def regroup(self) -> bool:
        """Split the last two branches of three by a gateway of their own, join the first two by another."""
        for fork in self.random.sample(self.forks, len(self.forks)):
            outs, ins = self.out_of(fork.split), self.into(fork.join)
            if len(outs) != 3 or len(ins) != 3 or self.nodes[fork.join].tag != "parallelGateway":
                continue
            split, join = self.add(parallel(self.name("fork"))), self.add(parallel(self.name("join")))
            for edge in outs[1:]:
                edge.source = split
            for edge in ins[:2]:
                edge.target = join
            self.edges += [Edge(fork.split, split), Edge(join, fork.join)]
            return True
        return False

    def join_inclusively(self) -> bool:
        """An inclusive gateway where branches of a choice or fork meet."""
        joins = [*self.merges, *(fork.join for fork in self.forks)]
        joins = [join for join in joins if join in self.nodes]
        if not joins:
            return False
        chosen = self.random.choice(joins)
        self.nodes[chosen] = inclusive(chosen)
        return True

    def repeat_tail(self) -> bool:
        """Move a merge behind the task that follows it: each branch gets its own."""
        for merge in self.random.sample(self.merges, len(self.merges)):
            (after,) = self.out_of(merge)
            tail = self.nodes[after.target]
            if tail.tag not in ("task", "userTask") or len(self.into(tail.id)) != 1 or after.context is None:
                continue
            (behind,) = self.out_of(tail.id)
            if behind.condition is not None:
                continue
            self.edges.remove(after)
            behind.source = merge
            del self.nodes[tail.id]
            for edge in self.into(merge):
                self.insert(edge, self.add(replace(tail, id=self.name("t"))))
            return True
        return False

    def merge_implicitly(self) -> bool:
        """Flows meet at the activity or exclusive gateway behind a merge."""
        for merge in self.random.sample(sorted(self.nodes), len(self.nodes)):
            outs, ins = self.out_of(merge), self.into(merge)
            if self.nodes[merge].tag != "exclusiveGateway" or len(outs) != 1 or len(ins) < 2:
                continue
            target = outs[0].target
            if self.nodes[target].tag not in (*ACTIVITIES, "exclusiveGateway", "endEvent"):
                continue
            sources = [edge.source for edge in (*ins, *self.into(target)) if edge.source != merge]
            if len(set(sources)) != len(sources) or target in sources:
                continue
            self.edges.remove(outs[0])
            for edge in ins:
                edge.target = target
            del self.nodes[merge]
            return True
        return False

    def split_implicitly(self) -> bool:
        """Flows out of the activity before a splitting gateway, conditional or not."""
        for split in self.random.sample(sorted(self.nodes), len(self.nodes)):
            outs, ins = self.out_of(split), self.into(split)
            if self.nodes[split].tag not in ("parallelGateway", "exclusiveGateway") or len(ins) != 1 or len(outs) < 2:
                continue
            (before,) = ins
            if self.nodes[before.source].tag not in ACTIVITIES or len(self.out_of(before.source)) != 1:
                continue
            if any(edge.target == before.source for edge in outs):
                continue
            conditional = [edge for edge in outs if edge.condition not in (None, "default")]
            if self.nodes[split].tag == "exclusiveGateway" and len(conditional) != 1:
                continue  # several may be true: a gateway takes the first, an activity all of them
            self.edges.remove(before)
            for edge in outs:
                edge.source = before.source
            del self.nodes[split]
            return True
        return False


def unstructured(seed: int, size: int, rewrites: int) -> Unstructured:
    """A sound process; the same for the same numbers."""
    return Unstructured(Random(seed)).begin().refine(size).rewrite(rewrites)
