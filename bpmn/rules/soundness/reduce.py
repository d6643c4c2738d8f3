"""Makes a net smaller without changing whether its joins complete and its tokens stay few.

What is block-structured vanishes, so that exploring the rest takes steps only for what is not. The rules are those
known for free-choice nets (sequence, fusion of like nodes, parallel edges, loops; Murata 1989, Sadiq and Orlowska
2000). Each edge keeps the path it stands for.
"""

from __future__ import annotations

from bpmn.rules.soundness.net import Edge, Kind, Net, NetNode, Role, Trace

WORK_PER_EDGE = 50
"""Changes of edges allowed for each edge; a net that needs more is left as it is then."""

_SINKS = (Kind.END, Kind.KILL)


def reduce(net: Net) -> None:
    """Apply the rules until none fits. Linear: what takes too long is left to the exploration."""
    if not any(node.kind in (Kind.AND, Kind.OR_SPLIT) and len(node.outs) > 1 for node in net.nodes):
        _forget_inclusive_joins(net)
    work = _Reduction(net)
    while work.waiting and work.budget > 0:
        work.visit(work.waiting.popitem()[0])


def _forget_inclusive_joins(net: Net) -> None:
    """Where there is never more than one token, an inclusive join lets each pass."""
    for node in net.nodes:
        if node.kind is Kind.OR_JOIN:
            node.kind = Kind.XOR


class _Reduction:
    def __init__(self, net: Net) -> None:
        self.net = net
        self.waiting: dict[NetNode, None] = dict.fromkeys(net.nodes)
        self.budget = WORK_PER_EDGE * (10 + sum(len(node.outs) for node in net.nodes))

    def visit(self, node: NetNode) -> None:
        if node not in self.net.nodes or node.kind in _SINKS:
            return
        self.budget -= len(node.outs) + 1
        if self.fold(node) or self.drop_ends(node):
            self.again(node)
        if len(node.ins) == 1 and len(node.outs) == 1:
            self.pass_over(node)
        elif node.kind is Kind.XOR and len(node.outs) == 1 and next(iter(node.outs)).target.kind in _SINKS:
            self.redirect(node)
        elif node.kind in (Kind.XOR, Kind.AND):
            self.fuse(node)

    def again(self, *nodes: NetNode | None) -> None:
        for node in nodes:
            if node is not None:
                self.waiting[node] = None

    def fold(self, node: NetNode) -> bool:
        """Edges of a node that lead to one node and mean the same become one; loops that only turn go."""
        if len(node.outs) < 2:
            return False
        by_target: dict[NetNode, list[Edge]] = {}
        for edge in node.outs:
            by_target.setdefault(edge.target, []).append(edge)
        changed = False
        for target, edges in by_target.items():
            if target is node:
                if node.kind is Kind.XOR and len(by_target) > 1:
                    for edge in edges:
                        self.remove(edge)
                    changed = True
            elif len(edges) > 1 and self.fold_edges(node, target, edges, whole=len(by_target) == 1):
                self.again(target)
                changed = True
        return changed

    def fold_edges(self, node: NetNode, target: NetNode, edges: list[Edge], *, whole: bool) -> bool:
        """Whether the edges, all from `node` to `target`, became one. `whole`: the node has no others."""
        match node.kind, target.kind:
            case Kind.XOR, Kind.XOR | Kind.OR_JOIN | Kind.END | Kind.KILL:
                pass
            case Kind.AND, Kind.AND | Kind.OR_JOIN | Kind.END | Kind.KILL:
                edges[0].trace = tuple(edge.trace for edge in edges)
            case Kind.OR_SPLIT, Kind.OR_JOIN | Kind.END | Kind.KILL:
                if whole:
                    edges[0].role = Role.FORCED
                elif len({edge.role for edge in edges}) > 1:
                    return False
            case _:
                return False
        if target.kind in (Kind.AND, Kind.OR_JOIN):
            edges[0].entries = tuple(entry for edge in edges for entry in edge.entries)
        for edge in edges[1:]:
            self.remove(edge)
        return True

    def drop_ends(self, node: NetNode) -> bool:
        """A token that splits off only to end concerns nobody, where another goes on in any case."""
        if node.kind not in (Kind.AND, Kind.OR_SPLIT) or len(node.outs) < 2:
            return False
        ends = [edge for edge in node.outs if edge.target.kind is Kind.END]
        if not any(edge.role is Role.FORCED and edge.target.kind is not Kind.END for edge in node.outs):
            # One of an AND's ends has to stay; whether an OR_SPLIT goes on is for its conditions to say.
            ends = ends[1:] if node.kind is Kind.AND else []
        for edge in ends:
            self.remove(edge)
        if node.kind is Kind.OR_SPLIT and all(edge.role is Role.FORCED for edge in node.outs):
            node.kind = Kind.AND
        return bool(ends)

    def pass_over(self, node: NetNode) -> None:
        """One edge in, one out: one edge."""
        (before,), (after,) = node.ins, node.outs
        if after.target is node:
            return
        del self.net.nodes[node]
        del after.target.ins[after]
        before.target = after.target
        before.trace = (before.trace, after.trace)
        before.entries = after.entries
        after.target.ins[before] = None
        self.again(before.source, before.target)

    def redirect(self, node: NetNode) -> None:
        """A merge before an end: its edges end there by themselves."""
        (after,) = node.outs
        self.budget -= len(node.ins)
        del self.net.nodes[node]
        del after.target.ins[after]
        for edge in node.ins:
            edge.target = after.target
            edge.trace = (edge.trace, after.trace)
            after.target.ins[edge] = None
            self.again(edge.source)

    def fuse(self, node: NetNode) -> None:
        """Two like nodes, the one only after the other, or the other only before the one, are one."""
        for edge in list(node.outs):
            other = edge.target
            if other is node or other.kind is not node.kind:
                continue
            if len(other.ins) == 1:
                self.take_over_outs(node, edge, other)
                self.again(node)
                return
            if len(node.outs) == 1:
                self.hand_over_ins(node, edge, other)
                self.again(other)
                return

    def take_over_outs(self, node: NetNode, edge: Edge, other: NetNode) -> None:
        self.budget -= len(other.outs)
        self.remove(edge)
        del self.net.nodes[other]
        self.put_before(other, edge.trace)
        for moved in other.outs:
            moved.source = node
            node.outs[moved] = None
            self.again(moved.target)

    def hand_over_ins(self, node: NetNode, edge: Edge, other: NetNode) -> None:
        self.budget -= len(node.ins)
        self.remove(edge)
        del self.net.nodes[node]
        if node.kind is Kind.AND:
            self.put_before(other, edge.trace)
        for moved in node.ins:
            moved.target = other
            if node.kind is Kind.XOR:
                moved.trace = (moved.trace, edge.trace)
            other.ins[moved] = None
            self.again(moved.source)

    def put_before(self, node: NetNode, trace: Trace) -> None:
        """What is passed before the node is told by its outgoing edges: by each choice, by one of parallel ones."""
        for edge in node.outs:
            edge.trace = (trace, edge.trace)
            if node.kind is Kind.AND:
                break

    def remove(self, edge: Edge) -> None:
        self.budget -= 1
        edge.target.ins.pop(edge, None)
        if edge.source is not None:
            edge.source.outs.pop(edge, None)
