"""How messages find their conversation (BPMN 2.0.2, 8.4.2): properties, keys and subscriptions, as drawn."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.model.base import Element, Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalExpression:
    """`correlationPropertyRetrievalExpression`: where one message has the value of the property."""

    message_ref: str | None
    path: Expression | None
    """`messagePath`, evaluated over the message's payload."""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationProperty(Element):
    """A partial key: one value that messages of a conversation have in common."""

    retrievals: tuple[RetrievalExpression, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationKey(Element):
    """The composite key of a conversation."""

    property_refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation(Element):
    """A node of a conversation or an activity of a choreography that groups message flows under keys."""

    keys: tuple[CorrelationKey, ...] = ()
    message_flow_refs: tuple[str, ...] = ()
    """Its own, and those of the conversations inside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyBinding:
    """`correlationPropertyBinding`: what a property is for this process."""

    property_ref: str | None
    path: Expression | None
    """`dataPath`, evaluated over the data of the process."""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationSubscription(Element):
    """The process computes a key of its own data instead of learning it from the first message."""

    key_ref: str | None
    bindings: tuple[PropertyBinding, ...] = ()
