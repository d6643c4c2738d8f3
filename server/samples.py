"""The samples that come with bpmnd: folders of the package `samples`, found by looking.

A folder with `.bpmn` files is a sample. Beside them may be `connectors.py` (job types of its own) and `demo.json`, the
script of `bpmnd demo`:

    {"title", "definitionKey", "variables",
     "tasks": {elementId: {"variables", "after"}},      user tasks and what completes them
     "message": {"name", "correlationKey", "variables", "after"}}

`after` names an element that must have been completed first: who is to see a timer fire has to wait for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import samples as package

FOLDER = Path(package.__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Sample:
    """One folder of samples."""

    name: str
    models: tuple[Path, ...]
    script: dict[str, Any]
    """What `demo.json` holds; empty where there is none."""
    connectors: str | None
    """Module with connectors of its own."""


def find_samples() -> list[Sample]:
    """All samples, by name."""
    return [_sample(folder, models) for folder in sorted(FOLDER.iterdir()) if (models := sorted(folder.glob("*.bpmn")))]


def connector_modules() -> tuple[str, ...]:
    """The modules whose connectors the samples need."""
    return tuple(sample.connectors for sample in find_samples() if sample.connectors is not None)


def _sample(folder: Path, models: list[Path]) -> Sample:
    script, connectors = folder / "demo.json", folder / "connectors.py"
    return Sample(
        name=folder.name,
        models=tuple(models),
        script=json.loads(script.read_text(encoding="utf-8")) if script.is_file() else {},
        connectors=f"samples.{folder.name}.connectors" if connectors.is_file() else None,
    )
