"""Models that a rule of BPMN, or the compiler, refuses: one row for each code that no other table provokes."""

# A table reads best with one row on one line.
# ruff: noqa: E501

from __future__ import annotations

from tests.acceptance.refusals.models import CAMUNDA, around, choice, flow, process
from tests.acceptance.refusals.refusal import Refusal

# fmt: off

START = '<startEvent id="s"/>'
TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
LATE = f'<intermediateCatchEvent id="a">{TIMER}</intermediateCatchEvent>'
HANDLER = '<task id="h" isForCompensation="true"/>'
COMPENSATE = "<compensateEventDefinition/>"


def _model(name: str, body: str, code: str, element: str, line: int, *, roots: str = "", says: tuple[str, ...] = (), plain: bool = False) -> Refusal:
    """`plain`: of no vendor's dialect, where data associations move data."""
    content = process(body, roots=roots)
    if plain:
        content = content.replace(f'xmlns:camunda="{CAMUNDA}"'.encode(), b"")
    return Refusal(name=name, path="/deployments", files=[("bad.bpmn", content)], status=422, code=code, element=element, line=line, says=says)


def _ending(definition: str) -> str:
    """The end event `e` stands on line 11."""
    return f'{START}\n{flow("s", "e")}\n<endEvent id="e">{definition}</endEvent>'


def _task(inside: str = "", attributes: str = "", tag: str = "task") -> str:
    """The task `t` stands on line 11."""
    return around(f'<{tag} id="t" {attributes}>{inside}</{tag}>')


