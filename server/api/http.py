"""Small things that all routes share: answers, ids, and handing a request to the executor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from server.api.auth import principal
from server.api.services import services
from server.errors import Malformed, NotFound
from server.ports.records import IdempotencyRow
from server.store.codec import dump_api
from server.usecases.requests import Idempotency, Replayed, Request

LARGEST_ID = 2**63 - 1
EXECUTOR_TIMEOUT = 30.0


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(dump_api(body), status=status, mimetype="application/json")


def no_content() -> Response:
    return Response(status=204)


def replayed(stored: Replayed) -> Response:
    """What the first request with this idempotency key was answered."""
    response = Response(stored.body, status=stored.status, mimetype="application/json")
    response.headers["Idempotent-Replayed"] = "true"
    return response


def parse_id(text: str, what: str) -> int:
    """The number of an opaque id. Raises NotFound `<WHAT>_UNKNOWN` for what cannot be one."""
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_ID:
        return int(text)
    raise unknown(what, text)


def unknown(what: str, id: object) -> NotFound:
    """`what` is the resource: INSTANCE, TASK ..."""
    article = "an" if what[0] in "AEIOU" else "a"
    return NotFound(f"{what}_UNKNOWN", f"Expected {article} {what.lower()} with id '{str(id)[:40]}', but there is none")


def idempotency(render: Callable[[Any], tuple[int, bytes]], content: bytes | None = None) -> Idempotency | None:
    """From the request's `Idempotency-Key`; None without one. The key belongs to tenant, principal and route; path,
    query and body (or `content` in its place) must be the same when it comes again."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise Malformed(
            "IDEMPOTENCY_KEY_INVALID",
            f"Expected an Idempotency-Key of 1 to 255 printable characters, but got {len(key)} characters",
        )
    who = principal()
    digest = hashlib.sha256(request.full_path.encode())
    digest.update(b"\n" + (request.get_data(cache=True) if content is None else content))
    route = f"{request.method} {request.url_rule.rule if request.url_rule else request.path}"
    return Idempotency(
        row=IdempotencyRow(
            tenant_id=who.tenant_id,
            principal=who.name,
            route=route,
            key=key,
            body_hash=digest.hexdigest(),
            created_at=datetime.now(UTC),
        ),
        render=render,
    )


def perform(
    kind: type[Request],
    show: Callable[[Any], Any],
    *,
    action: str,
    target: str | None = None,
    status: int = 200,
    **values: Any,
) -> Response:
    """Have the executor carry out a request of the caller and answer what `show` makes of its answer."""
    result = execute(kind, show, action=action, target=target, status=status, **values)
    return replayed(result) if isinstance(result, Replayed) else rendered(show(result), status)


def execute(
    kind: type[Request],
    show: Callable[[Any], Any],
    *,
    action: str,
    target: str | None = None,
    status: int = 200,
    **values: Any,
) -> Any:
    """As `perform`, but returns the executor's answer."""
    who = principal()

    def render(result: Any) -> tuple[int, bytes]:
        shown = show(result)
        return (204, b"") if shown is None else (status, dump_api(shown))

    built = kind(
        tenant_id=who.tenant_id,
        principal=who.name,
        audit=(action, target),
        idempotency=idempotency(render) if request.method == "POST" else None,
        **values,
    )
    return services().executor.execute(built, EXECUTOR_TIMEOUT)


def rendered(shown: Any, status: int) -> Response:
    return no_content() if shown is None else answer(shown, status)
