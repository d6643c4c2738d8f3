"""Which element of one version takes over from which of another: what a caller gives, and what suggests itself.

As in Camunda 7 ("Process Instance Migration"), an element suggests itself where id and kind are the same, and the
sub-processes around it correspond. Nothing is said here about what is active; see `bpmn.runtime.migration`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bpmn.findings import Finding, Severity
from bpmn.spec.elements import MultipleSpec, StartSpec
from bpmn.spec.graph import Container, Flow, Graph, MultiInstanceSpec, Node, NodeKind

_EVENTS = frozenset(
    {
        NodeKind.START_EVENT,
        NodeKind.END_EVENT,
        NodeKind.INTERMEDIATE_CATCH_EVENT,
        NodeKind.INTERMEDIATE_THROW_EVENT,
        NodeKind.BOUNDARY_EVENT,
    }
)


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """`mapping` has every element (by id) that has a place in the target, suggestions included, and the flows that
    were given. A finding of severity ERROR means that the plan cannot be followed."""

    mapping: Mapping[str, str]
    findings: tuple[Finding, ...]
    parts: Mapping[str, str]
    """The event definitions of multiple events."""

    def element(self, id: str) -> str | None:
        """Id of what takes over from an element, or from an event definition of a multiple event."""
        return self.mapping.get(id) or self.parts.get(id)


def plan(source: Graph, target: Graph, given: Mapping[str, str]) -> MigrationPlan:
    """The whole mapping for what is `given` (from ids of `source` to ids of `target`)."""
    planner = _Planner(source, target, given)
    planner.follow()
    return MigrationPlan(planner.mapping, tuple(planner.findings), planner.parts)


class _Planner:
    def __init__(self, source: Graph, target: Graph, given: Mapping[str, str]) -> None:
        self.source = source
        self.target = target
        self.given = given
        self.mapping: dict[str, str] = {}
        self.parts: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.taken = set(given.values())

    def follow(self) -> None:
        self._check_ids()
        for node in _outside_in(self.source.root):
            wanted = self.given.get(node.id)
            target = self.target.nodes.get(node.id if wanted is None else wanted)
            if target is None or target.whole is not None:
                continue
            problem = self._difference(node, target)
            if wanted is not None and problem is not None:
                self._error(node.id, *problem)
            elif problem is None and (wanted is not None or target.id not in self.taken):
                self._map(node, target)
        self._follow_listeners()

    def _follow_listeners(self) -> None:
        """What stands for the process and for flows while their listeners are called."""
        process, other = self.source.process, self.target.process
        if process is not None and other is not None:
            self.mapping.setdefault(process.id, other.id)
        for id, flow in self.source.flows.items():
            same = self.target.flows.get(self.given.get(id, id))
            if flow.gate is not None and same is not None and same.gate is not None:
                self.mapping.setdefault(id, same.id)

    def _map(self, node: Node, target: Node) -> None:
        self.mapping[node.id] = target.id
        for part, other in zip(_definitions(node), _definitions(target), strict=True):
            self.parts[part.id] = other.id

    def _check_ids(self) -> None:
        sources: dict[str, str] = {}
        for old, new in self.given.items():
            if old in self.source.flows and new in self.target.flows:
                self.mapping[old] = new
                continue
            node, target = self.source.nodes.get(old), self.target.nodes.get(new)
            if node is None or node.whole is not None:
                self._error(old, "SOURCE_UNKNOWN", f"Expected '{old}' to be an element of the process, but it is not")
            elif target is None or target.whole is not None:
                self._error(old, "TARGET_UNKNOWN", f"Expected '{new}' to be an element of the target, but it is not")
            elif new in sources and target.kind in _EVENTS:
                self._error(
                    old,
                    "TARGET_TWICE",
                    f"Expected event '{new}' to take over from one event, but '{sources[new]}' and '{old}' lead to it",
                )
            sources.setdefault(new, old)

    def _difference(self, node: Node, target: Node) -> tuple[str, str] | None:
        """Why `target` cannot take over from `node`."""
        pair = f"'{node.id}' and '{target.id}'"
        if node.kind is not target.kind or _sort(node) is not _sort(target):
            return (
                "KIND_DIFFERS",
                f"Expected {pair} to be of one kind, but they are {node.kind.value} and {target.kind.value}"
                + (" of different sorts" if node.kind is target.kind else ""),
            )
        if self._place(node.container) != target.container.element:
            message = (
                f"Expected {pair} to be in the same sub-process (or in ones that take over from each other), but "
                f"they are in '{node.container.element}' and '{target.container.element}'"
            )
            return "CONTAINER_DIFFERS", message
        if _loop(node) != _loop(target):
            return "LOOP_DIFFERS", f"Expected {pair} to be repeated in the same way (or not at all), but they are not"
        if node.kind in _EVENTS and _event(node) != _event(target):
            return "EVENT_DIFFERS", f"Expected {pair} to have the same kind of event definition, but they have not"
        if node.host is not None and (target.host is None or self.mapping.get(node.host.id) != target.host.id):
            return (
                "HOST_DIFFERS",
                f"Expected boundary events {pair} to be at activities that take over from each other, but they are not",
            )
        return None

    def _place(self, container: Container) -> str | None:
        return self.target.root.element if container.node is None else self.mapping.get(container.node.id)

    def _error(self, element_id: str, code: str, message: str) -> None:
        hint = "Map it to an element that is like it, or leave it out and end what is active there first."
        self.findings.append(
            Finding(severity=Severity.ERROR, code=code, message=message, hint=hint, element_id=element_id)
        )


def flow_for(plan: MigrationPlan, source: Graph, target: Graph, id: str) -> Flow | None:
    """The flow that takes over the tokens of a flow: the one given, else that of the same id and end, else the only one
    between the same elements."""
    flow = source.flows[id]
    end = plan.element(flow.target.id)
    named = target.flows.get(plan.mapping.get(id, id))
    if named is not None and named.target.id == end:
        return named
    start = plan.element(flow.source.id)
    between = [other for other in target.flows.values() if (other.source.id, other.target.id) == (start, end)]
    return between[0] if len(between) == 1 else None


def _outside_in(root: Container) -> Iterator[Node]:
    """All elements; sub-processes before what is in them, activities before their boundary events."""
    waiting = [root]
    while waiting:
        container = waiting.pop()
        yield from sorted(container.nodes, key=lambda node: node.host is not None)
        waiting.extend(node.content for node in container.nodes if node.content is not None)


def _sort(node: Node) -> type:
    """A sub-process may be a transaction or an ad-hoc one; a complex gateway may have a condition."""
    return type(node.spec) if node.kind in (NodeKind.SUB_PROCESS, NodeKind.COMPLEX_GATEWAY) else object


def _loop(node: Node) -> tuple[Any, ...]:
    return type(node.loop), isinstance(node.loop, MultiInstanceSpec) and node.loop.sequential


def _definitions(node: Node) -> list[Node]:
    """The parts of a multiple event, in an order that does not depend on how they are drawn."""
    return sorted(node.parts, key=lambda part: (type(part.spec).__name__, part.id))


def _event(node: Node) -> tuple[Any, ...]:
    spec = node.spec.event if isinstance(node.spec, StartSpec) else node.spec
    if isinstance(spec, MultipleSpec):
        return MultipleSpec, spec.parallel, tuple(type(part.spec) for part in _definitions(node))
    return (type(spec),)
