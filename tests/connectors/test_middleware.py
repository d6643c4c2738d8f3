"""What happens around every connector."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from connectors import BpmnError, Failure, Job, NonRetryable, connector
from connectors.backoff import Backoff
from connectors.messages import Outcome
from connectors.middleware import Middleware, Outcomes, Retries, TimeLimit
from connectors.testing import run_connector

PATIENCE = 20.0


@connector("fail", backoff=Backoff(initial_seconds=2, factor=3, maximum_seconds=50, jitter=0))
def fail(job: Job) -> None:
    raise RuntimeError("no")


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2.0), (2, 6.0), (3, 18.0), (4, 50.0), (10_000, 50.0)])
def test_should_back_off_exponentially_up_to_a_maximum(attempt: int, seconds: float) -> None:
    assert run_connector(fail, attempt=attempt).backoff_seconds == seconds


def test_should_spread_the_backoff() -> None:
    backoff = Backoff(initial_seconds=10, jitter=0.5)
    delays = [backoff.delay(1, random.Random(seed)) for seed in range(100)]
    assert min(delays) < 7
    assert max(delays) > 13
    assert all(5 <= delay <= 15 for delay in delays)


def test_should_keep_the_backoff_that_the_connector_asks_for() -> None:
    @connector("busy")
    def busy(job: Job) -> None:
        raise Failure("later", backoff_seconds=77)

    assert run_connector(busy).backoff_seconds == 77


def test_should_stop_at_the_retries_that_the_connector_wants() -> None:
    @connector("twice", retries=2)
    def twice(job: Job) -> None:
        raise RuntimeError("no")

    assert run_connector(twice, attempt=1).retryable
    assert not run_connector(twice, attempt=2).retryable


def test_should_not_back_off_from_what_is_no_failure_to_try_again() -> None:
    @connector("end")
    def end(job: Job) -> dict[str, int]:
        match job.variables["how"]:
            case "error":
                raise BpmnError("E")
            case "never":
                raise NonRetryable("no")
        return {"x": 1}

    for how in ("error", "never", "well"):
        assert run_connector(end, variables={"how": how}).backoff_seconds is None


def test_should_run_async_functions() -> None:
    @connector("async")
    async def work(job: Job) -> dict[str, str]:
        return {"id": job.id}

    assert run_connector(work, id="9").variables == {"id": "9"}


def test_should_shorten_endless_messages() -> None:
    @connector("long")
    def long(job: Job) -> None:
        raise RuntimeError("x" * 100_000)

    assert len(run_connector(long).message or "") == 4_000


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_should_say_how_many_threads_are_stuck_and_refuse_to_add_more(
    release: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    # given a limit of two threads past their time
    @connector("stuck", timeout=0.05)
    def stuck(job: Job) -> None:
        release.wait(PATIENCE)

    limit = TimeLimit(max_stuck=2)
    chain: list[Middleware] = [Outcomes(), limit]

    # when three jobs hang
    with caplog.at_level(logging.WARNING):
        results = [run_connector(stuck, middleware=chain) for _ in range(3)]

    # then the third is not begun
    assert [r.outcome for r in results] == [Outcome.FAILED] * 3
    assert all(r.retryable for r in results)
    assert "within 0.05 s" in (results[1].message or "")
    assert "restart the worker" in (results[2].message or "")
    assert limit.stuck == 2
    assert "2 threads like that" in caplog.text

    # and when the threads come back, work goes on
    release.set()
    deadline = time.monotonic() + PATIENCE
    while limit.stuck and time.monotonic() < deadline:
        time.sleep(0.01)
    assert run_connector(stuck, middleware=chain).outcome is Outcome.COMPLETED


def test_should_use_its_threads_again() -> None:
    @connector("who", timeout=PATIENCE)
    def who(job: Job) -> dict[str, Any]:
        return {"thread": threading.get_ident()}

    chain: list[Middleware] = [TimeLimit()]
    threads = {run_connector(who, middleware=chain).variables["thread"] for _ in range(5)}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_should_pass_exceptions_through_the_time_limit() -> None:
    @connector("throw", timeout=PATIENCE)
    def throw(job: Job) -> None:
        raise BpmnError("CODE", "why")

    result = run_connector(throw, middleware=[Retries(), Outcomes(), TimeLimit()])
    assert (result.outcome, result.error_code, result.message) == (Outcome.ERROR, "CODE", "why")


def test_should_log_how_a_job_ended_but_never_its_variables(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        run_connector(fail, variables={"password": "s3cret"}, id="77")
    assert "[job 77] fail failed at attempt 1" in caplog.text
    assert "s3cret" not in caplog.text


def test_should_do_nothing_by_default() -> None:
    @connector("plain")
    def plain(job: Job) -> dict[str, int]:
        return {"x": 1}

    assert run_connector(plain, middleware=[Middleware()]).variables == {"x": 1}


def test_should_collect_heartbeats() -> None:
    @connector("beat")
    def beat(job: Job) -> None:
        job.heartbeat(5)

    beats: list[float] = []
    run_connector(beat, heartbeats=beats)
    assert beats == [5]


@pytest.mark.parametrize("seconds", [0, -1])
def test_should_refuse_a_heartbeat_of_no_time(seconds: float) -> None:
    @connector("beat")
    def beat(job: Job) -> None:
        job.heartbeat(seconds)

    assert "positive" in (run_connector(beat).message or "")