FLOWS = [
    _model("a process without anything in it", "", "PROCESS_EMPTY", "bad", 8),
    _model("a flow into a sub-process", '<startEvent id="s"/>\n<subProcess id="t"><startEvent id="i"/>' + flow("i", "j") + '<task id="j"/></subProcess>\n' + flow("s", "j"), "FLOW_CROSSES_SCOPE", "s-j", 11, says=("'j'",)),
    _model("a flow into a start event", _task() + "\n" + flow("t", "s"), "START_WITH_INCOMING", "s", 9),
    _model("a flow out of an end event", _task() + "\n" + flow("e", "t"), "END_WITH_OUTGOING", "e", 13),
    _model("a flow into a boundary event", _task(tag="userTask") + f'\n<boundaryEvent id="b" attachedToRef="t">{TIMER}</boundaryEvent>\n{flow("t", "b")}\n{flow("b", "e")}', "BOUNDARY_WITH_INCOMING", "b", 14),
    _model("a join that one branch never reaches", f'{START}\n{flow("s", "j")}\n<task id="x"/>\n{flow("x", "j")}\n<parallelGateway id="j"/>', "JOIN_NEVER_COMPLETES", "j", 13, says=("'s' -> 'j'",)),
    _model("a condition that is only a text", choice("amount", 'language="literal"'), "CONDITION_NOT_AN_EXPRESSION", "g-a", 12, says=("amount",)),
    _model("a link out of which a flow leads", f'{START}\n{flow("s", "t")}\n<intermediateThrowEvent id="t"><linkEventDefinition name="L"/></intermediateThrowEvent>\n{flow("t", "e")}\n<endEvent id="e"/>\n<intermediateCatchEvent id="c"><linkEventDefinition name="L"/></intermediateCatchEvent>', "LINK_FLOW", "t", 11),
    _model("a link to nowhere", f'{START}\n{flow("s", "t")}\n<intermediateThrowEvent id="t"><linkEventDefinition name="L"/></intermediateThrowEvent>', "LINK_TARGET_MISSING", "t", 11, says=("'L'",)),
    _model("a link to two places", f'{START}\n{flow("s", "t")}\n<intermediateThrowEvent id="t"><linkEventDefinition name="L"/></intermediateThrowEvent>\n<intermediateCatchEvent id="c"><linkEventDefinition name="L"/></intermediateCatchEvent>\n<intermediateCatchEvent id="d"><linkEventDefinition name="L"/></intermediateCatchEvent>', "LINK_TARGET_AMBIGUOUS", "d", 13),
    _model("a link without a name", f'{START}\n{flow("s", "t")}\n<intermediateThrowEvent id="t"><linkEventDefinition/></intermediateThrowEvent>', "LINK_WITHOUT_NAME", "t", 11),
]
EVENTS = [
    _model("a timer at an end event", _ending(TIMER), "EVENT_NOT_ALLOWED", "e", 11, says=("end event",)),
    _model("a catch event that waits for nothing", around('<intermediateCatchEvent id="t"/>'), "EVENT_WITHOUT_TRIGGER", "t", 11),
    _model("a sub-process that a timer would start", around(f'<subProcess id="t"><startEvent id="i">{TIMER}</startEvent></subProcess>'), "START_NOT_ALLOWED", "i", 11, says=("'t'",)),
    _model("an error that says no code", _ending('<errorEventDefinition errorRef="mute"/>'), "ERROR_WITHOUT_CODE", "e", 11, roots='<error id="mute"/>', says=("mute",)),
    _model("an escalation that is missing", _ending('<escalationEventDefinition escalationRef="lost"/>'), "ESCALATION_MISSING", "e", 11, says=("lost",)),
    _model("a signal that is missing", _ending('<signalEventDefinition signalRef="lost"/>'), "SIGNAL_MISSING", "e", 11, says=("lost",)),
    _model("a message without a name", around('<receiveTask id="t" messageRef="mute"/>'), "MESSAGE_WITHOUT_NAME", "t", 7, roots='<message id="mute"/>', says=("mute",)),
    _model("a condition that is missing", around('<intermediateCatchEvent id="t"><conditionalEventDefinition/></intermediateCatchEvent>'), "CONDITION_MISSING", "t", 11),
    _model("an event sub-process in the flow", around(f'<subProcess id="t" triggeredByEvent="true"><startEvent id="i">{TIMER}</startEvent></subProcess>'), "EVENT_SUB_PROCESS_FLOW", "t", 11, says=("s-t",)),
    _model("a parallel event-based gateway in the flow", f'{START}\n{flow("s", "g")}\n<eventBasedGateway id="g" eventGatewayType="Parallel"/>\n{flow("g", "a")}\n{LATE}', "EVENT_GATEWAY_PARALLEL", "g", 11),
    _model("a gateway that begins the process, but comes later", f'{START}\n{flow("s", "g")}\n<eventBasedGateway id="g" instantiate="true"/>\n{flow("g", "a")}\n{LATE}', "INSTANTIATE_WITH_INCOMING", "g", 11, says=("s-g",)),
    _model("a receive task that begins a sub-process", around('<subProcess id="t"><startEvent id="i"/><receiveTask id="r" messageRef="paid" instantiate="true"/></subProcess>'), "INSTANTIATE_NOT_ALLOWED", "r", 11, says=("'t'",)),
]
COMPENSATION = [
    _model("a compensation handler in the flow", _task(attributes='isForCompensation="true"'), "COMPENSATION_HANDLER_FLOW", "t", 11, says=("s-t",)),
    _model("a compensation event out of which a flow leads", _task() + f'\n<boundaryEvent id="b" attachedToRef="t">{COMPENSATE}</boundaryEvent>\n{flow("b", "e")}\n{HANDLER}\n<association id="x" sourceRef="b" targetRef="h"/>', "COMPENSATION_BOUNDARY_FLOW", "b", 14, says=("b-e",)),
    _model("a compensation of nothing", around('<intermediateThrowEvent id="t"><compensateEventDefinition activityRef="lost"/></intermediateThrowEvent>'), "COMPENSATION_ACTIVITY_MISSING", "t", 11, says=("lost",)),
]
ACTIVITIES = [
    _model("an ad-hoc sub-process with an end event", around('<adHocSubProcess id="t"><task id="x"/><endEvent id="o"/></adHocSubProcess>'), "AD_HOC_CONTENT", "o", 11),
    _model("a call activity that calls nothing", around('<callActivity id="t"/>'), "CALLED_ELEMENT_MISSING", "t", 11),
    _model("a multi-instance over nothing", _task("<multiInstanceLoopCharacteristics/>"), "COLLECTION_MISSING", "t", 11),
    _model("a multi-instance of unknown behavior", _task('<multiInstanceLoopCharacteristics behavior="Sometimes"><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>'), "BEHAVIOR_UNKNOWN", "t", 11, says=("Sometimes",)),
    _model("a task that needs a negative number of tokens", _task(attributes='startQuantity="-2"'), "QUANTITY_INVALID", "t", 11, says=("-2",)),
    _model("a script that is kept elsewhere", around('<scriptTask id="t" scriptFormat="javascript" camunda:resource="http://example.com/x.js"/>'), "SCRIPT_RESOURCE", "t", 11),
    _model("a connector of Camunda that nobody knows", around('<serviceTask id="t"><extensionElements><camunda:connector><camunda:connectorId>fax</camunda:connectorId></camunda:connector></extensionElements></serviceTask>'), "CONNECTOR_UNSUPPORTED", "t", 11),
    _model("a call of a CMMN case", around('<callActivity id="t" calledElement="other" camunda:caseRef="c"/>'), "EXTENSION_UNSUPPORTED", "t", 11, says=("caseRef",)),
]
IO = '<ioSpecification><dataInput id="i" name="amount"/><dataOutput id="o" name="result"/></ioSpecification>'
DATA = [
    _model("data that goes nowhere", _task(IO + "<dataOutputAssociation><sourceRef>o</sourceRef><targetRef>lost</targetRef></dataOutputAssociation>"), "DATA_TARGET_MISSING", "t", 11, says=("lost",), plain=True),
    _model("data out of two sources", _task(IO + "<dataInputAssociation><sourceRef>d</sourceRef><sourceRef>f</sourceRef><targetRef>i</targetRef></dataInputAssociation>") + '\n<dataObject id="d"/><dataObject id="f"/>', "DATA_SOURCES_AMBIGUOUS", "t", 11, plain=True),
    _model("a number that is none", '<dataObject id="d" itemSubjectRef="xsd:int"><extensionElements><f:value xmlns:f="http://flowable.org/bpmn">many</f:value></extensionElements></dataObject>\n' + _task(), "DATA_VALUE_INVALID", "d", 9, says=("many",)),
]



