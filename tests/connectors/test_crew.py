"""The threads of a worker: written off where a job does not end, replaced, and counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from connectors import Job, connector
from connectors import worker as worker_module
from connectors.messages import Outcome
from connectors.middleware import Outcomes
from tests.connectors.test_worker_contract import PATIENCE, Engine, job, running
from tests.support.brokers import broker


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_should_replace_threads_that_are_stuck_up_to_a_limit_and_use_them_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # given a worker of one thread whose jobs never end, and room for two such threads
    monkeypatch.setattr(worker_module, "MAX_STUCK", 2)
    release = threading.Event()

    @connector("charge-card", timeout=0.1)
    def hang(job: Job) -> dict[str, str]:
        if job.variables.get("hang"):
            release.wait(PATIENCE)
        return {"id": job.id}

    with broker("memory") as place:
        engine = Engine(place)
        with running(place, hang, concurrency=1) as worker:
            # when three hang, and one would not
            engine.send(*(job(n, variables={"hang": True}) for n in (1, 2, 3)), job(4))
            results = {r.job_id: r for r in engine.results(4)}

            # then two ran into their limit, and nothing is begun any more
            assert {r.outcome for r in results.values()} == {Outcome.FAILED}
            assert all(r.retryable for r in results.values())
            assert "within 0.1 s" in (results["2"].message or "")
            assert "restart the worker" in (results["3"].message or "")
            assert "restart the worker" in (results["4"].message or "")
            assert worker._stuck() == 2

            # and: when they come back, what they bring is dropped, and work goes on
            release.set()
            until(lambda: worker._stuck() == 0)
            engine.send(job(5))
            assert [(r.job_id, r.outcome) for r in engine.results(1)] == [("5", Outcome.COMPLETED)]
            assert engine.no_more_results()
        engine.close()
    assert "2 threads like that" in caplog.text
    assert "its result is dropped" in caplog.text


def test_should_not_limit_the_time_where_the_middleware_does_not() -> None:
    @connector("charge-card", timeout=0.05)
    def slow(job: Job) -> dict[str, bool]:
        time.sleep(0.3)
        return {"done": True}

    with broker("memory") as place:
        engine = Engine(place)
        with running(place, slow, middleware=[Outcomes()]):
            engine.send(job(1))
            assert [r.outcome for r in engine.results(1)] == [Outcome.COMPLETED]
        engine.close()
