"""Publishing a message (message throw and end events, send tasks)."""

from __future__ import annotations

from bpmn.runtime import correlation
from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.lookup import visible
from bpmn.runtime.needs import Fail
from bpmn.runtime.work import Work
from bpmn.spec.elements import MessageSpec
from bpmn.spec.graph import Node


def throw_message(work: Work, scope_id: int, token_id: int, node: Node, spec: MessageSpec) -> None:
    """To whoever waits for the name, with what the scope sees (the input-mapped variables where there are any)."""
    scope = work.life_scope(scope_id, token_id)
    name = work.text(spec.name, scope, node, "message name")
    if not name:
        raise Fail("MESSAGE_INVALID", f"Expected the message of '{node.id}' to have a name, but it is empty")
    key = None if spec.correlation_key is None else work.evaluate(spec.correlation_key, scope, node)
    variables = dict(work.draft.names(scope)) if node.inputs else visible(work.draft, scope)
    correlation.sent(work, scope, node, spec, variables)
    work.emit(e.MessageThrown(scope_id, node.id, name))
    work.effect(
        fx.ThrowMessage(
            name=name, correlation_key=key, variables=variables, element_id=node.id, receivers=spec.receivers
        )
    )
