"""Readers of correlation properties, keys and subscriptions, and of the conversations that hold keys."""

from __future__ import annotations

from lxml import etree

from bpmn.model.base import Expression
from bpmn.model.correlation import (
    Conversation,
    CorrelationKey,
    CorrelationProperty,
    CorrelationSubscription,
    PropertyBinding,
    RetrievalExpression,
)
from bpmn.xml import expressions
from bpmn.xml.namespaces import BPMN, split
from bpmn.xml.node import Node

_CONVERSATIONS = frozenset(
    {"conversation", "subConversation", "callConversation", "choreographyTask", "subChoreography", "callChoreography"}
)


def correlation_property(node: Node) -> CorrelationProperty:
    """`correlationProperty` of the document, with where each message has its value."""
    retrievals = [
        RetrievalExpression(message_ref=part.ref("messageRef"), path=_path(part, "messagePath"), line=part.line)
        for part in map(node.part, node.children("correlationPropertyRetrievalExpression"))
    ]
    return CorrelationProperty(**node.common(), retrievals=tuple(retrievals))


def correlation_keys(node: Node) -> tuple[CorrelationKey, ...]:
    """The keys of a collaboration, choreography or conversation."""
    keys = (Node(node.context, child) for child in node.children("correlationKey"))
    return tuple(CorrelationKey(**key.common(), property_refs=key.child_refs("correlationPropertyRef")) for key in keys)


def conversations(node: Node) -> tuple[Conversation, ...]:
    """Everything inside a collaboration or choreography that groups message flows, however deep it is nested."""
    found = []
    for element in node.element.iterdescendants():
        namespace, tag = split(str(element.tag))
        if namespace == BPMN and tag in _CONVERSATIONS:
            conversation = Node(node.context, element)
            keys = correlation_keys(conversation)
            if keys:
                flows = _message_flows(node, element)
                found.append(Conversation(**conversation.common(), keys=keys, message_flow_refs=flows))
    return tuple(found)


def _message_flows(node: Node, element: etree._Element) -> tuple[str, ...]:
    refs: dict[str, None] = {}
    for inner in (element, *element.iterdescendants()):
        namespace, tag = split(str(inner.tag))
        if namespace == BPMN and tag in _CONVERSATIONS:
            refs.update(dict.fromkeys(Node(node.context, inner).child_refs("messageFlowRef")))
    return tuple(refs)


def correlation_subscriptions(node: Node) -> tuple[CorrelationSubscription, ...]:
    """The subscriptions of a process."""
    return tuple(_subscription(Node(node.context, child)) for child in node.children("correlationSubscription"))


def _subscription(node: Node) -> CorrelationSubscription:
    bindings = [
        PropertyBinding(property_ref=part.ref("correlationPropertyRef"), path=_path(part, "dataPath"), line=part.line)
        for part in map(node.part, node.children("correlationPropertyBinding"))
    ]
    return CorrelationSubscription(**node.common(), key_ref=node.ref("correlationKeyRef"), bindings=tuple(bindings))


def _path(node: Node, tag: str) -> Expression | None:
    """A path is never the value itself: where the dialect would take the text as it stands, it is a JUEL path."""
    path = expressions.formal(node.child(tag), node.context)
    if path is not None and path.language == "literal":
        return Expression(text=f"${{{path.text}}}", language="juel", line=path.line)
    return path
