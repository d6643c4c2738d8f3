"""The `http` connector against a real server on this machine."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors.builtin import addresses
from connectors.builtin.http import http_connector
from connectors.messages import Outcome, ResultMessage
from connectors.options import WorkerOptions
from connectors.testing import run_connector

OPEN = http_connector(WorkerOptions(http_allow_private=True, http_max_response_bytes=10_000, http_timeout_seconds=5))
CLOSED = http_connector(WorkerOptions())


class Server(ThreadingHTTPServer):
    """Remembers what it was asked and answers as told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.status = 200
        self.headers: dict[str, str] = {"Content-Type": "application/json"}
        self.body = b'{"ok": true}'
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.requests.append(
            {"method": self.command, "path": self.path, "headers": self.headers, "body": self.rfile.read(length)}
        )
        if self.path.startswith("/redirect/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/redirect/"))
            self.send_header("Set-Cookie", "session=1")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Set-Cookie", "session=1")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.server.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def call(**headers: Any) -> ResultMessage:
    return run_connector(OPEN, headers=headers, id="4711")


def test_should_get_json(server: Server) -> None:
    # when
    result = call(url=server.url + "/a?b=c")

    # then
    assert result.outcome is Outcome.COMPLETED, result.message
    response = result.variables["response"]
    assert (response["statusCode"], response["body"]) == (200, {"ok": True})
    assert response["headers"]["content-type"] == "application/json"
    [request] = server.requests
    assert (request["method"], request["path"]) == ("GET", "/a?b=c")


def test_should_send_the_job_id_as_idempotency_key(server: Server) -> None:
    call(url=server.url)
    call(url=server.url, headers={"idempotency-key": "mine"})
    assert [r["headers"].get_all("Idempotency-Key") for r in server.requests] == [["4711"], ["mine"]]


def test_should_post_objects_as_json(server: Server) -> None:
    call(url=server.url, method="post", body={"name": "Zoë"}, headers={"X-Trace": 3})
    [request] = server.requests
    assert request["method"] == "POST"
    assert json.loads(request["body"]) == {"name": "Zoë"}
    assert request["headers"]["Content-Type"] == "application/json"
    assert request["headers"]["X-Trace"] == "3"


def test_should_read_the_fields_of_flowables_task(server: Server) -> None:
    result = call(
        requestUrl=server.url,
        requestMethod="PUT",
        requestHeaders="Content-Type: text/plain\nX-A:  b : c\n",
        requestBody="hello",
        requestTimeout="3000",
        responseVariableName="answer",
    )
    assert list(result.variables) == ["answer"]
    [request] = server.requests
    assert (request["method"], request["body"]) == ("PUT", b"hello")
    assert (request["headers"]["Content-Type"], request["headers"]["X-A"]) == ("text/plain", "b : c")


def test_should_let_the_models_constants_win_over_variables(server: Server) -> None:
    run_connector(OPEN, headers={"url": server.url + "/model"}, variables={"url": "http://x/", "method": "DELETE"})
    [request] = server.requests
    assert (request["method"], request["path"]) == ("DELETE", "/model")


def test_should_keep_text_as_text(server: Server) -> None:
    server.headers, server.body = {"Content-Type": "text/plain; charset=latin-1"}, "Zoë\0".encode("latin-1")
    assert call(url=server.url).variables["response"]["body"] == "Zoë\ufffd"


def test_should_keep_what_only_claims_to_be_json(server: Server) -> None:
    server.body = b'{"a": NaN}'
    assert call(url=server.url).variables["response"]["body"] == '{"a": NaN}'


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (404, False), (408, True), (425, True), (429, True), (500, True), (503, True)],
)
def test_should_try_again_only_what_may_work_later(server: Server, status: int, retryable: bool) -> None:
    server.status = status
    result = call(url=server.url + "/secret?token=s3cret")
    assert (result.outcome, result.retryable) == (Outcome.FAILED, retryable)
    assert f"answered {status}" in (result.message or "")
    assert "s3cret" not in (result.message or "")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("17", 17.0), ("99999999", 3600.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("-5", 0.0)],
)
def test_should_wait_as_long_as_the_server_asks(server: Server, value: str, seconds: float) -> None:
    server.status, server.headers = 503, {"Retry-After": value}
    assert call(url=server.url).backoff_seconds == seconds


@pytest.mark.parametrize("value", ["soon", "nan", ""])
def test_should_back_off_by_itself_where_retry_after_makes_no_sense(server: Server, value: str) -> None:
    server.status, server.headers = 503, {"Retry-After": value}
    seconds = call(url=server.url).backoff_seconds
    assert seconds is not None
    assert 0.5 < seconds < 1.5


@pytest.mark.parametrize("codes", ["404", "500, 4xx"])
def test_should_throw_bpmn_errors_for_statuses_that_the_model_handles(server: Server, codes: str) -> None:
    server.status = 404
    result = call(url=server.url, handleStatusCodes=codes)
    assert (result.outcome, result.error_code) == (Outcome.ERROR, "HTTP404")
    assert result.variables["response"]["body"] == {"ok": True}


