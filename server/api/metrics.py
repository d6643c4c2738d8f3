"""What Prometheus sees of the HTTP side; the executor adds its own to the same registry."""

from __future__ import annotations

from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


def register(app: Flask, registry: CollectorRegistry) -> None:
    requests = Counter(
        "bpmnd_http_requests", "HTTP requests answered.", ["method", "route", "status"], registry=registry
    )
    duration = Histogram(
        "bpmnd_http_request_seconds",
        "Time to answer an HTTP request.",
        ["method", "route"],
        buckets=_BUCKETS,
        registry=registry,
    )

    @app.before_request
    def _start() -> None:
        g.started = perf_counter()

    @app.after_request
    def _count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        method = request.method if request.url_rule else "unknown"
        requests.labels(method, route, str(response.status_code)).inc()
        if "started" in g:
            duration.labels(method, route).observe(perf_counter() - g.started)
        return response
