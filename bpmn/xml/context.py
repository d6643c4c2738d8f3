"""What one reading of a document carries along: dialect, languages, findings, generated ids."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from bpmn.findings import Finding, Severity
from bpmn.model.base import Dialect


@dataclass(slots=True)
class Context:
    """State of one `read`; made anew for each document."""

    dialect: Dialect
    file: str | None = None
    expression_language: str | None = None
    """Normalised language of the document's `expressionLanguage`, None where it says nothing useful."""
    findings: list[Finding] = field(default_factory=list)
    event_definitions: dict[str, etree._Element] = field(default_factory=dict)
    """Event definitions at the top of the document, which events refer to by `eventDefinitionRef`."""
    taken_ids: set[str] = field(default_factory=set)

    def report(
        self,
        severity: Severity,
        code: str,
        message: str,
        hint: str,
        *,
        element_id: str | None = None,
        element_name: str | None = None,
        line: int | None = None,
    ) -> None:
        """Add a finding."""
        self.findings.append(
            Finding(
                severity=severity,
                code=code,
                message=message,
                hint=hint,
                element_id=element_id,
                element_name=element_name,
                line=line,
                file=self.file,
            )
        )

    def generated_id(self, tag: str, line: int | None) -> str:
        """An id for an element that has none: the same for the same document, and unused in it."""
        base = f"_L{line or 0}_{tag}"
        candidate, number = base, 1
        while candidate in self.taken_ids:
            number += 1
            candidate = f"{base}_{number}"
        self.taken_ids.add(candidate)
        return candidate
