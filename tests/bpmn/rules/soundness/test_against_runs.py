"""What the soundness rules say of random models is what happens when they run.

Sound models are sound by how they are made (`tests.support.random_rewrites`). The others have one mistake, made in a
part that every run passes; the runtime confirms it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from bpmn.runtime.state import InstanceStatus
from tests.bpmn.runtime.test_random_processes import MOST_MOVES, move
from tests.support.models import compile_with_findings, exclusive, parallel
from tests.support.random_models import Edge
from tests.support.random_rewrites import Unstructured, unstructured
from tests.support.simulation import CheckedSimulator, simulate

WARNINGS = {"JOIN_DEADLOCK", "TOKENS_MULTIPLY", "LOOP_WITHOUT_END", "UNREACHABLE"}

seeds = st.integers(0, 2**32 - 1)
quickly = settings(
    max_examples=40, deadline=None, print_blob=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def findings(data: bytes) -> set[tuple[str, str | None]]:
    """Codes of the soundness rules and the elements they are about."""
    return {(found.code, found.element_id) for found in compile_with_findings(data)[1] if found.code in WARNINGS}


def run(diagram: Unstructured, data: bytes, pick: int, seed: int) -> tuple[CheckedSimulator, int]:
    note(diagram.flows())
    simulator = simulate(data, oath=False)
    instance = simulator.start("p", diagram.variables(pick))
    random = Random(seed)
    for _ in range(MOST_MOVES):
        if not move(simulator, random):
            break
    return simulator, instance


@settings(quickly, max_examples=150)
@given(seed=seeds, size=st.integers(1, 15), rewrites=st.integers(0, 8))
def test_should_find_nothing_in_sound_models(seed: int, size: int, rewrites: int) -> None:
    # given
    diagram = unstructured(seed, size, rewrites)
    data = diagram.document()
    note(diagram.flows())

    # then
    assert findings(data) == set()


def assert_stuck(simulator: CheckedSimulator, instance: int, found: set[tuple[str, str | None]]) -> None:
    """Tokens wait at joins only, and nothing was passed that is said to be out of reach."""
    assert simulator.status(instance) is InstanceStatus.RUNNING
    assert simulator.active(instance) == []
    (scope,) = simulator.run_of(instance).scopes.values()
    assert scope.arrivals
    passed = {text[1:] for text in simulator.trace(instance, "+")}
    assert {element for code, element in found if code == "UNREACHABLE"}.isdisjoint(passed)


@dataclass
class Flawed(Unstructured):
    """A block with a mistake comes first, where no jump leads past it; what is after and inside it is random."""

    join: str = ""

    def first(self) -> Edge:
        """The edge after the start event, which stays as it is but for the block."""
        (edge,) = self.edges
        before, after = self.insert(edge, self.add(exclusive(self.name("pass"))))
        before.context = None
        assert after.context is not None
        return before

    def grow(self, size: int, rewrites: int) -> bytes:
        for edge in self.into(self.join):
            edge.spine = False
        self.forks = [fork for fork in self.forks if fork.join != self.join]
        self.merges = [merge for merge in self.merges if merge != self.join]
        self.refine(size)
        self.rewrite(rewrites)
        return self.document()


def flawed(seed: int) -> Flawed:
    return Flawed(Random(seed)).begin()


def isolate(diagram: Flawed, edge: Edge, block: str) -> None:
    """Draw the block on the edge; its branches get contexts of their own, so that jumps stay inside each."""
    edge.context = diagram.context()
    made = getattr(diagram, block)(edge)
    _, diagram.join = made if isinstance(made, tuple) else (made.split, made.join)
    for inside in diagram.into(diagram.join):
        context = diagram.context()
        for part in (inside, *diagram.into(inside.source)):
            part.context = context
    for edge in (*diagram.out_of(diagram.join), *diagram.edges):
        if edge.source.startswith("start") or edge.source == diagram.join:
            edge.context = None


@quickly
@given(seed=seeds, size=st.integers(0, 8), rewrites=st.integers(0, 4), pick=st.integers(0, 59), order=seeds)
def test_should_find_the_join_that_waits_for_branches_of_which_one_is_chosen(
    seed: int, size: int, rewrites: int, pick: int, order: int
) -> None:
    # given
    diagram = flawed(seed)
    isolate(diagram, diagram.first(), "choice")
    diagram.nodes[diagram.join] = parallel(diagram.join)
    data = diagram.grow(size, rewrites)

    # when
    simulator, instance = run(diagram, data, pick, order)

    # then
    found = findings(data)
    assert ("JOIN_DEADLOCK", diagram.join) in found
    assert_stuck(simulator, instance, found)
    assert f"+{diagram.join}" not in simulator.trace(instance)


@quickly
@given(seed=seeds, size=st.integers(0, 8), rewrites=st.integers(0, 4), order=seeds)
def test_should_find_the_join_that_waits_for_branches_of_which_some_are_chosen(
    seed: int, size: int, rewrites: int, order: int
) -> None:
    # given
    diagram = flawed(seed)
    isolate(diagram, diagram.first(), "subset")
    diagram.nodes[diagram.join] = parallel(diagram.join)
    data = diagram.grow(size, rewrites)

    # when no condition but that of the default flow is true
    simulator, instance = run(diagram, data, 59, order)

    # then
    found = findings(data)
    assert ("JOIN_DEADLOCK", diagram.join) in found
    assert_stuck(simulator, instance, found)


@quickly
@given(seed=seeds, size=st.integers(0, 8), rewrites=st.integers(0, 4), pick=st.integers(0, 59), order=seeds)
def test_should_find_branches_that_wait_for_each_other(
    seed: int, size: int, rewrites: int, pick: int, order: int
) -> None:
    # given each of two branches waits for the other before it lets the other go on
    diagram = flawed(seed)
    isolate(diagram, diagram.first(), "fork")
    waits = []
    for edge in diagram.into(diagram.join)[:2]:
        wait, give = diagram.add(parallel(diagram.name("await"))), diagram.add(parallel(diagram.name("send")))
        parts = diagram.insert(edge, wait, give)
        parts[1].context = parts[2].context = None
        waits.append((wait, give))
    (wait, give), (other_wait, other_give) = waits
    diagram.edges += [Edge(give, other_wait), Edge(other_give, wait)]
    data = diagram.grow(size, rewrites)

    # when
    simulator, instance = run(diagram, data, pick, order)

    # then
    found = findings(data)
    assert {element for code, element in found if code == "JOIN_DEADLOCK"} & {wait, other_wait}
    assert_stuck(simulator, instance, found)


@quickly
@given(seed=seeds, size=st.integers(0, 6), rewrites=st.integers(0, 3), pick=st.integers(0, 59), order=seeds)
def test_should_find_branches_that_a_loop_does_not_join(
    seed: int, size: int, rewrites: int, pick: int, order: int
) -> None:
    # given a loop of two rounds around a fork whose branches are merged, not joined
    diagram = flawed(seed)
    edge = diagram.first()
    counter = diagram.counter("r")
    again, more = diagram.add(exclusive(diagram.name("again"))), diagram.add(exclusive(diagram.name("back")))
    count = diagram.script(counter, f"{counter} + 1")
    inside = diagram.insert(edge, again, more)
    isolate(diagram, inside[1], "fork")
    diagram.nodes[diagram.join] = exclusive(diagram.join)
    inside[2].condition = "default"
    diagram.edges += [Edge(more, count, diagram.expression(f"{counter} < 1")), Edge(count, again)]
    data = diagram.grow(size, rewrites)

    # when
    simulator, instance = run(diagram, data, pick, order)

    # then
    assert "TOKENS_MULTIPLY" in {code for code, _ in findings(data)}
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.trace(instance, "-").count(f"-{diagram.end}") > 1
