"""Data objects, data stores, properties, inputs and outputs as variables (BPMN 2.0.2, 10.4)."""

from __future__ import annotations

from typing import Any

import pytest

from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    Element,
    catch,
    compile_with_findings,
    end,
    message,
    model,
    on_message,
    on_signal,
    script_task,
    signal,
    start,
    sub_process,
    task,
    throw,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = [
    pytest.mark.element("dataAssociations", "inputs and outputs with transformations and assignments; plain models"),
    pytest.mark.element("dataValues", "initial values of Flowable's data objects, by type"),
]


def with_data(data: bytes, *declarations: str) -> bytes:
    """The model with data elements at the beginning of its process."""
    return data.replace(b'<startEvent id="start"', "".join(declarations).encode() + b'<startEvent id="start"', 1)


def single(element: Element, *declarations: str, roots: str = "") -> bytes:
    return with_data(model(start(), element, end(), flows=f"start -> {element.id} -> end", roots=roots), *declarations)


def io(inputs: dict[str, str], outputs: dict[str, str]) -> str:
    """An input/output specification: ids -> names."""
    items = "".join(f'<dataInput id="{id}" name="{name}"/>' for id, name in inputs.items())
    items += "".join(f'<dataOutput id="{id}" name="{name}"/>' for id, name in outputs.items())
    return f"<ioSpecification>{items}<inputSet/><outputSet/></ioSpecification>"


def association(kind: str, source: str | None, target: str, inner: str = "") -> str:
    ref = "" if source is None else f"<sourceRef>{source}</sourceRef>"
    return f"<{kind}Association>{ref}<targetRef>{target}</targetRef>{inner}</{kind}Association>"


def transformation(text: str) -> str:
    return f"<transformation>{text}</transformation>"


def assignment(source: str, target: str) -> str:
    return f"<assignment><from>{source}</from><to>{target}</to></assignment>"


def run(data: bytes, **variables: Any) -> dict[str, Any]:
    """Variables after running to the end."""
    simulator = simulate(data)
    instance = simulator.start("p", variables)
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    return simulator.variables(instance)


ORDER = '<dataObject id="d1" name="order"/>'


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ('<dataObject id="d1" name="order"/>', "order"),
        ('<dataObject id="d1" name="The order"/>', "d1"),
        ('<dataObject id="d1"/><dataObjectReference id="r" dataObjectRef="d1" name="order"/>', "order"),
        ('<dataObject id="d1"/><dataObjectReference id="r" dataObjectRef="d1" name="The order"/>', "d1"),
        ('<dataStoreReference id="s1" name="stock"/>', "stock"),
        ('<property id="p1" name="count"/>', "count"),
    ],
)
def test_should_declare_data_as_variables_that_are_null(declared: str, name: str) -> None:
    assert run(single(task("t"), declared)) == {name: None}


def test_should_keep_what_an_instance_is_started_with() -> None:
    assert run(single(task("t"), ORDER), order=5) == {"order": 5}


def test_should_declare_data_of_a_sub_process_within_it() -> None:
    # given
    inside = sub_process(
        "sub", start("s"), script_task("t", "mine = 1"), end("e"), flows="s -> t -> e", inner='<dataObject id="mine"/>'
    )

    # then what is set there stays there
    assert run(single(inside)) == {}


def test_should_bring_data_in_and_out() -> None:
    # given
    inner = io({"in1": "amount"}, {"out1": "result"}) + association("dataInput", "r1", "in1")
    inner += association("dataOutput", "out1", "d2")
    data = single(
        script_task("t", "result = amount * 2", inner=inner),
        *('<dataObject id="d1" name="order"/>', '<dataObjectReference id="r1" dataObjectRef="d1"/>'),
        '<dataObject id="d2" name="total"/>',
    )

    # then inputs and outputs are local to the task
    assert run(data, order=21) == {"order": 21, "total": 42}


def test_should_map_the_result_of_a_person() -> None:
    # given
    inner = io({"in1": "subject"}, {"out1": "decision"}) + association("dataInput", "d1", "in1")
    inner += association("dataOutput", "out1", "d1")
    simulator = simulate(single(user_task("t", inner), ORDER))
    instance = simulator.start("p", {"order": "open"})
    (task,) = simulator.open_tasks()
    assert simulator.run_of(instance).variables[task.scope_id] == {"subject": "open", "decision": None}

    # when
    simulator.complete_task(task.id, {"decision": "done"})

    # then
    assert simulator.variables(instance) == {"order": "done"}


def test_should_transform() -> None:
    # given
    inner = io({"in1": "amount"}, {"out1": "result"})
    inner += association("dataInput", "d1", "in1", transformation("order * 2"))
    inner += association("dataOutput", "out1", "d1", transformation("result + 1"))

    # then
    assert run(single(script_task("t", "result = amount", inner=inner), ORDER), order=10) == {"order": 21}


def test_should_assign() -> None:
    # given
    inner = io({"in1": "amount"}, {"out1": "result"})
    inner += association("dataInput", None, "in1", assignment("order + 1", "in1") + assignment("7", "extra"))
    inner += association("dataOutput", "out1", "d1", assignment("result", "d1") + assignment("result * 2", "twice"))

    # then
    variables = run(single(script_task("t", "result = amount + extra", inner=inner), ORDER), order=1)
    assert variables == {"order": 9, "twice": 18}


