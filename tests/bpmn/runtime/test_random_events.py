"""Random processes with events, compensation, transactions, ad-hoc sub-processes, calls ... always complete.

`tests.support.random_events` says how they are made and why they are sound. A failure prints the seeds.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.support.random_driving import Driver
from tests.support.random_events import ALL, CONFLUENT, Eventful, eventful
from tests.support.simulation import CheckedSimulator, simulate

MOST_MOVES = 3_000

seeds = st.integers(0, 2**32 - 1)
# The same examples each time, so that what a change breaks is told from what chance finds.
quickly = settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
limits = st.sampled_from([Limits(), Limits(transitions_per_step=3), Limits(transitions_per_step=2, scopes_per_step=2)])


def run(diagram: Eventful, pick: int, order: int, limits: Limits) -> tuple[CheckedSimulator, int]:
    data = diagram.document()
    simulator = simulate(data, limits=limits)
    instance = simulator.start("p", diagram.start_variables(pick))
    Driver(simulator, instance, Random(order)).drive(MOST_MOVES)
    return simulator, instance


def assert_conserved(simulator: CheckedSimulator, instance: int, diagram: Eventful) -> None:
    """Whatever became active has been completed or terminated, in the called instances as well."""
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert not simulator.incidents
    for id in simulator.runs:
        assert simulator.status(id) is not InstanceStatus.RUNNING
        balance: Counter[str] = Counter()
        for text in simulator.trace(id):
            balance[text[1:]] += 1 if text[0] == "+" else -1
        assert not any(balance.values())
    assert simulator.trace(instance, "-").count(f"-{diagram.end}") == 1, "one token came in, one goes out"


@quickly
@given(
    seed=seeds,
    size=st.integers(1, 8),
    rewrites=st.integers(0, 4),
    pick=st.integers(0, 59),
    order=seeds,
    limits=limits,
)
def test_should_complete_whatever_the_order(
    seed: int, size: int, rewrites: int, pick: int, order: int, limits: Limits
) -> None:
    # given
    diagram = eventful(seed, size, rewrites, ALL)
    note(diagram.flows())

    # when
    simulator, instance = run(diagram, pick, order, limits)

    # then
    assert_conserved(simulator, instance, diagram)


@quickly
@given(
    seed=seeds,
    size=st.integers(1, 8),
    rewrites=st.integers(0, 4),
    pick=st.integers(0, 59),
    orders=st.tuples(seeds, seeds),
)
def test_should_do_the_same_whatever_the_order(
    seed: int, size: int, rewrites: int, pick: int, orders: tuple[int, int]
) -> None:
    # given
    diagram = eventful(seed, size, rewrites, CONFLUENT, instances=False)
    note(diagram.flows())

    # when
    done = []
    for order in orders:
        simulator, instance = run(diagram, pick, order, Limits())
        assert_conserved(simulator, instance, diagram)
        done.append(Counter(text for id in simulator.runs for text in simulator.trace(id)))

    # then
    assert done[0] == done[1]
