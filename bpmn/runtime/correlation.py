"""Correlation keys of an instance (BPMN 2.0.2, 8.4.2).

The first message that an instance sends or receives under a key and that carries all of its values initialises the
key; later messages under it must carry the same. The values live in the scope of the innermost item of a loop or
multi-instance activity around the element, else in that of the process: each item speaks with a partner of its own.

A key that the process computes itself (`correlationSubscription`) follows its data: it is computed anew at the end of
a step that wrote what it reads, and what waits already is told (`CorrelationChanged`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpmn.expressions.api import ExecutionInfo
from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.commands import CorrelateAgain, DeliverMessage
from bpmn.runtime.key_values import Values, key_values, same_values
from bpmn.runtime.lookup import ChainLookup, MappingLookup
from bpmn.runtime.needs import Fail
from bpmn.runtime.state import InstanceStatus, Scope, ScopeKind, WaitKind
from bpmn.runtime.work import Work
from bpmn.spec.elements import MessageSpec, StartSpec
from bpmn.spec.graph import Node
from bpmn.spec.keys import KeyUse, Rule

Value = Any
_ALIVE = (InstanceStatus.RUNNING, InstanceStatus.PAUSED)


def expected(work: Work, scope_id: int, spec: MessageSpec, vendor_key: Value) -> tuple[Rule | None, Value]:
    """What a message must carry to be taken: the rule that derives values of its payload, and the key to compare with:
    the model's own correlation key (None without), then the values.

    No rule: no key concerns the message. An empty one: no key is known yet, any message may initialise it. A key of
    the process' data that has no value yet is null, which no message carries.
    """
    if not spec.keys:
        return None, vendor_key
    if any(use.from_context for use in spec.keys):
        refresh(work)
    rule: list[tuple[str, str]] = []
    values: list[Value] = []
    for use in spec.keys:
        known = _known(work, scope_id, use)
        if known is not None:
            values.extend(known)
        elif use.from_context:
            values.extend([None] * len(use.rule))
        else:
            continue
        rule.extend(use.rule)
    return tuple(rule), [vendor_key, *values] if rule else vendor_key


def refuses(work: Work, scope_id: int, token_id: int, spec: MessageSpec, payload: Mapping[str, Value]) -> bool:
    """The message belongs to another conversation by now: a key was initialised or has changed since it was matched."""
    scope_id = work.life_scope(scope_id, token_id)
    for use in spec.keys:
        known = _known(work, scope_id, use)
        if known is None and not use.from_context:
            continue
        carried = _carried(work, use, payload)
        if carried is None or not same_values(known, carried):
            return True
    return False


def learn(work: Work, scope_id: int, node: Node, spec: MessageSpec, payload: Mapping[str, Value]) -> None:
    """The message was received: it initialises the keys it carries and the instance does not know yet."""
    for use in spec.keys:
        if not use.from_context and _known(work, scope_id, use) is None:
            _initialise(work, scope_id, node, use, _carried(work, use, payload))


def sent(work: Work, scope_id: int, node: Node, spec: MessageSpec, payload: Mapping[str, Value]) -> None:
    """The message is sent. Raises Fail where its partner could not tell whose it is: it carries other values than the
    conversation has, or none at all."""
    if not spec.keys:
        return
    begun = False
    for use in spec.keys:
        if use.from_context:
            begun = True
            continue
        known, carried = _known(work, scope_id, use), _carried(work, use, payload)
        if known is None:
            _initialise(work, scope_id, node, use, carried)
            begun = begun or carried is not None
        elif carried is None or not same_values(known, carried):
            found = "does not carry it" if carried is None else f"carries {_shown(carried)}"
            raise Fail(
                "CORRELATION_MISMATCH",
                f"Expected the message that '{node.id}' sends to belong to the conversation with {use.key} = "
                f"{_shown(known)}, but it {found}",
            )
        else:
            begun = True
    if not begun:
        wanted = ", ".join(f"'{name}'" for use in spec.keys for name in use.properties)
        raise Fail(
            "CORRELATION_MISMATCH",
            f"Expected the message that '{node.id}' sends to carry a correlation key, but it has no value for {wanted}",
        )


def wait_anew(work: Work, scope_id: int, spec: MessageSpec, stored: CorrelateAgain) -> None:
    """Have a subscription say what is expected now. A claim on it is given up: the message is matched again."""
    before: Values = tuple(stored.correlation_key or ()) if stored.rule else (stored.correlation_key,)
    rule, key = expected(work, scope_id, spec, before[0])
    after: Values = tuple(key) if rule else (key,)
    if stored.claimed or rule != stored.rule or not same_values(before, after):
        work.effect(
            fx.UpdateMessageSubscription(id=stored.subscription_id, name=stored.name, correlation_key=key, rule=rule)
        )


def send_back(work: Work, command: DeliverMessage) -> None:
    """The message is for another conversation: it is matched again, and its receiver is told what it waits for."""
    work.effect(fx.Redeliver(message_id=command.message_id))
    work.effect(fx.CorrelationChanged(subscription_id=command.subscription_id))


def begin(work: Work, node: Node, payload: Mapping[str, Value], message_name: str | None) -> None:
    """The instance starts: its message initialises keys before anything waits."""
    spec = _start_message(node, message_name)
    if spec is not None:
        learn(work, work.instance_id, node, spec, payload)


def _start_message(node: Node, message_name: str | None) -> MessageSpec | None:
    spec = node.spec.event if isinstance(node.spec, StartSpec) else node.spec
    if isinstance(spec, MessageSpec):
        return spec
    specs = [part.spec for part in node.parts if isinstance(part.spec, MessageSpec)]
    return next((part for part in specs if part.name.text == message_name), None)


def refresh_if_written(work: Work) -> None:
    """At the end of a step: keys that the process computes follow what it wrote."""
    spec = work.graph.correlation
    if spec is not None and work.assigned and (spec.reads is None or not spec.reads.isdisjoint(work.assigned)):
        refresh(work)


def refresh(work: Work) -> None:
    """Compute the keys of the process' data; one that cannot be computed (yet) has no value."""
    spec, root = work.graph.correlation, work.instance_id
    instance = work.draft.instance
    if spec is None or instance.status not in _ALIVE:
        return
    execution = ExecutionInfo(
        instance_id=str(instance.id),
        definition_id=str(instance.definition_id),
        definition_key=instance.definition_key,
        version=instance.version,
        business_key=instance.business_key,
        element_id=work.graph.key,
        element_name=work.graph.name,
        tenant_id=instance.tenant_id,
    )
    for key, paths in spec.bindings.items():
        lookup = ChainLookup(work.draft, root)
        values = key_values(paths, lookup, work.now, execution=execution, handlers=work.handlers)
        if not same_values(values, work.draft.scope(root).keys.get(key)):
            _set(work, root, work.graph.key, key, values)


