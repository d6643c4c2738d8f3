"""SERVICE_TASK_WITHOUT_IMPLEMENTATION: service-like tasks say what they execute."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import BusinessRuleTask, SendTask, ServiceTask
from bpmn.model.base import Dialect
from bpmn.rules.index import Index, error

_KINDS = {ServiceTask: "service task", SendTask: "send task", BusinessRuleTask: "business rule task"}
_HINTS = {
    Dialect.ZEEBE: 'Add <zeebe:taskDefinition type="..."/> with a job type; a connector or worker does it.',
    Dialect.SPIFFWORKFLOW: 'Add <spiffworkflow:serviceTaskOperator id="..."/>; a connector of that name does it.',
    Dialect.FLOWABLE: "Add flowable:class, flowable:delegateExpression, flowable:expression or flowable:type.",
}
_HINT = 'Add camunda:type="external" and camunda:topic="..."; a connector or worker of that topic does it.'


def check(index: Index) -> Iterator[Finding]:
    for _, node in index.nodes():
        kind = _KINDS.get(type(node))
        if kind is None or not isinstance(node, ServiceTask | SendTask | BusinessRuleTask):
            continue
        if node.implementation is None and not (isinstance(node, SendTask) and node.message_ref is not None):
            yield error(
                "SERVICE_TASK_WITHOUT_IMPLEMENTATION",
                node,
                f"Expected {kind} '{node.id}' to say what it executes, but it does not.",
                _HINTS.get(index.model.dialect, _HINT),
            )
