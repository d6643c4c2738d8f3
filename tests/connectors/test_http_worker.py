"""The worker that pulls jobs over HTTP, against a server that behaves like `/api/v1/jobs`."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from connectors import BpmnError, Job, NonRetryable, connector
from connectors.connector import Connector
from connectors.http_client import JobsClient, RequestRefused
from connectors.http_worker import HttpWorker
from connectors.messages import Outcome, ResultMessage
from connectors.registry import Registry

PATIENCE = 20.0


class JobServer(httpx.BaseTransport):
    """Hands out jobs once and notes what it is told."""

    def __init__(self) -> None:
        self.jobs: deque[dict[str, Any]] = deque()
        self.activations: list[dict[str, Any]] = []
        self.reports: list[tuple[str, dict[str, Any]]] = []
        self.keys: list[str | None] = []
        self.authorizations: set[str | None] = set()
        self.intercept: Callable[[str], httpx.Response | None] = lambda path: None
        self._changed = threading.Condition()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1/jobs/")
        body = json.loads(request.read())
        with self._changed:
            self.authorizations.add(request.headers.get("Authorization"))
            answer = self.intercept(path)
            if answer is not None:
                return answer
            if path == "activate":
                self.activations.append(body)
                if not self.jobs:
                    self._changed.wait(0.02)
                found = [self.jobs.popleft() for _ in range(min(body["maxJobs"], len(self.jobs)))]
                return httpx.Response(200, json={"jobs": found})
            self.reports.append((path, body))
            self.keys.append(request.headers.get("Idempotency-Key"))
            self._changed.notify_all()
            return httpx.Response(204)

    def add(self, *numbers: int, **fields: Any) -> None:
        with self._changed:
            for number in numbers:
                self.jobs.append({
                    "id": str(number), "type": "charge-card", "instanceId": "7", "definitionKey": "order",
                    "elementId": "charge", "attempt": 2, "retries": 3, "priority": 0, "tenantId": "acme",
                    "lockedUntil": "2030-01-01T00:00:00Z", "headers": {}, "variables": {}, **fields,
                })  # fmt: skip
            self._changed.notify_all()

    def told(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        """The first `count` reports; fails where they do not come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.reports) >= count, PATIENCE)
            return list(self.reports)


@pytest.fixture
def server() -> JobServer:
    return JobServer()


@contextmanager
def running(server: JobServer, *connectors: Connector, **options: Any) -> Iterator[HttpWorker]:
    worker = HttpWorker(
        "http://server.test/", "t0ken", Registry(connectors), worker_id="w1", transport=server, **options
    )
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


@connector("charge-card", variables=["amount"], timeout=10)
def charge(job: Job) -> dict[str, Any]:
    return {"charged": dict(job.variables), "attempt": job.attempt}


def test_should_do_jobs_and_complete_them(server: JobServer) -> None:
    # given
    server.add(1, 2, 3, variables={"amount": 5, "other": 6})

    # when
    with running(server, charge):
        reports = server.told(3)

    # then
    assert sorted(path for path, _ in reports) == ["1/complete", "2/complete", "3/complete"]
    assert reports[0][1] == {"workerId": "w1", "attempt": 2, "variables": {"charged": {"amount": 5}, "attempt": 2}}
    assert server.activations[0] == {
        "type": "charge-card", "maxJobs": 8, "lockSeconds": 40, "workerId": "w1", "waitSeconds": 5.0,
        "fetchVariables": ["amount"],
    }  # fmt: skip
    assert server.authorizations == {"Bearer t0ken"}
    assert sorted(str(key) for key in server.keys) == ["1-2-complete", "2-2-complete", "3-2-complete"]


def test_should_tell_how_a_job_ended(server: JobServer) -> None:
    # given
    @connector("charge-card")
    def end(job: Job) -> Any:
        match job.variables["how"]:
            case "error":
                raise BpmnError("NO_COVER", "empty", {"a": 1})
            case "never":
                raise NonRetryable("no such card")
            case "again":
                raise RuntimeError("busy")
            case "object":
                return {"x": object()}

    for number, how in enumerate(["error", "never", "again", "object"]):
        server.add(number, variables={"how": how})

    # when
    with running(server, end):
        reports = dict(server.told(4))

    # then
    assert reports["0/error"]["errorCode"] == "NO_COVER"
    assert reports["0/error"]["variables"] == {"a": 1}
    assert reports["1/fail"]["retries"] == 0
    assert reports["2/fail"]["message"] == "RuntimeError: busy"
    assert reports["2/fail"]["backoffSeconds"] > 0
    assert "retries" not in reports["2/fail"]
    assert reports["3/fail"]["retries"] == 0
    assert "JSON serializable" in reports["3/fail"]["message"]


