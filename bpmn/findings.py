"""Findings: what the reader, the rules and the compiler have to say about a model.

Shared by `bpmn.xml`, `bpmn.rules` and `bpmn.spec`; imports nothing of the package.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "ERROR"
    """The model cannot run; a deployment that contains it is refused."""
    WARNING = "WARNING"
    """The model runs, but probably not as its author expects."""
    INFO = "INFO"
    """A decision bpmnd took where the model is silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One remark about a model.

    `code` is stable and machine-readable (`UPPER_SNAKE`), `message` says what was expected and what was found
    (ids quoted), `hint` says what to do about it. `line` is the 1-based line in `file`.
    """

    severity: Severity
    code: str
    message: str
    hint: str
    element_id: str | None = None
    element_name: str | None = None
    line: int | None = None
    file: str | None = None


def has_errors(findings: Iterable[Finding]) -> bool:
    """True where at least one finding has severity ERROR."""
    return any(finding.severity is Severity.ERROR for finding in findings)
