"""The vendors' attributes and elements, adapted to the one model."""

# ruff: noqa: E501 - XML reads best on lines of its own

from __future__ import annotations

from typing import Any, TypeVar

import pytest

from bpmn.findings import Severity
from bpmn.model.activities import (
    Assignment,
    Binding,
    BusinessRuleTask,
    CallActivity,
    FormField,
    Implementation,
    ImplementationKind,
    MultiInstance,
    ScriptTask,
    ServiceTask,
    UserTask,
)
from bpmn.model.base import Expression
from bpmn.model.events import (
    ConditionalEventDefinition,
    ErrorEventDefinition,
    Event,
    MessageEventDefinition,
    StartEvent,
)
from bpmn.xml import read
from tests.bpmn.documents import ACTIVITI, CAMUNDA, FLOWABLE, SPIFFWORKFLOW, ZEEBE, document, process

NAMESPACES = f'xmlns:c="{CAMUNDA}" xmlns:f="{FLOWABLE}" xmlns:z="{ZEEBE}" xmlns:s="{SPIFFWORKFLOW}"'
Node = TypeVar("Node")


def node(body: str, kind: type[Node]) -> Node:
    found = process(document(f'<process id="p">{body}</process>', NAMESPACES)).content.nodes[0]
    assert isinstance(found, kind)
    return found


def findings(body: str) -> list[tuple[Severity, str, str | None]]:
    result = read(document(f'<process id="p">{body}</process>', NAMESPACES))
    return [(finding.severity, finding.code, finding.element_id) for finding in result.findings]


def pair(expression: Expression | None) -> tuple[str, str] | None:
    return None if expression is None else (expression.text, expression.language)


def service(attributes: str, extensions: str = "") -> Implementation | None:
    body = f'<serviceTask id="t" {attributes}><extensionElements>{extensions}</extensionElements></serviceTask>'
    return node(body, ServiceTask).implementation


@pytest.mark.parametrize("namespace", [CAMUNDA, FLOWABLE, ACTIVITI])
def test_should_read_one_set_of_names_in_three_namespaces(namespace: str) -> None:
    # given
    body = '<process id="p"><userTask id="u" v:assignee="${who}" v:candidateGroups="a, b" v:formKey="f"/></process>'

    # when
    task = process(document(body, f'xmlns:v="{namespace}"')).content.nodes[0]

    # then
    assert isinstance(task, UserTask)
    assert pair(task.assignment.assignee) == ("${who}", "juel")
    assert [pair(group) for group in task.assignment.candidate_groups] == [("a", "literal"), ("b", "literal")]
    assert task.form is not None
    assert pair(task.form.key) == ("f", "literal")


@pytest.mark.parametrize(
    ("attributes", "kind", "value"),
    [
        ('c:type="external" c:topic="pay"', ImplementationKind.JOB, ("pay", "literal")),
        ('c:type="external" c:topic="${topic}"', ImplementationKind.JOB, ("${topic}", "juel")),
        ('f:type="external-worker" f:topic="pay"', ImplementationKind.JOB, ("pay", "literal")),
        ('f:type="mail"', ImplementationKind.JOB, ("mail", "literal")),
        ('f:type="http"', ImplementationKind.JOB, ("http", "literal")),
        ('c:class="org.x.Y"', ImplementationKind.CLASS, ("org.x.Y", "literal")),
        ('c:delegateExpression="${bean}"', ImplementationKind.DELEGATE_EXPRESSION, ("${bean}", "juel")),
        ('c:expression="#{bean.run(a)}"', ImplementationKind.EXPRESSION, ("#{bean.run(a)}", "juel")),
        ('c:decisionRef="d"', ImplementationKind.DECISION, ("d", "literal")),
    ],
)
def test_should_read_what_a_service_task_executes(
    attributes: str, kind: ImplementationKind, value: tuple[str, str]
) -> None:
    # when
    implementation = service(attributes)

    # then
    assert implementation is not None
    assert (implementation.kind, pair(implementation.value)) == (kind, value)


@pytest.mark.parametrize("attributes", ["", 'c:type="external"', 'implementation="##WebService"'])
def test_should_read_no_implementation_where_none_is_said(attributes: str) -> None:
    assert service(attributes) is None


