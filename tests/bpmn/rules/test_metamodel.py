"""What the text of the standard asks beyond the schema: for each rule models that break it and the nearest that keep it."""

# A table of models reads best with one model on one line.
# ruff: noqa: E501

from __future__ import annotations

from types import ModuleType

import pytest

from bpmn.rules import (
    ad_hoc,
    boundary_hosts,
    compensation,
    correlation,
    data_references,
    event_gateways,
    event_sub_processes,
    gateway_directions,
    instantiation,
    joins,
    lanes,
    link_events,
    message_flows,
    missing_defaults,
    reachability,
    standard_loops,
    transactions,
)
from bpmn.rules.index import Index
from bpmn.rules.registry import RULES
from bpmn.xml import read
from tests.bpmn.documents import ZEEBE, document
from tests.bpmn.rules.test_rules import (
    CONDITIONAL,
    MESSAGE,
    TIMER,
    boundary,
    catching,
    condition,
    flow,
    gateway,
    within,
)

LINK = '<linkEventDefinition name="L"/>'
CANCEL = "<cancelEventDefinition/>"
COMPENSATE = "<compensateEventDefinition/>"
HANDLER = '<task id="h" isForCompensation="true"/>'


def findings(rule: ModuleType, body: str, around: str = "") -> list[str]:
    """`SEVERITY CODE element` of each finding of one rule."""
    process = f'<process id="p" isExecutable="true">{body}</process>'
    model = read(document(f'<message id="m" name="M"/>{around}{process}')).model
    assert model is not None
    assert rule.check in RULES
    return [f"{finding.severity} {finding.code} {finding.element_id}" for finding in rule.check(Index(model))]


def throw(event_id: str, definition: str) -> str:
    return f'<intermediateThrowEvent id="{event_id}">{definition}</intermediateThrowEvent>'


def catch(event_id: str, definition: str) -> str:
    return f'<intermediateCatchEvent id="{event_id}">{definition}</intermediateCatchEvent>'


def choice(first: str, second: str, attributes: str = "") -> str:
    return gateway("exclusiveGateway", flow("g", "a", condition(first)) + flow("g", "b", condition(second)), attributes)


def inside(tag: str, content: str, attributes: str = "") -> str:
    return within(f'<{tag} id="t" {attributes}>{content}</{tag}>')


def association(source: str, target: str) -> str:
    return f'<association id="assoc" sourceRef="{source}" targetRef="{target}"/>'


def lane(lane_id: str, *nodes: str) -> str:
    return f'<lane id="{lane_id}">{"".join(f"<flowNodeRef>{node}</flowNodeRef>" for node in nodes)}</lane>'


def behind_event_gateway(*targets: str, attributes: str = "") -> str:
    return f'<startEvent id="s"/>{flow("s", "g")}<eventBasedGateway id="g" {attributes}/>{flow("g", "a")}{flow("g", "b")}{"".join(targets)}'


