"""Broadcasting a signal (signal throw and end events)."""

from __future__ import annotations

from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.needs import Fail
from bpmn.runtime.work import Work
from bpmn.spec.elements import SignalSpec
from bpmn.spec.graph import Node


def throw_signal(work: Work, scope_id: int, token_id: int, node: Node, spec: SignalSpec) -> None:
    """To everyone who waits for the name, with the input-mapped variables if there are any, else none (Camunda 7)."""
    scope = work.life_scope(scope_id, token_id)
    name = work.text(spec.name, scope, node, "signal name")
    if not name:
        raise Fail("SIGNAL_INVALID", f"Expected the signal of '{node.id}' to have a name, but it is empty")
    variables = dict(work.draft.names(scope)) if node.inputs else {}
    work.emit(e.SignalThrown(scope_id, node.id, name))
    work.effect(fx.ThrowSignal(name=name, variables=variables, element_id=node.id))
