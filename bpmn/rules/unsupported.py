"""ELEMENT_UNSUPPORTED: elements the runtime does not execute yet (`supported`), each by name."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import (
    Activity,
    BusinessRuleTask,
    ImplementationKind,
    MultiInstance,
    ReceiveTask,
    ScriptTask,
    SendTask,
    ServiceTask,
    StandardLoop,
    SubProcess,
    UnknownNode,
)
from bpmn.model.data import DataAssociation
from bpmn.model.definitions import FlowNode
from bpmn.model.events import Event, UnknownEventDefinition
from bpmn.model.gateways import EventBasedGateway
from bpmn.rules.event_positions import ALLOWED, position_of
from bpmn.rules.index import Index, Scope, error
from bpmn.rules.supported import Feature

_HINT = "Model it with the elements listed in docs/elements.md."


def check(index: Index) -> Iterator[Finding]:
    for scope, node in index.nodes():
        if isinstance(node, UnknownNode):
            yield error(
                "UNKNOWN_ELEMENT",
                node,
                f"Expected a flow element of BPMN 2.0, but '{node.id}' is a '{node.tag}'.",
                "Replace it by an element of the standard.",
            )
            continue
        if type(node) not in index.supported.nodes:
            yield _unsupported(node, f"is a {_words(type(node).__name__)}")
            continue
        if isinstance(node, Event):
            yield from _event(index, scope, node)
        for feature in sorted(_features(node) - index.supported.features):
            yield _unsupported(node, f"needs {feature.value}")
    missing = Feature.DATA_VALUES not in index.supported.features
    for scope in index.scopes:
        for data_object in scope.content.data_objects:
            if missing and data_object.value is not None:
                yield error(
                    "ELEMENT_UNSUPPORTED",
                    data_object,
                    f"Expected elements bpmnd executes, but data object '{data_object.id}' has an initial value.",
                    "Set the variable when the instance is started, or in a script task.",
                )


def _event(index: Index, scope: Scope, event: Event) -> Iterator[Finding]:
    position = position_of(scope, event)
    for definition in event.definitions:
        if isinstance(definition, UnknownEventDefinition):
            yield error(
                "UNKNOWN_ELEMENT",
                event,
                f"Expected an event definition of BPMN 2.0 in '{event.id}', but found '{definition.tag}'.",
                "Define the trigger inside the event, or correct the eventDefinitionRef.",
            )
        elif type(definition) not in ALLOWED[position]:
            continue  # the rule event_positions refuses it
        elif (position, type(definition)) not in index.supported.events:
            name = _words(type(definition).__name__.removesuffix("EventDefinition"))
            yield _unsupported(event, f"is a {name} {position.value}")
    if len(event.definitions) > 1 and Feature.MULTIPLE_EVENTS not in index.supported.features:
        yield _unsupported(event, f"needs {Feature.MULTIPLE_EVENTS.value}")


def _features(node: FlowNode) -> set[Feature]:
    found: set[Feature] = set()
    if isinstance(node, EventBasedGateway) and (node.instantiate or node.parallel):
        found.add(Feature.INSTANTIATING_GATEWAY)
    if isinstance(node, Event) and any(_moves_data(association) for association in node.data_associations):
        found.add(Feature.DATA_ASSIGNMENTS)
    if not isinstance(node, Activity):
        return found
    if isinstance(node.loop, StandardLoop):
        found.add(Feature.STANDARD_LOOP)
    elif isinstance(node.loop, MultiInstance):
        found.add(Feature.MULTI_INSTANCE)
        if node.loop.behavior != "All" or node.loop.complex_behaviors:
            found.add(Feature.MULTI_INSTANCE_BEHAVIOR)
    if node.is_for_compensation:
        found.add(Feature.COMPENSATION)
    if {node.start_quantity, node.completion_quantity} - {0, 1}:  # 0 is read as 1
        found.add(Feature.QUANTITIES)
    if isinstance(node, SubProcess) and node.triggered_by_event:
        found.add(Feature.EVENT_SUB_PROCESS)
    if isinstance(node, ReceiveTask) and node.instantiate:
        found.add(Feature.INSTANTIATING_RECEIVE)
    if (
        isinstance(node, ServiceTask | SendTask | ScriptTask | BusinessRuleTask)
        and node.implementation is not None
        and node.implementation.kind is ImplementationKind.DECISION
    ):
        found.add(Feature.DECISION)
    if any(_moves_data(association) for association in node.data_inputs + node.data_outputs):
        found.add(Feature.DATA_ASSIGNMENTS)
    return found


def _moves_data(association: DataAssociation) -> bool:
    return bool(association.assignments) or association.transformation is not None


def _unsupported(node: FlowNode, what: str) -> Finding:
    return error(
        "ELEMENT_UNSUPPORTED",
        node,
        f"Expected elements bpmnd executes, but '{node.id}' {what}, which it does not execute yet.",
        _HINT,
    )


def _words(name: str) -> str:
    """`ComplexGateway` -> `complex gateway`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