def test_should_take_other_associations_for_drawings() -> None:
    # given what modeling tools write for an arrow between a data object and a task
    inner = '<property id="prop" name="__targetRef_placeholder"/>' + association("dataInput", "r1", "prop")
    inner += '<dataOutputAssociation id="a2"><targetRef>r1</targetRef></dataOutputAssociation>'
    reference = '<dataObjectReference id="r1" name="order" dataObjectRef="d1"/>'

    # then
    assert run(single(script_task("t", "order = 2", inner=inner), '<dataObject id="d1"/>', reference)) == {"order": 2}


@pytest.mark.parametrize("vendor", ["camunda:asyncBefore", "zeebe:modelerTemplate"])
def test_should_move_nothing_where_the_vendor_does_not(vendor: str) -> None:
    # given
    inner = io({"in1": "amount"}, {}) + association("dataInput", "d1", "in1")
    element = Element("task", "t", {vendor: "false"}, inner)

    # then nothing is declared either
    assert run(single(element, ORDER), order=1) == {"order": 1}


def test_should_send_and_receive_through_events() -> None:
    # given
    sent = '<dataInput id="in1" name="content"/>' + association("dataInput", "d1", "in1") + on_message("m")
    received = '<dataOutput id="out1" name="answer"/>' + association("dataOutput", "out1", "d1") + on_message("m2")
    data = with_data(
        model(
            *(start(), throw("send", sent), catch("wait", received), end()),
            flows="start -> send -> wait -> end",
            roots=message("m") + message("m2"),
        ),
        ORDER,
    )
    simulator = simulate(data)
    instance = simulator.start("p", {"order": "tea", "secret": 1})
    assert [dict(thrown.variables) for thrown in simulator.thrown] == [{"content": "tea"}]

    # when
    simulator.publish("m2", {"answer": "yes"})

    # then
    assert simulator.variables(instance) == {"order": "yes", "secret": 1}


def test_should_send_the_inputs_of_a_signal() -> None:
    # given
    sent = '<dataInput id="in1" name="content"/>' + association("dataInput", "d1", "in1") + on_signal("s")
    data = with_data(
        model(start(), throw("send", sent), end(), flows="start -> send -> end", roots=signal("s", "news")), ORDER
    )
    listening = model(
        *(start(), catch("wait", on_signal("s")), end()),
        flows="start -> wait -> end",
        roots=signal("s", "news"),
        key="other",
    )
    simulator = simulate(data, listening)
    waiting = simulator.start("other")

    # when
    simulator.start("p", {"order": "tea"})

    # then
    assert simulator.variables(waiting) == {"content": "tea"}


def test_should_run_over_the_data_of_a_multi_instance() -> None:
    # given
    inner = io({"ins": "all"}, {"outs": "results"})
    inner += association("dataInput", "d1", "ins") + association("dataOutput", "outs", "d2")
    inner += (
        "<multiInstanceLoopCharacteristics><loopDataInputRef>ins</loopDataInputRef>"
        "<loopDataOutputRef>outs</loopDataOutputRef>"
        '<inputDataItem id="item1" name="item"/><outputDataItem id="item2" name="doubled"/>'
        "</multiInstanceLoopCharacteristics>"
    )
    data = single(
        script_task("t", "doubled = item * 2", inner=inner),
        *('<dataObject id="d1" name="orders" isCollection="true"/>', '<dataObject id="d2" name="totals"/>'),
    )

    # then
    assert run(data, orders=[1, 2, 3]) == {"orders": [1, 2, 3], "totals": [2, 4, 6]}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("xsd:string", "a", "a"),
        ("xsd:int", "5", 5),
        ("xsd:long", "5", 5),
        ("xsd:double", "1.5", 1.5),
        ("xsd:boolean", "true", True),
    ],
)
def test_should_begin_with_the_value_of_a_data_object(kind: str, text: str, value: object) -> None:
    # given
    declared = (
        f'<dataObject id="d1" name="order" itemSubjectRef="{kind}"><extensionElements>'
        f'<flowable:value xmlns:flowable="http://flowable.org/bpmn">{text}</flowable:value></extensionElements></dataObject>'
    )

    # then
    assert run(single(task("t"), declared)) == {"order": value}


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        (association("dataInput", None, "in1", assignment("1", "in1/part")), "DATA_TARGET_MISSING"),
        (association("dataOutput", "out1", "ghost"), "DATA_TARGET_MISSING"),
        (
            association("dataInput", "d1", "in1").replace("</sourceRef>", "</sourceRef><sourceRef>d2</sourceRef>"),
            "DATA_SOURCES_AMBIGUOUS",
        ),
    ],
)
def test_should_refuse_what_it_cannot_move(inner: str, code: str) -> None:
    # given
    declared = (ORDER, '<dataObject id="d2" name="other"/>')
    element = task("t", io({"in1": "amount"}, {"out1": "result"}) + inner)

    # when
    _, findings = compile_with_findings(single(element, *declared))

    # then
    assert code in [f.code for f in findings if f.severity == "ERROR"]


def test_should_refuse_a_value_that_is_not_of_its_type() -> None:
    # given
    declared = (
        '<dataObject id="d1" name="order" itemSubjectRef="xsd:int"><extensionElements>'
        '<flowable:value xmlns:flowable="http://flowable.org/bpmn">many</flowable:value></extensionElements></dataObject>'
    )

    # when
    _, findings = compile_with_findings(single(task("t"), declared))

    # then
    assert [(f.code, f.element_id) for f in findings if f.severity == "ERROR"] == [("DATA_VALUE_INVALID", "d1")]