def test_should_read_results_fields_and_retries_of_a_service_task() -> None:
    # when
    implementation = service(
        'f:class="X" f:resultVariableName="r" f:useLocalScopeForResultVariable="true" f:skipExpression="${skip}"',
        '<f:field name="a" stringValue="1 "/><f:field name="b" expression="${b}"/><f:field name="c"><f:string>x</f:string>'
        '</f:field><f:field name="d"><f:expression>${d}</f:expression></f:field><f:field name="e"/>'
        "<f:failedJobRetryTimeCycle>R3/PT10S</f:failedJobRetryTimeCycle>",
    )

    # then
    assert implementation is not None
    assert (implementation.result_variable, implementation.result_local) == ("r", True)
    assert [(field.target, pair(field.source)) for field in implementation.fields] == [
        ("a", ("1 ", "literal")),
        ("b", ("${b}", "juel")),
        ("c", ("x", "literal")),
        ("d", ("${d}", "juel")),
        ("e", None),
    ]
    assert pair(implementation.retries) == ("R3/PT10S", "literal")
    assert pair(implementation.skip) == ("${skip}", "juel")


def test_should_read_parameters_of_text_script_list_and_map() -> None:
    # when
    task = node(
        '<task id="t"><extensionElements><c:inputOutput>'
        '<c:inputParameter name="empty"/><c:inputParameter name="text">${a} b</c:inputParameter>'
        '<c:inputParameter name="script"><c:script scriptFormat="JavaScript">1 + 1</c:script></c:inputParameter>'
        '<c:inputParameter name="list"><c:list><c:value>x</c:value><c:value>${y}</c:value>'
        "<c:list><c:value>z</c:value></c:list></c:list></c:inputParameter>"
        '<c:outputParameter name="map"><c:map><c:entry key="k">v</c:entry>'
        '<c:entry key="s"><c:script scriptFormat="groovy">2</c:script></c:entry></c:map></c:outputParameter>'
        "</c:inputOutput></extensionElements></task>",
        object,
    )
    inputs: dict[str, Any] = {mapping.target: mapping.source for mapping in task.inputs}  # type: ignore[attr-defined]
    outputs: dict[str, Any] = {mapping.target: mapping.source for mapping in task.outputs}  # type: ignore[attr-defined]

    # then
    assert inputs["empty"] is None
    assert pair(inputs["text"]) == ("${a} b", "juel")
    assert pair(inputs["script"]) == ("1 + 1", "javascript")
    assert inputs["list"].language == "list"
    assert [pair(value) for _, value in inputs["list"].parts[:2]] == [("x", "literal"), ("${y}", "juel")]
    assert [pair(value) for _, value in inputs["list"].parts[2][1].parts] == [("z", "literal")]
    assert [(key, pair(value)) for key, value in outputs["map"].parts] == [
        ("k", ("v", "literal")),
        ("s", ("2", "groovy")),
    ]


def test_should_read_potential_owners_as_flowable_does() -> None:
    # given
    def role(tag: str, text: str) -> str:
        expression = f"<resourceAssignmentExpression><formalExpression>{text}</formalExpression>"
        return f"<{tag}>{expression}</resourceAssignmentExpression></{tag}>"

    # when
    task = node(
        f'<userTask id="u">{role("humanPerformer", "${boss}")}'
        f"{role('potentialOwner', 'user(kermit), group(sales), management, user(${deputy})')}</userTask>",
        UserTask,
    )

    # then
    assert task.assignment == Assignment(
        assignee=Expression(text="${boss}", language="juel", line=1),
        candidate_users=(
            Expression(text="kermit", language="literal", line=1),
            Expression(text="${deputy}", language="juel", line=1),
        ),
        candidate_groups=(
            Expression(text="sales", language="literal", line=1),
            Expression(text="management", language="literal", line=1),
        ),
    )


def test_should_count_and_report_resource_roles_without_assignment() -> None:
    # given
    body = '<userTask id="u"><performer><resourceRef>r</resourceRef></performer></userTask>'

    # then
    assert node(body, UserTask).resources == 1
    assert findings(body) == [(Severity.INFO, "RESOURCE_NOT_READ", "u")]


