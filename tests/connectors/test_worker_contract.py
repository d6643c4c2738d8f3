"""What every worker promises, on every broker: bus to worker and back."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors import BpmnError, Job, NonRetryable, connector
from connectors.codec import encode
from connectors.connector import Connector
from connectors.messages import JobMessage, Outcome, ResultMessage
from connectors.registry import Registry
from connectors.transport import Incoming, Outgoing, open_transport
from connectors.worker import Worker
from tests.support.brokers import BROKERS, TestBroker, broker

pytestmark = pytest.mark.broker

PATIENCE = 40.0
"""Seconds until something that should happen has not happened."""


@pytest.fixture(params=BROKERS)
def place(request: pytest.FixtureRequest) -> Iterator[TestBroker]:
    with broker(request.param) as used:
        yield used


@pytest.fixture
def engine(place: TestBroker) -> Iterator[Engine]:
    opened = Engine(place)
    yield opened
    opened.close()


class Engine:
    """The engine's side of the bus, reduced to sending jobs and reading results."""

    def __init__(self, place: TestBroker) -> None:
        self.place = place
        self._transport = open_transport(place.url, place.topology)
        self._publisher = self._transport.publisher()
        self._results = self._transport.consumer([place.topology.results_queue], 500)
        self._results.receive(1, 0)

    def send(self, *jobs: JobMessage) -> list[bool]:
        return self.send_raw(*((job.type, encode(job.to_json())) for job in jobs))

    def send_raw(self, *bodies: tuple[str, bytes]) -> list[bool]:
        exchange = self.place.topology.jobs_exchange.name
        headers = {"tenant": "acme", "traceparent": "00-a-b-01"}
        return self._publisher.publish(
            [
                Outgoing(exchange, t, body, str(n), headers, mandatory=True, key="7")
                for n, (t, body) in enumerate(bodies)
            ]
        )

    def results(self, count: int) -> list[ResultMessage]:
        """The next `count` results; fails where they do not come."""
        taken: list[ResultMessage] = []
        deadline = time.monotonic() + PATIENCE
        while len(taken) < count and time.monotonic() < deadline:
            messages = self._results.receive(count - len(taken), 0.2)
            self._results.acknowledge(messages)
            taken += [ResultMessage.from_json(json.loads(message.body)) for message in messages]
        assert len(taken) == count
        return taken

    def ended(self, count: int) -> list[ResultMessage]:
        """The next `count` results that end a job; that a job was announced first is passed over."""
        taken: list[ResultMessage] = []
        while len(taken) < count:
            taken += [r for r in self.results(1) if r.outcome not in (Outcome.STARTED, Outcome.EXTENDED)]
        return taken

    def no_more_results(self) -> bool:
        return self._results.receive(1, 0.3) == []

    def left_in(self, queue: str, count: int) -> list[bytes]:
        """What waits in a queue of dead letters, once there are `count` of them."""
        reader = self._transport.consumer([self.place.topology.dead_queue(queue.removesuffix(".dead"))], 100)
        reader._declare = lambda channel: None  # type: ignore[attr-defined]
        found: list[Incoming] = []
        deadline = time.monotonic() + PATIENCE
        while len(found) < count and time.monotonic() < deadline:
            found += reader.receive(10, 0.5)
        reader.close()
        return [message.body for message in found]

    def close(self) -> None:
        self._publisher.close()
        self._results.close()


@contextmanager
def running(place: TestBroker, *connectors: Connector, **options: Any) -> Iterator[Worker]:
    """A worker in a thread of its own, ready for jobs."""
    worker = Worker(place.url, Registry(connectors), prefix=place.prefix, **options)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        assert worker.ready.wait(PATIENCE)
        yield worker
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def job(number: int = 1, **fields: Any) -> JobMessage:
    return JobMessage(
        **{
            "id": str(number),
            "type": "charge-card",
            "instance_id": "7",
            "definition_key": "order",
            "version": 1,
            "element_id": "charge",
            "tenant_id": "acme",
            **fields,
        }
    )


@connector("charge-card")
def charge(job: Job) -> dict[str, Any]:
    return {"charged": job.variables.get("amount", 0)}


def test_should_do_jobs_and_send_their_results(place: TestBroker, engine: Engine) -> None:
    with running(place, charge, worker_id="w1"):
        # when
        assert all(engine.send(*(job(n, variables={"amount": n}) for n in range(100))))

        # then
        results = engine.results(100)
    assert {r.job_id: r.variables for r in results} == {str(n): {"charged": n} for n in range(100)}
    assert {(r.outcome, r.worker_id, r.attempt) for r in results} == {(Outcome.COMPLETED, "w1", 1)}


