"""Random processes that change their version on the way go the same way as those that stay.

The other version is the same process, with every id of it another one.
"""

from __future__ import annotations

import re
from random import Random

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from bpmn.runtime.engine import Outcome
from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.bpmn.runtime.test_random_processes import MOST_MOVES, move
from tests.support.models import compile_document
from tests.support.random_rewrites import unstructured
from tests.support.simulation import CheckedSimulator, simulate

_IDS = re.compile(rb'\b(id|sourceRef|targetRef|attachedToRef|default)="([^"]+)"')


@settings(max_examples=40, deadline=None, print_blob=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(1, 12),
    rewrites=st.integers(0, 4),
    pick=st.integers(0, 59),
    order=st.integers(0, 2**32 - 1),
    limits=st.sampled_from([Limits(), Limits(transitions_per_step=2, scopes_per_step=2)]),
)
def test_should_go_the_same_way(seed: int, size: int, rewrites: int, pick: int, order: int, limits: Limits) -> None:
    # given
    diagram = unstructured(seed, size, rewrites)
    data = diagram.document()
    note(diagram.flows())
    variables = diagram.variables(pick)

    # when
    staying, changing = simulate(data, limits=limits), simulate(data, limits=limits)
    stays, changes = staying.first_step("p", variables), changing.first_step("p", variables)
    staying.signal("nobody")  # works off what the first step has left
    versions = Versions(data)
    versions.change(changing, changes)
    random, twin, when = Random(order), Random(order), Random(order)
    for _ in range(MOST_MOVES):
        if when.random() < 0.3:
            versions.change(changing, changes)
        if not move(staying, random):
            break
        assert move(changing, twin)

    # then
    assert staying.status(stays) is changing.status(changes) is InstanceStatus.COMPLETED
    assert [text.replace("x.", "") for text in changing.trace(changes)] == staying.trace(stays)


class Versions:
    """Two, and the mappings between them; ids of the other one begin with `x.`."""

    def __init__(self, data: bytes) -> None:
        graph = compile_document(data)["p"]
        other = compile_document(_IDS.sub(rb'\1="x.\2"', data))["x.p"]
        there = {id: f"x.{id}" for id in graph.nodes}
        self._next = [(other, there), (graph, {new: old for old, new in there.items()})]

    def change(self, simulator: CheckedSimulator, instance: int) -> None:
        graph, mapping = self._next[0]
        if simulator.status(instance) is InstanceStatus.RUNNING:
            migration = simulator.migrate(instance, graph, mapping)
            assert migration.step.outcome is Outcome.DONE, migration.findings
            self._next.reverse()
