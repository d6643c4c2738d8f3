"""Documents that attack or are no BPMN: each is refused with its own code, and nothing is ever fetched."""

from __future__ import annotations

import pytest

from bpmn.findings import Severity
from bpmn.xml import Limits, read

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DEFINITIONS = f'<definitions xmlns="{BPMN}" targetNamespace="t">'
ENTITIES = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 20))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "XML_SYNTAX", id="empty"),
        pytest.param(b"no xml at all", "XML_SYNTAX", id="text"),
        pytest.param(b"\0\0\0\0", "XML_SYNTAX", id="null-bytes"),
        pytest.param(f"{DEFINITIONS}<process id='p\0'/></definitions>".encode(), "XML_SYNTAX", id="null-byte-inside"),
        pytest.param(f"{DEFINITIONS}<process id='&#0;'/></definitions>".encode(), "XML_SYNTAX", id="null-reference"),
        pytest.param(f"{DEFINITIONS}<process>".encode(), "XML_SYNTAX", id="cut-off"),
        pytest.param(f"{DEFINITIONS}<process name='&x;'/></definitions>".encode(), "XML_SYNTAX", id="undefined-entity"),
        pytest.param(b'<?xml version="1.0" encoding="klingon"?><a/>', "XML_SYNTAX", id="unknown-encoding"),
        pytest.param(b'<a b="\xff"/>', "XML_SYNTAX", id="bytes-of-no-encoding"),
        pytest.param(b'{"key": "value"}', "XML_SYNTAX", id="json"),
        pytest.param(
            b'<!DOCTYPE d [<!ENTITY xxe SYSTEM "file:///etc/passwd">]><d>&xxe;</d>', "XML_DOCTYPE", id="xxe-file"
        ),
        pytest.param(
            b'<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]><d/>', "XML_DOCTYPE", id="xxe-parameter"
        ),
        pytest.param(b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><d/>', "XML_DOCTYPE", id="external-dtd"),
        pytest.param(
            f"<!DOCTYPE d [{ENTITIES}]>{DEFINITIONS}<process name='&a19;'/></definitions>".encode(),
            "XML_DOCTYPE",
            id="billion-laughs",
        ),
        pytest.param(b"<!DOCTYPE definitions><definitions/>", "XML_DOCTYPE", id="bare-doctype"),
        pytest.param(b"<a>" * 1_300 + b"</a>" * 1_300, "XML_TOO_DEEP", id="too-deep"),
        pytest.param(b"<a>" * 3_000_000, "XML_TOO_DEEP", id="endlessly-deep"),
        pytest.param(b"<a>" + b"<b/>" * 200_000 + b"</a>", "XML_TOO_MANY_ELEMENTS", id="too-many"),
        pytest.param(b"<!--" + b"x" * 50_000_000 + b"--><a/>", "XML_TOO_LARGE", id="50-megabytes"),
        pytest.param(b'<definitions xmlns="urn:other"/>', "NOT_BPMN", id="other-namespace"),
        pytest.param(
            b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>', "NOT_BPMN", id="decision-model"
        ),
        pytest.param(f'<process xmlns="{BPMN}" id="p"/>'.encode(), "NOT_BPMN", id="process-without-definitions"),
    ],
)
def test_should_refuse_with_one_error_that_names_the_reason(data: bytes, code: str) -> None:
    # when
    result = read(data, file="bad.bpmn")

    # then
    assert result.model is None
    assert [(finding.severity, finding.code, finding.file) for finding in result.findings] == [
        (Severity.ERROR, code, "bad.bpmn")
    ]
    assert result.findings[0].hint


def test_should_name_the_line_of_a_syntax_error() -> None:
    # given
    data = f"{DEFINITIONS}\n<process id='p'>\n<task id='t'></process></definitions>".encode()

    # when
    result = read(data)

    # then
    assert result.findings[0].line == 3


def test_should_enforce_limits_as_given() -> None:
    # given
    data = f"{DEFINITIONS}<process id='p'><task id='t'/></process></definitions>".encode()

    # then
    assert read(data, limits=Limits(max_elements=3, max_depth=3, max_bytes=len(data))).model is not None
    assert read(data, limits=Limits(max_elements=2)).findings[0].code == "XML_TOO_MANY_ELEMENTS"
    assert read(data, limits=Limits(max_depth=2)).findings[0].code == "XML_TOO_DEEP"
    assert read(data, limits=Limits(max_bytes=len(data) - 1)).findings[0].code == "XML_TOO_LARGE"


def test_should_refuse_lists_nested_without_end() -> None:
    # given
    nested = "<camunda:list>" * 300 + "</camunda:list>" * 300
    data = (
        f"{DEFINITIONS}<process id='p'><task id='t'><extensionElements xmlns:camunda='http://camunda.org/schema/1.0/bpmn'>"
        f"<camunda:inputOutput><camunda:inputParameter name='a'>{nested}</camunda:inputParameter></camunda:inputOutput>"
        "</extensionElements></task></process></definitions>"
    ).encode()

    # when
    result = read(data)

    # then
    assert [(f.severity, f.code, f.element_id) for f in result.findings] == [
        (Severity.ERROR, "EXTENSION_UNSUPPORTED", "t")
    ]
