"""CORRELATION_...: keys, properties and subscriptions of the standard's that cannot do what they are drawn for
(BPMN 2.0.2, 8.4.2). Only what a process that runs depends on is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import SendTask
from bpmn.model.base import Element, Expression
from bpmn.model.conversations import KeyInUse, all_keys, keys_of, messages_of, nodes_of, retrievals
from bpmn.model.correlation import CorrelationKey, CorrelationSubscription
from bpmn.model.definitions import FlowNode, Process
from bpmn.model.events import Event, MessageEventDefinition
from bpmn.model.executable import runs
from bpmn.rules.index import Index, error, warning

_XPATH = re.compile(
    r"\bget(DataObject|DataInput|DataOutput|ProcessProperty|ActivityProperty|EventProperty)\s*\(|^[\w:.@]+(/[\w:.@]+)+$"
)
"""The standard's extension functions of XPath (BPMN 2.0.2, 10.4.3), and plain location paths."""


def check(index: Index) -> Iterator[Finding]:
    keys = all_keys(index.model)
    processes = [process for process in index.model.processes if runs(process, index.make_executable)]
    if not keys and not any(process.correlation_subscriptions for process in processes):
        return
    yield from _messages(index)
    ends = {end for c in index.model.collaborations for flow in c.message_flows for end in (flow.source, flow.target)}
    looked_at: set[str] = set()
    known = {property.id for property in index.model.correlation_properties}
    for process in processes:
        for subscription in process.correlation_subscriptions:
            yield from _subscription(subscription, keys)
        uses = keys_of(index.model, process)
        for use in uses:
            if use.key.id not in looked_at:
                looked_at.add(use.key.id)
                yield from _key(use.key, known)
        whole = tuple(use for use in uses if use.key.property_refs and known.issuperset(use.key.property_refs))
        yield from _nodes(index, process, whole, ends)


def _messages(index: Index) -> Iterator[Finding]:
    for property in index.model.correlation_properties:
        for retrieval in property.retrievals:
            if retrieval.message_ref not in index.messages:
                yield warning(
                    "CORRELATION_MESSAGE_MISSING",
                    property,
                    f"Expected message '{retrieval.message_ref}', of which property '{property.id}' tells the value, in"
                    " the document, but there is none.",
                    "Correct messageRef of the correlationPropertyRetrievalExpression, or remove it.",
                    line=retrieval.line,
                )


def _key(key: CorrelationKey, known: set[str]) -> Iterator[Finding]:
    if not key.property_refs:
        yield warning(
            "CORRELATION_KEY_EMPTY",
            key,
            f"Expected correlation key '{key.id}' to have properties, but it has none; it tells nothing apart.",
            "Give it a correlationPropertyRef, or remove it.",
        )
    for ref in key.property_refs:
        if ref not in known:
            yield error(
                "CORRELATION_PROPERTY_MISSING",
                key,
                f"Expected correlation property '{ref}' of key '{key.id}' in the document, but there is none.",
                f'Add <correlationProperty id="{ref}"> to the definitions, or correct correlationPropertyRef.',
            )


def _subscription(subscription: CorrelationSubscription, keys: dict[str, CorrelationKey]) -> Iterator[Finding]:
    key = keys.get(subscription.key_ref or "")
    if key is None:
        yield error(
            "SUBSCRIPTION_KEY_MISSING",
            subscription,
            f"Expected correlation key '{subscription.key_ref}' of subscription '{subscription.id}' in a collaboration"
            " or choreography of the document, but there is none.",
            "Correct correlationKeyRef, or add the key to the collaboration.",
        )
        return
    for binding in subscription.bindings:
        if binding.path is not None and _is_xpath(binding.path):
            yield _xpath(subscription, binding.path)
    bound = {binding.property_ref for binding in subscription.bindings if binding.path is not None}
    for ref in key.property_refs:
        if ref not in bound:
            yield error(
                "CORRELATION_BINDING_MISSING",
                subscription,
                f"Expected subscription '{subscription.id}' to say what property '{ref}' of key '{key.id}' is, but it"
                " has no binding with a dataPath for it.",
                "Add a correlationPropertyBinding with a dataPath for every property of the key.",
            )
    for binding in subscription.bindings:
        if binding.property_ref not in key.property_refs:
            yield warning(
                "CORRELATION_BINDING_UNUSED",
                subscription,
                f"Expected the bindings of subscription '{subscription.id}' to be of properties of key '{key.id}', but"
                f" '{binding.property_ref}' is none of them.",
                "Correct correlationPropertyRef, or remove the binding.",
                line=binding.line,
            )


def _nodes(index: Index, process: Process, uses: tuple[KeyInUse, ...], ends: set[str | None]) -> Iterator[Finding]:
    for node in nodes_of(process):
        for ref in messages_of(index.model, node):
            if ref in index.messages:
                yield from _carried(index, node, ref, [use for use in uses if use.concerns(ref)], node.id in ends)


def _carried(index: Index, node: FlowNode, ref: str, uses: list[KeyInUse], in_flow: bool) -> Iterator[Finding]:
    """One key that the message carries whole is enough."""
    paths = [(use.key, retrievals(index.model, use.key, ref)) for use in uses]
    for path in {path for _, found in paths for path in found if path is not None and _is_xpath(path)}:
        yield _xpath(node, path)
    if any(None not in found for _, found in paths):
        if _sent_by_a_job(node):
            yield warning(
                "CORRELATION_BY_A_JOB",
                node,
                f"Expected '{node.id}' to throw message '{ref}' itself, but a job sends it; the instance does not learn"
                " a correlation key from what is sent so.",
                "Compute the key with a correlationSubscription, or let the element throw the message.",
            )
        return
    for key, found in paths:
        if any(path is not None for path in found):
            lacking = ", ".join(f"'{p}'" for p, path in zip(key.property_refs, found, strict=True) if path is None)
            yield error(
                "CORRELATION_PATH_MISSING",
                node,
                f"Expected message '{ref}' of '{node.id}' to carry every property of key '{key.id}', but {lacking} has"
                " no expression for it; the key would never be found in it.",
                "Add a correlationPropertyRetrievalExpression with a messagePath for the message to the property.",
            )
            return
    if paths and in_flow:
        yield warning(
            "MESSAGE_NOT_CORRELATED",
            node,
            f"Expected message '{ref}' of '{node.id}' to carry correlation key '{paths[0][0].id}' of its collaboration,"
            " but no property has an expression for it; any instance that waits may get it.",
            "Add a correlationPropertyRetrievalExpression for the message to every property of the key.",
        )


def _is_xpath(path: Expression) -> bool:
    """XPath that another language would take for its own, a division or a function that nobody knows."""
    return path.language != "xpath" and _XPATH.search(path.text) is not None


def _xpath(element: Element, path: Expression) -> Finding:
    return error(
        "CORRELATION_PATH_XPATH",
        element,
        f"Expected the path '{path.text}' of '{element.id}' in a language bpmnd evaluates, but it is XPath; it would"
        " find nothing.",
        "Write it in Python (order['id']), FEEL (=order.id) or JUEL (${order.id}), over the variables of the message.",
        line=path.line,
    )


def _sent_by_a_job(node: FlowNode) -> bool:
    if isinstance(node, SendTask):
        return node.implementation is not None
    return isinstance(node, Event) and any(
        isinstance(d, MessageEventDefinition) and d.implementation is not None for d in node.definitions
    )
