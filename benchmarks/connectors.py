"""The connector of the benchmarks: answers at once."""

from __future__ import annotations

from typing import Any

from connectors import Job, connector


@connector("bench-echo")
def echo(job: Job) -> dict[str, Any]:
    """An empty result."""
    return {}
