"""The names Camunda 7, Flowable and Activiti share: `camunda:`, `flowable:`, `activiti:` (and `fox:`).

Sources: Camunda 7 reference "Custom Extensions"; Flowable user guide, chapters "BPMN 2.0 Constructs" and "Forms".
"""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from bpmn.findings import Severity
from bpmn.model.activities import (
    Assignment,
    Binding,
    DecisionMapping,
    Form,
    FormField,
    Implementation,
    ImplementationKind,
)
from bpmn.model.base import CallMapping, Expression, Mapping
from bpmn.xml import expressions
from bpmn.xml.namespaces import Vendor, split
from bpmn.xml.node import Node, boolean, line_of, locals_of, text_of

_EXTERNAL = frozenset({"external", "external-worker"})
_MAX_NESTED_VALUES = 20
_MAPPINGS = frozenset({"singleEntry", "singleResult", "collectEntries", "resultList"})


def implementation(node: Node) -> Implementation | None:
    """What the element executes: external topic, built-in task, class, delegate, expression or decision."""
    skip = expressions.attribute(node.camunda("skipExpression"), node.line)
    result_variable = node.camunda("resultVariable", "resultVariableName")
    result_local = node.camunda_flag("useLocalScopeForResultVariable", False)
    fields = _fields(node)
    found = _kind_and_value(node, fields)
    if found is None:
        return None
    binding, version = _decision_binding(node)
    switches = {field.target: field.source.text.strip() for field in fields if field.source is not None}
    return Implementation(
        kind=found[0],
        value=found[1],
        result_variable=result_variable,
        result_local=result_local,
        fields=fields,
        retries=retry_cycle(node),
        skip=skip,
        binding=Binding.DEPLOYMENT.value if switches.get("sameDeployment") == "true" else binding.value,
        version=version,
        mapping=_decision_mapping(node),
        fail_without_hits=switches.get("decisionTaskThrowErrorOnNoHits") == "true",
        line=node.line,
    )


def _decision_mapping(node: Node) -> DecisionMapping:
    """`mapDecisionResult`, by default `resultList`; a decision task of Flowable sets its outputs."""
    if node.camunda("type") == "dmn":
        return DecisionMapping.VARIABLES
    text = node.camunda("mapDecisionResult")
    return DecisionMapping(text) if text in _MAPPINGS else DecisionMapping.RESULT_LIST


def _decision_binding(node: Node) -> tuple[Binding, Expression | None]:
    """`decisionRefBinding` with its version or version tag."""
    text = node.camunda("decisionRefBinding")
    version = expressions.attribute(node.camunda("decisionRefVersion"), node.line)
    tag = expressions.attribute(node.camunda("decisionRefVersionTag"), node.line)
    kind = Binding(text) if text is not None and text in set(Binding) else Binding.LATEST
    return kind, tag if kind is Binding.VERSION_TAG else version


def _kind_and_value(node: Node, fields: tuple[Mapping, ...]) -> tuple[ImplementationKind, Expression] | None:
    task_type = node.camunda("type")
    topic = expressions.attribute(node.camunda("topic"), node.line)
    named = (
        (ImplementationKind.CLASS, expressions.literal(node.camunda("class"), node.line)),
        (ImplementationKind.DELEGATE_EXPRESSION, expressions.attribute(node.camunda("delegateExpression"), node.line)),
        (ImplementationKind.EXPRESSION, expressions.attribute(node.camunda("expression"), node.line)),
        (ImplementationKind.DECISION, expressions.attribute(node.camunda("decisionRef"), node.line)),
    )
    if task_type in _EXTERNAL:
        return None if topic is None else (ImplementationKind.JOB, topic)
    if task_type == "dmn":
        for field in fields:
            if field.target in ("decisionTableReferenceKey", "decisionServiceReferenceKey") and field.source:
                return ImplementationKind.DECISION, field.source
        return None
    if task_type is not None:
        return ImplementationKind.JOB, Expression(text=task_type, language="literal", line=node.line)
    return next(((kind, value) for kind, value in named if value is not None), None)


def retry_cycle(node: Node) -> Expression | None:
    """`failedJobRetryTimeCycle`, e.g. `R3/PT10M`."""
    element = node.extension(Vendor.CAMUNDA, "failedJobRetryTimeCycle")
    if element is None:
        return None
    return expressions.attribute(text_of(element), line_of(element))


