"""What the reduced, partial exploration finds is what walking through every marking of the model as drawn finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, combinations

from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from bpmn.rules.index import Index
from bpmn.rules.soundness.build import build
from bpmn.rules.soundness.check import check
from bpmn.rules.soundness.endless import endless
from tests.bpmn.rules.soundness.models import body, index

LIMIT = 500
Marking = tuple[str, ...]


@dataclass
class Everything:
    """All markings, tokens on sequence flows, every order."""

    stuck: set[str] = field(default_factory=set)
    """Joins at which tokens can wait for ever."""
    deadlock: bool = False
    bounded: bool = True
    finished: bool = True


def walk(model: Index) -> Everything:
    scope = model.scopes[0]
    target = {flow.id: flow.target or "" for flow in scope.content.flows}
    found = Everything()
    first: Marking = ("",)  # the token that enters the start event
    target[""] = "s"
    seen = {first}
    waiting = [first]

    def outs(node: str) -> list[Marking]:
        flows = [flow.id for flow in scope.outgoing.get(node, ())]
        if not flows:
            return [()]
        if node[0] == "x":
            return [(flow,) for flow in flows]
        if node[0] == "o":
            return list(chain.from_iterable(combinations(flows, size) for size in range(1, len(flows) + 1)))
        return [tuple(flows)]

    def reaching(flow: str) -> set[str]:
        """Nodes from which a token can come over the flow without passing the join it leads to."""
        nodes: set[str] = set()
        todo = [next(f.source for f in scope.content.flows if f.id == flow) or ""]
        while todo:
            node = todo.pop()
            if node not in nodes and node != target[flow]:
                nodes.add(node)
                todo.extend(f.source or "" for f in scope.incoming.get(node, ()))
        return nodes

    def may_join(node: str, flows: list[str], full: list[str], places: set[str]) -> bool:
        return not any(
            any(place in reaching(flow) for flow in flows if flow not in full)
            and not any(place in reaching(flow) for flow in full)
            for place in places - {node}
        )

    while waiting:
        marking = waiting.pop()
        following: list[Marking] = []
        killed = False
        for token in set(marking):
            node = target[token]
            flows = [flow.id for flow in scope.incoming.get(node, ())]
            taken = [token]
            if node[0] == "p" and len(flows) > 1:
                if not all(flow in marking for flow in flows):
                    continue
                taken = flows
            elif node[0] == "o" and len(flows) > 1:
                taken = [flow for flow in flows if flow in marking]
                if not may_join(node, flows, taken, {target[other] for other in marking}):
                    continue
            rest = list(marking)
            for flow in taken:
                rest.remove(flow)
            if node[0] == "k":
                killed = True
                continue
            following.extend(tuple(sorted([*rest, *produced])) for produced in outs(node))
        if not following and not killed and marking:
            found.deadlock = True
            found.stuck.update(target[token] for token in marking)
        for marking in following:
            if any(marking.count(flow) > 3 for flow in marking):
                found.bounded = False
            elif marking not in seen:
                seen.add(marking)
                waiting.append(marking)
        if len(seen) > LIMIT:
            found.finished = False
            return found
    return found


@st.composite
def processes(draw: st.DrawFn, kinds: str) -> str:
    """Start, some nodes each with a flow from an earlier one, more flows anywhere, ends."""
    count = draw(st.integers(2, 7))
    nodes = [f"{draw(st.sampled_from(kinds))}{number}" for number in range(count)]
    inner = [node for node in nodes if node[0] not in "ek"]
    flows = [("s", nodes[0])]
    sources = ["s"]
    for node in nodes:
        if node != nodes[0]:
            flows.append((draw(st.sampled_from(sources[1:] or sources)), node))
        if node in inner:
            sources.append(node)
    if inner:
        more = st.tuples(st.sampled_from(inner), st.sampled_from(nodes))
        flows.extend(draw(st.lists(more, max_size=6)))
    return ", ".join(f"{source} {target}" for source, target in flows)


def findings(model: Index) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in check(model):
        found.setdefault(finding.code, set()).add(finding.element_id or "")
    return found


@settings(max_examples=80, deadline=None)
@given(processes("xxpptek"))
def test_should_find_a_deadlock_exactly_where_there_is_one(flows: str) -> None:
    # given
    model = index(body(flows))
    net = build(model.scopes[0])
    assume(net is not None and endless(net) is None)
    everything = walk(model)
    assume(everything.finished and everything.bounded)

    # when
    found = findings(model)

    # then
    note(f"{flows}: {found}, {everything}")
    assert ("JOIN_DEADLOCK" in found) == everything.deadlock
    assert found.get("JOIN_DEADLOCK", set()) <= everything.stuck
    assert "TOKENS_MULTIPLY" not in found
    assert "SOUNDNESS_NOT_DECIDED" not in found


@settings(max_examples=80, deadline=None)
@given(processes("xpote"))
def test_should_find_no_deadlock_at_inclusive_joins_that_is_none(flows: str) -> None:
    # given
    model = index(body(flows))
    everything = walk(model)
    assume(everything.finished and everything.bounded)

    # when
    found = findings(model)

    # then
    note(f"{flows}: {found}, {everything}")
    assert found.get("JOIN_DEADLOCK", set()) <= everything.stuck


@settings(max_examples=80, deadline=None)
@given(processes("xptek"))
def test_should_see_tokens_multiply_only_where_they_do(flows: str) -> None:
    # given
    model = index(body(flows))
    everything = walk(model)
    assume(everything.finished and everything.bounded)
    net = build(model.scopes[0])
    assume(net is not None and endless(net) is None)

    # then
    assert "TOKENS_MULTIPLY" not in findings(model)
