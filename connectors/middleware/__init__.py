"""What happens around every connector, a file each. The default list, outermost first:

| middleware | what it does |
|---|---|
| Logging | one line per job: done, failed, error, how long |
| Retries | says when to try again, and when to give up |
| Outcomes | turns exceptions into results |
| TimeLimit | gives up waiting for a connector that takes too long |
"""

from __future__ import annotations

from connectors.middleware.base import Middleware, Proceed
from connectors.middleware.logs import Logging
from connectors.middleware.outcomes import Outcomes
from connectors.middleware.retries import Retries
from connectors.middleware.time_limit import TimeLimit

__all__ = ["Logging", "Middleware", "Outcomes", "Proceed", "Retries", "TimeLimit", "default_middleware"]


def default_middleware() -> list[Middleware]:
    """A new chain; share one chain among the threads of a worker, not among workers."""
    return [Logging(), Retries(), Outcomes(), TimeLimit()]
