"""The conformance kit of DMN: how many of its cases pass in each folder is a floor that may only rise.

`tck_floor.json` holds the number by folder. After an improvement raise it and commit the file:

    BPMND_RAISE_FLOOR=1 ./dev test tests/bpmn/dmn/test_tck.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.corpus import corpus
from tests.support.tck import Outcome, run_folder

FLOOR = Path(__file__).with_name("tck_floor.json")


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    """Of every case of the kit, by folder."""
    root = corpus() / "dmn-tck"
    return {
        f"{folder.parent.name}/{folder.name}": list(run_folder(folder))
        for folder in sorted(root.glob("compliance-level-*/*"))
        if folder.is_dir()
    }


def test_should_not_fall_below_what_was_reached(outcomes: dict[str, list[Outcome]]) -> None:
    # given
    passed = {name: sum(outcome.passed for outcome in found) for name, found in outcomes.items()}
    if os.environ.get("BPMND_RAISE_FLOOR"):
        FLOOR.write_text(json.dumps(passed, indent=2) + "\n", encoding="utf-8")
    floor = json.loads(FLOOR.read_text(encoding="utf-8"))

    # when
    fallen = {
        name: [outcome for outcome in outcomes.get(name, []) if not outcome.passed]
        for name, wanted in floor.items()
        if passed.get(name, 0) < wanted
    }

    # then
    assert fallen == {}
    assert passed == floor, "raise the floor, see above"


@pytest.mark.parametrize(("level", "share"), [("compliance-level-2", 1.0), ("compliance-level-3", 1.0)])
def test_should_pass_what_the_docs_say(outcomes: dict[str, list[Outcome]], level: str, share: float) -> None:
    # when
    found = [outcome for name, each in outcomes.items() if name.startswith(level) for outcome in each]

    # then
    assert len(found) > 100
    assert sum(outcome.passed for outcome in found) / len(found) >= share
