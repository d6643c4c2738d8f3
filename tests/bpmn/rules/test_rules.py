"""A table of models for each rule: what it finds, and the nearest model in which it finds nothing."""

# A table of models reads best with one model on one line.
# ruff: noqa: E501

from __future__ import annotations

from dataclasses import replace

import pytest

from bpmn.findings import Severity
from bpmn.model.events import SignalEventDefinition
from bpmn.rules import RUNTIME, Position, check
from bpmn.xml import read
from tests.bpmn.documents import CAMUNDA, FLOWABLE, ZEEBE, document

NAMESPACES = f'xmlns:c="{CAMUNDA}" xmlns:f="{FLOWABLE}"'
ROOTS = (
    '<message id="m" name="M"/><message id="unnamed"/><error id="e" errorCode="E"/><error id="codeless"/>'
    '<signal id="sig" name="S"/><escalation id="esc" escalationCode="X"/>'
)


def flow(source: str, target: str, inside: str = "", flow_id: str | None = None) -> str:
    return f'<sequenceFlow id="{flow_id or f"{source}-{target}"}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'


def condition(text: str = "${x}") -> str:
    return f"<conditionExpression>{text}</conditionExpression>"


def within(body: str) -> str:
    """Start -> t -> end, with `body` in place of the task `t`."""
    return f'<startEvent id="s"/>{flow("s", "t")}{body}{flow("t", "end")}<endEvent id="end"/>'


def findings(body: str, *, executable: str = 'isExecutable="true"', make_executable: bool = False) -> list[str]:
    """`SEVERITY CODE element` of each finding, in order."""
    model = read(document(f'{ROOTS}<process id="p" {executable}>{body}</process>', NAMESPACES)).model
    assert model is not None
    return [
        f"{finding.severity} {finding.code} {finding.element_id}"
        for finding in check(model, make_executable=make_executable)
    ]


def end_event(definition: str, event_id: str = "end") -> str:
    return f'<endEvent id="{event_id}">{definition}</endEvent>'


def ending(definition: str) -> str:
    return f'<startEvent id="s"/>{flow("s", "end")}{end_event(definition)}'


def catching(definition: str) -> str:
    return within(f'<intermediateCatchEvent id="t">{definition}</intermediateCatchEvent>')


def throwing(definition: str) -> str:
    return within(f'<intermediateThrowEvent id="t">{definition}</intermediateThrowEvent>')


def starting(definition: str) -> str:
    return f'<startEvent id="s">{definition}</startEvent>{flow("s", "t")}<task id="t"/>'


def boundary(definition: str, attributes: str = "", after: str = flow("b", "end")) -> str:
    event = f'<boundaryEvent id="b" attachedToRef="t" {attributes}>{definition}</boundaryEvent>'
    return within(f'<userTask id="t"/>{event}{after}')


def gateway(tag: str, flows: str, attributes: str = "") -> str:
    return f'<startEvent id="s"/>{flow("s", "g")}<{tag} id="g" {attributes}/>{flows}<task id="a"/><task id="b"/>'


MESSAGE = '<messageEventDefinition messageRef="m"/>'
TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
ERROR = '<errorEventDefinition errorRef="e"/>'
CONDITIONAL = "<conditionalEventDefinition><condition>${x}</condition></conditionalEventDefinition>"
SIGNAL = '<signalEventDefinition signalRef="sig"/>'
ESCALATION = '<escalationEventDefinition escalationRef="esc"/>'
MVEL = '<conditionExpression language="mvel">x</conditionExpression>'
EXTERNAL = 'c:type="external" c:topic="x"'