def test_should_follow_redirects_unless_told_not_to(server: Server) -> None:
    assert call(url=server.url + "/redirect//end").variables["response"]["statusCode"] == 200
    refused = call(url=server.url + "/redirect//end", disallowRedirects="true")
    assert refused.variables["response"]["statusCode"] == 302


def test_should_give_up_endless_redirects(server: Server) -> None:
    result = call(url=server.url + "/redirect/" * 20 + "/end")
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False)


def test_should_not_keep_cookies_from_one_job_to_the_next(server: Server) -> None:
    call(url=server.url)
    call(url=server.url)
    assert [request["headers"]["Cookie"] for request in server.requests] == [None, None]


def test_should_refuse_large_responses(server: Server) -> None:
    server.body = b"x" * 20_000
    result = call(url=server.url)
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False)
    assert "at most 10000 bytes" in (result.message or "")


def test_should_give_up_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        result = call(url=f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.2)
    assert (result.outcome, result.retryable) == (Outcome.FAILED, True)


def test_should_give_up_a_server_that_drips() -> None:
    # given a server that sends a byte at a time, each well within the timeout of a read
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(10_000)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
                while not stop.wait(0.05):
                    try:
                        client.sendall(b"x")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()

        # when
        result = call(url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.4)
        stop.set()

    # then
    assert (result.outcome, result.retryable) == (Outcome.FAILED, True)
    assert "still sends" in (result.message or "")


def test_should_try_again_where_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        result = call(url=f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert (result.outcome, result.retryable) == (Outcome.FAILED, True)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "field 'url'"),
        ({"url": ""}, "field 'url'"),
        ({"url": ["http://x"]}, "to be text"),
        ({"url": "file:///etc/passwd"}, "unsupported protocol"),
        ({"url": "gopher://x/"}, "gopher"),
        ({"url": "http://x/", "method": "TRACE"}, "'method'"),
        ({"url": "http://x/", "headers": {"A": "b\r\nC: d"}}, "to be one line"),
        ({"url": "http://x/", "headers": 3}, "'headers'"),
        ({"url": "http://x/", "timeout": "soon"}, "positive number"),
        ({"url": "http://x/", "timeout": True}, "positive number"),
        ({"url": "http://[::1"}, "Expected a request"),
        ({"url": "/relative"}, "Expected"),
    ],
)
def test_should_refuse_fields_that_make_no_request(fields: dict[str, Any], expected: str) -> None:
    result = call(**fields)
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False), result.message
    assert expected in (result.message or "")


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "localhost",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
        ),
        *("169.254.169.254", "100.64.0.1", "224.0.0.1", "[::1]", "[::]", "[fe80::1]", "[fd00::1]"),
        *("[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
        *(
            "[::127.0.0.1]",
            "[::ffff:0:127.0.0.1]",
            "[64:ff9b:1::7f00:1]",
            "[fec0::1]",
            "0.0.0.0",
            "127.1",
            "0x7f000001",
        ),
    ],
)
def test_should_refuse_addresses_that_are_not_public(host: str) -> None:
    result = run_connector(CLOSED, headers={"url": f"http://{host}:1/"})
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False), result.message
    assert "private ones must be allowed" in (result.message or "")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_should_know_public_addresses(address: str) -> None:
    assert addresses.is_public(address)


def test_should_connect_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    # given a name that changes its address after it was asked for once
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "127.0.0.99"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", _only_for("rebind.test", resolve))
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")

    # when
    result = run_connector(CLOSED, headers={"url": f"http://rebind.test:{server.server_address[1]}/"})

    # then it was asked for once, and that address was called under the name
    assert result.outcome is Outcome.COMPLETED, result.message
    assert asked == ["rebind.test"]
    assert server.requests[0]["headers"]["Host"].startswith("rebind.test")


def _only_for(name: str, resolve: Any) -> Any:
    """The real getaddrinfo for everything else: it also opens the connection."""
    real = socket.getaddrinfo
    return lambda host, *args, **kwargs: (resolve if host == name else real)(host, *args, **kwargs)


def test_should_check_where_redirects_lead(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    # given a public server that points to an inner one
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    inner = f"http://127.0.0.2:{server.server_address[1]}/inner"

    # when
    result = run_connector(CLOSED, headers={"url": f"{server.url}/redirect/{inner}"})

    # then
    assert (result.outcome, result.retryable) == (Outcome.FAILED, False)
    assert "127.0.0.2" in (result.message or "")
    assert len(server.requests) == 1


def test_should_refuse_a_name_with_one_private_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", resolve)
    result = run_connector(CLOSED, headers={"url": "http://mixed.test/"})
    assert "10.0.0.1" in (result.message or "")


def test_should_ignore_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """A proxy would make the connection itself, to wherever it likes."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    assert call(url=server.url).outcome is Outcome.COMPLETED