def _fields(node: Node) -> tuple[Mapping, ...]:
    return fields_of(node.extensions(Vendor.CAMUNDA, "field"))


def fields_of(elements: Iterable[etree._Element]) -> tuple[Mapping, ...]:
    """Field injections: value in an attribute, or in a child `string` or `expression`."""
    fields = []
    for element in elements:
        text, source = element.get("stringValue"), None
        child = next(locals_of(element, "string", "expression"), None)
        if text is not None:
            source = Expression(text=text, language="literal", line=line_of(element))
        elif (expression := element.get("expression")) is not None:
            source = expressions.attribute(expression, line_of(element))
        elif child is not None and split(str(child.tag))[1] == "string":
            source = Expression(text=text_of(child), language="literal", line=line_of(element))
        elif child is not None:
            source = expressions.attribute(text_of(child), line_of(element))
        fields.append(Mapping(target=element.get("name") or "", source=source, line=line_of(element)))
    return tuple(fields)


def input_output(node: Node) -> tuple[tuple[Mapping, ...], tuple[Mapping, ...]]:
    """`inputOutput`: (inputs, outputs)."""
    inputs: list[Mapping] = []
    outputs: list[Mapping] = []
    for element in node.extensions(Vendor.CAMUNDA, "inputOutput"):
        for parameter in locals_of(element, "inputParameter", "outputParameter"):
            target = inputs if split(str(parameter.tag))[1] == "inputParameter" else outputs
            target.append(
                Mapping(
                    target=(parameter.get("name") or "").strip(),
                    source=_value(node, parameter, 0),
                    line=line_of(parameter),
                )
            )
    return tuple(inputs), tuple(outputs)


def _value(node: Node, element: etree._Element, depth: int) -> Expression | None:
    """Value of a parameter, an entry or a list item: text, script, list or map."""
    child = next(locals_of(element, "script", "list", "map"), None)
    if child is not None:
        return _content(node, child, depth)
    return expressions.attribute(text_of(element), line_of(element))


def _content(node: Node, element: etree._Element, depth: int) -> Expression | None:
    """A `script`, `list` or `map`."""
    if depth > _MAX_NESTED_VALUES:
        node.report(
            Severity.ERROR,
            "EXTENSION_UNSUPPORTED",
            f"Expected lists and maps nested at most {_MAX_NESTED_VALUES} deep in '{node.id}', but found deeper ones.",
            "Build the value in a script instead.",
            line_of(element),
        )
        return None
    tag = split(str(element.tag))[1]
    if tag == "script":
        return script(node, element)
    parts: list[tuple[str | None, Expression | None]]
    if tag == "map":
        parts = [(entry.get("key"), _value(node, entry, depth + 1)) for entry in locals_of(element, "entry")]
    else:
        parts = []
        for item in element:
            nested = split(str(item.tag))[1] in ("script", "list", "map")
            parts.append((None, _content(node, item, depth + 1) if nested else _value(node, item, depth + 1)))
    return Expression(text="", language=tag, line=line_of(element), parts=tuple(parts))


def script(node: Node, element: etree._Element) -> Expression | None:
    """A `camunda:script`. One that lives in a file is an ERROR: the file is not part of the model."""
    if element.get("resource"):
        node.report(
            Severity.ERROR,
            "SCRIPT_RESOURCE",
            f"Expected the script of '{node.id}' in the model, but it is the resource '{element.get('resource')}'.",
            "Write the script into the model.",
            line_of(element),
        )
        return None
    language = element.get("scriptFormat") or element.get("language")
    return expressions.script(text_of(element).strip(), language, node.context, line_of(element))


def assignment(node: Node) -> Assignment:
    """Attributes of a user task: assignee, candidates, dates, priority."""
    line = node.line
    return Assignment(
        assignee=expressions.attribute(node.camunda("assignee"), line),
        candidate_users=expressions.attribute_list(node.camunda("candidateUsers"), line),
        candidate_groups=expressions.attribute_list(node.camunda("candidateGroups"), line),
        due_date=expressions.attribute(node.camunda("dueDate"), line),
        follow_up_date=expressions.attribute(node.camunda("followUpDate"), line),
        priority=expressions.attribute(node.camunda("priority"), line),
    )


