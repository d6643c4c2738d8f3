"""SpiffWorkflow's own extensions (`spiffworkflow:`), as its `SpiffTaskParser` reads them."""

from __future__ import annotations

from bpmn.model.activities import DecisionMapping, Implementation, ImplementationKind
from bpmn.model.base import Expression, Mapping
from bpmn.xml import expressions
from bpmn.xml.namespaces import Vendor
from bpmn.xml.node import Node, line_of, locals_of, text_of


def implementation(node: Node) -> Implementation | None:
    """`serviceTaskOperator` (a job of that type, its parameters are Python expressions) or `calledDecisionId`."""
    decision = node.extension(Vendor.SPIFFWORKFLOW, "calledDecisionId")
    if decision is not None and (key := expressions.literal(text_of(decision), line_of(decision))) is not None:
        return Implementation(
            kind=ImplementationKind.DECISION, value=key, mapping=DecisionMapping.VARIABLES, line=line_of(decision)
        )
    operator = node.extension(Vendor.SPIFFWORKFLOW, "serviceTaskOperator")
    if operator is None or (job_type := expressions.literal(operator.get("id"), line_of(operator))) is None:
        return None
    parameters = []
    retries: Expression | None = None
    for group in operator:
        for parameter in locals_of(group, "parameter"):
            value = (parameter.get("value") or "").strip()
            source = Expression(text=value, language="python", line=line_of(parameter)) if value else None
            parameters.append(Mapping(target=parameter.get("id") or "", source=source, line=line_of(parameter)))
    for retry in locals_of(operator, "retry"):
        retries = expressions.literal(retry.get("retries"), line_of(retry))
    return Implementation(
        kind=ImplementationKind.JOB,
        value=job_type,
        result_variable=(operator.get("resultVariable") or "").strip() or None,
        fields=tuple(parameters),
        retries=retries,
        line=line_of(operator),
    )


def properties(node: Node) -> tuple[tuple[str, str], ...]:
    """`properties` and `taskMetadataValues`."""
    found = [
        (item.get("name") or "", item.get("value") or "")
        for group in node.extensions(Vendor.SPIFFWORKFLOW, "properties")
        for item in locals_of(group, "property")
    ]
    found += [
        (item.get("name") or "", item.get("value") or "")
        for group in node.extensions(Vendor.SPIFFWORKFLOW, "taskMetadataValues")
        for item in locals_of(group, "taskMetadataValue")
    ]
    return tuple(found)
