"""Jobs: attempts, backoff, leases, late and stale results, messages that get lost or are too large."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest

from connectors.connector import connector
from connectors.job import Job
from connectors.messages import Outcome, ResultMessage
from server.workers.relay import JobRelay
from tests.server.usecases.executor.conftest import RunApp
from tests.support.app import App, wait_until
from tests.support.models import camunda_io, end, extension, model, multi_instance, service_task, start

CHARGE = model(start(), service_task("charge"), end(), flows="start -> charge -> end", key="pay")


@pytest.fixture
def paying(app: App) -> tuple[App, str]:
    app.deploy(("pay.bpmn", CHARGE))
    return app, app.start("pay")


def test_should_try_again_after_the_pause_the_worker_asks_for(paying: tuple[App, str]) -> None:
    app, pay = paying
    [job] = app.activate("charge")
    app.fail(job, retries=2, backoffSeconds=30)
    app.advance(seconds=29)
    assert app.no_job("charge")
    assert app.incidents(pay) == []

    app.advance(seconds=1)

    [again] = app.activate("charge")
    assert (again["id"], again["attempt"], again["retries"]) == (job["id"], 2, 2)
    app.finish(again)
    app.ended(pay)


def test_should_wait_longer_after_each_failure_as_the_model_says(app: App) -> None:
    cycle = extension("<camunda:failedJobRetryTimeCycle>R3/PT1M</camunda:failedJobRetryTimeCycle>")
    app.deploy(("pay.bpmn", model(start(), service_task("charge", cycle), end(), flows="start -> charge -> end",
                                  key="pay")))  # fmt: skip
    pay = app.start("pay")
    for attempt in (1, 2, 3):
        [job] = app.activate("charge")
        assert (job["attempt"], job["retries"]) == (attempt, 4 - attempt)
        app.fail(job)
        if attempt < 3:
            app.advance(seconds=59)
            assert app.no_job("charge")
            app.advance(seconds=1)

    assert app.incident(pay)["kind"] == "JOB_RETRIES_EXHAUSTED"


def test_should_refuse_a_result_of_an_older_attempt(paying: tuple[App, str]) -> None:
    app, pay = paying
    [job] = app.activate("charge")
    app.fail(job, retries=1, backoffSeconds=0)
    [again] = app.activate("charge")

    assert app.finish(job, status=409)["errors"][0]["code"] == "STALE_ATTEMPT"

    app.finish(again)
    app.ended(pay)
    assert app.finish(again, status=404)["errors"][0]["code"] == "JOB_GONE"


def test_should_accept_a_late_result_until_somebody_else_has_the_job(paying: tuple[App, str]) -> None:
    app, pay = paying
    [job] = app.activate("charge", lock_seconds=10)
    app.advance(seconds=60)

    app.finish(job, {"late": True})

    assert app.ended(pay)["context"] == {"late": True}


def test_should_hand_out_a_job_again_when_its_lease_is_over(paying: tuple[App, str]) -> None:
    app, pay = paying
    [job] = app.activate("charge", lock_seconds=10)
    assert app.no_job("charge")
    app.advance(seconds=10)

    [again] = app.activate("charge")

    assert again["id"] == job["id"]
    app.finish(job, status=409)
    app.finish(again)
    app.ended(pay)


def test_should_extend_a_lease(paying: tuple[App, str]) -> None:
    app, pay = paying
    [job] = app.activate("charge", lock_seconds=10)
    app.advance(seconds=9)
    app.post(f"/jobs/{job['id']}/extend", {"workerId": "tester", "attempt": 1, "lockSeconds": 100})
    app.advance(seconds=99)
    assert app.no_job("charge")

    app.finish(job)

    app.ended(pay)


def test_should_apply_a_result_that_comes_many_times_once(paying: tuple[App, str]) -> None:
    app, pay = paying
    [job] = app.activate("charge")
    result = ResultMessage(job_id=job["id"], attempt=1, outcome=Outcome.COMPLETED, variables={"n": 1})
    threads = [threading.Thread(target=app.server.bus.publish_results, args=([result] * 5,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    app.ended(pay)

    assert app.completed(pay).count("charge") == 1


def test_should_keep_a_lease_by_the_signs_of_life_of_a_long_job(run_app: RunApp) -> None:
    finish = threading.Event()
    runs: list[int] = []

    @connector("charge", long=True, lease_seconds=30)
    def charge(job: Job) -> dict[str, Any]:
        runs.append(job.attempt)
        assert finish.wait(20)
        return {"done": True}

    app = run_app(connectors=[charge])
    app.deploy(("pay.bpmn", CHARGE))
    pay = app.start("pay")

    [id] = [int(event["data"]["id"]) for event in app.history(pay) if event["type"] == "JOB_CREATED"]

    def lease() -> datetime | None:
        with app.server.store.read() as unit:
            return unit.load_jobs([(int(pay), id)])[id].locked_until

    leased_until = wait_until(lease, what="a lease")
    assert leased_until is not None
    assert app.clock is not None
    assert (leased_until - app.clock()).total_seconds() == 30
    finish.set()
    app.ended(pay)
    assert runs == [1]


def test_should_send_a_job_again_whose_message_was_lost(run_app: RunApp) -> None:
    """The queue exists, but nobody answers in time: as if the broker had lost it."""
    app = run_app(redispatch_seconds=100)
    app.deploy(("pay.bpmn", CHARGE))
    topology_worker = _deaf_worker(app, "charge")
    pay = app.start("pay")
    first = wait_until(topology_worker, what="a message")
    app.advance(seconds=99)
    assert not topology_worker()

    app.advance(seconds=1)

    again = wait_until(topology_worker, what="the message again")
    assert (again.id, again.attempt) == (first.id, first.attempt)
    app.server.bus.publish_results([ResultMessage(job_id=again.id, attempt=1, outcome=Outcome.COMPLETED)])
    app.ended(pay)


def test_should_send_a_long_job_as_a_new_attempt_when_its_lease_is_over(run_app: RunApp) -> None:
    """Whoever had it may still be at work: what comes from there is of an older attempt."""
    app = run_app(redispatch_seconds=1000)
    app.deploy(("pay.bpmn", CHARGE))
    look = _deaf_worker(app, "charge")
    pay = app.start("pay")
    first = wait_until(look, what="a message")

    def report(attempt: int, outcome: Outcome, **fields: Any) -> None:
        app.server.bus.publish_results([ResultMessage(job_id=first.id, attempt=attempt, outcome=outcome, **fields)])

    def lease() -> datetime | None:
        with app.server.store.read() as unit:
            return unit.load_jobs([(int(pay), int(first.id))])[int(first.id)].locked_until

    report(1, Outcome.STARTED, worker_id="w1", lock_seconds=30.0)
    wait_until(lease, what="a lease")

    app.advance(seconds=30)

    again = wait_until(look, what="the message again")
    assert (again.id, again.attempt) == (first.id, 2)
    report(1, Outcome.COMPLETED, variables={"by": "w1"})
    report(2, Outcome.COMPLETED, variables={"by": "w2"})
    assert app.ended(pay)["context"] == {"by": "w2"}


def test_should_give_up_a_job_that_workers_over_http_are_lost_with(paying: tuple[App, str]) -> None:
    app, pay = paying
    for attempt in range(1, 6):
        [job] = app.activate("charge", lock_seconds=10, workerId=f"w{attempt}")
        assert (job["attempt"], job["retries"]) == (attempt, 3), "being lost is no failure of the job"
        app.advance(seconds=10)

    assert app.no_job("charge")

    incident = app.incident(pay)
    assert "5 in a row were lost" in incident["message"]
    assert "'w5'" in incident["message"]
    app.resolve(incident)
    [again] = app.activate("charge", lock_seconds=10)
    app.advance(seconds=10)
    [again] = app.activate("charge")
    app.finish(again)
    app.ended(pay)


def test_should_count_anew_when_a_worker_reported(paying: tuple[App, str]) -> None:
    app, pay = paying
    for _ in range(4):
        app.activate("charge", lock_seconds=10)
        app.advance(seconds=10)
    [job] = app.activate("charge", lock_seconds=10)
    app.fail(job, retries=2, backoffSeconds=0)

    for _ in range(4):
        app.activate("charge", lock_seconds=10)
        app.advance(seconds=10)

    app.finish(app.activate("charge")[0])
    app.ended(pay)


def test_should_bury_a_job_on_the_bus_that_workers_are_lost_with(run_app: RunApp) -> None:
    app = run_app(redispatch_seconds=1000, lost_limit=2)
    app.deploy(("pay.bpmn", CHARGE))
    look = _deaf_worker(app, "charge")
    pay = app.start("pay")
    messages = []
    for attempt in (1, 2):
        message = wait_until(look, what="a message")
        messages.append(message)
        started = ResultMessage(
            job_id=message.id, attempt=attempt, outcome=Outcome.STARTED, worker_id=f"w{attempt}", lock_seconds=30.0
        )
        app.server.executor.submit(started).result(10)
        app.advance(seconds=30)

    incident = app.incident(pay)

    assert "2 in a row were lost" in incident["message"]
    assert [(message.attempt, message.repeated) for message in messages] == [(1, False), (2, True)]
    letter = wait_until(_deaf_worker(app, "charge.dead"), what="a dead letter")
    assert (letter.id, letter.attempt) == (messages[0].id, 2)
    app.resolve(incident)
    again = wait_until(look, what="the message again")
    result = ResultMessage(job_id=again.id, attempt=again.attempt, outcome=Outcome.COMPLETED)
    app.server.bus.publish_results([result])
    app.ended(pay)


def _deaf_worker(app: App, type: str) -> Any:
    """Takes messages of the type off the bus and tells nobody."""
    from connectors.envelopes import read_job

    transport = app.server.bus._transport  # type: ignore[attr-defined]
    topology = app.server.bus._topology  # type: ignore[attr-defined]
    consumer = transport.consumer([topology.job_queue(type)], 10)
    if type.endswith(".dead"):
        consumer._declare = lambda channel: None  # made by who consumes the queue of the type
    else:
        consumer.receive(1, 0.01)

    def look() -> Any:
        received = consumer.receive(1, 0.05)
        consumer.acknowledge(received)
        return read_job(received[0]) if received else None

    return look


def test_should_raise_an_incident_for_a_job_too_large_for_the_bus(run_app: RunApp) -> None:
    seen: list[Any] = []

    @connector("charge")
    def charge(job: Job) -> None:
        seen.append(job.variables)

    app = run_app(connectors=[charge])
    app.deploy(("pay.bpmn", CHARGE))
    pay = app.start("pay", {"text": "x" * 70_000})

    incident = app.incident(pay)

    assert "65536" in incident["message"]
    app.call("PATCH", f"/instances/{pay}/variables", {"text": "short"})
    app.resolve(incident)
    app.ended(pay)
    assert seen == [{"text": "short"}]


def test_should_give_a_large_job_to_a_worker_over_http_where_no_queue_takes_its_type(paying: tuple[App, str]) -> None:
    app, _ = paying
    large = app.start("pay", {"text": "x" * 70_000})
    JobRelay(app.server.store, app.server.bus).run_once()

    for job in app.activate("charge", count=2):
        app.finish(job)

    app.ended(large)
    assert [event for event in app.history(large) if event["type"] == "INCIDENT_RAISED"] == []


def test_should_send_only_what_input_parameters_name(app: App) -> None:
    app.deploy(("pay.bpmn", model(
        start(), service_task("charge", camunda_io({"sum": "${amount * 2}"})), end(), flows="start -> charge -> end",
        key="pay")))  # fmt: skip
    app.start("pay", {"amount": 4, "text": "x" * 70_000})

    assert app.activate("charge")[0]["variables"] == {"sum": 8}


def test_should_open_and_close_two_thousand_items(app: App) -> None:
    """Wider than a step: opening goes on in portions, each item is a row of its own."""
    app.deploy(("wide.bpmn", model(
        start(), service_task("charge", multi_instance(collection="${items}", variable="item")), end(),
        flows="start -> charge -> end", key="wide")))  # fmt: skip
    count = 2000 if app.server.store.shared() else 500
    wide = app.start("wide", {"items": list(range(count))})
    jobs: list[Any] = []
    while len(jobs) < count:
        jobs.extend(app.activate("charge", count=min(200, count - len(jobs)), fetchVariables=["item"]))
    assert sorted(job["variables"]["item"] for job in jobs) == list(range(count))

    futures = app.server.executor.submit_all(
        [ResultMessage(job_id=job["id"], attempt=1, outcome=Outcome.COMPLETED) for job in jobs]
    )

    assert [future.exception(60) for future in futures] == [None] * count
    app.ended(wide)
