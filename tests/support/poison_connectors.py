"""A job that ends the process of whoever takes it, as long as a file is there."""

from __future__ import annotations

import os
from pathlib import Path

from connectors import Job, connector


@connector("poison", lease_seconds=1)
def poison(job: Job) -> dict[str, bool]:
    if job.variables.get("poison") and Path(os.environ["POISON_FILE"]).exists():
        os._exit(9)
    return {"survived": True}