KEPT: list[tuple[ModuleType, str, str]] = [
    (joins, "both-flows-reached", f'<startEvent id="s"/>{flow("s", "a")}{flow("s", "b")}<task id="a"/><task id="b"/>{flow("a", "j")}{flow("b", "j")}<parallelGateway id="j"/>'),
    (joins, "reached-through-a-boundary-event", within(f'<userTask id="t"/><boundaryEvent id="b" attachedToRef="t">{TIMER}</boundaryEvent>{flow("b", "j")}{flow("t", "j")}<parallelGateway id="j"/>')),
    (joins, "reached-through-a-link", f'<startEvent id="s"/>{flow("s", "th")}{flow("s", "j")}{throw("th", LINK)}{catch("ca", LINK)}{flow("ca", "j")}<parallelGateway id="j"/>'),
    (joins, "not-reached-at-all", within(f'<task id="t"/><task id="x"/><task id="y"/>{flow("x", "j")}{flow("y", "j")}<parallelGateway id="j"/>')),
    (joins, "inclusive", within(f'<task id="t"/><task id="x"/>{flow("x", "j")}{flow("t", "j")}<inclusiveGateway id="j"/>')),
    (missing_defaults, "default", choice("${x > 1}", "${x < 1}", 'default="g-b"').replace(condition("${x < 1}"), "")),
    (missing_defaults, "opposite-names", choice("${ok}", "${!ok}")),
    (missing_defaults, "opposite-words", choice("${ok}", "${not ok}")),
    (missing_defaults, "opposite-calls", choice("${not (ok)}", "${ok}")),
    (missing_defaults, "opposite-signs", choice("${x == 1}", "${x != 1}")),
    (missing_defaults, "opposite-orders", choice("${x &gt; 1}", "${x &lt;= 1}")),
    (missing_defaults, "opposite-order-words", choice("${x gt 1}", "${x le 1}")),
    (missing_defaults, "opposite-truth", choice("${x == true}", "${x == false}")),
    (missing_defaults, "one-always-true", choice("${x}", "true")),
    (missing_defaults, "one-without-condition", gateway("exclusiveGateway", flow("g", "a", condition()) + flow("g", "b"))),
    (missing_defaults, "parallel", gateway("parallelGateway", flow("g", "a", condition()) + flow("g", "b", condition()))),
    (missing_defaults, "no-way-out", within('<task id="t"/>')),
    (event_gateways, "events", behind_event_gateway(catch("a", MESSAGE), catch("b", TIMER))),
    (event_gateways, "task-and-timer", behind_event_gateway('<receiveTask id="a" messageRef="m"/>', catch("b", TIMER))),
    (event_gateways, "parallel-start", behind_event_gateway(catch("a", MESSAGE), attributes='instantiate="true" eventGatewayType="Parallel"')),
    (instantiation, "gateway", f'<eventBasedGateway id="g" instantiate="true"/>{flow("g", "a")}{catch("a", MESSAGE)}'),
    (instantiation, "receive-task", '<receiveTask id="a" messageRef="m" instantiate="true"/>'),
    (instantiation, "receive-task-in-flow", within('<receiveTask id="t" messageRef="m"/>')),
    (transactions, "cancelled", inside("transaction", f'<endEvent id="c">{CANCEL}</endEvent>') + f'<boundaryEvent id="b" attachedToRef="t">{CANCEL}</boundaryEvent>'),
    (transactions, "cancelled-deeper", inside("transaction", f'<subProcess id="x"><endEvent id="c">{CANCEL}</endEvent></subProcess>') + f'<boundaryEvent id="b" attachedToRef="t">{CANCEL}</boundaryEvent>'),
    (compensation, "handled", boundary(COMPENSATE, after=association("b", "h") + HANDLER)),
    (compensation, "association-outside", inside("subProcess", f'<task id="x"/><boundaryEvent id="b" attachedToRef="x">{COMPENSATE}</boundaryEvent>{HANDLER}') + association("b", "h")),
    (compensation, "of-an-activity", within('<task id="t"/>') + throw("c", '<compensateEventDefinition activityRef="t"/>')),
    (compensation, "of-the-enclosing-scope", within('<task id="t"/>') + f'<subProcess id="x" triggeredByEvent="true">{throw("c", "<compensateEventDefinition activityRef=" + chr(34) + "t" + chr(34) + "/>")}</subProcess>'),
    (event_sub_processes, "by-event", within('<task id="t"/>') + f'<subProcess id="x" triggeredByEvent="true"><startEvent id="i" isInterrupting="false">{MESSAGE}</startEvent></subProcess>'),
    (event_sub_processes, "embedded", inside("subProcess", '<startEvent id="i"/>')),
    (ad_hoc, "activities", inside("adHocSubProcess", f'<task id="x"/>{throw("y", "")}')),
    (standard_loops, "once", inside("task", '<standardLoopCharacteristics loopMaximum="1"/>')),
    (boundary_hosts, "user-task", boundary(TIMER)),
    (boundary_hosts, "escalation-at-sub-process", inside("subProcess", "") + '<boundaryEvent id="b" attachedToRef="t"><escalationEventDefinition/></boundaryEvent>'),
    (boundary_hosts, "compensation-at-task", within(f'<task id="t"/><boundaryEvent id="b" attachedToRef="t">{COMPENSATE}</boundaryEvent>')),
    (gateway_directions, "diverging", gateway("parallelGateway", flow("g", "a") + flow("g", "b"), 'gatewayDirection="Diverging"')),
    (gateway_directions, "mixed", gateway("parallelGateway", flow("g", "a") + flow("a", "g") + flow("g", "b"), 'gatewayDirection="Mixed"')),
    (link_events, "pair", f'<startEvent id="s"/>{flow("s", "th")}{throw("th", LINK)}{catch("ca", LINK)}{flow("ca", "e")}<endEvent id="e"/>'),
    (link_events, "two-sources", f"{throw('th', LINK)}{throw('other', LINK)}{catch('ca', LINK)}"),
    (lanes, "one-each", within('<task id="t"/>') + f'<laneSet id="ls">{lane("l1", "s")}{lane("l2", "t", "end")}</laneSet>'),
    (lanes, "repeated-by-the-outer-lane", within('<task id="t"/>') + f'<laneSet id="ls"><lane id="l1"><flowNodeRef>t</flowNodeRef><childLaneSet id="cs">{lane("l2", "t")}</childLaneSet></lane></laneSet>'),
    (data_references, "there", within('<task id="t"/>') + '<dataObject id="d"/><dataObjectReference id="r" dataObjectRef="d"/>'),
    (reachability, "behind-a-link", f'<startEvent id="s"/>{flow("s", "th")}{throw("th", LINK)}{catch("ca", LINK)}{flow("ca", "e")}<endEvent id="e"/>'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "body"),
    [(row[0], row[2]) for row in KEPT],
    ids=[f"{row[0].__name__.rpartition('.')[2]}-{row[1]}" for row in KEPT],
)
def test_should_find_nothing_where_the_rule_is_kept(rule: ModuleType, body: str) -> None:
    assert findings(rule, body) == []


