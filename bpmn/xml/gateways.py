"""Readers of gateways: tag -> reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.model.gateways import (
    ComplexGateway,
    EventBasedGateway,
    ExclusiveGateway,
    Gateway,
    InclusiveGateway,
    ParallelGateway,
)
from bpmn.xml import expressions
from bpmn.xml.extensions import combined
from bpmn.xml.extensions.listeners import execution_listeners
from bpmn.xml.node import Node


def _arguments(node: Node) -> dict[str, Any]:
    before, after = combined.asynchronous(node)
    return {
        **node.common(),
        "properties": combined.properties(node),
        "listeners": execution_listeners(node),
        "direction": node.attribute("gatewayDirection") or "Unspecified",
        "async_before": before,
        "async_after": after,
    }


def _exclusive(node: Node) -> ExclusiveGateway:
    return ExclusiveGateway(**_arguments(node), default_flow=node.ref("default"))


def _inclusive(node: Node) -> InclusiveGateway:
    return InclusiveGateway(**_arguments(node), default_flow=node.ref("default"))


def _parallel(node: Node) -> ParallelGateway:
    return ParallelGateway(**_arguments(node))


def _event_based(node: Node) -> EventBasedGateway:
    return EventBasedGateway(
        **_arguments(node),
        instantiate=node.flag("instantiate", False),
        parallel=node.attribute("eventGatewayType") == "Parallel",
    )


def _complex(node: Node) -> ComplexGateway:
    return ComplexGateway(
        **_arguments(node),
        default_flow=node.ref("default"),
        activation_condition=expressions.condition(node.child("activationCondition"), node.context),
    )


READERS: dict[str, Callable[[Node], Gateway]] = {
    "exclusiveGateway": _exclusive,
    "inclusiveGateway": _inclusive,
    "parallelGateway": _parallel,
    "eventBasedGateway": _event_based,
    "complexGateway": _complex,
}