def test_should_leave_nothing_in_the_queue(place: TestBroker, engine: Engine) -> None:
    # given a worker that did its jobs and stopped
    with running(place, charge):
        engine.send(*(job(n) for n in range(50)))
        engine.results(50)

    # then the next finds nothing to do
    with running(place, charge):
        assert engine.no_more_results()


def test_should_tell_how_a_job_ended(place: TestBroker, engine: Engine) -> None:
    # given a connector that ends in every way
    @connector("charge-card")
    def end(job: Job) -> Any:
        match job.variables["end"]:
            case "error":
                raise BpmnError("NO_COVER", "the card is empty", {"missing": 3})
            case "never":
                raise NonRetryable("no such card")
            case "again":
                raise RuntimeError("the line is busy")
            case "list":
                return [1, 2]
            case "nan":
                return {"x": float("nan")}
            case "object":
                return {"x": object()}
            case "surrogate":
                raise RuntimeError("\ud800")
            case _:
                return None

    ends = ["error", "never", "again", "list", "nan", "object", "surrogate", "none"]
    with running(place, end):
        # when
        engine.send(*(job(n, variables={"end": name}) for n, name in enumerate(ends)))
        results = {ends[int(r.job_id)]: r for r in engine.results(len(ends))}

    # then
    assert results["error"].outcome is Outcome.ERROR
    assert (results["error"].error_code, results["error"].message) == ("NO_COVER", "the card is empty")
    assert results["error"].variables == {"missing": 3}
    assert results["none"].outcome is Outcome.COMPLETED
    failures = {name: r for name, r in results.items() if r.outcome is Outcome.FAILED}
    assert {name: r.retryable for name, r in failures.items()} == {
        "never": False,
        "again": True,
        "list": False,
        "nan": False,
        "object": False,
        "surrogate": False,
    }
    assert failures["again"].message == "RuntimeError: the line is busy"
    assert failures["again"].backoff_seconds is not None
    assert failures["again"].backoff_seconds > 0


MALFORMED_FIELDS: dict[str, Any] = {
    "id": 5,
    "type": None,
    "instanceId": "",
    "version": "1",
    "attempt": True,
    "lost": "many",
    "variables": [],
    "headers": "x",
    "tenantId": 1,
}