def test_should_read_dates_priority_and_generated_forms() -> None:
    # when
    task = node(
        '<userTask id="u" c:dueDate="${due}" c:followUpDate="2030-01-01" c:priority="50"><extensionElements>'
        '<c:formData><c:formField id="a" label="A" type="enum" defaultValue="x"><c:value id="x" name="X"/>'
        '<c:validation><c:constraint name="required"/><c:constraint name="min" config="3"/></c:validation>'
        '</c:formField></c:formData><f:formProperty id="b" name="B" type="date" required="true" writable="false" '
        'readable="false" variable="v" default="${d}" datePattern="dd-MM-yyyy"/></extensionElements></userTask>',
        UserTask,
    )

    # then
    assert pair(task.assignment.due_date) == ("${due}", "juel")
    assert pair(task.assignment.follow_up_date) == ("2030-01-01", "literal")
    assert pair(task.assignment.priority) == ("50", "literal")
    assert task.form is not None
    assert task.form.fields == (
        FormField(
            id="a",
            label="A",
            type="enum",
            required=True,
            variable="a",
            default=Expression(text="x", language="literal", line=1),
            values=(("x", "X"),),
            constraints=(("required", ""), ("min", "3")),
        ),
        FormField(
            id="b",
            label="B",
            type="date",
            required=True,
            writable=False,
            readable=False,
            variable="v",
            default=Expression(text="${d}", language="juel", line=1),
            date_pattern="dd-MM-yyyy",
        ),
    )


def test_should_read_mappings_binding_and_business_key_of_a_call() -> None:
    # when
    call = node(
        '<callActivity id="c" calledElement="${which}" c:calledElementBinding="version" c:calledElementVersion="3">'
        '<extensionElements><c:in source="a" target="b"/><c:in sourceExpression="${a + 1}" target="n" local="true"/>'
        '<c:in variables="all"/><c:in businessKey="#{key}"/><c:out source="my-x" target="y"/></extensionElements>'
        "</callActivity>",
        CallActivity,
    )

    # then
    assert pair(call.called_element) == ("${which}", "juel")
    assert (call.binding, pair(call.version)) == (Binding.VERSION, ("3", "literal"))
    assert [(entry.target, pair(entry.source), entry.all_variables, entry.local) for entry in call.ins] == [
        ("b", ("${a}", "juel"), False, False),
        ("n", ("${a + 1}", "juel"), False, True),
        (None, None, True, False),
    ]
    assert [(entry.target, pair(entry.source)) for entry in call.outs] == [
        ("y", ("${execution.getVariable('my-x')}", "juel"))
    ]
    assert pair(call.business_key) == ("#{key}", "juel")
    assert call.has_mappings


def test_should_leave_a_call_without_mappings_to_the_dialect() -> None:
    # when
    call = node('<callActivity id="c" calledElement="other"/>', CallActivity)

    # then
    assert (call.has_mappings, call.propagate_in, call.propagate_out) == (False, False, False)


def test_should_read_zeebe_calls() -> None:
    # when
    call = node(
        '<callActivity id="c"><extensionElements><z:calledElement processId="=which" propagateAllChildVariables="false"/>'
        "</extensionElements></callActivity>",
        CallActivity,
    )

    # then
    assert pair(call.called_element) == ("which", "feel")
    assert (call.has_mappings, call.propagate_in, call.propagate_out) == (True, True, False)


def test_should_read_zeebe_jobs_with_headers_and_mappings() -> None:
    # when
    task = node(
        '<serviceTask id="t"><extensionElements><z:taskDefinition type="pay" retries="=n"/><z:taskHeaders>'
        '<z:header key="a" value="b"/></z:taskHeaders><z:ioMapping><z:input source="=order.id" target="id"/>'
        '<z:output source="=ok" target="paid"/></z:ioMapping><z:properties><z:property name="k" value="v"/>'
        "</z:properties></extensionElements></serviceTask>",
        ServiceTask,
    )

    # then
    assert task.implementation is not None
    assert pair(task.implementation.value) == ("pay", "literal")
    assert pair(task.implementation.retries) == ("n", "feel")
    assert task.implementation.headers == (("a", "b"),)
    assert [(mapping.target, pair(mapping.source)) for mapping in task.inputs] == [("id", ("order.id", "feel"))]
    assert [(mapping.target, pair(mapping.source)) for mapping in task.outputs] == [("paid", ("ok", "feel"))]
    assert task.properties == (("k", "v"),)


