"""BPMN documents -> model and findings."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from bpmn.findings import Finding
from bpmn.model.definitions import Definitions
from bpmn.xml.context import Context
from bpmn.xml.definitions import definitions
from bpmn.xml.expressions import document_language
from bpmn.xml.limits import Limits
from bpmn.xml.namespaces import dialect_of
from bpmn.xml.parse import parse


@dataclass(frozen=True, slots=True)
class ReadResult:
    """`model` is None only where the document is no readable BPMN; then an ERROR finding says why."""

    model: Definitions | None
    findings: tuple[Finding, ...] = ()


def read(data: bytes, *, file: str | None = None, limits: Limits = Limits()) -> ReadResult:  # noqa: B008
    """Read a BPMN 2.0 document in any encoding XML allows.

    Never raises for what the document holds. `file` is the name findings carry. Neither DTDs nor entities nor the
    network are ever touched. What the model has no place for is a finding: ERROR where leaving it out would change
    what runs, WARNING or INFO elsewhere; extensions of tools that execute nothing are passed over.
    """
    root, findings = parse(data, limits, file)
    if root is None:
        return ReadResult(None, tuple(findings))
    context = Context(
        dialect=dialect_of(root),
        file=file,
        expression_language=document_language(root.get("expressionLanguage")),
        findings=findings,
        taken_ids=_ids(root),
    )
    model = definitions(root, context)
    return ReadResult(model, tuple(context.findings))


def _ids(root: etree._Element) -> set[str]:
    return {given.strip() for element in root.iter(etree.Element) if (given := element.get("id")) is not None}
