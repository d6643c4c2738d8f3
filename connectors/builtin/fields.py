"""How built-in connectors read what the model configured: task headers first, then variables."""

from __future__ import annotations

from typing import Any

from connectors.errors import NonRetryable
from connectors.job import Job


def find(job: Job, *names: str) -> Any:
    """The first of these fields that is there and not null: constants of the model win over variables."""
    for source in (job.headers, job.variables):
        for name in names:
            value = source.get(name)
            if value is not None:
                return value
    return None


def text(job: Job, *names: str, default: str = "") -> str:
    """A field that is text. Raises NonRetryable where it is a list or an object."""
    value = find(job, *names)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NonRetryable(f"Expected field '{names[0]}' to be text, but got {type(value).__name__}")
    return str(value)


def flag(job: Job, *names: str) -> bool:
    """A field that is true or false, as value or as the text that vendors' models hold."""
    value = find(job, *names)
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def positive_number(job: Job, *names: str) -> float | None:
    """A field that is a number above zero. Raises NonRetryable where it is anything else."""
    value = find(job, *names)
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if isinstance(value, bool) or not 0 < number < float("inf"):
        raise NonRetryable(f"Expected field '{names[0]}' to be a positive number, but got {value!r}")
    return number
