"""Bytes -> XML tree. Whatever is wrong with the text is a finding, never an exception."""

from __future__ import annotations

from lxml import etree

from bpmn.findings import Finding, Severity
from bpmn.xml.limits import PARSER_OPTIONS, LimitExceeded, Limits, guard
from bpmn.xml.namespaces import BPMN, BPMN_BETA, split
from bpmn.xml.node import line_of

_HINTS = {
    "XML_TOO_LARGE": "Split the document, or remove embedded pictures and documentation.",
    "XML_TOO_DEEP": "Draw deeply nested sub-processes as called processes.",
    "XML_TOO_MANY_ELEMENTS": "Split the model into several processes that call each other.",
    "XML_DOCTYPE": "Remove the DOCTYPE; BPMN needs none, and entities are never resolved.",
}


def parse(data: bytes, limits: Limits, file: str | None) -> tuple[etree._Element | None, list[Finding]]:
    """The root element `definitions`, or None with an ERROR finding that says why the document is refused.

    Elements of the beta namespace are renamed to the final one (finding BETA_NAMESPACE).
    """
    if not data.strip():
        return None, [
            _refusal(
                "XML_SYNTAX",
                "Expected a document, but the file is empty.",
                "Save the model and upload it again.",
                1,
                file,
            )
        ]
    try:
        guard(data, limits)
        root = etree.fromstring(data, etree.XMLParser(remove_comments=True, remove_pis=True, **PARSER_OPTIONS))
    except LimitExceeded as error:
        return None, [_refusal(error.code, error.message, _HINTS[error.code], None, file)]
    except etree.XMLSyntaxError as error:
        line = error.lineno or None
        return None, [
            _refusal(
                "XML_SYNTAX",
                f"Expected well-formed XML, but the parser says: {error.msg or 'it cannot be read'}.",
                "Export the model again with a modeling tool, or correct the text at this line.",
                line,
                file,
            )
        ]
    except (ValueError, LookupError) as error:
        # lxml raises these for bytes that no declared or known encoding can decode.
        return None, [
            _refusal("XML_SYNTAX", f"Expected readable XML, but {error}.", "Save the document as UTF-8.", None, file)
        ]
    return _definitions(root, file)


def _definitions(root: etree._Element, file: str | None) -> tuple[etree._Element | None, list[Finding]]:
    namespace, local = split(str(root.tag))
    if local != "definitions" or namespace not in (BPMN, BPMN_BETA):
        return None, [
            _refusal(
                "NOT_BPMN",
                f"Expected the root element 'definitions' of namespace '{BPMN}', but found '{root.tag}'.",
                "Upload a BPMN 2.0 document (DMN, CMMN and other XML are no process models).",
                line_of(root),
                file,
            )
        ]
    if namespace == BPMN:
        return root, []
    for element in root.iter(etree.Element):
        element_namespace, element_local = split(str(element.tag))
        if element_namespace == BPMN_BETA:
            element.tag = f"{{{BPMN}}}{element_local}"
    finding = Finding(
        severity=Severity.INFO,
        code="BETA_NAMESPACE",
        message=f"Expected the namespace '{BPMN}', but the document uses that of BPMN's beta, '{BPMN_BETA}'.",
        hint="Nothing to do: it is read as BPMN 2.0. Saving it with a current modeling tool updates it.",
        line=line_of(root),
        file=file,
    )
    return root, [finding]


def _refusal(code: str, message: str, hint: str, line: int | None, file: str | None) -> Finding:
    return Finding(severity=Severity.ERROR, code=code, message=message, hint=hint, line=line, file=file)
