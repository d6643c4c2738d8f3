"""What is known about a file before it is stored: its model, its executable graphs, and all findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bpmn.dmn.examine import examine as examine_decisions
from bpmn.dmn.read import is_dmn
from bpmn.examine import examine
from bpmn.expressions.api import NO_HANDLERS, Handlers
from bpmn.findings import Finding, Severity, has_errors
from bpmn.model.definitions import Definitions
from bpmn.spec import compile_model
from bpmn.spec.graph import Graph
from bpmn.xml import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`model` is None where the file cannot be read; `graphs` has one per process that can run, by key."""

    model: Definitions | None
    findings: tuple[Finding, ...]
    graphs: Mapping[str, Graph] = field(default_factory=dict)


Checker = Callable[[bytes, str, bool], Checked]
"""(content, file name, make_executable) -> Checked."""

BPMN_SUFFIXES = (".bpmn", ".xml")
FORM_SUFFIXES = (".form", ".json")


def kind_of(name: str, content: bytes) -> str:
    """bpmn, dmn, form, yaml or unknown, by the name, else by how the content begins."""
    lower = name.lower()
    if lower.endswith(".dmn") or (lower.endswith(".xml") and is_dmn(content)):
        return "dmn"
    if lower.endswith(BPMN_SUFFIXES):
        return "bpmn"
    if lower.endswith(FORM_SUFFIXES):
        return "form"
    if lower.endswith((".yaml", ".yml")):
        return "yaml"
    if is_dmn(content):
        return "dmn"
    return "bpmn" if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" else "unknown"


def refusals(name: str, kind: str) -> tuple[Finding, ...]:
    """ERROR findings for kinds of files that cannot be deployed yet."""
    found = {
        "yaml": (
            "FORMAT_UNSUPPORTED",
            f"Expected BPMN XML, but '{name}' is YAML, which bpmnd does not read yet",
            "Deploy the model as BPMN XML.",
        ),
        "unknown": (
            "FILE_KIND_UNKNOWN",
            f"Expected a .bpmn, .dmn, .xml or .form file, but '{name}' is none",
            "Give the file its usual ending, or leave it out.",
        ),
    }.get(kind)
    if found is None:
        return ()
    code, message, hint = found
    return (Finding(severity=Severity.ERROR, code=code, message=message, hint=hint, file=name),)


def checker(handlers: Handlers = NO_HANDLERS) -> Checker:
    """Reads, applies rules and schema, and compiles; expressions may call these handlers."""

    def check(content: bytes, name: str, make_executable: bool) -> Checked:
        examined = examine(content, file=name, make_executable=make_executable)
        # What the rules refuse is not compiled: it would only be refused again, in other words.
        if examined.model is None or has_errors(examined.findings):
            return Checked(model=examined.model, findings=examined.findings)
        compiled = compile_model(examined.model, handlers=handlers, make_executable=make_executable)
        findings = tuple(replace(finding, file=name) for finding in compiled.findings)
        return Checked(model=examined.model, findings=examined.findings + findings, graphs=compiled.graphs)

    return check


def read_model(content: bytes, name: str) -> Definitions | None:
    """The model alone; None where the file cannot be read."""
    return read(content, file=name).model


def check_file(name: str, content: bytes, make_executable: bool, check: Checker) -> tuple[Finding, ...]:
    """All findings of one file, whatever it is."""
    kind = kind_of(name, content)
    if kind == "dmn":
        return examine_decisions(content, file=name).findings
    return check(content, name, make_executable).findings if kind == "bpmn" else refusals(name, kind)
