"""Reading, rules and schema together."""

from __future__ import annotations

from bpmn.examine import MAX_FINDINGS, examine
from bpmn.findings import Severity, has_errors
from tests.bpmn.documents import CAMUNDA, document

LISTENER = '<extensionElements><c:executionListener event="take" class="X"/></extensionElements>'


def model(executable: str, name: str = "") -> bytes:
    return document(
        f'<process id="p" isExecutable="{executable}" {name}><startEvent id="s">{LISTENER}</startEvent></process>',
        f'xmlns:c="{CAMUNDA}"',
    )


def test_should_join_what_reader_rules_and_schema_find() -> None:
    # when
    examined = examine(model("true", 'colour="red"'), file="a.bpmn")

    # then
    assert examined.model is not None
    assert [(finding.code, finding.file) for finding in examined.findings] == [
        ("LISTENER_UNSUPPORTED", "a.bpmn"),
        ("XSD", "a.bpmn"),
    ]


def test_should_leave_the_schema_out_on_request() -> None:
    assert [finding.code for finding in examine(model("true", 'colour="red"'), schema=False).findings] == [
        "LISTENER_UNSUPPORTED"
    ]


def test_should_relax_the_readers_errors_in_stored_processes_too() -> None:
    # when
    stored, run = examine(model("false")), examine(model("false"), make_executable=True)

    # then
    assert [(f.severity, f.code) for f in stored.findings] == [
        (Severity.WARNING, "LISTENER_UNSUPPORTED"),
        (Severity.INFO, "NOT_EXECUTABLE"),
    ]
    assert has_errors(run.findings)


def test_should_give_only_the_reason_for_unreadable_documents() -> None:
    # when
    examined = examine(b"<a", file="a.bpmn")

    # then
    assert examined.model is None
    assert [(finding.code, finding.file) for finding in examined.findings] == [("XML_SYNTAX", "a.bpmn")]


def test_should_bound_a_flood_of_findings_and_keep_errors_first() -> None:
    # given
    nodes = "".join(f'<task id="t{i}"/>' for i in range(2 * MAX_FINDINGS)) + '<serviceTask id="last"/>'
    data = document(f'<process id="p" isExecutable="true"><startEvent id="s"/>{nodes}</process>')

    # when
    findings = examine(data).findings

    # then
    assert len(findings) == MAX_FINDINGS + 1
    assert (findings[0].severity, findings[0].element_id) == (Severity.ERROR, "last")
    assert findings[-1].code == "MORE_FINDINGS"