def test_should_never_take_more_than_it_can_do(server: JobServer) -> None:
    # given jobs that do not end
    release = threading.Event()

    @connector("charge-card", timeout=None)
    def hang(job: Job) -> None:
        release.wait(PATIENCE)

    server.add(*range(5))
    with running(server, hang, concurrency=2):
        deadline = time.monotonic() + PATIENCE
        while len(server.jobs) > 3 and time.monotonic() < deadline:
            time.sleep(0.01)

        # then two are taken and the others left to other workers
        assert len(server.jobs) == 3
        assert server.activations[0]["maxJobs"] == 2
        release.set()
        server.told(5)


def test_should_keep_the_lease_of_long_jobs(server: JobServer) -> None:
    # given a job that lasts longer than its lease
    @connector("charge-card", long=True, lease_seconds=1.0, timeout=None)
    def long(job: Job) -> None:
        deadline = time.monotonic() + PATIENCE
        while len(server.reports) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)

    server.add(1)

    # when
    with running(server, long):
        reports = server.told(3)

    # then
    assert [path for path, _ in reports][:2] == ["1/extend", "1/extend"]
    assert reports[0][1]["lockSeconds"] == 1.0
    assert reports[-1][0] == "1/complete"


def test_should_send_heartbeats(server: JobServer) -> None:
    @connector("charge-card")
    def beat(job: Job) -> None:
        job.heartbeat(90)

    server.add(1)
    with running(server, beat):
        reports = server.told(2)
    assert [path for path, _ in reports] == ["1/extend", "1/complete"]
    assert reports[0][1]["lockSeconds"] == 90


def test_should_tell_again_what_the_server_could_not_take(server: JobServer) -> None:
    # given a server that fails twice and then refuses by its limit
    failures = deque([httpx.Response(503), httpx.ConnectError("gone"), httpx.Response(429)])

    def fail(path: str) -> httpx.Response | None:
        if path == "activate" or not failures:
            return None
        failure = failures.popleft()
        if isinstance(failure, Exception):
            raise failure
        return failure

    server.intercept = fail
    server.add(1)

    # when / then
    with running(server, charge):
        assert [path for path, _ in server.told(1)] == ["1/complete"]


@pytest.mark.parametrize(
    "gone", [httpx.Response(404, json={"code": "JOB_GONE"}), httpx.Response(409, json={"code": "STALE_ATTEMPT"})]
)
def test_should_drop_results_that_nobody_waits_for(
    server: JobServer, gone: httpx.Response, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    server.intercept = lambda path: gone if path == "1/complete" else None
    server.add(1, 2)

    # when
    with running(server, charge, concurrency=1):
        reports = server.told(1)

    # then it goes on with the next
    assert [path for path, _ in reports] == ["2/complete"]
    assert "Nobody waits for the COMPLETED of job '1'" in caplog.text


def test_should_fail_jobs_whose_result_is_refused(server: JobServer) -> None:
    server.intercept = lambda path: httpx.Response(422, text="too large") if path == "1/complete" else None
    server.add(1)
    with running(server, charge):
        [(path, body)] = server.told(1)
    assert path == "1/fail"
    assert body["retries"] == 0
    assert "too large" in body["message"]


def test_should_wait_for_a_server_that_is_away(server: JobServer, caplog: pytest.LogCaptureFixture) -> None:
    # given
    answers = deque([httpx.Response(502), httpx.Response(401, text="no such token"), httpx.Response(200, text="hi")])
    server.intercept = lambda path: answers.popleft() if answers else None
    server.add(1)

    # when / then
    with running(server, charge):
        server.told(1)
    assert "it answered 502" in caplog.text
    assert "it answered 401: no such token" in caplog.text


def test_should_refuse_an_answer_that_is_no_list_of_jobs(server: JobServer) -> None:
    server.intercept = lambda path: httpx.Response(200, json={"jobs": [{"id": 3}]})
    client = JobsClient("http://server.test", None, "w1", transport=server)
    with pytest.raises(RequestRefused, match="Expected jobs"):
        client.activate("a", max_jobs=1, lock_seconds=1, wait_seconds=0)
    client.close()


def test_should_not_mark_heartbeats_as_the_same_request(server: JobServer) -> None:
    """Every heartbeat counts: an idempotency key would answer the second from memory."""
    client = JobsClient("http://server.test", None, "w1", transport=server)
    for _ in range(2):
        client.report(ResultMessage(job_id="1", attempt=1, outcome=Outcome.EXTENDED, lock_seconds=5))
    client.close()
    assert server.keys == [None, None]


def test_should_refuse_to_work_without_connectors(server: JobServer) -> None:
    with pytest.raises(ValueError, match="at least one connector"):
        HttpWorker("http://server.test", None, Registry(), transport=server)
