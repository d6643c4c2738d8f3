"""`docs/patterns.md` tells of all 43 patterns, and its tests are there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "patterns.md"
FOLDER = ROOT / "tests" / "conformance" / "patterns"


@dataclass(frozen=True)
class Row:
    number: int
    name: str
    runs: str
    how: str
    file: str | None


def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if re.match(r"\| \d", line):
            number, name, runs, how, test = (cell.strip() for cell in line.strip("|").split("|"))
            link = re.search(r"patterns/(\w+\.py)\)", test)
            found.append(Row(int(number), name, runs, how, link[1] if link else None))
    return found


def proven() -> set[tuple[int, str]]:
    """Numbers of patterns by the names of test functions, with their files."""
    return {
        (int(number), path.name)
        for path in FOLDER.glob("test_*.py")
        for number in re.findall(r"^def test_wcp(\d+)_should_", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


def test_should_tell_of_every_pattern_once() -> None:
    assert [row.number for row in rows()] == list(range(1, 44))
    assert len({row.name for row in rows()}) == 43


def test_should_say_how_or_why_not() -> None:
    assert [row for row in rows() if row.runs not in ("yes", "partly", "no") or len(row.how) < 5] == []


def test_should_name_the_file_that_proves_each_pattern_and_no_other() -> None:
    told = {(row.number, row.file) for row in rows() if row.file is not None}

    assert told == proven()
    assert {row.number for row in rows() if row.runs != "no"} == {number for number, _ in told}


def test_should_have_only_tests_of_patterns_there() -> None:
    for path in FOLDER.glob("test_*.py"):
        names = re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)

        assert names
        assert all(re.match(r"test_wcp\d\d_should_", name) for name in names), path.name
