"""The corpus of real models: other people's files, beside the repository and never in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]


def corpus() -> Path:
    """The folder named by `BPMND_CORPUS` (default `../shared/corpus` beside the checkout).

    Without it the test is skipped; in CI (`CI=true`) it fails, so that nobody believes it ran.
    """
    folder = Path(os.environ.get("BPMND_CORPUS") or "../shared/corpus")
    path = folder if folder.is_absolute() else _ROOT / folder
    if path.is_dir():
        return path
    message = f"Expected the corpus of real models at '{path}', but there is none; set BPMND_CORPUS."
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(message)
    pytest.skip(message)
