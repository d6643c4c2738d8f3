"""Where the tests find PostgreSQL, RabbitMQ and Redis.

Each function returns a URL that answers, or skips the test with a reason; on CI (`CI=true`) a missing service fails
instead, so that a broken service cannot turn into a green run.
"""

from __future__ import annotations

import os
import socket
from functools import cache
from typing import NoReturn
from urllib.parse import urlsplit

import pytest

DEFAULT_DATABASE_URL = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
DEFAULT_BROKER_URL = "amqp://guest:guest@127.0.0.1:5672//"
DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/"


def postgres_url() -> str:
    """SQLAlchemy URL of a PostgreSQL server (`BPMND_TEST_DATABASE_URL`) where databases may be created."""
    return _answering("BPMND_TEST_DATABASE_URL", DEFAULT_DATABASE_URL, "PostgreSQL", 5432)


def amqp_url() -> str:
    """URL of a RabbitMQ server (`BPMND_TEST_BROKER_URL`)."""
    return _answering("BPMND_TEST_BROKER_URL", DEFAULT_BROKER_URL, "RabbitMQ", 5672)


def redis_url() -> str:
    """URL of a Redis server (`BPMND_TEST_REDIS_URL`)."""
    return _answering("BPMND_TEST_REDIS_URL", DEFAULT_REDIS_URL, "Redis", 6379)


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the running test, or fail it where everything has to be there."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{reason} (and CI=true)", pytrace=False)
    pytest.skip(reason)


def _answering(variable: str, default: str, product: str, port: int) -> str:
    url = os.environ.get(variable, default)
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    if not _port_open(host, parts.port or port):
        skip_or_fail(f"Expected {product} at {host}:{parts.port or port}, but nothing answers; set {variable}")
    return url


@cache
def _port_open(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False
