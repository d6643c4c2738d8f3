"""`http`: call a URL.

Fields are read under the names of Flowable's HTTP task too (`requestUrl`, `requestMethod`, ...; Flowable 7 user guide,
"Http Task"), whose `requestTimeout` is in milliseconds and whose `handleStatusCodes` become BPMN errors `HTTP<status>`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from connectors.builtin.addresses import AddressRefused
from connectors.builtin.fields import find, flag, positive_number, text
from connectors.builtin.http_transport import CheckedTransport
from connectors.connector import Connector, connector
from connectors.errors import BpmnError, Failure, NonRetryable
from connectors.job import Job
from connectors.options import WorkerOptions

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
MAX_REDIRECTS = 5
MAX_SECONDS = 240.0
TRY_AGAIN = (408, 425, 429)
"""The client errors that may go away by themselves: timeout, too early, too many requests."""


def http_connector(options: WorkerOptions) -> Connector:
    """The connector for type `http`.

    Fields: `url`, `method` (GET), `headers` (object or lines `Name: value`), `body` (text, or JSON for anything else),
    `timeout` (seconds), `disallowRedirects`, `handleStatusCodes` (`404,5XX`), `responseVariableName`.
    Result: `{statusCode, headers, body}` in variable `response` or the given one.
    """
    transport = CheckedTransport(allow_private=options.http_allow_private)

    # The function's own limit is shorter, so that no thread is left behind.
    @connector("http", timeout=MAX_SECONDS + 30)
    def http(job: Job) -> dict[str, Any]:
        """Call `url` with `method`, `headers` and `body`."""
        seconds = _seconds(job, options.http_timeout_seconds)
        request = _request(job, seconds)
        # A client per call: cookies of one process must not reach another.
        client = httpx.Client(
            transport=transport,
            follow_redirects=not flag(job, "disallowRedirects"),
            max_redirects=MAX_REDIRECTS,
            trust_env=False,
        )
        try:
            response = client.send(request, stream=True)
            try:
                content = _read(response, options.http_max_response_bytes, time.monotonic() + seconds)
            finally:
                response.close()
        except AddressRefused as refused:
            raise NonRetryable(str(refused)) from refused
        except (httpx.UnsupportedProtocol, httpx.TooManyRedirects, httpx.InvalidURL) as error:
            raise NonRetryable(f"Expected '{_shown(request.url)}' to be callable, but {error}") from error
        except httpx.HTTPError as error:
            raise Failure(f"Expected '{_shown(request.url)}' to answer, but {error or type(error).__name__}") from error
        answer = {
            "statusCode": response.status_code,
            "headers": dict(response.headers),
            "body": _body(response, content),
        }
        _judge(job, request, response, answer)
        return {text(job, "responseVariableName", "resultVariable", default="response"): answer}

    return http


def _request(job: Job, seconds: float) -> httpx.Request:
    url = text(job, "url", "requestUrl")
    if not url:
        raise NonRetryable("Expected a field 'url', but there is none")
    method = text(job, "method", "requestMethod", default="GET").upper()
    if method not in METHODS:
        raise NonRetryable(f"Expected 'method' to be one of {', '.join(METHODS)}, but got '{method}'")
    headers = {
        "Accept-Encoding": "identity",
        "User-Agent": "bpmnd",
        "Idempotency-Key": job.idempotency_key,
    }
    given = _headers(find(job, "headers", "requestHeaders"))
    headers = {name: value for name, value in headers.items() if name.lower() not in {g.lower() for g in given}} | given
    body = find(job, "body", "requestBody")
    content: bytes | None = None
    if isinstance(body, str):
        content = body.encode()
    elif body is not None:
        content = json.dumps(body, ensure_ascii=False).encode()
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    try:
        return httpx.Request(
            method, url, headers=headers, content=content, extensions={"timeout": httpx.Timeout(seconds).as_dict()}
        )
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError) as error:
        raise NonRetryable(f"Expected a request that can be sent, but {error}") from error


def _headers(given: Any) -> dict[str, str]:
    if given is None or given == "":
        return {}
    if isinstance(given, str):
        pairs = [line.partition(":") for line in given.splitlines() if line.strip()]
        given = {name.strip(): value.strip() for name, _, value in pairs}
    if not isinstance(given, Mapping):
        raise NonRetryable(f"Expected 'headers' to be an object or lines of text, but got {type(given).__name__}")
    headers = {str(name): str(value) for name, value in given.items() if value is not None}
    for name, value in headers.items():
        if not name or any(character in name + value for character in "\r\n\0"):
            raise NonRetryable(f"Expected header {name!r} to be one line, but it is not")
    return headers


def _seconds(job: Job, default: float) -> float:
    seconds = positive_number(job, "timeout")
    if seconds is None:
        milliseconds = positive_number(job, "requestTimeout")
        seconds = default if milliseconds is None else milliseconds / 1000
    return min(seconds, MAX_SECONDS)


def _read(response: httpx.Response, limit: int, deadline: float) -> bytes:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > limit:
            raise NonRetryable(f"Expected a response of at most {limit} bytes, but '{_shown(response.url)}' sends more")
        # httpx limits each read; a server that drips bytes would never end.
        if time.monotonic() > deadline:
            raise Failure(f"Expected '{_shown(response.url)}' to answer in time, but it still sends")
    return bytes(content)


def _body(response: httpx.Response, content: bytes) -> Any:
    media_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        try:
            return json.loads(content, parse_constant=_not_json)
        except ValueError:
            pass
    try:
        return content.decode(response.charset_encoding or "utf-8", "replace").replace("\0", "\ufffd")
    except LookupError:
        return content.decode("utf-8", "replace").replace("\0", "\ufffd")


def _not_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _judge(job: Job, request: httpx.Request, response: httpx.Response, answer: dict[str, Any]) -> None:
    """Raise where the status is no success."""
    status = response.status_code
    if _listed(status, text(job, "handleStatusCodes")):
        raise BpmnError(f"HTTP{status}", f"'{_shown(request.url)}' answered {status}", {"response": answer})
    if status < 400:
        return
    message = f"Expected '{_shown(request.url)}' to accept {request.method}, but it answered {status}"
    if status < 500 and status not in TRY_AGAIN:
        raise NonRetryable(message)
    raise Failure(message, backoff_seconds=_retry_after(response.headers.get("retry-after")))


def _listed(status: int, codes: str) -> bool:
    """Whether a list such as `404,5XX` names the status."""
    wanted = {code.strip().upper() for code in codes.split(",")}
    return str(status) in wanted or f"{status // 100}XX" in wanted


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header (RFC 9110 section 10.2.3: seconds or a date), at most an hour."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
        except ValueError:
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        seconds = (when - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), 3600.0) if seconds == seconds else None


def _shown(url: httpx.URL) -> str:
    """The URL without what may be secret: user, password, query."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))
