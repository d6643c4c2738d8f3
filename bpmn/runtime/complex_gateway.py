"""Complex gateway as a join (BPMN 2.0.2, 13.4.5): starts when its activation condition says so, then waits for reset.

Waiting for start, it takes a token of each incoming flow that has one once the condition is true. It then waits for
the flows it has not taken a token from, until each has one or none can come any more (as at an inclusive join), takes
those tokens as well and is reset. Meanwhile it remembers the flows of its start (`Scope.memory`).

The condition sees `activationCount`, the number of incoming flows that have a token, and (as the standard has a count
for each incoming flow but no name for it) the number of tokens on each flow by the flow's id. It is evaluated when a
token arrives and again whenever a step has touched the scope and nothing moves any more. What the standard says about
it without an activation condition is nothing: the gateway then joins as an inclusive one (`bpmn.runtime.joins`).
"""

from __future__ import annotations

from typing import Any

from bpmn.runtime import events as e
from bpmn.runtime.joins import nothing_on_its_way, put_off
from bpmn.runtime.needs import Fail, Thrown
from bpmn.runtime.state import Phase, Scope
from bpmn.runtime.work import Work
from bpmn.spec.elements import ComplexGatewaySpec
from bpmn.spec.graph import Flow, Node


def arrive(work: Work, scope_id: int, node: Node) -> None:
    """A token has come over an incoming flow: start if the condition is true now."""
    _start(work, scope_id, node)


def _start(work: Work, scope_id: int, node: Node) -> bool:
    """Start if the condition is true; True if that, or an incident, happened."""
    scope = work.draft.loaded(scope_id)
    if scope is None or node.id in scope.memory or _is_busy(scope, node):
        return False
    arrived = [flow.id for flow in node.incoming if flow.id in scope.arrivals]
    if not arrived:
        return False
    spec: ComplexGatewaySpec = node.spec
    try:
        wanted = work.condition(
            spec.activation, scope_id, node, "activation condition", extra=_counts(scope, node, arrived)
        )
    except (Fail, Thrown) as failure:
        _fail(work, scope_id, node, arrived[-1], failure)
        return True
    if wanted and put_off(work, scope_id, node):
        return False
    if wanted:
        # Remembered before the token is there: its outgoing conditions ask which of the two it is.
        work.emit(e.ElementRemembered(scope_id, node.id, tuple(arrived)))
        _activate(work, scope_id, node, arrived)
    return wanted


def arrive_again(work: Work, scope_id: int, token_id: int, flow: Flow) -> None:
    """The incident of an activation condition is resolved: the token goes back to its flow and arrives again."""
    work.emit(e.ElementTerminated(token_id, flow.target.id, scope_id))
    work.life.take(scope_id, flow)


def settle(work: Work) -> bool:
    """Let one complex gateway start or be reset that may; True if there was one. Called when nothing moves any more."""
    for scope in list(work.draft.scopes.values()):
        if scope is None or not (scope.arrivals or scope.memory) or work.is_detached(scope.id):
            continue
        container = work.container(scope.id)
        if container is None:
            continue
        for node in container.inclusive_joins:
            if isinstance(node.spec, ComplexGatewaySpec) and (
                _reset(work, scope, node) or _start(work, scope.id, node)
            ):
                return True
    return False


def starts(work: Work, scope_id: int, node: Node) -> bool:
    """Whether the token at the gateway is that of a start (`waitingForStart`); else it is that of a reset."""
    return node.id in work.draft.scope(scope_id).memory


def _reset(work: Work, scope: Scope, node: Node) -> bool:
    taken = scope.memory.get(node.id)
    if taken is None or _is_busy(scope, node):
        return False
    late = [flow.id for flow in node.incoming if flow.id not in taken and flow.id in scope.arrivals]
    if not nothing_on_its_way(work, scope, node, [*taken, *late]) or put_off(work, scope.id, node):
        return False
    work.emit(e.ElementRemembered(scope.id, node.id, ()))
    _activate(work, scope.id, node, late)
    return True


def _activate(work: Work, scope_id: int, node: Node, flows: list[str]) -> None:
    work.transitions += 1
    work.life.activate(scope_id, node, consumed=tuple((flow, 1) for flow in flows))


def _is_busy(scope: Scope, node: Node) -> bool:
    """A token is still at it, for an incident."""
    return any(token.element == node.id for token in scope.tokens.values())


def _counts(scope: Scope, node: Node, arrived: list[str]) -> dict[str, Any]:
    counts: dict[str, Any] = {flow.id: scope.arrivals.get(flow.id, 0) for flow in node.incoming}
    return {**counts, "activationCount": len(arrived), "waitingForStart": True}


def _fail(work: Work, scope_id: int, node: Node, flow: str, failure: Fail | Thrown) -> None:
    """An incident needs a token: the one that came over `flow`, which the incident names to bring it back."""
    token_id = work.ids()
    work.emit(e.ElementActivated(token_id, node.id, scope_id, None, ((flow, 1),)))
    work.set_phase(scope_id, token_id, Phase.ENTERING)
    kind = failure.kind if isinstance(failure, Fail) else "EXPRESSION_ERROR"
    work.raise_incident(scope_id, token_id, flow, kind, str(failure))
