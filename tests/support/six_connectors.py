"""Connectors of the six-process test: each call is written down durably, with its idempotency key."""

from __future__ import annotations

import os
import time
from typing import Any

from connectors import Job, connector


def _note(job: Job) -> None:
    """One line per outward call; small appends are atomic."""
    line = f"{job.type} {job.idempotency_key} {job.instance_id} {job.attempt}\n"
    descriptor = os.open(os.environ["SIX_CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


@connector("six-reserve")
def reserve(job: Job) -> dict[str, Any]:
    _note(job)
    return {"reserved": job.variables["number"]}


@connector("six-charge")
def charge(job: Job) -> dict[str, Any]:
    _note(job)
    return {"charged": job.variables["number"] * 2}


@connector("six-slow")
def slow(job: Job) -> dict[str, Any]:
    _note(job)
    time.sleep(1.0)
    return {"slow": True}


@connector("six-stuck", timeout=None)
def stuck(job: Job) -> dict[str, Any]:
    """Never ends, as long as a file is there."""
    _note(job)
    while os.path.exists(os.environ["SIX_CALLS"] + ".stuck"):
        time.sleep(0.1)
    return {"stuck": False}
