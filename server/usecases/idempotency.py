"""Idempotency keys of requests that do not go through the executor (deployments, definitions, tokens)."""

from __future__ import annotations

from dataclasses import replace

from server.errors import ConflictError, Invalid
from server.ports.records import IdempotencyRow
from server.ports.store import UnitOfWork
from server.usecases.requests import Idempotency, Replayed


def claim(unit: UnitOfWork, idempotency: Idempotency | None) -> Replayed | None:
    """None: this request is the first of its key and goes on; else what was answered before.

    Raises Invalid IDEMPOTENCY_KEY_REUSED where the key came with another body, ConflictError IDEMPOTENCY_IN_PROGRESS
    while the first request is still running.
    """
    if idempotency is None:
        return None
    existing = unit.insert_idempotency(replace(idempotency.row, created_at=unit.now()))
    return None if existing is None else replay(idempotency.row, existing)


def replay(row: IdempotencyRow, existing: IdempotencyRow) -> Replayed:
    """The stored answer; raises as `claim` does."""
    if existing.body_hash != row.body_hash:
        raise Invalid(
            "IDEMPOTENCY_KEY_REUSED",
            f"Expected the Idempotency-Key '{row.key}' to come with the same request "
            "as before, but path, query or body differ; use a new key for another request",
        )
    if existing.status is None or existing.response is None:
        raise ConflictError(
            "IDEMPOTENCY_IN_PROGRESS",
            f"Expected the first request with the Idempotency-Key '{row.key}' "
            "to be done, but it is still running; try again in a moment",
        )
    return Replayed(existing.status, existing.response)


def finish(unit: UnitOfWork, idempotency: Idempotency | None, answer: object) -> None:
    """Store the answer with the change itself; call before `commit`."""
    if idempotency is None:
        return
    status, response = idempotency.render(answer)
    unit.finish_idempotency(replace(idempotency.row, status=status, response=response, created_at=unit.now()))
