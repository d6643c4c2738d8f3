"""Rate limits per token and route (per address where there is no valid token)."""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter

from server.api.auth import caller
from server.config import Settings


def register(app: Flask, settings: Settings) -> None:
    """Requests above the limit are answered 429 with `Retry-After`. The counters are this process's own."""
    Limiter(
        key_func=lambda: caller().key,
        app=app,
        default_limits=[settings.rate_limit] if settings.rate_limit else [],
        storage_uri="memory://",
        strategy="fixed-window",
        headers_enabled=True,
        enabled=bool(settings.rate_limit),
    )
