"""XSD: where the document departs from the OMG's schemas, found by SpiffWorkflow's validator (it ships them)."""

from __future__ import annotations

from functools import cache
from itertools import islice
from threading import Lock
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator

from bpmn.findings import Finding, Severity
from bpmn.xml.limits import Limits
from bpmn.xml.parse import parse

MAX_FINDINGS = 50


class _Schema:
    """The loaded schema. Its error log belongs to it, not to a validation, hence the lock."""

    def __init__(self) -> None:
        # The schemas import each other by file name inside the installed package: nothing is fetched.
        self._validator: Any = BpmnValidator()
        self._lock = Lock()

    def errors(self, root: etree._Element) -> list[tuple[int, str]]:
        """(line, message) of each deviation, at most `MAX_FINDINGS`."""
        self._validator.preprocess(root)
        schema: Any = self._validator.validator
        with self._lock:
            if schema.validate(root):
                return []
            return [(entry.line, entry.message) for entry in islice(schema.error_log, MAX_FINDINGS)]


@cache
def _schema() -> _Schema:
    return _Schema()


def schema_findings(data: bytes, *, file: str | None = None, limits: Limits = Limits()) -> tuple[Finding, ...]:  # noqa: B008
    """Deviations from the schema as WARNINGs, at most `MAX_FINDINGS`; none for a document that is not BPMN XML.

    Schema errors never refuse a model: many tools write documents that run well and are not valid.
    """
    root, _ = parse(data, limits, file)
    if root is None:
        return ()
    return tuple(
        Finding(
            severity=Severity.WARNING,
            code="XSD",
            message=f"Expected a document valid by the BPMN 2.0 schema, but: {_readable(message)}",
            hint="Nothing to do if the model runs as expected; another tool may refuse the document.",
            line=line or None,
            file=file,
        )
        for line, message in _schema().errors(root)
    )


def _readable(message: str) -> str:
    return message.replace("{http://www.omg.org/spec/BPMN/20100524/MODEL}", "")
