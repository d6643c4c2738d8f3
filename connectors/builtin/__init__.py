"""The connectors that come with the product.

| job types | what it does |
|---|---|
| `http` | calls a URL |
| `email`, `mail` | sends a mail over SMTP |
| `python` | runs a restricted script in a process of its own |
| `log` | writes a line to the worker's log |
"""

from __future__ import annotations

from connectors.builtin.email import email_connector
from connectors.builtin.http import http_connector
from connectors.builtin.log import log_connector
from connectors.builtin.python import python_connector
from connectors.connector import Connector
from connectors.options import WorkerOptions

__all__ = ["builtin_connectors"]


def builtin_connectors(options: WorkerOptions | None = None) -> list[Connector]:
    """All of them, for a Registry."""
    options = options or WorkerOptions()
    return [http_connector(options), email_connector(options), python_connector(options), log_connector()]