def _known(work: Work, scope_id: int, use: KeyUse) -> Values | None:
    """The key's values: those of the nearest scope outward that has any."""
    current: int | None = work.instance_id if use.from_context else scope_id
    while current is not None:
        scope = work.draft.scope(current)
        if use.key in scope.keys:
            return scope.keys[use.key]
        current = scope.parent
    return None


def _carried(work: Work, use: KeyUse, payload: Mapping[str, Value]) -> Values | None:
    return key_values(use.paths, MappingLookup(payload), work.now)


def _initialise(work: Work, scope_id: int, node: Node, use: KeyUse, values: Values | None) -> None:
    if values is None:
        return
    scope = work.draft.scope(scope_id)
    while scope.parent is not None and scope.kind is not ScopeKind.ITEM:
        scope = work.draft.scope(scope.parent)
    _set(work, scope.id, node.id, use.key, values)


def _set(work: Work, scope_id: int, element: str, key: str, values: Values | None) -> None:
    """What waits in the process is looked for among the rows. An item of a wide activity must not look through its
    siblings': there only the loaded scopes are told, and what waits elsewhere in it sends back what does not fit."""
    work.emit(e.CorrelationKeySet(scope_id, element, key, values))
    if scope_id == work.instance_id:
        work.effect(fx.CorrelationChanged())
        return
    for scope in work.draft.open_scopes():
        if _is_within(work, scope, scope_id):
            for token in scope.tokens.values():
                for wait in token.waits:
                    if wait.kind is WaitKind.MESSAGE and _concerns(work.graph.nodes[wait.element].spec, key):
                        work.effect(fx.CorrelationChanged(subscription_id=wait.id))


def _is_within(work: Work, scope: Scope, outer: int) -> bool:
    current: Scope | None = scope
    while current is not None and current.id != outer:
        current = None if current.parent is None else work.draft.loaded(current.parent)
    return current is not None


def _concerns(spec: object, key: str) -> bool:
    return isinstance(spec, MessageSpec) and any(use.key == key for use in spec.keys)


def _shown(values: Values) -> str:
    text = ", ".join(map(repr, values))
    return text if len(text) <= 80 else text[:77] + "..."
