"""Random unstructured processes, worked off in random order, always complete; tokens are conserved.

`tests.support.random_rewrites` says how they are made and why they are sound. A failure prints the seeds.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.bpmn.runtime.test_random_processes import MOST_MOVES, move
from tests.support.random_rewrites import unstructured
from tests.support.simulation import simulate


@settings(max_examples=60, deadline=None, print_blob=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(1, 12),
    rewrites=st.integers(1, 6),
    pick=st.integers(0, 59),
    order=st.integers(0, 2**32 - 1),
    limits=st.sampled_from(
        [Limits(), Limits(transitions_per_step=3), Limits(transitions_per_step=2, scopes_per_step=2)]
    ),
)
def test_should_complete_whatever_the_order(
    seed: int, size: int, rewrites: int, pick: int, order: int, limits: Limits
) -> None:
    # given
    diagram = unstructured(seed, size, rewrites)
    data = diagram.document()
    note(diagram.flows())
    simulator = simulate(data, limits=limits)
    instance = simulator.start("p", diagram.variables(pick))
    random = Random(order)

    # when
    for _ in range(MOST_MOVES):
        if not move(simulator, random):
            break

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    balance: Counter[str] = Counter()
    for text in simulator.trace(instance):
        balance[text[1:]] += 1 if text[0] == "+" else -1
    assert not any(balance.values())
    assert simulator.trace(instance, "-").count(f"-{diagram.end}") == 1, "one token came in, one goes out"