VALID = {
    "task": within('<task id="t"/>'),
    "user-task": within('<userTask id="t"/>'),
    "manual-task": within('<manualTask id="t"/>'),
    "service-task": within(f'<serviceTask id="t" {EXTERNAL}/>'),
    "send-task-by-job": within(f'<sendTask id="t" {EXTERNAL}/>'),
    "send-task-by-message": within('<sendTask id="t" messageRef="m"/>'),
    "receive-task": within('<receiveTask id="t" messageRef="m"/>'),
    "business-rule-task-by-job": within(f'<businessRuleTask id="t" {EXTERNAL}/>'),
    "script-task": within('<scriptTask id="t" scriptFormat="python"><script>x = 1</script></scriptTask>'),
    "call-activity": within('<callActivity id="t" calledElement="other"/>'),
    "sub-process": within(
        f'<subProcess id="t"><startEvent id="is"/>{flow("is", "ie")}<endEvent id="ie"/></subProcess>'
    ),
    "message-start": starting(MESSAGE),
    "timer-start": starting(TIMER),
    "message-end": ending(MESSAGE),
    "error-end": ending(ERROR),
    "terminate-end": ending("<terminateEventDefinition/>"),
    "message-catch": catching(MESSAGE),
    "timer-catch": catching(TIMER),
    "message-throw": throwing(MESSAGE),
    "message-throw-by-job": throwing(f"<messageEventDefinition {EXTERNAL}/>"),
    "none-throw": throwing(""),
    "boundary-timer": boundary(TIMER),
    "boundary-message": boundary(MESSAGE, 'cancelActivity="false"'),
    "boundary-error": boundary(ERROR),
    "boundary-catches-all-errors": boundary("<errorEventDefinition/>"),
    "boundary-conditional": boundary(CONDITIONAL),
    "parallel-gateway": gateway("parallelGateway", flow("g", "a") + flow("g", "b")),
    "exclusive-gateway": gateway("exclusiveGateway", flow("g", "a", condition()) + flow("g", "b"), 'default="g-b"'),
    "exclusive-join": gateway("exclusiveGateway", flow("g", "a") + flow("a", "b")),
    "inclusive-gateway": gateway("inclusiveGateway", flow("g", "a", condition()) + flow("g", "b", condition("${!x}"))),
    "event-based-gateway": (
        f'<startEvent id="s"/>{flow("s", "g")}<eventBasedGateway id="g"/>{flow("g", "a")}{flow("g", "b")}'
        f'<intermediateCatchEvent id="a">{TIMER}</intermediateCatchEvent><receiveTask id="b" messageRef="m"/>'
    ),
    "multi-instance": within('<userTask id="t"><multiInstanceLoopCharacteristics c:collection="items"/></userTask>'),
    "several-starts": f'<startEvent id="s"/>{flow("s", "t")}<startEvent id="r">{MESSAGE}</startEvent>{flow("r", "t")}<task id="t"/>',
    "loop-back": within(f'<task id="t"/>{flow("t", "t", condition())}'),
}


@pytest.mark.parametrize("body", VALID.values(), ids=VALID)
def test_should_find_nothing_in_a_model_that_runs(body: str) -> None:
    assert findings(body) == []


