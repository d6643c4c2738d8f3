"""Everything there is to say about a DMN document: read and compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bpmn.dmn.compile import compile_definitions
from bpmn.dmn.model import Definitions
from bpmn.dmn.program import Program
from bpmn.dmn.read import read
from bpmn.findings import Finding
from bpmn.xml.limits import Limits


@dataclass(frozen=True, slots=True)
class Examined:
    """`model` and `program` are None only where the document is no readable DMN."""

    model: Definitions | None
    program: Program | None
    findings: tuple[Finding, ...]


def examine(
    data: bytes,
    *,
    file: str | None = None,
    imported: Mapping[str, Program] | None = None,
    limits: Limits = Limits(),  # noqa: B008
) -> Examined:
    """Read and compile a document; `imported` are those it may import, by namespace. Never raises for what it holds."""
    result = read(data, file=file, limits=limits)
    if result.model is None:
        return Examined(None, None, result.findings)
    compiled = compile_definitions(result.model, imported=imported, file=file)
    return Examined(result.model, compiled.program, (*result.findings, *compiled.findings))
