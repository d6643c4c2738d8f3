"""Where instances of a process begin: start events, instantiating receive tasks and event-based gateways."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.spec.elements import (
    ConditionSpec,
    EventSpec,
    MessageSpec,
    SignalSpec,
    StartSpec,
    TimerSpec,
    is_parallel_multiple,
)
from bpmn.spec.graph import ConditionStart, Container, Graph, MessageStart, Node, NodeKind, SignalStart, TimerStart


def choose_start(container: Container) -> None:
    """The none start event; a process that only starts by an event can still be started through the API."""
    starts = [node for node in container.nodes if node.kind is NodeKind.START_EVENT]
    none_starts = [node for node in starts if isinstance(node.spec, StartSpec) and node.spec.event is None]
    if none_starts:
        container.none_start = none_starts[0]
    elif starts:
        container.none_start = starts[0]
    elif container.node is None:
        container.none_start = next((node for node, _ in _instantiating(container)), None)


def collect_starts(graph: Graph) -> None:
    """What begins new instances: messages, timers, signals, conditions."""
    messages: list[MessageStart] = []
    timers: list[TimerStart] = []
    signals: list[SignalStart] = []
    conditions: list[ConditionStart] = []
    for node, spec in (*_start_events(graph.root), *_instantiating(graph.root)):
        if isinstance(spec, MessageSpec):
            messages.append(MessageStart(node.id, spec.name.text))
        elif isinstance(spec, TimerSpec):
            timers.append(TimerStart(node.id, spec.kind, spec.value))
        elif isinstance(spec, SignalSpec):
            signals.append(SignalStart(node.id, spec.name.text))
        elif isinstance(spec, ConditionSpec):
            conditions.append(ConditionStart(node.id, spec.condition, spec.variable))
    graph.message_starts = tuple(messages)
    graph.timer_starts = tuple(timers)
    graph.signal_starts = tuple(signals)
    graph.condition_starts = tuple(conditions)


def _start_events(root: Container) -> Iterator[tuple[Node, EventSpec | None]]:
    for node in root.nodes:
        if node.kind is NodeKind.START_EVENT and isinstance(node.spec, StartSpec):
            yield node, node.spec.event
            for part in node.parts:
                # Of a parallel multiple event it has to be known which part has begun the instance: the others follow.
                yield part if is_parallel_multiple(node) else node, part.spec


def _instantiating(root: Container) -> Iterator[tuple[Node, EventSpec | None]]:
    for node in root.nodes:
        if not node.instantiates:
            continue
        for begin in [node] if node.kind is NodeKind.RECEIVE_TASK else [flow.target for flow in node.outgoing]:
            yield begin, begin.spec
