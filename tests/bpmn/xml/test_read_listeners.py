"""Execution and task listeners of every vendor become the same model; what cannot be called is refused by name."""

from __future__ import annotations

import pytest

from bpmn.examine import examine
from bpmn.findings import Severity
from bpmn.model.activities import UserTask
from bpmn.model.definitions import Process
from bpmn.model.events import TimerKind
from bpmn.model.listeners import Listener, ListenerKind
from tests.support.listeners import listener, listening, zeebe
from tests.support.models import end, model, start, user_task


def read(listeners: dict[str, list[str]]) -> Process:
    examined = examine(drawn(listeners), schema=False)
    assert examined.model is not None
    return examined.model.processes[0]


def drawn(listeners: dict[str, list[str]]) -> bytes:
    return listening(model(start(), user_task("u"), end(), flows="start -> u -> end"), listeners)


def of_task(*listeners: str) -> UserTask:
    node = next(node for node in read({"u": list(listeners)}).content.nodes if node.id == "u")
    assert isinstance(node, UserTask)
    return node


def described(found: tuple[Listener, ...]) -> list[tuple[str, str, str]]:
    return [(each.event, each.kind.value, each.value.text) for each in found]


@pytest.mark.parametrize("vendor", ["camunda", "flowable"])
def test_should_read_what_is_called(vendor: str) -> None:
    script = f'<{vendor}:script scriptFormat="Groovy" language="groovy">x</{vendor}:script>'
    found = of_task(
        listener("start", vendor=vendor, class_="org.example.A"),
        listener("end", vendor=vendor, delegateExpression="${b}"),
        listener("start", vendor=vendor, expression="${c.d()}"),
        listener("end", script, vendor=vendor),
    ).listeners

    assert described(found) == [
        ("start", "class", "org.example.A"),
        ("end", "delegateExpression", "${b}"),
        ("start", "expression", "${c.d()}"),
        ("end", "script", "x"),
    ]
    assert found[3].value.language == "groovy"


def test_should_read_fields_and_result_variables() -> None:
    fields = '<flowable:field name="a" stringValue="1"/><flowable:field name="b"><flowable:expression>${x}</flowable:expression></flowable:field>'  # noqa: E501
    script = '<flowable:script language="groovy" resultVariable="r">x</flowable:script>'
    one, two = of_task(
        listener("create", fields, vendor="flowable", kind="task", class_="A"),
        listener("create", script, vendor="flowable", kind="task", type="script"),
    ).task_listeners

    assert [(field.target, field.source.text if field.source else None) for field in one.fields] == [
        ("a", "1"),
        ("b", "${x}"),
    ]
    assert two.result_variable is not None
    assert (two.kind, two.result_variable.text) == (ListenerKind.SCRIPT, "r")


def test_should_take_every_listener_of_a_flow_for_a_take_in_the_order_of_flowable() -> None:
    process = read(
        {
            "start_u": [
                listener("end", vendor="flowable", class_="C"),
                '<flowable:executionListener class="B"/>',
                listener("start", vendor="flowable", class_="A"),
            ]
        }
    )

    flow = next(flow for flow in process.content.flows if flow.id == "start_u")
    assert described(flow.listeners) == [("take", "class", "A"), ("take", "class", "B"), ("take", "class", "C")]


def test_should_read_those_of_the_process() -> None:
    process = read({"p": [listener("start", class_="A"), listener("end", class_="B")]})

    assert described(process.listeners) == [("start", "class", "A"), ("end", "class", "B")]


def test_should_read_the_words_of_camunda_8() -> None:
    task = of_task(
        zeebe("start", "a", retries=5),
        zeebe("creating", "b", kind="task"),
        zeebe("assigning", "c", kind="task"),
        zeebe("updating", "d", kind="task"),
        zeebe("completing", "e", kind="task"),
        '<zeebe:taskHeaders><zeebe:header key="k" value="v"/></zeebe:taskHeaders>',
    )

    assert described(task.listeners) == [("start", "job", "a")]
    assert [(each.event, each.value.text) for each in task.task_listeners] == [
        ("create", "b"),
        ("assignment", "c"),
        ("update", "d"),
        ("complete", "e"),
    ]
    assert task.listeners[0].headers == (("k", "v"),)
    assert task.listeners[0].retries is not None
    assert task.listeners[0].retries.text == "5"


def test_should_take_all_for_every_event_that_flowable_means() -> None:
    found = of_task(listener("all", vendor="flowable", kind="task", class_="A")).task_listeners

    assert [(each.event, each.whole) for each in found] == [
        ("create", False),
        ("assignment", False),
        ("complete", False),
        ("delete", False),
    ]


def test_should_read_the_timer_of_a_timeout() -> None:
    definition = '<b:timerEventDefinition xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL"><b:timeDate>2030-01-01T00:00:00Z</b:timeDate></b:timerEventDefinition>'
    [found] = of_task(listener("timeout", definition, kind="task", class_="A")).task_listeners

    assert found.timer is not None
    assert found.timer.expression is not None
    assert (found.timer.kind, found.timer.expression.text) == (TimerKind.DATE, "2030-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("where", "one", "expected"),
    [
        ("u", listener("take", class_="A"), "event 'take'"),
        ("u", listener("", class_="A"), "event ''"),
        ("start_u", listener("claim", class_="A"), "event 'claim'"),
        ("u", listener("start"), "does not say what it calls"),
        ("u", listener("start", "<camunda:script scriptFormat='groovy'> </camunda:script>"), "empty script"),
        ("u", listener("start", customPropertiesResolverClass="R", class_="A"), "Java code"),
        ("u", listener("claim", kind="task", class_="A"), "event 'claim'"),
        ("u", listener("timeout", kind="task", class_="A"), "no timer"),
        ("u", zeebe("cancel", "a"), "event 'cancel'"),
        ("u", zeebe("start", ""), "does not say what it calls"),
        ("u", zeebe("deleting", "a", kind="task"), "event 'deleting'"),
    ],
)
def test_should_refuse_listeners_that_cannot_be_called(where: str, one: str, expected: str) -> None:
    findings = examine(drawn({where: [one]}), schema=False).findings

    [finding] = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert (finding.code, finding.element_id) == ("LISTENER_UNSUPPORTED", where)
    assert expected in finding.message
    assert finding.line is not None


def test_should_warn_of_one_that_is_never_called() -> None:
    findings = examine(
        drawn({"u": [listener("start", vendor="flowable", onTransaction="rolled-back", class_="A")]}), schema=False
    ).findings

    assert [(f.severity, f.code, f.element_id) for f in findings if f.code.startswith("LISTENER")] == [
        (Severity.WARNING, "LISTENER_NEVER_CALLED", "u")
    ]
    assert of_task(listener("start", vendor="flowable", onTransaction="committed", class_="A")).listeners != ()


def test_should_refuse_a_script_in_a_file() -> None:
    one = listener("start", '<camunda:script scriptFormat="groovy" resource="a.groovy"/>')

    findings = examine(drawn({"u": [one]}), schema=False).findings

    assert [f.code for f in findings if f.severity is Severity.ERROR] == ["SCRIPT_RESOURCE"]