BROKEN: list[tuple[ModuleType, str, str, list[str]]] = [
    (joins, "dangling-branch", within(f'<task id="t"/><task id="x"/>{flow("x", "j")}{flow("t", "j")}<parallelGateway id="j"/>'), ["ERROR JOIN_NEVER_COMPLETES j"]),
    (joins, "dangling-start-of-link", f'<startEvent id="s"/>{flow("s", "j")}{catch("ca", LINK)}{flow("ca", "j")}<parallelGateway id="j"/>', ["ERROR JOIN_NEVER_COMPLETES j"]),
    (missing_defaults, "exclusive", choice("${x == 1}", "${x == 2}"), ["WARNING DEFAULT_MISSING g"]),
    (missing_defaults, "not-quite-opposite", choice("${x &gt; 1}", "${x &lt; 1}"), ["WARNING DEFAULT_MISSING g"]),
    (missing_defaults, "opposite-of-another", choice("${x == 1}", "${y != 1}"), ["WARNING DEFAULT_MISSING g"]),
    (missing_defaults, "opposite-of-a-part", choice("${a and b == 1}", "${a and b != 1}"), ["WARNING DEFAULT_MISSING g"]),
    (missing_defaults, "not-of-a-part", choice("${!a &amp;&amp; b}", "${a &amp;&amp; b}"), ["WARNING DEFAULT_MISSING g"]),
    (missing_defaults, "inclusive", gateway("inclusiveGateway", flow("g", "a", condition("${x}")) + flow("g", "b", condition("${y}"))), ["WARNING DEFAULT_MISSING g"]),
    (missing_defaults, "task", within(f'<task id="t"/>{flow("t", "x", condition(), "f")}<task id="x"/>').replace(flow("t", "end"), ""), ["WARNING DEFAULT_MISSING t"]),
    (missing_defaults, "single-flow-of-a-gateway", gateway("exclusiveGateway", flow("g", "a", condition())), ["WARNING DEFAULT_MISSING g"]),
    (missing_defaults, "condition-on-default-of-a-task", within(f'<task id="t" default="f"/>{flow("t", "end", condition(), "f")}'), ["WARNING CONDITION_IGNORED f"]),
    (event_gateways, "task-and-message", behind_event_gateway('<receiveTask id="a" messageRef="m"/>', catch("b", MESSAGE)), ["WARNING EVENT_GATEWAY_MIXED g"]),
    (event_gateways, "task-with-boundary-event", behind_event_gateway('<receiveTask id="a" messageRef="m"/>', catch("b", TIMER), f'<boundaryEvent id="x" attachedToRef="a">{TIMER}</boundaryEvent>'), ["ERROR EVENT_GATEWAY_TARGET a"]),
    (event_gateways, "task-with-loop", behind_event_gateway('<receiveTask id="a" messageRef="m"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></receiveTask>', catch("b", TIMER)), ["ERROR EVENT_GATEWAY_TARGET a"]),
    (event_gateways, "parallel-in-flow", behind_event_gateway(catch("a", MESSAGE), catch("b", TIMER), attributes='eventGatewayType="Parallel"'), ["ERROR EVENT_GATEWAY_PARALLEL g"]),
    (instantiation, "gateway-in-flow", f'<startEvent id="s"/>{flow("s", "g")}<eventBasedGateway id="g" instantiate="true"/>', ["ERROR INSTANTIATE_WITH_INCOMING g"]),
    (instantiation, "task-in-flow", within('<receiveTask id="t" messageRef="m" instantiate="true"/>'), ["ERROR INSTANTIATE_WITH_INCOMING t"]),
    (instantiation, "task-in-sub-process", inside("subProcess", '<receiveTask id="x" messageRef="m" instantiate="true"/>'), ["ERROR INSTANTIATE_NOT_ALLOWED x"]),
    (transactions, "not-caught", inside("transaction", f'<endEvent id="c">{CANCEL}</endEvent>'), ["WARNING CANCEL_NOT_CAUGHT t"]),
    (transactions, "not-caught-deeper", inside("transaction", f'<subProcess id="x"><endEvent id="c">{CANCEL}</endEvent></subProcess>'), ["WARNING CANCEL_NOT_CAUGHT t"]),
    (compensation, "from-an-embedded-sub-process", within('<task id="t"/>') + f'<subProcess id="x">{throw("c", "<compensateEventDefinition activityRef=" + chr(34) + "t" + chr(34) + "/>")}</subProcess>', ["WARNING COMPENSATION_ACTIVITY_FOREIGN c"]),
    (compensation, "event-sub-process-of-the-process", f'<subProcess id="x" triggeredByEvent="true"><startEvent id="i">{COMPENSATE}</startEvent></subProcess>', ["WARNING COMPENSATION_START_UNUSED i"]),
    (transactions, "end-in-process", within('<task id="t"/>') + f'<endEvent id="c">{CANCEL}</endEvent>', ["ERROR CANCEL_NOT_ALLOWED c"]),
    (transactions, "end-in-sub-process", inside("subProcess", f'<endEvent id="c">{CANCEL}</endEvent>'), ["ERROR CANCEL_NOT_ALLOWED c"]),
    (transactions, "boundary-of-sub-process", inside("subProcess", "") + f'<boundaryEvent id="b" attachedToRef="t">{CANCEL}</boundaryEvent>', ["ERROR CANCEL_NOT_ALLOWED b"]),
    (compensation, "handler-in-flow", within('<task id="t" isForCompensation="true"/>') + association("b", "t"), ["ERROR COMPENSATION_HANDLER_FLOW t", "ERROR COMPENSATION_HANDLER_FLOW t"]),
    (compensation, "handler-of-nothing", within('<task id="t"/>') + HANDLER, ["WARNING COMPENSATION_HANDLER_UNUSED h"]),
    (compensation, "boundary-with-flow", boundary(COMPENSATE, after=flow("b", "end") + association("b", "h") + HANDLER), ["ERROR COMPENSATION_BOUNDARY_FLOW b"]),
    (compensation, "boundary-without-handler", boundary(COMPENSATE, after=""), ["WARNING COMPENSATION_HANDLER_MISSING b"]),
    (compensation, "boundary-to-ordinary-task", boundary(COMPENSATE, after=association("b", "x") + '<task id="x"/>'), ["WARNING COMPENSATION_HANDLER_MISSING b"]),
    (compensation, "of-nothing", within('<task id="t"/>') + throw("c", '<compensateEventDefinition activityRef="ghost"/>'), ["ERROR COMPENSATION_ACTIVITY_MISSING c"]),
    (compensation, "of-an-event", within('<task id="t"/>') + throw("c", '<compensateEventDefinition activityRef="s"/>'), ["ERROR COMPENSATION_ACTIVITY_MISSING c"]),
    (compensation, "of-another-scope", inside("subProcess", '<task id="x"/>') + throw("c", '<compensateEventDefinition activityRef="x"/>'), ["WARNING COMPENSATION_ACTIVITY_FOREIGN c"]),
    (event_sub_processes, "in-flow", inside("subProcess", f'<startEvent id="i">{MESSAGE}</startEvent>', 'triggeredByEvent="true"'), ["ERROR EVENT_SUB_PROCESS_FLOW t", "ERROR EVENT_SUB_PROCESS_FLOW t"]),
    (event_sub_processes, "error-not-interrupting", '<subProcess id="x" triggeredByEvent="true"><startEvent id="i" isInterrupting="false"><errorEventDefinition/></startEvent></subProcess>', ["WARNING START_INTERRUPTS i"]),
    (ad_hoc, "start-and-end", inside("adHocSubProcess", '<startEvent id="i"/><task id="x"/><endEvent id="o"/>'), ["ERROR AD_HOC_CONTENT i", "ERROR AD_HOC_CONTENT o"]),
    (ad_hoc, "empty", inside("adHocSubProcess", ""), ["ERROR AD_HOC_CONTENT t"]),
    (standard_loops, "never", inside("task", '<standardLoopCharacteristics loopMaximum="-1"/>'), ["WARNING LOOP_MAXIMUM t"]),
    (boundary_hosts, "abstract-task", within(f'<task id="t"/><boundaryEvent id="b" attachedToRef="t">{TIMER}</boundaryEvent>'), ["WARNING BOUNDARY_NEVER_HAPPENS b"]),
    (boundary_hosts, "conditional-at-manual-task", within(f'<manualTask id="t"/><boundaryEvent id="b" attachedToRef="t">{CONDITIONAL}</boundaryEvent>'), ["WARNING BOUNDARY_NEVER_HAPPENS b"]),
    (boundary_hosts, "escalation-at-receive-task", within('<receiveTask id="t" messageRef="m"/><boundaryEvent id="b" attachedToRef="t"><escalationEventDefinition/></boundaryEvent>'), ["WARNING BOUNDARY_NEVER_HAPPENS b"]),
    (gateway_directions, "diverging-joins", gateway("parallelGateway", flow("g", "a") + flow("a", "g"), 'gatewayDirection="Diverging"'), ["INFO GATEWAY_DIRECTION g"]),
    (gateway_directions, "converging-splits", gateway("parallelGateway", flow("g", "a") + flow("g", "b"), 'gatewayDirection="Converging"'), ["INFO GATEWAY_DIRECTION g"]),
    (link_events, "flow-out-of-source", f"{throw('th', LINK)}{flow('th', 'x')}{catch('ca', LINK)}<task id='x'/>", ["ERROR LINK_FLOW th"]),
    (link_events, "flow-into-target", f"{throw('th', LINK)}<task id='x'/>{flow('x', 'ca')}{catch('ca', LINK)}", ["WARNING LINK_FLOW ca"]),
    (link_events, "target-without-source", catching(LINK), ["WARNING LINK_SOURCE_MISSING t", "WARNING LINK_FLOW t"]),
    (lanes, "two-lanes", within('<task id="t"/>') + f'<laneSet id="ls">{lane("l1", "t")}{lane("l2", "t")}</laneSet>', ["WARNING LANE_AMBIGUOUS l2"]),
    (lanes, "stranger", within('<task id="t"/>') + f'<laneSet id="ls">{lane("l1", "ghost", "t")}</laneSet>', ["INFO LANE_MEMBER_MISSING l1"]),
    (data_references, "object", within('<task id="t"/>') + '<dataObjectReference id="r" dataObjectRef="ghost"/>', ["WARNING DATA_REFERENCE_MISSING r"]),
    (data_references, "store", within('<task id="t"/>') + '<dataStoreReference id="r" dataStoreRef="ghost"/>', ["WARNING DATA_REFERENCE_MISSING r"]),
    (reachability, "catching-link-without-source", within('<task id="t"/>') + catch("ca", LINK) + flow("ca", "x") + '<task id="x"/>', ["WARNING UNREACHABLE ca", "WARNING UNREACHABLE x"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "body", "expected"),
    [(row[0], row[2], row[3]) for row in BROKEN],
    ids=[f"{row[0].__name__.rpartition('.')[2]}-{row[1]}" for row in BROKEN],
)
def test_should_find_where_the_rule_is_broken(rule: ModuleType, body: str, expected: list[str]) -> None:
    assert findings(rule, body) == expected


POOLS = '<participant id="p1" processRef="p"/><participant id="p2" processRef="q"/><participant id="box"/>'
OTHER = '<process id="q"><task id="u"/></process>'


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("t", "u", []),
        ("t", "p2", []),
        ("box", "t", []),
        ("p2", "p1", []),
        ("t", "s", ["WARNING MESSAGE_FLOW_WITHIN_POOL mf"]),
        ("t", "p1", ["WARNING MESSAGE_FLOW_WITHIN_POOL mf"]),
        ("t", "ghost", ["WARNING MESSAGE_FLOW_END mf"]),
        ("g", "u", ["WARNING MESSAGE_FLOW_END mf"]),
    ],
)
def test_should_let_messages_flow_only_between_pools(source: str, target: str, expected: list[str]) -> None:
    # given
    message_flow = f'<messageFlow id="mf" sourceRef="{source}" targetRef="{target}"/>'
    around = f'<collaboration id="c">{POOLS}{message_flow}</collaboration>{OTHER}'

    # then
    assert findings(message_flows, within('<task id="t"/><parallelGateway id="g"/>'), around) == expected


