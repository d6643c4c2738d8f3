"""Events that a multi-instance activity throws when an inner instance completes (BPMN 2.0.2, 10.3.8).

They can be caught by boundary events of the activity itself; what none of them catches goes on as if an event had
thrown it: a signal to everyone, an escalation or error outward, a message to whoever waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.behaviors.events.message import throw_message
from bpmn.runtime.needs import Fail
from bpmn.runtime.state import Items
from bpmn.runtime.work import Work
from bpmn.spec.behaviors import BehaviorSpec
from bpmn.spec.elements import ErrorSpec, EscalationSpec, MessageSpec, SignalSpec
from bpmn.spec.graph import MultiInstanceSpec, Node

Value = Any


class Chosen(NamedTuple):
    """A behavior whose event is due, all that may fail evaluated."""

    spec: BehaviorSpec
    signal: str | None = None
    boundary: Node | None = None
    variables: Mapping[str, Value] = {}


def attributes(items: Items, loop_counter: int) -> dict[str, Value]:
    """The runtime attributes of the activity, under the names of the standard (table 10.31)."""
    return {
        "loopCounter": loop_counter,
        "numberOfInstances": items.total,
        "numberOfActiveInstances": items.active,
        "numberOfCompletedInstances": items.completed,
        "numberOfTerminatedInstances": items.opened - items.active - items.completed,
    }


def choose(work: Work, item_id: int, owner: tuple[int, int], node: Node, counters: Items) -> list[Chosen]:
    """The events that are due with this instance; `counters` count it. Raises Fail, and has changed nothing then."""
    loop = node.loop
    assert isinstance(loop, MultiInstanceSpec)
    index = work.draft.scope(item_id).index
    assert index is not None
    carried = attributes(counters, index + loop.first_number)
    chosen: list[Chosen] = []
    for spec in loop.behaviors:
        if spec.first_only and counters.completed > 1:
            continue
        if spec.condition is not None and not work.condition(
            spec.condition, item_id, node, "behavior condition", extra=carried
        ):
            continue
        variables = carried if spec.carries_attributes else {}
        if isinstance(spec.event, SignalSpec):
            name = work.text(spec.event.name, item_id, node, "signal name")
            if not name:
                raise Fail("SIGNAL_INVALID", f"Expected the signal of '{node.id}' to have a name, but it is empty")
            chosen.append(Chosen(spec, name, _catching(work, owner, node, name), variables))
        else:
            chosen.append(Chosen(spec, variables=variables))
    return chosen


def throw(work: Work, owner: tuple[int, int], node: Node, chosen: list[Chosen]) -> None:
    """Throw them, in order, until one of them ends the activity."""
    scope_id, token_id = owner
    for due in chosen:
        if work.token(scope_id, token_id) is None:
            return
        match due.spec.event:
            case SignalSpec():
                assert due.signal is not None
                work.emit(e.SignalThrown(scope_id, node.id, due.signal))
                if due.boundary is not None:
                    work.life.trigger_boundary(scope_id, token_id, due.boundary, due.variables)
                else:
                    work.effect(fx.ThrowSignal(name=due.signal, variables=due.variables, element_id=node.id))
            case EscalationSpec(code=code):
                assert code is not None
                work.life.escalate(scope_id, token_id, node, code)
            case ErrorSpec(code=code, message=message):
                assert code is not None
                work.life.throw(scope_id, token_id, node, code, message, terminal=False)
            case MessageSpec() as message_spec:
                throw_message(work, scope_id, token_id, node, message_spec)


def _catching(work: Work, owner: tuple[int, int], node: Node, name: str) -> Node | None:
    scope_id, token_id = owner
    for boundary in node.boundary:
        spec = boundary.spec
        if not isinstance(spec, SignalSpec):
            continue
        if work.text(spec.name, work.life_scope(scope_id, token_id), boundary, "signal name") == name:
            return boundary
    return None
