"""Every BPMN file of the corpus is read; how many are accepted is a floor that may only rise.

`corpus_floor.json` holds, by vendor: `files`, `read` (into a model), `accepted` (no ERROR finding as it stands; what
says isExecutable="false" is only stored) and `acceptedMadeExecutable` (no ERROR finding with makeExecutable=true).
After an improvement raise it and commit the file:

    BPMND_RAISE_FLOOR=1 ./dev test tests/bpmn/test_corpus.py
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bpmn.examine import examine
from bpmn.findings import Severity, has_errors
from tests.support.corpus import corpus
from tests.support.elements import REASONS, count_reasons
from tests.support.refused_models import refused

FLOOR = Path(__file__).with_name("corpus_floor.json")
COUNTS = ("files", "read", "accepted", "acceptedMadeExecutable")
HOW_TO_RAISE = "To raise the floor: BPMND_RAISE_FLOOR=1 ./dev test tests/bpmn/test_corpus.py, then commit the file."

ACCEPTANCE = (
    "camunda7/examples/**/loan-granting.bpmn",
    "camunda7/examples/clients/java/order-handling/order-handling.bpmn",
    "camunda7/examples/**/loanApproval.bpmn",
    "camunda7/examples/usertask/task-camunda-forms/invoiceApproval.bpmn",
    "camunda7/examples/testing/assert/job-announcement-publication-process/*.bpmn",
    "flowable/examples/taskforms/VacationRequest.bpmn20.xml",
    "flowable/examples/bpmn/usertask/FinancialReportProcess.bpmn20.xml",
    "flowable/examples/bpmn/event/error/reviewSalesLead.bpmn20.xml",
    "flowable/examples/bpmn/callactivity/orderProcess.bpmn20.xml",
    "flowable/examples/bpmn/callactivity/checkCreditProcess.bpmn20.xml",
)


def files(root: Path) -> Iterator[tuple[str, Path]]:
    """(vendor, file) of every BPMN file, ordered; MIWG's files count by the tool that wrote them."""
    for path in sorted((*root.rglob("*.bpmn"), *root.rglob("*.bpmn20.xml"))):
        vendor, folder, *_ = path.relative_to(root).parts
        if vendor != "dmn-tck":
            yield (f"{vendor}/{folder}" if vendor == "miwg" else vendor), path


@pytest.fixture(scope="module")
def root() -> Path:
    return corpus()


def test_should_read_every_file_of_the_corpus(root: Path) -> None:
    # when
    unread = {
        str(path.relative_to(root)): examined.findings
        for _, path in files(root)
        if (examined := examine(path.read_bytes(), file=path.name, schema=False)).model is None
    }

    # then
    assert unread == {}


def test_should_name_an_element_in_every_refusal(root: Path) -> None:
    # when
    unnamed = [
        (path.name, finding.code)
        for _, path in files(root)
        for finding in examine(path.read_bytes(), make_executable=True, schema=False).findings
        if finding.severity is Severity.ERROR and finding.element_id is None and finding.code != "NO_PROCESS"
    ]

    # then
    assert unnamed == []


def test_should_not_fall_below_the_floor(root: Path) -> None:
    # given
    counts: dict[str, Counter[str]] = {}
    refused: dict[str, list[str]] = {}

    # when
    for vendor, path in files(root):
        data = path.read_bytes()
        deployed = examine(data, schema=False)
        drawn = examine(data, schema=False, make_executable=True)
        row = counts.setdefault(vendor, Counter())
        row["files"] += 1
        row["read"] += int(deployed.model is not None)
        row["accepted"] += int(not has_errors(deployed.findings))
        row["acceptedMadeExecutable"] += int(not has_errors(drawn.findings))
        if has_errors(deployed.findings):
            refused.setdefault(vendor, []).append(path.name)
    if os.environ.get("BPMND_RAISE_FLOOR"):
        _raise_floor(counts)
    floor = json.loads(FLOOR.read_text())

    # then
    fallen = {
        f"{vendor} {name}": f"{counts.get(vendor, Counter())[name]} instead of {least}; refused: {refused.get(vendor)}"
        for vendor, row in floor.items()
        for name, least in row.items()
        if counts.get(vendor, Counter())[name] < least
    }
    assert not fallen, f"{fallen}\n{HOW_TO_RAISE}"
    assert set(floor) == set(counts), HOW_TO_RAISE


def _raise_floor(counts: dict[str, Counter[str]]) -> None:
    """Write the counts where they are above the floor; it never falls by this."""
    old = json.loads(FLOOR.read_text()) if FLOOR.exists() else {}
    new = {
        vendor: {name: max(row[name], old.get(vendor, {}).get(name, 0)) for name in COUNTS}
        for vendor, row in sorted(counts.items())
    }
    FLOOR.write_text(json.dumps(new, indent=2) + "\n")


def test_should_say_truly_why_models_are_refused(root: Path) -> None:
    # when
    reasons, refused_now = count_reasons()

    # then
    how_to = "Count again: python -m tests.support.elements --reasons, then write docs/elements.md, and commit them."
    assert refused_now == refused(), how_to
    assert reasons == json.loads(REASONS.read_text(encoding="utf-8")), how_to


@pytest.mark.parametrize("pattern", ACCEPTANCE)
def test_should_find_no_error_in_the_acceptance_models(root: Path, pattern: str) -> None:
    # given
    paths = sorted(root.glob(pattern))
    assert paths, f"Expected files like '{pattern}' in the corpus, but there are none."

    # then
    for path in paths:
        errors = [f for f in examine(path.read_bytes(), file=path.name).findings if f.severity is Severity.ERROR]
        assert errors == []