def test_should_read_zeebe_user_tasks_loops_scripts_and_decisions() -> None:
    # when
    user = node(
        '<userTask id="u"><extensionElements><z:userTask/><z:assignmentDefinition assignee="=who" candidateGroups="a, b" '
        'candidateUsers="=users"/><z:taskSchedule dueDate="=due"/><z:priorityDefinition priority="10"/>'
        '<z:formDefinition formId="form"/></extensionElements><multiInstanceLoopCharacteristics><extensionElements>'
        '<z:loopCharacteristics inputCollection="=items" inputElement="i" outputCollection="all" outputElement="=i.x"/>'
        "</extensionElements></multiInstanceLoopCharacteristics></userTask>",
        UserTask,
    )
    script = node(
        '<scriptTask id="s"><extensionElements><z:script expression="=a + 1" resultVariable="b"/></extensionElements>'
        "</scriptTask>",
        ScriptTask,
    )
    decision = node(
        '<businessRuleTask id="d"><extensionElements><z:calledDecision decisionId="D" resultVariable="r"/>'
        "</extensionElements></businessRuleTask>",
        BusinessRuleTask,
    )

    # then
    assert pair(user.assignment.assignee) == ("who", "feel")
    assert [pair(group) for group in user.assignment.candidate_groups] == [("a", "literal"), ("b", "literal")]
    assert [pair(name) for name in user.assignment.candidate_users] == [("users", "feel")]
    assert (pair(user.assignment.due_date), pair(user.assignment.priority)) == (("due", "feel"), ("10", "literal"))
    assert user.form is not None
    assert pair(user.form.key) == ("form", "literal")
    assert isinstance(user.loop, MultiInstance)
    assert (pair(user.loop.collection), user.loop.element_variable) == (("items", "feel"), "i")
    assert (user.loop.output_collection, pair(user.loop.output_element)) == ("all", ("i.x", "feel"))
    assert (pair(script.script), script.result_variable) == (("a + 1", "feel"), "b")
    assert decision.implementation is not None
    assert decision.implementation.kind is ImplementationKind.DECISION
    assert decision.implementation.result_variable == "r"


def test_should_read_spiffworkflow_operators() -> None:
    # when
    implementation = service(
        "",
        '<s:serviceTaskOperator id="http/Get" resultVariable="r"><s:parameters><s:parameter id="url" type="str" '
        'value="base + path"/></s:parameters><s:retry retries="3"/></s:serviceTaskOperator>',
    )

    # then
    assert implementation is not None
    assert (pair(implementation.value), implementation.result_variable) == (("http/Get", "literal"), "r")
    assert [(field.target, pair(field.source)) for field in implementation.fields] == [
        ("url", ("base + path", "python"))
    ]
    assert pair(implementation.retries) == ("3", "literal")


def test_should_read_events_with_what_vendors_add() -> None:
    # given
    def definition(tag: str, attributes: str = "", inside: str = "", extensions: str = "") -> Any:
        body = (
            f'<boundaryEvent id="b" attachedToRef="t"><extensionElements>{extensions}</extensionElements>'
            f"<{tag} {attributes}>{inside}</{tag}></boundaryEvent>"
        )
        return node(body, Event).definitions[0]

    # when
    error = definition("errorEventDefinition", 'errorRef="e" c:errorCodeVariable="code" c:errorMessageVariable="text"')
    flowable_error = definition("errorEventDefinition", 'f:errorVariableName="code"')
    conditional = definition(
        "conditionalEventDefinition",
        'c:variableName="x" c:variableEvents="create, update"',
        "<condition>${x}</condition>",
    )
    message = definition("messageEventDefinition", 'c:type="external" c:topic="send"')
    zeebe_message = definition("messageEventDefinition", extensions='<z:taskDefinition type="send"/>')

    # then
    assert isinstance(error, ErrorEventDefinition)
    assert (error.error_ref, error.code_variable, error.message_variable) == ("e", "code", "text")
    assert flowable_error.code_variable == "code"
    assert isinstance(conditional, ConditionalEventDefinition)
    assert (conditional.variable_name, conditional.variable_events) == ("x", ("create", "update"))
    assert pair(conditional.condition) == ("${x}", "juel")
    for sent in (message, zeebe_message):
        assert isinstance(sent, MessageEventDefinition)
        assert sent.implementation is not None
        assert pair(sent.implementation.value) == ("send", "literal")


def test_should_resolve_event_definitions_of_the_document() -> None:
    # given
    data = document(
        '<timerEventDefinition id="shared"><timeDuration>PT1H</timeDuration></timerEventDefinition><process id="p">'
        '<startEvent id="s"><eventDefinitionRef>shared</eventDefinitionRef></startEvent></process>'
    )

    # when
    start = process(data).content.nodes[0]

    # then
    assert isinstance(start, StartEvent)
    assert [(type(entry).__name__, entry.id) for entry in start.definitions] == [("TimerEventDefinition", "shared")]