def form(node: Node) -> Form | None:
    """`formKey`/`formRef`, generated forms (`formData`, `formProperty`)."""
    key = expressions.attribute(node.camunda("formKey", "formRef"), node.line)
    fields = [
        _form_field(field)
        for data in node.extensions(Vendor.CAMUNDA, "formData")
        for field in locals_of(data, "formField")
    ]
    fields += [_form_property(element) for element in node.extensions(Vendor.CAMUNDA, "formProperty")]
    return Form(key=key, fields=tuple(fields)) if key is not None or fields else None


def _form_field(element: etree._Element) -> FormField:
    constraints = tuple(
        (constraint.get("name") or "", constraint.get("config") or "")
        for validation in locals_of(element, "validation")
        for constraint in locals_of(validation, "constraint")
    )
    names = {name for name, config in constraints if config.lower() != "false"}
    return FormField(
        id=element.get("id") or "",
        label=element.get("label"),
        type=element.get("type") or "string",
        required="required" in names,
        writable="readonly" not in names,
        variable=element.get("id"),
        default=expressions.attribute(element.get("defaultValue"), line_of(element)),
        values=_choices(element),
        date_pattern=element.get("datePattern"),
        constraints=constraints,
    )


def _form_property(element: etree._Element) -> FormField:
    default = element.get("expression") or element.get("default") or element.get("value")
    return FormField(
        id=element.get("id") or "",
        label=element.get("name"),
        type=element.get("type") or "string",
        required=boolean(element.get("required"), False),
        writable=boolean(element.get("writable") or element.get("writeable"), True),
        readable=boolean(element.get("readable"), True),
        variable=element.get("variable") or element.get("id"),
        default=expressions.attribute(default, line_of(element)),
        values=_choices(element),
        date_pattern=element.get("datePattern"),
    )


def _choices(element: etree._Element) -> tuple[tuple[str, str | None], ...]:
    return tuple((value.get("id") or "", value.get("name")) for value in locals_of(element, "value"))


def properties(node: Node) -> tuple[tuple[str, str], ...]:
    """`camunda:properties`: key/value pairs for whoever reads the model."""
    return tuple(
        (item.get("name") or item.get("id") or "", item.get("value") or "")
        for group in node.extensions(Vendor.CAMUNDA, "properties")
        for item in locals_of(group, "property")
    )


def call_mappings(node: Node, name: str) -> tuple[CallMapping, ...]:
    """The `in` or `out` elements of a call activity, the business key left out."""
    mappings = []
    for element in node.extensions(Vendor.CAMUNDA, name):
        if element.get("businessKey") is not None:
            continue
        line = line_of(element)
        source: Expression | None = None
        if (variable := element.get("source")) is not None and variable.strip():
            source = expressions.variable(variable, line)
        elif (text := element.get("sourceExpression")) is not None:
            source = expressions.attribute(text, line)
        mappings.append(
            CallMapping(
                target=element.get("target"),
                source=source,
                all_variables=element.get("variables") == "all",
                local=boolean(element.get("local"), False),
                line=line,
            )
        )
    return tuple(mappings)


def business_key(node: Node) -> Expression | None:
    """Business key of the called process: an `in` (Camunda) or an attribute (Flowable)."""
    inherited = node.camunda_flag("inheritBusinessKey", False)
    given = expressions.attribute(node.camunda("businessKey"), node.line)
    for element in node.extensions(Vendor.CAMUNDA, "in"):
        given = given or expressions.attribute(element.get("businessKey"), line_of(element))
    if given is None and inherited:
        return Expression(text="${execution.processBusinessKey}", language="juel", line=node.line)
    return given


def binding(node: Node) -> tuple[Binding, Expression | None]:
    """`calledElementBinding` with its version or version tag."""
    text = node.camunda("calledElementBinding")
    version = expressions.attribute(node.camunda("calledElementVersion"), node.line)
    tag = expressions.attribute(node.camunda("calledElementVersionTag"), node.line)
    if node.camunda_flag("sameDeployment", False):
        return Binding.DEPLOYMENT, None
    if text is not None and text in set(Binding):
        kind = Binding(text)
        return kind, tag if kind is Binding.VERSION_TAG else version
    return Binding.LATEST, None
