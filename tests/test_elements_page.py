"""`docs/elements.md` says what is true."""

from __future__ import annotations

from tests.support.elements import PAGE, page, proofs, unproven

HOW_TO = "To write it anew: python -m tests.support.elements > docs/elements.md"


def test_should_prove_every_element_that_is_said_to_be_supported() -> None:
    assert unproven() == [], "Mark their tests in tests/bpmn/runtime with pytest.mark.element(kind, how)."


def test_should_have_tests_behind_every_marker() -> None:
    assert [proof for proof in proofs() if proof.tests == 0] == []


def test_should_be_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), HOW_TO