def test_should_miss_the_process_of_a_pool() -> None:
    # given
    around = '<collaboration id="c"><participant id="p1" processRef="ghost"/></collaboration>'

    # then
    assert findings(message_flows, "", around) == ["WARNING PARTICIPANT_PROCESS_MISSING p1"]


@pytest.mark.parametrize(
    ("subscription", "attributes", "expected"),
    [
        ("", f'xmlns:z="{ZEEBE}"', ["WARNING CORRELATION_KEY_MISSING t"]),
        ('<extensionElements><z:subscription correlationKey="=id"/></extensionElements>', f'xmlns:z="{ZEEBE}"', []),
        ("", "", []),
    ],
)
def test_should_ask_for_the_correlation_key_of_camunda_8(
    subscription: str, attributes: str, expected: list[str]
) -> None:
    # given
    body = f'<message id="m" name="M">{subscription}</message><process id="p">{catching(MESSAGE)}</process>'
    model = read(document(body, attributes)).model
    assert model is not None

    # when
    found = [f"{finding.severity} {finding.code} {finding.element_id}" for finding in correlation.check(Index(model))]

    # then
    assert found == expected


def test_should_name_the_path_that_shows_why_a_join_waits() -> None:
    # given
    body = within(f'<task id="t"/><task id="x"/>{flow("x", "j")}{flow("t", "j")}<parallelGateway id="j"/>')
    model = read(document(f'<process id="p">{body}</process>')).model
    assert model is not None

    # when
    (finding,) = joins.check(Index(model))

    # then
    assert "there is none to 'x-j' (from 'x')" in finding.message
    assert "'s' -> 't' -> 'j' waits for ever" in finding.message
