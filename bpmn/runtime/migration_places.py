"""Where what is active in one version goes on in another: the decisions that checking and moving share.

Nothing is changed or evaluated here; `bpmn.runtime.migration_survey` tells what will be, `migration_moving` does it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bpmn.runtime.execution_listeners import stage_of
from bpmn.runtime.migration_plan import MigrationPlan, flow_for
from bpmn.runtime.state import Phase, Scope, ScopeKind, ScopeState, Token, Wait, WaitKind
from bpmn.spec.elements import ConditionSpec, StartSpec
from bpmn.spec.graph import Container, Flow, Graph, Node, NodeKind


class Places:
    """A plan between two graphs."""

    def __init__(self, source: Graph, target: Graph, plan: MigrationPlan) -> None:
        self.source = source
        self.target = target
        self.plan = plan
        self._flows: dict[str, Flow | None] = {}
        self._images = {*plan.mapping.values(), *plan.parts.values()}
        """What takes over from something; the rest of the target is new."""

    def node(self, id: str) -> Node | None:
        """What takes over from an element, or from an event definition of a multiple event."""
        mapped = self.plan.element(id)
        return None if mapped is None else self.target.nodes[mapped]

    def flow(self, id: str) -> Flow | None:
        """The flow that takes over the tokens of a flow."""
        if id not in self._flows:
            self._flows[id] = flow_for(self.plan, self.source, self.target, id)
        return self._flows[id]

    def container(self, scope: Scope) -> Container | None:
        """The elements of the target whose tokens will live in a scope of the source."""
        if scope.kind is ScopeKind.PROCESS:
            return self.target.root
        if scope.kind is not ScopeKind.SUBPROCESS:
            return None
        node = self.node(scope.element)
        return None if node is None else node.content

    def goes_on(self, wait: Wait, node: Node) -> Node | None:
        """The element of the target that is waited for, where a token that will be at `node` still waits for it.

        A token waits for its own element, a listener of it, its boundary events, or what is behind its event-based
        gateway.
        """
        if stage_of(wait) is not None:
            return node
        waited_for = self.node(wait.element)
        if waited_for is None:
            return None
        event = waited_for.whole or waited_for
        if wait.kind is WaitKind.COMPENSATION or event is node or event.host is node:
            return waited_for
        if node.kind is NodeKind.EVENT_BASED_GATEWAY and any(flow.target is event for flow in node.outgoing):
            return waited_for
        return None

    def has_changed(self, wait: Wait, waited_for: Node) -> bool:
        """A condition that is another one in the target has to be waited for anew."""
        if wait.kind is not WaitKind.CONDITION:
            return False
        return _condition(self.source.nodes[wait.element]) != _condition(waited_for)

    def is_inner(self, scope: Scope, node: Node) -> bool:
        """As `Work.is_inner`, for a scope of the source and an element of the target."""
        return node.loop is not None and scope.kind is ScopeKind.ITEM and self.plan.element(scope.element) == node.id

    def new_events(self, scope: Scope, token: Token, node: Node) -> Iterator[Node]:
        """What a token that will be at `node` waits for from now on."""
        if token.phase is not Phase.ACTIVE:
            return
        if not self.is_inner(scope, node):
            yield from self._new(node.boundary)
        if node.kind is NodeKind.EVENT_BASED_GATEWAY:
            kept = (self.goes_on(wait, node) for wait in token.waits if wait.element not in self.source.flows)
            waited_for = {target.id for target in kept if target is not None}
            for flow in node.outgoing:
                event = flow.target
                if event.id not in waited_for and waited_for.isdisjoint(part.id for part in event.parts):
                    yield event

    def new_starts(self, scope: Scope) -> Iterator[Node]:
        """Start events of event sub-processes that a scope listens for from now on."""
        if scope.state in (ScopeState.ACTIVE, ScopeState.MIGRATING):
            container = self.container(scope)
            yield from self._new(() if container is None else container.event_starts)

    def _new(self, events: Iterable[Node]) -> Iterator[Node]:
        return (event for event in events if event.needs_wait and event.id not in self._images)


def _condition(node: Node) -> tuple[str, tuple[str, ...]] | None:
    spec = node.spec.event if isinstance(node.spec, StartSpec) else node.spec
    return (spec.condition.text, spec.names) if isinstance(spec, ConditionSpec) else None