def test_should_bury_malformed_jobs_and_go_on(
    place: TestBroker, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with running(place, charge), caplog.at_level(logging.WARNING):
        # when
        bodies = [
            b"{oops",
            b"",
            b"null",
            b"[1]",
            b"\xff\xfe",
            b"[" * 50_000,
            encode(job(3, type="send-parcel").to_json()),
            *(encode(job(3).to_json() | {name: value}) for name, value in MALFORMED_FIELDS.items()),
        ]
        engine.send_raw(*(("charge-card", body) for body in bodies))
        engine.send(job(1))

        # then
        assert [r.job_id for r in engine.results(1)] == ["1"]
    assert sorted(engine.left_in(f"{place.prefix}.jobs.charge-card.dead", len(bodies))) == sorted(bodies)
    assert "dead letters" in caplog.text


def test_should_do_one_job_at_a_time_per_thread_and_many_at_once(place: TestBroker, engine: Engine) -> None:
    # given four jobs that each wait until all four run
    barrier = threading.Barrier(4, timeout=PATIENCE)

    @connector("charge-card")
    def meet(job: Job) -> None:
        barrier.wait()

    # when / then
    with running(place, meet, concurrency=4):
        engine.send(*(job(n) for n in range(4)))
        assert {r.outcome for r in engine.results(4)} == {Outcome.COMPLETED}


def test_should_announce_long_jobs_and_keep_their_lease(place: TestBroker, engine: Engine) -> None:
    # given a long job that lasts longer than its lease
    release = threading.Event()

    @connector("charge-card", long=True, lease_seconds=0.6, timeout=None)
    def long_job(job: Job) -> dict[str, bool]:
        return {"released": release.wait(PATIENCE)}

    with running(place, long_job):
        # when
        engine.send(job(1))
        first, second, third = engine.results(3)
        release.set()

        # then it is announced first, then extended, then completed
        assert (first.outcome, first.lock_seconds) == (Outcome.STARTED, 0.6)
        assert {second.outcome, third.outcome} == {Outcome.EXTENDED}
        last = second
        while last.outcome is not Outcome.COMPLETED:
            [last] = engine.results(1)
        assert last.variables == {"released": True}


def test_should_make_a_job_long_that_sends_heartbeats(place: TestBroker, engine: Engine) -> None:
    @connector("charge-card")
    def beating(job: Job) -> None:
        job.heartbeat(30)
        job.heartbeat(40)

    with running(place, beating):
        engine.send(job(1))
        results = engine.results(3)
    assert [(r.outcome, r.lock_seconds) for r in results] == [
        (Outcome.STARTED, 30.0),
        (Outcome.EXTENDED, 40.0),
        (Outcome.COMPLETED, None),
    ]


def test_should_begin_a_job_that_was_sent_before_only_when_its_lease_is_all_that_is_left(
    place: TestBroker, engine: Engine
) -> None:
    # given a job that may be what ended another worker
    begun, release = threading.Event(), threading.Event()

    @connector("charge-card", lease_seconds=20)
    def work(job: Job) -> None:
        begun.set()
        release.wait(PATIENCE)

    with running(place, work) as worker:
        # when
        engine.send(job(1, repeated=True))
        [announced] = engine.results(1)
        assert (announced.outcome, announced.lock_seconds) == (Outcome.STARTED, 20.0)
        assert begun.wait(PATIENCE)

        # then its message is acknowledged while it runs
        assert worker._waiting == 0
        release.set()
        assert [r.outcome for r in engine.results(1)] == [Outcome.COMPLETED]


def test_should_do_a_job_once_that_the_broker_brings_twice(place: TestBroker, engine: Engine) -> None:
    runs: list[str] = []

    @connector("charge-card")
    def work(job: Job) -> None:
        runs.append(job.id)

    with running(place, work):
        # when the same message comes again, after its result
        engine.send(job(1))
        engine.results(1)
        engine.send(job(1), job(1), job(2))
        assert [r.job_id for r in engine.results(1)] == ["2"]
        assert engine.no_more_results()

        # then it is dropped; what the engine itself sends again is done again
        assert runs == ["1", "2"]
        engine.send(job(1, repeated=True))
        assert [r.outcome for r in engine.results(2)] == [Outcome.STARTED, Outcome.COMPLETED]
    assert runs == ["1", "2", "1"]


def test_should_fail_jobs_that_take_too_long_and_drop_their_late_result(place: TestBroker, engine: Engine) -> None:
    # given
    release = threading.Event()

    @connector("charge-card", timeout=0.2)
    def slow(job: Job) -> dict[str, str]:
        if job.id == "1":
            release.wait(PATIENCE)
        return {"id": job.id}

    with running(place, slow, concurrency=1):
        # when the only thread is held up
        engine.send(job(1), job(2))
        first, second = engine.results(2)
        release.set()

        # then the next job is done all the same
        assert (first.job_id, first.outcome, first.retryable) == ("1", Outcome.FAILED, True)
        assert "within 0.2 s" in (first.message or "")
        assert (second.job_id, second.outcome) == ("2", Outcome.COMPLETED)
        assert engine.no_more_results()


def test_should_only_show_declared_variables(place: TestBroker, engine: Engine) -> None:
    @connector("charge-card", variables=["amount", "absent"])
    def echo(job: Job) -> dict[str, Any]:
        return {"seen": dict(job.variables)}

    with running(place, echo):
        engine.send(job(1, variables={"amount": 3, "secret": 4}))
        [done] = engine.results(1)
    assert done.variables == {"seen": {"amount": 3}}


def test_should_take_only_the_chosen_types(place: TestBroker, engine: Engine) -> None:
    @connector("send-parcel")
    def send(job: Job) -> None: ...

    with running(place, charge, send, types=["charge-card"]) as worker:
        assert worker.types == ["charge-card"]
        assert engine.send(job(1), job(2, type="send-parcel")) == [True, False]


def test_should_finish_running_jobs_when_told_to_stop(place: TestBroker, engine: Engine) -> None:
    # given a job in the middle of its work and others behind it
    begun, go_on = threading.Event(), threading.Event()

    @connector("charge-card")
    def work(job: Job) -> None:
        begun.set()
        go_on.wait(PATIENCE)

    worker = Worker(place.url, Registry([work]), prefix=place.prefix, concurrency=1)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    assert worker.ready.wait(PATIENCE)
    engine.send(job(1), job(2), job(3))
    assert begun.wait(PATIENCE)

    # when
    stop.set()
    deadline = time.monotonic() + PATIENCE
    while worker.ready.is_set() and time.monotonic() < deadline:
        time.sleep(0.01)
    go_on.set()
    thread.join(PATIENCE)

    # then it is finished, and another worker does those that were not begun
    done = [r.job_id for r in engine.ended(1)]
    with running(place, charge):
        done += [r.job_id for r in engine.ended(2)]
    assert sorted(done) == ["1", "2", "3"]


def test_should_give_jobs_back_that_do_not_end_in_time(place: TestBroker, engine: Engine) -> None:
    # given a job that does not end
    begun, release = threading.Event(), threading.Event()

    @connector("charge-card", timeout=None)
    def hang(job: Job) -> None:
        begun.set()
        release.wait(PATIENCE)

    with running(place, hang, concurrency=1, shutdown_seconds=1.0):
        engine.send(job(1))
        assert begun.wait(PATIENCE)

    # then another worker gets it
    with running(place, charge):
        assert [r.job_id for r in engine.ended(1)] == ["1"]
    release.set()


WORKER_THAT_HANGS = """
import sys, threading, time
from connectors import connector
from connectors.registry import Registry
from connectors.worker import Worker

@connector("charge-card", timeout=None)
def hang(job):
    print("begun", flush=True)
    time.sleep(600)

url, prefix = sys.argv[1:]
Worker(url, Registry([hang]), prefix=prefix, visibility_seconds=1).run(threading.Event())
"""


@pytest.mark.parametrize("kind", ["rabbitmq", "redis", "kafka"])
def test_should_do_the_jobs_of_a_killed_worker(kind: str) -> None:
    with broker(kind) as place:
        # given a worker process in the middle of a job
        engine = Engine(place)
        root = Path(__file__).parents[2]
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER_THAT_HANGS, place.url, place.prefix],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while engine.send(job(1)) == [False]:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
        finally:
            # when it is killed
            process.send_signal(signal.SIGKILL)
            process.communicate()

        # then another one does the job
        with running(place, charge, visibility_seconds=1):
            assert [r.job_id for r in engine.ended(1)] == ["1"]
        engine.close()


