"""Results that are malformed, foreign, late, doubled, reordered or hold what cannot be kept, on every broker.

Dropped or buried with a log line, or an incident of the job they name; never applied twice, and never in the way of
those that come behind them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Queue

from connectors.transport import Outgoing, open_transport
from tests.support.app import App, running_app, wait_until
from tests.support.brokers import BROKERS, TestBroker, broker
from tests.support.models import end, model, service_task, start

pytestmark = pytest.mark.broker

CHARGE = model(start(), service_task("charge"), end(), flows="start -> charge -> end", key="pay")
PATIENCE = 60.0

MALFORMED = {
    "nothing": "",
    "null": "null",
    "list": "[]",
    "too deep": '{"jobId":"JOB","attempt":1,"outcome":"COMPLETED","variables":{"a":'
    + "[" * 99_999
    + "]" * 99_999
    + "}}",
    "attempt": '{"jobId":"JOB","attempt":"1","outcome":"COMPLETED"}',
    "outcome": '{"jobId":"JOB","attempt":1,"outcome":"DONE"}',
    "job": '{"jobId":7,"attempt":1,"outcome":"COMPLETED"}',
    "variables": '{"jobId":"JOB","attempt":1,"outcome":"COMPLETED","variables":[1]}',
    "lease": '{"jobId":"JOB","attempt":1,"outcome":"STARTED","lockSeconds":"5"}',
}

DROPPED = {
    "older attempt": {"attempt": 0},
    "no attempt there is": {"attempt": 10**30},
    "a word as job": {"jobId": "charge"},
    "no such job": {"jobId": "123456789"},
    "beyond every id": {"jobId": "9" * 5000},
    "below every id": {"jobId": "-1"},
    "digits of another script": {"jobId": "１２"},
    "job in blanks": {"jobId": " JOB "},
    "lease of no time": {"outcome": "STARTED", "lockSeconds": 0},
    "lease backwards": {"outcome": "EXTENDED", "lockSeconds": -5},
    "lease for ever": {"outcome": "EXTENDED", "lockSeconds": 1e308},
    "lease beyond numbers": {"outcome": "STARTED", "lockSeconds": "HUGE"},
}

NOT_KEPT = {
    "NUL": ({"variables": {"a": "x\0y"}}, "is NUL"),
    "NUL in a name": ({"variables": {"a\0": 1}}, "is NUL"),
    "lone surrogate": ({"variables": {"a": "\ud800"}}, "lone surrogate"),
    "no name": ({"variables": {"": 1}}, "one has 0"),
    "long name": ({"variables": {"k" * 5000: 1}}, "one has 5000"),
    "beyond numbers": ({"variables": {"a": "HUGE"}}, "finite"),
    "deep": ({"variables": {"a": json.loads("[" * 300 + "]" * 300)}}, "200 levels"),
    "error code": ({"outcome": "ERROR", "errorCode": "a\0"}, "is NUL"),
    "long error code": ({"outcome": "ERROR", "errorCode": "a" * 300}, "up to 255"),
}

CLEANED = {
    "NUL in the message": {"outcome": "FAILED", "message": "no\0 luck\ud800", "retryable": False},
    "endless message": {"outcome": "FAILED", "message": "no luck " * 100_000, "retryable": False},
    "worker": {"outcome": "FAILED", "message": "no luck", "workerId": "w\0\ud800", "retryable": False},
    "backoff": {"outcome": "FAILED", "message": "no luck", "backoffSeconds": "HUGE", "retryable": False},
}


@pytest.fixture(params=BROKERS)
def place(request: pytest.FixtureRequest) -> Iterator[TestBroker]:
    with broker(request.param) as used:
        yield used


@pytest.fixture
def app(place: TestBroker, tmp_path: Path) -> Iterator[App]:
    with running_app(tmp_path, broker=place.url, bus_prefix=place.prefix, redispatch_seconds=3600.0) as app:
        app.deploy(("pay.bpmn", CHARGE))
        yield app


class Sender:
    """Whoever may publish to the results."""

    def __init__(self, place: TestBroker) -> None:
        self._topology = place.topology
        self._publisher = open_transport(place.url, place.topology).publisher()

    def send(self, *bodies: str) -> None:
        queue = self._topology.results_queue.name
        exchange = self._topology.results_exchange.name
        self._publisher.publish(
            [
                Outgoing(exchange, queue, body.encode(errors="surrogatepass"), f"m{n}", mandatory=True, key="7")
                for n, body in enumerate(bodies)
            ]
        )

    def close(self) -> None:
        self._publisher.close()


@pytest.fixture
def sender(place: TestBroker) -> Iterator[Sender]:
    opened = Sender(place)
    yield opened
    opened.close()


def result(job: Any, **fields: Any) -> str:
    body = {"jobId": job["id"], "attempt": 1, "outcome": "COMPLETED", "variables": {}} | fields
    if "jobId" in fields:
        body["jobId"] = fields["jobId"].replace("JOB", job["id"])
    return json.dumps(body).replace('"HUGE"', "1e999")


def started(app: App, count: int) -> list[tuple[str, Any]]:
    """Instances and their jobs, which somebody took over HTTP."""
    instances = [app.start("pay") for _ in range(count)]
    jobs = {job["instanceId"]: job for job in app.activate("charge", count=count, lock_seconds=3600)}
    return [(id, jobs[id]) for id in instances]


def test_should_pass_over_what_cannot_be_a_result(app: App, sender: Sender, place: TestBroker) -> None:
    # given instances that wait, one for each hostile result, and one more
    *waiting, (control, good) = started(app, len(MALFORMED) + len(DROPPED) + 1)

    # when all the results come before the good one
    malformed = [body.replace("JOB", job["id"]) for body, (_, job) in zip(MALFORMED.values(), waiting, strict=False)]
    dropped = [
        result(job, **fields) for fields, (_, job) in zip(DROPPED.values(), waiting[len(malformed) :], strict=True)
    ]
    sender.send(*malformed, *dropped, result(good, variables={"ok": True}))

    # then it is applied, none of the others is, and what is malformed lies among the dead letters
    wait_until(lambda: app.instance(control)["status"] == "COMPLETED", timeout=PATIENCE, what="the good result")
    for id, job in waiting:
        assert app.instance(id)["status"] == "RUNNING"
        assert app.incidents(id) == []
        app.finish(job, {"by": "its worker"})
        assert app.ended(id)["context"] == {"by": "its worker"}
    assert sorted(_dead_letters(place, len(malformed))) == sorted(malformed)


def test_should_make_an_incident_of_a_result_that_cannot_be_kept(app: App, sender: Sender) -> None:
    # given
    instances = started(app, len(NOT_KEPT) + len(CLEANED) + 1)
    *hostile, (control, good) = instances

    # when
    cases = [(fields, reason) for fields, reason in NOT_KEPT.values()] + [(f, "no luck") for f in CLEANED.values()]
    sender.send(
        *(result(job, **fields) for (fields, _), (_, job) in zip(cases, hostile, strict=True)),
        result(good, variables={"ok": True}),
    )

    # then each is an incident that says what is wrong, and the good one is applied
    wait_until(lambda: app.instance(control)["status"] == "COMPLETED", timeout=PATIENCE, what="the good result")
    for (_, reason), (id, _) in zip(cases, hostile, strict=True):
        message = app.incident(id)["message"]
        assert reason in message
        assert len(message) <= 10_000
        assert "\0" not in message
    assert app.context(control) == {"ok": True}


def test_should_apply_doubled_late_and_reordered_results_once(app: App, sender: Sender) -> None:
    # given
    (first, one), (second, two), (third, three), (control, good) = started(app, 4)

    # when
    done = result(one, variables={"n": 1})
    sender.send(
        # doubled, with signs of life that come too late and an end that contradicts
        *[done] * 3,
        result(one, outcome="EXTENDED", lockSeconds=60),
        result(one, outcome="STARTED", lockSeconds=60),
        result(one, outcome="FAILED", message="late", retryable=False),
        done,
        # a failure that ends the attempt, then what this attempt says
        result(two, outcome="FAILED", message="once", backoffSeconds=3600),
        result(two, outcome="FAILED", message="once", backoffSeconds=3600),
        result(two, variables={"n": 2}),
        # of an attempt that does not exist yet, then of the one there is
        result(three, attempt=2, variables={"n": 0}),
        result(three, variables={"n": 3}),
        result(good),
    )

    # then
    wait_until(lambda: app.instance(control)["status"] == "COMPLETED", timeout=PATIENCE, what="the last result")
    assert app.ended(first)["context"] == {"n": 1}
    assert app.completed(first).count("charge") == 1
    assert app.ended(third)["context"] == {"n": 3}
    assert app.instance(second)["status"] == "RUNNING"
    assert [event["type"] for event in app.history(second)].count("JOB_FAILED") == 1
    for id in (first, second, third):
        assert app.incidents(id) == []
    assert two["attempt"] == 1


def _dead_letters(place: TestBroker, count: int) -> list[str]:
    dead = Queue(place.topology.results_queue.name + ".dead", durable=True)
    consumer = open_transport(place.url, place.topology).consumer([dead], 100)
    consumer._declare = lambda channel: None  # type: ignore[attr-defined]  # it has no dead letters of its own
    found: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < deadline:
        found += [message.body.decode() for message in consumer.receive(100, 0.3)]
    consumer.close()
    return found
