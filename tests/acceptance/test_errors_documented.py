"""docs/errors.md says what the server answers: all codes, with their statuses, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

from server import errors
from tests.acceptance.refusals.catalogue import CODES, INSIDE, NOT_PROVOKED, documentation, examples, rows

ROOT = Path(__file__).resolve().parents[2]
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


def test_should_document_every_status() -> None:
    undocumented = [
        (row.name, row.code, row.status)
        for row in rows()
        if row.code in CODES and row.status not in CODES[row.code].statuses
    ]

    assert undocumented == []