def test_should_go_on_after_the_connection_broke_without_doing_running_jobs_twice() -> None:
    with broker("rabbitmq") as place:
        # given a worker whose connection passes through a proxy, with a job that runs
        engine = Engine(place)
        proxy = Proxy(place.url)
        runs: list[str] = []
        begun, go_on = threading.Event(), threading.Event()

        @connector("charge-card")
        def work(job: Job) -> None:
            runs.append(job.id)
            begun.set()
            go_on.wait(PATIENCE)

        through_proxy = TestBroker(place.kind, proxy.url, place.prefix)
        with running(through_proxy, work) as worker:
            engine.send(job(1))
            assert begun.wait(PATIENCE)

            # when its connections break, so that the broker delivers the job again
            proxy.cut()
            deadline = time.monotonic() + PATIENCE
            while worker.ready.is_set() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert worker.ready.wait(PATIENCE)
            engine.send(job(2))
            while "2" not in runs and time.monotonic() < deadline:
                time.sleep(0.01)
            go_on.set()

            # then both are done once
            assert sorted(r.job_id for r in engine.ended(2)) == ["1", "2"]
            assert sorted(runs) == ["1", "2"]
        with running(place, charge):
            assert engine.no_more_results()
        proxy.close()
        engine.close()


def test_should_wait_for_a_broker_that_is_not_there_yet() -> None:
    with broker("rabbitmq") as place:
        # given a worker that finds nobody
        engine = Engine(place)
        proxy = Proxy(place.url)
        proxy.refuse = True
        worker = Worker(proxy.url, Registry([charge]), prefix=place.prefix)
        stop = threading.Event()
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        assert proxy.refused.wait(PATIENCE)
        assert not worker.ready.is_set()

        # when the broker comes up
        proxy.refuse = False

        # then it works
        assert worker.ready.wait(PATIENCE)
        engine.send(job(1))
        assert [r.job_id for r in engine.results(1)] == ["1"]
        stop.set()
        thread.join(PATIENCE)
        proxy.close()
        engine.close()


@pytest.mark.parametrize("job_type", ["x" * 300, "charge-card.dead"])
def test_should_refuse_a_type_that_no_queue_can_have(job_type: str) -> None:
    @connector(job_type)
    def never(job: Job) -> None: ...

    with pytest.raises(ValueError, match="queue"):
        Worker("memory://", Registry([never]))


def test_should_refuse_to_work_without_connectors() -> None:
    with pytest.raises(ValueError, match="at least one connector"):
        Worker("memory://", Registry())


class Proxy:
    """A TCP proxy in front of a broker whose connections a test can cut or refuse."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5672)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = parts._replace(
            netloc=f"{parts.username or 'guest'}:{parts.password or 'guest'}"
            f"@127.0.0.1:{self._listener.getsockname()[1]}"
        ).geturl()
        self.refuse = False
        self.refused = threading.Event()
        self._pairs: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        pairs, self._pairs = self._pairs, []
        for each in pairs:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuse:
                client.close()
                self.refused.set()
                continue
            server = socket.create_connection(self._target)
            self._pairs += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        source.close()
