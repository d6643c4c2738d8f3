"""A whole server per test, on SQLite and the in-memory bus, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, running_app
from tests.support.stores import ManualClock, empty_sqlite, sqlite_template  # noqa: F401

RunApp = Callable[..., App]


@pytest.fixture
def run_app(tmp_path: Path, sqlite_template: Path) -> Iterator[RunApp]:  # noqa: F811
    """Starts a server with these connectors, handlers and settings; it is stopped after the test."""
    with ExitStack() as stack:

        def run(**options: Any) -> App:
            options.setdefault("store", empty_sqlite(sqlite_template, tmp_path))
            options.setdefault("clock", ManualClock())
            return stack.enter_context(running_app(tmp_path, **options))

        yield run


@pytest.fixture
def app(run_app: RunApp) -> App:
    """A server without connectors: jobs wait to be pulled."""
    return run_app()
