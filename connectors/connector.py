"""Connector: a function with the job types it does and how it wants to be run."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.backoff import Backoff
from connectors.job import Job

Result = Mapping[str, Any] | None
Function = Callable[[Job], Result] | Callable[[Job], Coroutine[Any, Any, Result]]

DEFAULT_TIMEOUT_SECONDS = 60.0
DEFAULT_LEASE_SECONDS = 60.0
DEFAULT_BACKOFF = Backoff()


@dataclass(frozen=True, eq=False)
class Connector:
    """What the `connector` decorator makes of a function. Calling it calls the function.

    Attributes:
        types: job types, the first one names it in logs.
        timeout: seconds until a job counts as failed (and is tried again); None is no limit.
        backoff: how long to wait before the next attempt where the function does not say.
        retries: the most attempts this connector wants, where the model allows more; None leaves it to the model.
        variables: names that it needs; None is all that the scope sees.
        long: takes so long that the engine should keep a lease: see `lease_seconds`.
        lease_seconds: how long the engine waits for a sign of life of a long job; the worker extends it by itself.
    """

    types: tuple[str, ...]
    function: Function
    timeout: float | None = DEFAULT_TIMEOUT_SECONDS
    backoff: Backoff = DEFAULT_BACKOFF
    retries: int | None = None
    variables: tuple[str, ...] | None = None
    long: bool = False
    lease_seconds: float = DEFAULT_LEASE_SECONDS

    def __post_init__(self) -> None:
        # So that help() and documentation tools show the function's text.
        object.__setattr__(self, "__doc__", self.function.__doc__)
        object.__setattr__(self, "__wrapped__", self.function)

    def __call__(self, job: Job) -> Result:
        outcome: Any = self.function(job)
        result: Result = asyncio.run(outcome) if inspect.iscoroutine(outcome) else outcome
        return result

    @property
    def name(self) -> str:
        return self.types[0]


def connector(
    type: str,
    *aliases: str,
    timeout: float | None = DEFAULT_TIMEOUT_SECONDS,
    backoff: Backoff = DEFAULT_BACKOFF,
    retries: int | None = None,
    variables: Sequence[str] | None = None,
    long: bool = False,
    lease_seconds: float = DEFAULT_LEASE_SECONDS,
) -> Callable[[Function], Connector]:
    """Make a function (sync or async) the connector for a job type, and for `aliases`.

    The function takes a Job and returns the result variables (or None). It raises BpmnError for an error of the
    process, NonRetryable for what will never work; any other exception is tried again while retries are left.
    Put it into a Registry (`Registry.add_module` finds every connector of a module).
    """
    types = (type, *aliases)
    if not all(types):
        raise ValueError("Expected a job type, but it is empty")
    if timeout is not None and timeout <= 0:
        raise ValueError(f"Expected the timeout of '{type}' to be positive, but got {timeout!r}")
    if lease_seconds <= 0:
        raise ValueError(f"Expected the lease of '{type}' to be positive, but got {lease_seconds!r}")

    def decorate(function: Function) -> Connector:
        return Connector(
            types=types,
            function=function,
            timeout=timeout,
            backoff=backoff,
            retries=retries,
            variables=None if variables is None else tuple(variables),
            long=long,
            lease_seconds=lease_seconds,
        )

    return decorate
