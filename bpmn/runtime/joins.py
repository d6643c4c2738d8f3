"""Joining gateways: when the tokens that wait at one are enough."""

from __future__ import annotations

from bpmn.runtime.state import Phase, Scope
from bpmn.runtime.work import Work
from bpmn.spec.elements import ComplexGatewaySpec
from bpmn.spec.graph import Node, NodeKind


def join_parallel(work: Work, scope_id: int, node: Node) -> None:
    """A parallel join goes on, as often as it can, when every incoming flow has a token (13.4.1)."""
    while True:
        arrivals = work.draft.scope(scope_id).arrivals
        if not all(flow.id in arrivals for flow in node.incoming) or put_off(work, scope_id, node):
            return
        work.transitions += 1
        work.life.activate(scope_id, node, consumed=tuple((flow.id, 1) for flow in node.incoming))


def gather(work: Work, scope_id: int, node: Node) -> None:
    """An activity starts, as often as it can, with `startQuantity` tokens, whichever flows they came over (13.3.2)."""
    while True:
        arrivals = work.draft.scope(scope_id).arrivals
        consumed: list[tuple[str, int]] = []
        missing = node.start_quantity
        for flow in node.incoming:
            taken = min(missing, arrivals.get(flow.id, 0))
            if taken:
                consumed.append((flow.id, taken))
                missing -= taken
        if missing or put_off(work, scope_id, node):
            return
        work.transitions += 1
        work.life.activate(scope_id, node, consumed=tuple(consumed))


def settle(work: Work, scope_id: int) -> None:
    """Look at all joins of a scope, whatever arrived last."""
    scope = work.draft.edit(scope_id)  # changed or not, inclusive and complex joins look at it
    arrived = scope.arrivals
    work.released.update((scope_id, id) for id in scope.memory)
    for node in dict.fromkeys(work.graph.flows[flow].target for flow in arrived):
        work.released.add((scope_id, node.id))
        if node.kind is NodeKind.PARALLEL_GATEWAY:
            work.later(join_parallel, work, scope_id, node)
        elif node.start_quantity > 1:
            work.later(gather, work, scope_id, node)


def put_off(work: Work, scope_id: int, node: Node) -> bool:
    """Whether a join that could go on does so in a step of its own: it has asyncBefore, or the token that was missing
    comes from an activity with asyncAfter.

    Camunda 7 makes each arriving token wait for a job of its own, here only the last one does: what comes before it
    waits for the others anyway.
    """
    key = (scope_id, node.id)
    if key in work.released:
        work.released.discard(key)
        return False
    if not node.async_before and key not in work.held:
        return False
    work.put_off.add(scope_id)
    return True


def join_inclusive(work: Work) -> bool:
    """Let one inclusive join go on that may; True if there was one. Called when nothing else moves any more."""
    for scope in list(work.draft.scopes.values()):
        if scope is None or not scope.arrivals or work.is_detached(scope.id):
            continue
        container = work.container(scope.id)
        if container is None:
            continue
        for node in container.inclusive_joins:
            if isinstance(node.spec, ComplexGatewaySpec):
                continue
            arrived = [flow.id for flow in node.incoming if flow.id in scope.arrivals]
            if arrived and nothing_on_its_way(work, scope, node, arrived) and not put_off(work, scope.id, node):
                work.transitions += 1
                work.life.activate(scope.id, node, consumed=tuple((flow, 1) for flow in arrived))
                return True
    return False


def nothing_on_its_way(work: Work, scope: Scope, node: Node, arrived: list[str]) -> bool:
    """BPMN 2.0.2, 13.4.3: no token elsewhere can reach an empty incoming flow, unless it can reach a full one too."""
    empty = [flow.id for flow in node.incoming if flow.id not in scope.arrivals and flow.id not in arrived]
    if not empty:
        return True
    graph = work.graph
    positions = {token.element for token in scope.tokens.values() if token.phase is not Phase.COMPENSATING}
    positions.update(graph.flows[flow].target.id for flow in scope.transit)
    positions.update(graph.flows[flow].target.id for flow in scope.arrivals)
    positions.discard(node.id)
    for position in positions:
        if any(position in node.reach[flow] for flow in empty) and not any(
            position in node.reach[flow] for flow in arrived
        ):
            return False
    return True