INVALID: list[tuple[str, str, list[str]]] = [
    (
        "duplicate-node-id",
        within('<task id="t"/><task id="t"/>'),
        ["ERROR DUPLICATE_ID t"],
    ),
    ("duplicate-in-sub-process", within('<subProcess id="t"><startEvent id="s"/></subProcess>'), ["ERROR DUPLICATE_ID s"]),
    (
        "flow-without-source",
        within('<task id="t"/><sequenceFlow id="f" targetRef="t"/>'),
        ["ERROR FLOW_SOURCE_MISSING f"],
    ),
    ("flow-to-nowhere", within(f'<task id="t"/>{flow("t", "ghost")}'), ["ERROR FLOW_TARGET_MISSING t-ghost"]),
    (
        "flow-into-sub-process",
        within(f'<subProcess id="t"><startEvent id="i"/>{flow("i", "j")}<task id="j"/></subProcess>{flow("s", "j")}'),
        ["ERROR FLOW_CROSSES_SCOPE s-j"],
    ),
    ("flow-to-itself-in-data", within(f'<task id="t"/><dataObject id="d"/>{flow("t", "d")}'), ["ERROR FLOW_TARGET_MISSING t-d"]),
    ("no-start", '<task id="t"/>', ["ERROR NO_START_EVENT p", "WARNING UNREACHABLE t"]),
    ("empty", "", ["ERROR PROCESS_EMPTY p"]),
    (
        "several-none-starts",
        f'<startEvent id="s"/><startEvent id="r"/>{flow("s", "t")}{flow("r", "t")}<task id="t"/>',
        ["ERROR SEVERAL_NONE_STARTS r"],
    ),
    ("sub-process-without-start", within('<subProcess id="t"/>'), ["ERROR NO_START_EVENT t"]),
    (
        "sub-process-with-timer-start",
        within(f'<subProcess id="t"><startEvent id="i">{TIMER}</startEvent></subProcess>'),
        ["ERROR START_NOT_ALLOWED i"],
    ),
    ("start-with-incoming", within(f'<task id="t"/>{flow("t", "s")}'), ["ERROR START_WITH_INCOMING s"]),
    ("end-with-outgoing", within(f'<task id="t"/>{flow("end", "t")}'), ["ERROR END_WITH_OUTGOING end"]),
    ("catch-without-trigger", catching(""), ["ERROR EVENT_WITHOUT_TRIGGER t"]),
    ("boundary-without-trigger", boundary(""), ["ERROR EVENT_WITHOUT_TRIGGER b"]),
    ("timer-end", ending(TIMER), ["ERROR EVENT_NOT_ALLOWED end"]),
    ("error-catch", catching(ERROR), ["ERROR EVENT_NOT_ALLOWED t"]),
    ("terminate-throw", throwing("<terminateEventDefinition/>"), ["ERROR EVENT_NOT_ALLOWED t"]),
    ("error-start", starting(ERROR), ["ERROR EVENT_NOT_ALLOWED s"]),
    (
        "boundary-without-host",
        within(f'<task id="t"/><boundaryEvent id="b" attachedToRef="ghost">{TIMER}</boundaryEvent>{flow("b", "end")}'),
        ["ERROR BOUNDARY_HOST_MISSING b", "WARNING UNREACHABLE b"],
    ),
    (
        "boundary-on-gateway",
        (f'<startEvent id="s"/>{flow("s", "t")}<parallelGateway id="t"/><boundaryEvent id="b" attachedToRef="t">{TIMER}'
        f"</boundaryEvent>{flow('b', 'x')}<task id='x'/>"),
        ["ERROR BOUNDARY_HOST_MISSING b"],
    ),
    (
        "boundary-naming-no-host",
        within(f'<task id="t"/><boundaryEvent id="b">{TIMER}</boundaryEvent>{flow("b", "end")}'),
        ["ERROR BOUNDARY_HOST_MISSING b", "WARNING UNREACHABLE b"],
    ),
    ("boundary-without-flow", boundary(TIMER, after=""), ["WARNING BOUNDARY_WITHOUT_OUTGOING b"]),
    ("boundary-with-incoming", boundary(TIMER) + flow("t", "b"), ["ERROR BOUNDARY_WITH_INCOMING b"]),
    ("error-boundary-not-interrupting", boundary(ERROR, 'cancelActivity="false"'), ["WARNING BOUNDARY_INTERRUPTS b"]),
    (
        "event-gateway-to-task",
        gateway("eventBasedGateway", flow("g", "a")) + flow("a", "b"),
        ["ERROR EVENT_GATEWAY_TARGET g"],
    ),
    ("event-gateway-to-nothing", f'<startEvent id="s"/>{flow("s", "g")}<eventBasedGateway id="g"/>', ["ERROR EVENT_GATEWAY_TARGET g"]),
    (
        "condition-on-parallel",
        gateway("parallelGateway", flow("g", "a", condition()) + flow("g", "b")),
        ["WARNING CONDITION_IGNORED g-a"],
    ),
    (
        "condition-on-default",
        gateway("exclusiveGateway", flow("g", "a", condition()) + flow("g", "b", condition()), 'default="g-b"'),
        ["WARNING CONDITION_IGNORED g-b"],
    ),
    (
        "condition-missing",
        gateway("exclusiveGateway", flow("g", "a", condition()) + flow("g", "b")),
        ["WARNING CONDITION_MISSING g-b"],
    ),
    (
        "default-of-another",
        gateway("exclusiveGateway", flow("g", "a", condition()) + flow("g", "b", condition()), 'default="s-g"'),
        ["ERROR DEFAULT_FLOW_FOREIGN g"],
    ),
    ("default-of-task-missing", within('<task id="t" default="ghost"/>'), ["ERROR DEFAULT_FLOW_FOREIGN t"]),
    ("message-unknown", catching('<messageEventDefinition messageRef="ghost"/>'), ["ERROR MESSAGE_MISSING t"]),
    ("message-none", catching("<messageEventDefinition/>"), ["ERROR MESSAGE_MISSING t"]),
    ("message-unnamed", starting('<messageEventDefinition messageRef="unnamed"/>'), ["ERROR MESSAGE_WITHOUT_NAME s"]),
    ("message-throw-none", throwing("<messageEventDefinition/>"), ["ERROR MESSAGE_MISSING t"]),
    ("receive-without-message", within('<receiveTask id="t"/>'), ["INFO RECEIVE_BY_ID t"]),
    ("receive-unknown-message", within('<receiveTask id="t" messageRef="ghost"/>'), ["ERROR MESSAGE_MISSING t"]),
    ("start-quantity-zero", within('<task id="t" startQuantity="0"/>'), ["WARNING QUANTITY_ZERO t"]),
    ("quantities-zero", within('<task id="t" startQuantity="0" completionQuantity="0"/>'), ["WARNING QUANTITY_ZERO t"] * 2),
    ("send-unknown-message", within('<sendTask id="t" messageRef="ghost"/>'), ["ERROR MESSAGE_MISSING t"]),
    ("error-unknown", boundary('<errorEventDefinition errorRef="ghost"/>'), ["WARNING ERROR_BY_CODE b"]),
    ("error-end-unknown", ending('<errorEventDefinition errorRef="ghost"/>'), ["WARNING ERROR_BY_CODE end"]),
    ("error-end-none", ending("<errorEventDefinition/>"), ["ERROR ERROR_MISSING end"]),
    ("error-end-codeless", ending('<errorEventDefinition errorRef="codeless"/>'), ["ERROR ERROR_WITHOUT_CODE end"]),
    (
        "signal-unknown",
        catching('<signalEventDefinition signalRef="ghost"/>'),
        ["ERROR SIGNAL_MISSING t"],
    ),
    (
        "escalation-unknown",
        throwing('<escalationEventDefinition escalationRef="ghost"/>'),
        ["ERROR ESCALATION_MISSING t"],
    ),
    (
        "operation-unknown",
        within(f'<serviceTask id="t" operationRef="ghost" {EXTERNAL}/>'),
        ["WARNING OPERATION_MISSING t"],
    ),
    (
        "link-without-target",
        throwing('<linkEventDefinition name="L"/>'),
        ["ERROR LINK_TARGET_MISSING t", "ERROR LINK_FLOW t"],
    ),
    (
        "link-without-name",
        throwing("<linkEventDefinition/>"),
        ["ERROR LINK_WITHOUT_NAME t", "ERROR LINK_FLOW t"],
    ),
    ("timer-without-time", catching("<timerEventDefinition/>"), ["ERROR TIMER_MISSING t"]),
    ("timer-blank", catching("<timerEventDefinition><timeDate> </timeDate></timerEventDefinition>"), ["ERROR TIMER_MISSING t"]),
    ("conditional-without-condition", boundary("<conditionalEventDefinition/>"), ["ERROR CONDITION_MISSING b"]),
    ("condition-as-text", within(f'<task id="t" c:asyncBefore="true"/>{flow("t", "end", condition("approved"), "f")}'), ["ERROR CONDITION_NOT_AN_EXPRESSION f"]),
    (
        "multi-instance-over-nothing",
        within('<task id="t"><multiInstanceLoopCharacteristics/></task>'),
        ["ERROR COLLECTION_MISSING t"],
    ),
    ("call-of-nothing", within('<callActivity id="t"/>'), ["ERROR CALLED_ELEMENT_MISSING t"]),
    ("script-empty", within('<scriptTask id="t"><script> </script></scriptTask>'), ["ERROR SCRIPT_MISSING t"]),
    ("script-elsewhere", within('<scriptTask id="t" c:resource="x.py"/>'), ["ERROR SCRIPT_RESOURCE t"]),
    ("script-xslt", within('<scriptTask id="t" scriptFormat="xslt"><script>x</script></scriptTask>'), ["ERROR LANGUAGE_UNSUPPORTED t"]),
    (
        "condition-in-mvel",
        within(f'<task id="t"/>{flow("t", "end", MVEL, "f")}'),
        ["ERROR LANGUAGE_UNSUPPORTED f"],
    ),
    ("service-task-of-nothing", within('<serviceTask id="t"/>'), ["ERROR SERVICE_TASK_WITHOUT_IMPLEMENTATION t"]),
    ("send-task-of-nothing", within('<sendTask id="t"/>'), ["ERROR SERVICE_TASK_WITHOUT_IMPLEMENTATION t"]),
    ("business-rule-task-of-nothing", within('<businessRuleTask id="t"/>'), ["ERROR SERVICE_TASK_WITHOUT_IMPLEMENTATION t"]),
    ("unknown-node", within('<teleportTask id="t"/>'), ["ERROR UNKNOWN_ELEMENT t"]),
    ("unknown-event-definition", catching("<moonEventDefinition/>"), ["ERROR UNKNOWN_ELEMENT t"]),
    (
        "event-definition-ref-unknown",
        catching("<eventDefinitionRef>ghost</eventDefinitionRef>"),
        ["ERROR UNKNOWN_ELEMENT t"],
    ),
    ("signal-start", starting(SIGNAL), []),
    ("conditional-catch", catching(CONDITIONAL), []),
    ("escalation-end", ending(ESCALATION), []),
    ("compensation-throw", throwing("<compensateEventDefinition/>"), []),
    ("several-definitions", catching(MESSAGE + TIMER), []),
    ("complex-gateway", gateway("complexGateway", flow("g", "a") + flow("a", "b")), []),
    ("transaction", within('<transaction id="t"><startEvent id="i"/></transaction>'), []),
    ("ad-hoc", within('<adHocSubProcess id="t"><task id="i"/></adHocSubProcess>'), []),
    (
        "event-sub-process",
        within('<task id="t"/>')
        + f'<subProcess id="x" triggeredByEvent="true"><startEvent id="i">{MESSAGE}</startEvent></subProcess>',
        [],
    ),
    (
        "event-sub-process-without-trigger",
        within('<task id="t"/>') + '<subProcess id="x" triggeredByEvent="true"><startEvent id="i"/></subProcess>',
        ["ERROR EVENT_WITHOUT_TRIGGER i"],
    ),
    ("standard-loop", within('<task id="t"><standardLoopCharacteristics loopMaximum="3"/></task>'), []),
    (
        "standard-loop-without-end",
        within('<task id="t"><standardLoopCharacteristics/></task>'),
        ["ERROR CONDITION_MISSING t"],
    ),
    ("start-quantity", within('<task id="t" startQuantity="2"/>'), ["INFO SOUNDNESS_NOT_DECIDED p"]),
    ("decision", within('<businessRuleTask id="t" c:decisionRef="d"/>'), []),
    (
        "multi-instance-behaviour",
        within(
            '<task id="t"><multiInstanceLoopCharacteristics behavior="One"><loopCardinality>2</loopCardinality>'
            "</multiInstanceLoopCharacteristics></task>"
        ),
        [],
    ),
    (
        "instantiating-gateway",
        f'<eventBasedGateway id="g" instantiate="true"/>{flow("g", "a")}<receiveTask id="a" messageRef="m"/>',
        [],
    ),
    ("instantiating-receive-task", '<receiveTask id="a" messageRef="m" instantiate="true"/>', []),
    (
        "data-assignment",
        within(
            '<task id="t"><dataInputAssociation><targetRef>d</targetRef><assignment><from>x</from><to>y</to></assignment>'
            "</dataInputAssociation></task>"
        ),
        ["INFO DATA_NOT_MOVED p"],
    ),
    (
        "data-value",
        within('<task id="t"/><dataObject id="d"><extensionElements><f:value>1</f:value></extensionElements></dataObject>'),
        [],
    ),
    (
        "data-drawn",
        within('<task id="t"><dataInputAssociation><sourceRef>d</sourceRef></dataInputAssociation></task>'),
        ["INFO DATA_NOT_MOVED p"],
    ),
    ("dangling-task", within('<task id="t"/><task id="x"/>'), ["WARNING UNREACHABLE x"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), [row[1:] for row in INVALID], ids=[row[0] for row in INVALID])
def test_should_find_what_is_wrong_and_only_that(body: str, expected: list[str]) -> None:
    assert findings(body) == expected


@pytest.mark.parametrize(
    ("executable", "make_executable", "expected"),
    [
        ("", False, ["INFO EXECUTABLE_BY_DEFAULT p", "ERROR SERVICE_TASK_WITHOUT_IMPLEMENTATION t"]),
        ('isExecutable="true"', False, ["ERROR SERVICE_TASK_WITHOUT_IMPLEMENTATION t"]),
        ('isExecutable="1"', False, ["ERROR SERVICE_TASK_WITHOUT_IMPLEMENTATION t"]),
        ('isExecutable="false"', False, ["INFO NOT_EXECUTABLE p", "WARNING SERVICE_TASK_WITHOUT_IMPLEMENTATION t"]),
        ('isExecutable="false"', True, ["INFO MADE_EXECUTABLE p", "ERROR SERVICE_TASK_WITHOUT_IMPLEMENTATION t"]),
    ],
)
def test_should_refuse_only_processes_that_would_run(
    executable: str, make_executable: bool, expected: list[str]
) -> None:
    # given
    body = within('<serviceTask id="t"/>')

    # then
    assert findings(body, executable=executable, make_executable=make_executable) == expected


@pytest.mark.parametrize("executable", ["", 'isExecutable="false"'])
def test_should_take_an_empty_process_for_another_party(executable: str) -> None:
    assert findings("", executable=executable, make_executable=True) == ["INFO PROCESS_EMPTY p"]


def test_should_refuse_a_document_without_process() -> None:
    # given
    model = read(document('<message id="m" name="M"/>')).model
    assert model is not None

    # then
    assert [finding.code for finding in check(model)] == ["NO_PROCESS"]


def test_should_refuse_only_the_process_that_runs_of_two() -> None:
    # given
    body = "".join(
        f'<process id="{process}" isExecutable="{executable}"><startEvent id="s-{process}"/>'
        f'{flow(f"s-{process}", f"t-{process}")}<serviceTask id="t-{process}"/></process>'
        for process, executable in (("runs", "true"), ("drawn", "false"))
    )
    model = read(document(body)).model
    assert model is not None

    # when
    found = [(f.severity, f.element_id) for f in check(model) if f.code == "SERVICE_TASK_WITHOUT_IMPLEMENTATION"]

    # then
    assert found == [(Severity.ERROR, "t-runs"), (Severity.WARNING, "t-drawn")]


def test_should_run_what_the_table_of_the_runtime_says() -> None:
    # given
    model = read(document(f'{ROOTS}<process id="p" isExecutable="true">{catching(SIGNAL)}</process>')).model
    assert model is not None
    signals = frozenset({(Position.CATCH, SignalEventDefinition)})
    reduced = replace(RUNTIME, events=RUNTIME.events - signals)

    # then
    assert check(model) == ()
    assert [finding.code for finding in check(model, supported=reduced)] == ["ELEMENT_UNSUPPORTED"]


def test_should_say_in_the_vendors_words_what_to_add() -> None:
    # given
    task = within('<serviceTask id="t" name="Pay"/>')
    body = f'<process id="p" isExecutable="true">{task}</process>'

    # when
    hints = []
    for namespace in (CAMUNDA, FLOWABLE, ZEEBE):
        model = read(document(body, f'xmlns:v="{namespace}"')).model
        assert model is not None
        (finding,) = check(model)
        assert (finding.element_id, finding.element_name, finding.line) == ("t", "Pay", 1)
        hints.append(finding.hint)

    # then
    assert ["camunda:topic" in hints[0], "flowable:type" in hints[1], "zeebe:taskDefinition" in hints[2]] == [True] * 3


@pytest.mark.parametrize("namespaces", ["", f'xmlns:z="{ZEEBE}"'], ids=["plain", "zeebe"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (within('<receiveTask id="t"/>'), "ERROR MESSAGE_MISSING t"),
        (boundary('<errorEventDefinition errorRef="ghost"/>'), "ERROR ERROR_MISSING b"),
    ],
    ids=["receive-without-message", "error-unknown"],
)
def test_should_expect_messages_and_errors_where_the_vendor_does(namespaces: str, body: str, expected: str) -> None:
    # given
    model = read(document(f'{ROOTS}<process id="p" isExecutable="true">{body}</process>', namespaces)).model
    assert model is not None

    # then
    assert expected in [f"{finding.severity} {finding.code} {finding.element_id}" for finding in check(model)]
