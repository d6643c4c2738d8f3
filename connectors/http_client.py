"""The `/jobs` routes of the server, as a worker calls them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from connectors.codec import encode
from connectors.messages import JobMessage, MalformedMessage, Outcome, ResultMessage
from connectors.queues import CONTENT_TYPE


class ServerUnavailable(Exception):
    """The server cannot be reached or cannot answer now; try again."""


class RequestRefused(Exception):
    """The server understood and said no: wrong token, missing role, a body it does not take."""


class JobsClient:
    """Activates jobs and reports their results. Safe to use from several threads."""

    def __init__(
        self, server: str, token: str | None, worker_id: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._worker_id = worker_id
        self._client = httpx.Client(
            base_url=server.rstrip("/") + "/api/v1", headers=headers, transport=transport, timeout=30.0
        )

    def activate(
        self,
        job_type: str,
        *,
        max_jobs: int,
        lock_seconds: float,
        wait_seconds: float,
        variables: Sequence[str] | None = None,
    ) -> list[JobMessage]:
        """Take up to `max_jobs` jobs; waits for the first. Raises ServerUnavailable or RequestRefused."""
        body: dict[str, Any] = {
            "type": job_type,
            "maxJobs": max_jobs,
            "lockSeconds": lock_seconds,
            "workerId": self._worker_id,
            "waitSeconds": wait_seconds,
        }
        if variables is not None:
            body["fetchVariables"] = list(variables)
        response = self._post("/jobs/activate", body, timeout=wait_seconds + 15.0)
        _refuse_errors(response)
        try:
            return [JobMessage.from_json(job) for job in response.json()["jobs"]]
        except (ValueError, KeyError, TypeError, MalformedMessage) as error:
            raise RequestRefused(f"Expected jobs, but the server answered something else: {error}") from error

    def report(self, result: ResultMessage) -> bool:
        """Send a result; False where nobody waits for it any more (job gone, attempt stale).

        Raises ServerUnavailable or RequestRefused; ValueError or TypeError where the variables are not JSON.
        """
        route, fields = _route(result)
        body = {"workerId": self._worker_id, "attempt": result.attempt, **fields}
        key = f"{result.job_id}-{result.attempt}-{route}"
        headers = {} if result.outcome in (Outcome.STARTED, Outcome.EXTENDED) else {"Idempotency-Key": key}
        response = self._post(f"/jobs/{result.job_id}/{route}", body, headers=headers)
        if response.status_code == 404 or (response.status_code == 409 and "STALE_ATTEMPT" in response.text):
            return False
        if response.status_code == 409:
            raise ServerUnavailable("the same request is still running")
        _refuse_errors(response)
        return True

    def close(self) -> None:
        self._client.close()

    def _post(
        self, path: str, body: dict[str, Any], *, headers: dict[str, str] | None = None, timeout: float = 30.0
    ) -> httpx.Response:
        try:
            response = self._client.post(
                path,
                content=encode(body),
                headers={"Content-Type": CONTENT_TYPE, **(headers or {})},
                timeout=httpx.Timeout(timeout, connect=5.0),
            )
        except httpx.HTTPError as error:
            raise ServerUnavailable(f"{type(error).__name__}: {error}") from error
        if response.status_code >= 500 or response.status_code == 429:
            raise ServerUnavailable(f"it answered {response.status_code}")
        return response


def _route(result: ResultMessage) -> tuple[str, dict[str, Any]]:
    match result.outcome:
        case Outcome.COMPLETED:
            return "complete", {"variables": dict(result.variables)}
        case Outcome.ERROR:
            return "error", {
                "errorCode": result.error_code,
                "message": result.message or "",
                "variables": dict(result.variables),
            }
        case Outcome.FAILED:
            fields: dict[str, Any] = {"message": result.message or ""}
            if not result.retryable:
                fields["retries"] = 0
            elif result.backoff_seconds is not None:
                fields["backoffSeconds"] = result.backoff_seconds
            return "fail", fields
        case Outcome.STARTED | Outcome.EXTENDED:
            return "extend", {"lockSeconds": result.lock_seconds}


def _refuse_errors(response: httpx.Response) -> None:
    if response.status_code >= 400:
        raise RequestRefused(f"it answered {response.status_code}: {response.text[:500]}")
