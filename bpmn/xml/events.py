"""Readers of events: tag -> reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.model.events import (
    BoundaryEvent,
    EndEvent,
    Event,
    IntermediateCatchEvent,
    IntermediateThrowEvent,
    StartEvent,
)
from bpmn.xml import data
from bpmn.xml.event_definitions import event_definitions
from bpmn.xml.extensions import combined
from bpmn.xml.extensions.listeners import execution_listeners
from bpmn.xml.node import Node


def _arguments(node: Node) -> dict[str, Any]:
    inputs, outputs = combined.mappings(node)
    before, after = combined.asynchronous(node)
    node.children("property")
    return {
        **node.common(),
        "properties": combined.properties(node),
        "listeners": execution_listeners(node),
        "definitions": event_definitions(node),
        "parallel_multiple": node.flag("parallelMultiple", False),
        "inputs": inputs,
        "outputs": outputs,
        "io": data.event_items(node),
        "data_associations": data.associations(node, "dataInputAssociation")
        + data.associations(node, "dataOutputAssociation"),
        "async_before": before,
        "async_after": after,
    }


def _start(node: Node) -> StartEvent:
    return StartEvent(
        **_arguments(node),
        is_interrupting=node.flag("isInterrupting", True),
        initiator=node.camunda("initiator"),
        form=combined.form(node),
    )


def _end(node: Node) -> EndEvent:
    return EndEvent(**_arguments(node))


def _catch(node: Node) -> IntermediateCatchEvent:
    return IntermediateCatchEvent(**_arguments(node))


def _throw(node: Node) -> IntermediateThrowEvent:
    return IntermediateThrowEvent(**_arguments(node))


def _boundary(node: Node) -> BoundaryEvent:
    return BoundaryEvent(
        **_arguments(node),
        attached_to=node.ref("attachedToRef"),
        cancel_activity=node.flag("cancelActivity", True),
    )


READERS: dict[str, Callable[[Node], Event]] = {
    "startEvent": _start,
    "endEvent": _end,
    "intermediateCatchEvent": _catch,
    "intermediateThrowEvent": _throw,
    "boundaryEvent": _boundary,
}
