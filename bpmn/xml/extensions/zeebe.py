"""Camunda 8: `zeebe:` elements below `extensionElements`.

Source: Camunda 8 documentation, "BPMN 2.0 coverage" and the XML representation at the end of each element's page.
"""

from __future__ import annotations

from lxml import etree

from bpmn.model.activities import Assignment, Binding, Form, Implementation, ImplementationKind
from bpmn.model.base import Expression, Mapping
from bpmn.xml import expressions
from bpmn.xml.namespaces import Vendor, split
from bpmn.xml.node import Node, boolean, line_of, locals_of


def implementation(node: Node) -> Implementation | None:
    """`taskDefinition` with its headers, or `calledDecision`."""
    headers = tuple(
        (header.get("key") or "", header.get("value") or "")
        for group in node.extensions(Vendor.ZEEBE, "taskHeaders")
        for header in locals_of(group, "header")
    )
    decision = node.extension(Vendor.ZEEBE, "calledDecision")
    if decision is not None and (key := expressions.zeebe(decision.get("decisionId"), line_of(decision))) is not None:
        text = decision.get("bindingType")
        binding = Binding(text) if text in ("deployment", "versionTag") else Binding.LATEST
        tag = expressions.zeebe(decision.get("versionTag"), line_of(decision))
        return Implementation(
            kind=ImplementationKind.DECISION,
            value=key,
            result_variable=decision.get("resultVariable"),
            headers=headers,
            binding=binding.value,
            version=tag if binding is Binding.VERSION_TAG else None,
            line=line_of(decision),
        )
    task = node.extension(Vendor.ZEEBE, "taskDefinition")
    if task is None or (job_type := expressions.zeebe(task.get("type"), line_of(task))) is None:
        return None
    return Implementation(
        kind=ImplementationKind.JOB,
        value=job_type,
        headers=headers,
        retries=expressions.zeebe(task.get("retries"), line_of(task)),
        line=line_of(task),
    )


def io_mapping(node: Node) -> tuple[tuple[Mapping, ...], tuple[Mapping, ...]]:
    """`ioMapping`: (inputs, outputs)."""
    inputs: list[Mapping] = []
    outputs: list[Mapping] = []
    for group in node.extensions(Vendor.ZEEBE, "ioMapping"):
        for element in locals_of(group, "input", "output"):
            mapping = Mapping(
                target=(element.get("target") or "").strip(),
                source=expressions.zeebe(element.get("source"), line_of(element)),
                line=line_of(element),
            )
            (inputs if split(str(element.tag))[1] == "input" else outputs).append(mapping)
    return tuple(inputs), tuple(outputs)


def assignment(node: Node) -> Assignment | None:
    """`assignmentDefinition`, `taskSchedule`, `priorityDefinition`."""
    definition = node.extension(Vendor.ZEEBE, "assignmentDefinition")
    schedule = node.extension(Vendor.ZEEBE, "taskSchedule")
    priority = node.extension(Vendor.ZEEBE, "priorityDefinition")
    if definition is None and schedule is None and priority is None:
        return None
    return Assignment(
        assignee=_get(definition, "assignee"),
        candidate_users=expressions.zeebe_list(_text(definition, "candidateUsers"), node.line),
        candidate_groups=expressions.zeebe_list(_text(definition, "candidateGroups"), node.line),
        due_date=_get(schedule, "dueDate"),
        follow_up_date=_get(schedule, "followUpDate"),
        priority=_get(priority, "priority"),
    )


def form(node: Node) -> Form | None:
    """`formDefinition`: an id, a key of an embedded form, or a reference to a form elsewhere."""
    definition = node.extension(Vendor.ZEEBE, "formDefinition")
    if definition is None:
        return None
    for name in ("formId", "formKey", "externalReference"):
        if (key := _get(definition, name)) is not None:
            return Form(key=key)
    return None


def correlation_key(node: Node) -> Expression | None:
    """`subscription` of a message or receive task."""
    return _get(node.extension(Vendor.ZEEBE, "subscription"), "correlationKey")


def properties(node: Node) -> tuple[tuple[str, str], ...]:
    return tuple(
        (item.get("name") or "", item.get("value") or "")
        for group in node.extensions(Vendor.ZEEBE, "properties")
        for item in locals_of(group, "property")
    )


def version_tag(node: Node) -> str | None:
    return _text(node.extension(Vendor.ZEEBE, "versionTag"), "value")


def script(node: Node) -> tuple[Expression, str | None] | None:
    """`zeebe:script`: (FEEL expression, result variable)."""
    element = node.extension(Vendor.ZEEBE, "script")
    expression = _get(element, "expression")
    return None if expression is None else (expression, _text(element, "resultVariable"))


def loop(node: Node) -> dict[str, Expression | str | None]:
    """`loopCharacteristics` of a multi-instance, as arguments of `MultiInstance`; empty where absent."""
    element = node.extension(Vendor.ZEEBE, "loopCharacteristics")
    if element is None:
        return {}
    return {
        "collection": _get(element, "inputCollection"),
        "element_variable": _text(element, "inputElement"),
        "output_collection": _text(element, "outputCollection"),
        "output_element": _get(element, "outputElement"),
    }


def called_element(node: Node) -> tuple[Expression | None, Binding, Expression | None, bool, bool] | None:
    """`calledElement`: (process, binding, version tag, propagate in, propagate out). Both default to true."""
    element = node.extension(Vendor.ZEEBE, "calledElement")
    if element is None:
        return None
    binding = {"deployment": Binding.DEPLOYMENT, "versionTag": Binding.VERSION_TAG}.get(
        element.get("bindingType") or "", Binding.LATEST
    )
    return (
        _get(element, "processId"),
        binding,
        _get(element, "versionTag"),
        boolean(element.get("propagateAllParentVariables"), True),
        boolean(element.get("propagateAllChildVariables"), True),
    )


def active_elements(node: Node) -> Expression | None:
    """`adHoc activeElementsCollection` of an ad-hoc sub-process."""
    return _get(node.extension(Vendor.ZEEBE, "adHoc"), "activeElementsCollection")


def _get(element: etree._Element | None, name: str) -> Expression | None:
    return None if element is None else expressions.zeebe(element.get(name), line_of(element))


def _text(element: etree._Element | None, name: str) -> str | None:
    return None if element is None else (element.get(name) or "").strip() or None
