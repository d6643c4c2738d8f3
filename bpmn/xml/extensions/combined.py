"""What readers of elements ask for, whichever vendor says it."""

from __future__ import annotations

from bpmn.model.activities import Assignment, Form, Implementation
from bpmn.model.base import Mapping
from bpmn.xml.extensions import camunda, spiffworkflow, zeebe
from bpmn.xml.node import Node


def implementation(node: Node) -> Implementation | None:
    """What the element executes, None where no vendor says it."""
    found = (zeebe.implementation(node), spiffworkflow.implementation(node), camunda.implementation(node))
    return next((entry for entry in found if entry is not None), None)


def mappings(node: Node) -> tuple[tuple[Mapping, ...], tuple[Mapping, ...]]:
    """(inputs, outputs) of an activity or event."""
    camunda_inputs, camunda_outputs = camunda.input_output(node)
    zeebe_inputs, zeebe_outputs = zeebe.io_mapping(node)
    return camunda_inputs + zeebe_inputs, camunda_outputs + zeebe_outputs


def assignment(node: Node) -> Assignment:
    """Who may do a user task, as attributes or extensions say it."""
    return zeebe.assignment(node) or camunda.assignment(node)


def form(node: Node) -> Form | None:
    return zeebe.form(node) or camunda.form(node)


def properties(node: Node) -> tuple[tuple[str, str], ...]:
    return camunda.properties(node) + zeebe.properties(node) + spiffworkflow.properties(node)


def asynchronous(node: Node) -> tuple[bool, bool]:
    """(before, after): where the transaction is cut. `async` is `asyncBefore`'s older name."""
    before = node.camunda_flag("asyncBefore", False) or node.camunda_flag("async", False)
    return before, node.camunda_flag("asyncAfter", False)
