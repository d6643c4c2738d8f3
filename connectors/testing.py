"""Run a connector in a test: no bus, no server, the same middleware.

from connectors.testing import run_connector

def test_should_refuse_minors():
    result = run_connector(score, variables={"age": 17})
    assert result.error_code == "TOO_YOUNG"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.connector import Connector
from connectors.execute import execute
from connectors.job import Job
from connectors.messages import ResultMessage
from connectors.middleware import Middleware, default_middleware


def run_connector(
    connector: Connector,
    *,
    variables: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
    attempt: int = 1,
    retries: int = 3,
    heartbeats: list[float] | None = None,
    middleware: Sequence[Middleware] | None = None,
    **job: Any,
) -> ResultMessage:
    """The result that a worker would send for one job.

    Args:
        heartbeats: filled with the seconds of every `job.heartbeat`.
        middleware: the default is what workers use.
        job: further attributes of the Job, such as `business_key`.
    """
    names = connector.variables
    given = dict(variables or {})
    return execute(
        Job(
            **{
                "id": "1",
                "type": connector.name,
                "variables": given if names is None else {n: given[n] for n in names if n in given},
                "headers": dict(headers or {}),
                "attempt": attempt,
                "retries": retries,
                "send_heartbeat": (heartbeats if heartbeats is not None else []).append,
                **job,
            }
        ),
        connector,
        default_middleware() if middleware is None else middleware,
    )