def test_should_read_async_and_priority() -> None:
    # when
    task = node('<serviceTask id="t" c:async="true" c:exclusive="false" c:jobPriority="${p}"/>', ServiceTask)
    after = node('<serviceTask id="t" c:asyncAfter="true"/>', ServiceTask)

    # then
    assert (task.async_before, task.async_after, task.exclusive) == (True, False, False)
    assert pair(task.job_priority) == ("${p}", "juel")
    assert (after.async_before, after.async_after, after.exclusive) == (False, True, True)


@pytest.mark.parametrize(
    ("attributes", "extensions", "severity", "code"),
    [
        ("", '<c:executionListener event="take" class="X"/>', Severity.ERROR, "LISTENER_UNSUPPORTED"),
        ("", '<f:taskListener event="claim" expression="${x}"/>', Severity.ERROR, "LISTENER_UNSUPPORTED"),
        (
            "",
            '<z:taskListeners><z:taskListener eventType="creating"/></z:taskListeners>',
            Severity.ERROR,
            "LISTENER_UNSUPPORTED",
        ),
        ("", "<c:connector/>", Severity.ERROR, "CONNECTOR_UNSUPPORTED"),
        ("", "<f:mapException/>", Severity.ERROR, "EXTENSION_UNSUPPORTED"),
        ("", "<s:preScript>x = 1</s:preScript>", Severity.ERROR, "EXTENSION_UNSUPPORTED"),
        ("", "<z:newThing/>", Severity.WARNING, "EXTENSION_UNSUPPORTED"),
        ('c:newThing="1"', "", Severity.WARNING, "EXTENSION_UNSUPPORTED"),
        ('c:caseRef="case"', "", Severity.ERROR, "EXTENSION_UNSUPPORTED"),
        (
            "",
            (
                '<c:inputOutput><c:inputParameter name="a"><c:script scriptFormat="groovy" resource="x.groovy"/>'
                "</c:inputParameter></c:inputOutput>"
            ),
            Severity.ERROR,
            "SCRIPT_RESOURCE",
        ),
    ],
)
def test_should_report_what_the_model_has_no_place_for(
    attributes: str, extensions: str, severity: Severity, code: str
) -> None:
    # given
    body = f'<userTask id="t" {attributes}><extensionElements>{extensions}</extensionElements></userTask>'

    # then
    assert findings(body) == [(severity, code, "t")]


@pytest.mark.parametrize(
    ("attributes", "extensions"),
    [
        ('c:modelerTemplate="x" z:modelerTemplateIcon="data:"', ""),
        ("", "<s:unitTests/><s:instructionsForEndUser>Do it</s:instructionsForEndUser>"),
        ("", "<z:userTaskForm id='f'>{}</z:userTaskForm>"),
        ("", "<f:localization locale='es' name='x'/>"),
    ],
)
def test_should_pass_over_metadata(attributes: str, extensions: str) -> None:
    # given
    body = f'<userTask id="t" {attributes}><extensionElements>{extensions}</extensionElements></userTask>'

    # then
    assert findings(body) == []


def test_should_name_the_flow_element_for_findings_inside_its_parts() -> None:
    # given
    body = (
        '<startEvent id="s"><timerEventDefinition id="d" c:newThing="x"><timeDate>2030-01-01</timeDate>'
        "</timerEventDefinition></startEvent>"
    )

    # then
    assert findings(body) == [(Severity.WARNING, "EXTENSION_UNSUPPORTED", "s")]


def test_should_read_the_process_attributes() -> None:
    # given
    data = document(
        '<process id="p" isExecutable="true" c:versionTag="1.2" c:historyTimeToLive="P1D" f:candidateStarterUsers="a,b"'
        ' f:candidateStarterGroups="g"><extensionElements><f:potentialStarter>user(c), group(h), i</f:potentialStarter>'
        "</extensionElements></process>",
        NAMESPACES,
    )

    # when
    found = process(data)

    # then
    assert (found.is_executable, found.version_tag, found.history_time_to_live) == (True, "1.2", "P1D")
    assert found.candidate_starter_users == ("a", "b", "c")
    assert found.candidate_starter_groups == ("g", "h", "i")
