"""What a wheel needs: every file that is not Python is matched by the package data, every package is found."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
PACKAGES = ("bpmn", "server", "connectors", "migrations", "samples")


@pytest.mark.parametrize("package", PACKAGES)
def test_should_pack_every_file(package: str) -> None:
    assert {package, f"{package}.*"} <= set(SETUPTOOLS["packages"]["find"]["include"])
    files = [
        file
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.suffix not in (".py", ".pyc")
    ]

    left_out = [
        file for file in files if not any(fnmatch(file.name, pattern) for pattern in SETUPTOOLS["package-data"]["*"])
    ]

    assert left_out == []


def test_should_offer_the_command() -> None:
    assert PROJECT["project"]["scripts"] == {"bpmnd": "server.cli:main"}
