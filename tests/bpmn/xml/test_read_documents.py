"""Encodings, namespaces, references, ids, nesting: documents as tools write them."""

from __future__ import annotations

import pytest

from bpmn.model.activities import SubProcess, Task, UnknownNode
from bpmn.model.base import Dialect
from bpmn.xml import read
from tests.bpmn.documents import BPMN, CAMUNDA, document, process


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1", "windows-1252"])
def test_should_read_encodings(encoding: str) -> None:
    # given
    declared = "utf-16" if encoding.startswith("utf-16") else encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?><definitions xmlns="{BPMN}">'
    text += '<process id="p" name="Prüfen"/></definitions>'
    data = ("\ufeff" + text if encoding == "utf-16-le" else text).encode(encoding)

    # then
    assert process(data).name == "Prüfen"


@pytest.mark.parametrize("prefix", ["bpmn", "bpmn2", "semantic", "ns0"])
def test_should_read_any_prefix(prefix: str) -> None:
    # given
    data = (
        f'<{prefix}:definitions xmlns:{prefix}="{BPMN}"><{prefix}:process id="p"><{prefix}:task id="t"/>'
        f"</{prefix}:process></{prefix}:definitions>"
    ).encode()

    # then
    assert [node.id for node in process(data).content.nodes] == ["t"]


def test_should_read_the_beta_namespace_and_say_so() -> None:
    # given
    data = document('<process id="p"><task id="t"/></process>').replace(
        BPMN.encode(), b"http://schema.omg.org/spec/BPMN/2.0"
    )

    # when
    result = read(data)

    # then
    assert result.model is not None
    assert result.model.processes[0].content.nodes[0].id == "t"
    assert [finding.code for finding in result.findings] == ["BETA_NAMESPACE"]


def test_should_trim_references_and_drop_declared_prefixes() -> None:
    # given
    data = document(
        '<message id="m" name="M"/><process id="p"><laneSet id="ls"><lane id="l"><flowNodeRef>\n  a\n </flowNodeRef>'
        '</lane></laneSet><sequenceFlow id="f" sourceRef=" a " targetRef="tns:b"/>'
        '<receiveTask id="a" messageRef="tns:m"/><callActivity id="c" calledElement="tns:other"/>'
        '<callActivity id="d" calledElement="unknown:other"/></process>',
        'xmlns:tns="t"',
    )

    # when
    content = process(data).content

    # then
    assert (content.flows[0].source, content.flows[0].target) == ("a", "b")
    assert content.lanes[0].nodes == ("a",)
    called = [getattr(node, "called_element", None) for node in content.nodes[1:]]
    assert [expression.text for expression in called if expression] == ["other", "unknown:other"]


def test_should_generate_ids_that_are_stable_and_unused() -> None:
    # given
    data = document('<process id="p">\n<task/><task/>\n<task id="_L3_task"/><task/></process>')

    # when
    first, second = ([node.id for node in process(data).content.nodes] for _ in range(2))

    # then
    assert first == second == ["_L2_task", "_L2_task_2", "_L3_task", "_L3_task_2"]


def test_should_keep_lines_and_documentation() -> None:
    # given
    data = document(
        '\n<process id="p">\n\n<task id="t"><documentation> Why <b>so</b>? </documentation></task></process>'
    )

    # when
    task = process(data).content.nodes[0]

    # then
    assert (task.line, task.documentation) == (4, "Why so?")


def test_should_read_500_nested_sub_processes() -> None:
    # given
    depth = 500
    data = document(
        '<process id="p">' + "".join(f'<subProcess id="s{i}">' for i in range(depth)) + '<task id="inner"/>'
        + "</subProcess>" * depth + "</process>"
    )  # fmt: skip

    # when
    content = process(data).content
    for _ in range(depth):
        sub_process = content.nodes[0]
        assert isinstance(sub_process, SubProcess)
        content = sub_process.content

    # then
    assert [(type(node), node.id) for node in content.nodes] == [(Task, "inner")]


