"""Everything there is to say about a document before it is compiled: reading, rules, schema."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bpmn.findings import Finding, Severity
from bpmn.model.definitions import Definitions
from bpmn.rules import RUNTIME, Supported, check
from bpmn.rules.index import Index
from bpmn.rules.registry import relax
from bpmn.rules.schema import schema_findings
from bpmn.xml import Limits, read

MAX_FINDINGS = 1_000


@dataclass(frozen=True, slots=True)
class Examined:
    """`model` is None only where the document is no readable BPMN."""

    model: Definitions | None
    findings: tuple[Finding, ...]


def examine(
    data: bytes,
    *,
    file: str | None = None,
    make_executable: bool = False,
    schema: bool = True,
    limits: Limits = Limits(),  # noqa: B008
    supported: Supported = RUNTIME,
) -> Examined:
    """Read the document and check it by the rules and (unless `schema` is False) by the OMG's schema.

    Never raises for what the document holds. Errors in processes that do not run (`isExecutable="false"` without
    `make_executable`) are warnings, whoever found them. Of a flood of findings the first `MAX_FINDINGS` are kept,
    errors before the rest.
    """
    result = read(data, file=file, limits=limits)
    if result.model is None:
        return Examined(None, result.findings)
    index = Index(result.model, make_executable=make_executable, supported=supported)
    findings = relax(index, result.findings)
    findings += tuple(
        replace(finding, file=file)
        for finding in check(result.model, make_executable=make_executable, supported=supported)
    )
    if schema:
        findings += schema_findings(data, file=file, limits=limits)
    return Examined(result.model, _bounded(findings, file))


def _bounded(findings: tuple[Finding, ...], file: str | None) -> tuple[Finding, ...]:
    if len(findings) <= MAX_FINDINGS:
        return findings
    kept = sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)[:MAX_FINDINGS]
    more = Finding(
        severity=Severity.INFO,
        code="MORE_FINDINGS",
        message=f"Expected at most {MAX_FINDINGS} findings, but there are {len(findings)}; the rest is left out.",
        hint="Correct these first, then look again.",
        file=file,
    )
    return (*kept, more)
