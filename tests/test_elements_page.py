"""`docs/elements.md` says what is true."""

from __future__ import annotations

from tests.support.elements import PAGE, page, proofs, unproven
from tests.support.refused_models import refused, verdicts_of

HOW_TO = "To write it anew: python -m tests.support.elements > docs/elements.md"


def test_should_prove_every_element_that_is_said_to_be_supported() -> None:
    assert unproven() == [], "Mark their tests in tests/bpmn/runtime with pytest.mark.element(kind, how)."


def test_should_have_tests_behind_every_marker() -> None:
    assert [proof for proof in proofs() if proof.tests == 0] == []


def test_should_be_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), HOW_TO


def test_should_say_of_every_refused_model_what_its_vendor_does_with_it() -> None:
    assert {file: len(verdicts_of(file)) for file in refused()} == dict.fromkeys(refused(), 1)
