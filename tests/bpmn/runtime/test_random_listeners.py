"""Random processes with listeners at random places: they complete as they would without, and each place is called as
often as it is passed."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from bpmn.runtime.state import InstanceStatus
from bpmn.runtime.work import Limits
from tests.bpmn.runtime.test_random_processes import MOST_MOVES, move, processes
from tests.support.listeners import calls, listener, listening
from tests.support.simulation import simulate

_REPEATED = "multiInstanceLoopCharacteristics"


def places(data: bytes) -> tuple[list[str], list[str], set[str]]:
    """Ids of the elements and of the flows; those of elements that have several instances."""
    root = etree.fromstring(data)
    nodes, flows, repeated = [], [], set()
    for element in root.iter(etree.Element):
        id, tag = element.get("id"), etree.QName(element).localname
        if id is None or tag in ("definitions", "process"):
            continue
        (flows if tag == "sequenceFlow" else nodes).append(id)
        if any(etree.QName(child).localname == _REPEATED for child in element):
            repeated.add(id)
    return nodes, flows, repeated


@settings(
    max_examples=30,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(
    data=processes(),
    pick=st.integers(0, 59),
    order=st.randoms(use_true_random=False),
    limits=st.sampled_from([Limits(), Limits(transitions_per_step=2), Limits(scopes_per_step=1)]),
)
def test_should_call_what_is_passed(data: bytes, pick: int, order: Random, limits: Limits) -> None:
    # given listeners that run in the step, and others that are jobs
    nodes, flows, repeated = places(data)
    chosen: dict[str, list[str]] = {}
    for id in ("p", *nodes, *flows):
        events = ("take",) if id in flows else ("start", "end")
        for event in events:
            if order.random() < 0.4:
                chosen.setdefault(id, []).append(listener(event, expression="${true}"))
            if order.random() < 0.2:
                chosen.setdefault(id, []).append(listener(event, class_="x.Listener"))
    simulator = simulate(listening(data, chosen), limits=limits)
    instance = simulator.start("p", {"pick": pick})

    # when everything that waits is done, in any order
    for _ in range(2 * MOST_MOVES):
        if not move(simulator, order):
            break

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    trace = simulator.trace(instance, "+-~>")
    balance = Counter(text[1:] for text in trace if text[0] == "+")
    balance.subtract(text[1:] for text in trace if text[0] in "-~")
    assert not any(balance.values())
    passed = Counter(trace)
    called = Counter(calls(simulator, instance))
    for id in set(nodes) & chosen.keys() - repeated:
        if any('event="start"' in each and "expression" in each for each in chosen[id]):
            # A job before it may be cancelled with its element.
            assert called[f"{id}.start"] <= passed[f"+{id}"]
            if not any("x.Listener" in each for each in chosen[id]):
                assert called[f"{id}.start"] == passed[f"+{id}"]
    for id in set(flows) & chosen.keys():
        if any("expression" in each for each in chosen[id]):
            # A token that waits for a job on its flow may be cancelled there.
            assert called[f"{id}.take"] >= passed[f">{id}"]
            if not any("x.Listener" in each for each in chosen[id]):
                assert called[f"{id}.take"] == passed[f">{id}"]