def test_should_read_nested_lanes_of_any_depth() -> None:
    # given
    depth = 400
    lanes = "".join(f'<lane id="l{i}"><childLaneSet id="c{i}">' for i in range(depth))
    data = document(f'<process id="p"><laneSet id="ls">{lanes}{"</childLaneSet></lane>" * depth}</laneSet></process>')

    # when
    lane = process(data).content.lanes[0]
    seen = 1
    while lane.lanes:
        lane, seen = lane.lanes[0], seen + 1

    # then
    assert (seen, lane.id) == (depth, f"l{depth - 1}")


def test_should_keep_an_unknown_flow_node_with_its_tag() -> None:
    # when
    node = process(document('<process id="p"><teleportTask id="t" name="Beam"/></process>')).content.nodes[0]

    # then
    assert isinstance(node, UnknownNode)
    assert (node.id, node.name, node.tag) == ("t", "Beam", "teleportTask")


def test_should_tell_about_unknown_elements_elsewhere() -> None:
    # when
    findings = read(document('<gadget id="g"/><process id="p"><task id="t"><widget/></task></process>')).findings

    # then
    assert [(finding.code, finding.element_id) for finding in findings] == [
        ("UNKNOWN_ELEMENT", "g"),
        ("UNKNOWN_ELEMENT", "t"),
    ]


def test_should_pass_over_extensions_of_drawing_tools() -> None:
    # given
    data = document(
        '<process id="p"><task id="t" tool:colour="red"><extensionElements><tool:style a="b"/>'
        "</extensionElements></task></process>",
        'xmlns:tool="http://example.com/tool"',
    )

    # then
    assert read(data).findings == ()


@pytest.mark.parametrize(
    ("attributes", "body", "dialect"),
    [
        ("", "", Dialect.PLAIN),
        (f'xmlns:c="{CAMUNDA}"', "", Dialect.CAMUNDA),
        ('xmlns:a="http://activiti.org/bpmn"', "", Dialect.FLOWABLE),
        ('xmlns:a="http://flowable.org/bpmn"', "", Dialect.FLOWABLE),
        ('xmlns:z="http://camunda.org/schema/zeebe/1.0"', "", Dialect.ZEEBE),
        ('xmlns:s="http://spiffworkflow.org/bpmn/schema/1.0/core"', "", Dialect.SPIFFWORKFLOW),
        ('xmlns:m="http://camunda.org/schema/modeler/1.0" m:executionPlatform="Camunda Cloud"', "", Dialect.ZEEBE),
        ('xmlns:m="http://camunda.org/schema/modeler/1.0" m:executionPlatform="Camunda Platform"', "", Dialect.CAMUNDA),
        (
            f'xmlns:z="http://camunda.org/schema/zeebe/1.0" xmlns:c="{CAMUNDA}"',
            '<process id="p"><userTask id="u" c:assignee="x"/></process>',
            Dialect.CAMUNDA,
        ),
        (f'targetNamespace="{CAMUNDA}"', "", Dialect.CAMUNDA),
        (f'targetNamespace="{CAMUNDA}" xmlns:z="http://camunda.org/schema/zeebe/1.0"', "", Dialect.ZEEBE),
        (
            f'targetNamespace="{CAMUNDA}" xmlns:f="http://flowable.org/bpmn"',
            '<process id="p"><userTask id="u" f:assignee="x"/></process>',
            Dialect.FLOWABLE,
        ),
    ],
)
def test_should_tell_the_dialect_by_names_used_then_declared(attributes: str, body: str, dialect: Dialect) -> None:
    # when
    data = document(body, attributes)
    if "targetNamespace" in attributes:
        data = data.replace(b'targetNamespace="t" ', b"")
    model = read(data).model

    # then
    assert model is not None
    assert model.dialect is dialect