def _correlation(name: str, code: str, element: str, line: int, *, properties: str = "", key: str = "", subscription: str = "", says: tuple[str, ...] = ()) -> Refusal:
    """A receive task `t` on line 11 (of the message on line 5); everything else about correlation on lines 7 and 9."""
    pools = f'<collaboration id="c"><participant id="P" processRef="bad"/><correlationKey id="k">{key}</correlationKey></collaboration>'
    start, *rest = around('<receiveTask id="t" messageRef="paid"/>').split("\n")
    return _model(name, "\n".join((subscription + start, *rest)), code, element, line, roots=properties + pools, says=says)


def _path(text: str, message: str = "paid") -> str:
    return f'<correlationPropertyRetrievalExpression messageRef="{message}"><messagePath>{text}</messagePath></correlationPropertyRetrievalExpression>'


ORDER = '<correlationPropertyRef>order</correlationPropertyRef>'
PROPERTY = f'<correlationProperty id="order">{_path("${orderId}")}</correlationProperty>'
CORRELATION = [
    _correlation("a correlation key of a property that is missing", "CORRELATION_PROPERTY_MISSING", "k", 7, key=ORDER, says=("'order'",)),
    _correlation("a message that has only a part of its key", "CORRELATION_PATH_MISSING", "t", 11, properties=PROPERTY + '<correlationProperty id="customer"/>', key=ORDER + "<correlationPropertyRef>customer</correlationPropertyRef>", says=("'customer'",)),
    _correlation("a correlation path in XPath", "CORRELATION_PATH_XPATH", "t", 7, properties=f'<correlationProperty id="order">{_path("getDataInput(&quot;o&quot;)")}</correlationProperty>', key=ORDER, says=("getDataInput",)),
    _correlation("a correlation subscription to a key that is missing", "SUBSCRIPTION_KEY_MISSING", "sub", 9, properties=PROPERTY, key=ORDER, subscription='<correlationSubscription id="sub" correlationKeyRef="lost"/>', says=("'lost'",)),
    _correlation("a correlation subscription that binds nothing", "CORRELATION_BINDING_MISSING", "sub", 9, properties=PROPERTY, key=ORDER, subscription='<correlationSubscription id="sub" correlationKeyRef="k"/>', says=("'order'",)),
]

ROWS: list[Refusal] = [*FLOWS, *EVENTS, *COMPENSATION, *ACTIVITIES, *DATA, *CORRELATION]
