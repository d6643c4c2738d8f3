"""Deviations from the OMG's schema are warnings."""

from __future__ import annotations

from bpmn.findings import Severity
from bpmn.rules.schema import MAX_FINDINGS, schema_findings
from tests.bpmn.documents import document


def test_should_find_nothing_in_a_valid_document() -> None:
    assert schema_findings(document('<process id="p"><startEvent id="s"/></process>')) == ()


def test_should_warn_with_line_and_file() -> None:
    # when
    found = schema_findings(document('<process id="p">\n<task id="t" colour="red"/></process>'), file="a.bpmn")

    # then
    assert [(f.severity, f.code, f.line, f.file) for f in found] == [(Severity.WARNING, "XSD", 2, "a.bpmn")]
    assert "colour" in found[0].message


def test_should_bound_the_number_of_findings() -> None:
    # given
    tasks = "".join(f'<task id="t{i}" colour="red"/>' for i in range(MAX_FINDINGS * 2))

    # then
    assert len(schema_findings(document(f'<process id="p">{tasks}</process>'))) == MAX_FINDINGS


def test_should_say_nothing_about_what_is_not_bpmn() -> None:
    assert schema_findings(b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>") == ()
    assert schema_findings(b"no xml") == ()


def test_should_validate_500_nested_sub_processes() -> None:
    # given
    depth = 500
    nested = "".join(f'<subProcess id="s{i}">' for i in range(depth)) + "</subProcess>" * depth

    # then
    assert schema_findings(document(f'<process id="p">{nested}</process>')) == ()
