"""docs/errors.md says what the server answers: all codes, with their statuses, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from server import errors
from tests.acceptance.refusals.catalogue import CODES, INSIDE, NOT_PROVOKED, documentation, examples, rows

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"[A-Z]+(_[A-Z0-9]+)+")
ERRORS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.DomainError)
}


def test_should_be_up_to_date() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")

    assert page == documentation(), "run: python -m tests.acceptance.refusals.catalogue > docs/errors.md"


def test_should_document_every_code_the_server_raises() -> None:
    raised = {
        str(code.value)
        for path in (ROOT / "server").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ERRORS and call.args
        if isinstance(code := call.args[0], ast.Constant)
    }

    assert len(raised) > 40
    assert raised - CODES.keys() - INSIDE.keys() == set()
    assert INSIDE.keys() <= raised


def test_should_provoke_every_code_or_say_why_not() -> None:
    provoked = {row.code for row in rows()}

    assert CODES.keys() - provoked == NOT_PROVOKED.keys()
    assert provoked - CODES.keys() - examples().keys() == {
        "XML_TOO_MANY_ELEMENTS",
        "XML_TOO_LARGE",
        "TIMER_START_INVALID",
        "DUPLICATE_DEFINITION_KEY",
        "DEFINITION_KEY_TOO_LONG",
    }


REFUSE_NOTHING = {
    "BETA_NAMESPACE": "a warning",
    "BOUNDARY_HOST": "the rule BOUNDARY_HOST_MISSING comes first",
    "DMN_FUNCTION_UNKNOWN": "a warning",
    "DMN_HIT_POLICY_BROKEN": "at run time",
    "DMN_INPUT_TYPE": "at run time",
    "DMN_INPUT_VALUE": "at run time",
    "DMN_INVOCATION": "at run time",
    "DMN_OUTPUT_TYPE": "at run time",
    "DMN_OUTPUT_VALUE": "at run time",
    "DMN_PRIORITY_MISSING": "a warning",
    "DMN_TYPE": "at run time",
    "DMN_WITHOUT_LOGIC": "a warning",
    "EXTENSION_WITHOUT_EFFECT": "an information",
    "LISTENER_JOB": "a warning",
    "LISTENER_NEVER_CALLED": "a warning",
    "FLOW_REFERENCE": "the rules FLOW_SOURCE_MISSING, FLOW_TARGET_MISSING and FLOW_CROSSES_SCOPE come first",
    "MORE_FINDINGS": "an information",
    "MULTI_INSTANCE_INCOMPLETE": "the rule COLLECTION_MISSING comes first",
    "RESOURCE_NOT_READ": "a warning",
    "SCRIPT_FORMAT_MISSING": "a warning",
}
"""Codes without a row, although they are not only in calls of `warning` and `info`."""


def test_should_have_a_row_for_every_finding_that_refuses_a_model() -> None:
    found: dict[str, set[str]] = {}
    for part in ("rules", "xml", "spec", "dmn", "examine.py"):
        for path in sorted((ROOT / "bpmn" / part).rglob("*.py")) or [ROOT / "bpmn" / part]:
            for code, maker in _codes(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(code, set()).add(maker)

    assert len(found) > 90
    strict = {code for code, makers in found.items() if not makers <= {"warning", "info"}}
    assert strict - {row.code for row in rows()} == REFUSE_NOTHING.keys()


def _codes(tree: ast.AST, maker: str = "") -> Iterator[tuple[str, str]]:
    """Codes of findings, and the function that each is an argument of; values of enumerations are none."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id == "StrEnum" for b in child.bases):
            continue
        if isinstance(child, ast.Constant) and isinstance(child.value, str) and CODE.fullmatch(child.value):
            yield child.value, maker
        called = child.func if isinstance(child, ast.Call) else None
        yield from _codes(child, called.id if isinstance(called, ast.Name) else "")


def test_should_document_every_status() -> None:
    undocumented = [
        (row.name, row.code, row.status)
        for row in rows()
        if row.code in CODES and row.status not in CODES[row.code].statuses
    ]

    assert undocumented == []
