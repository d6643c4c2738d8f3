"""CPU microseconds of each stage of an instance's life, in one process: where the time of `throughput` goes.

Run it with `./dev bench stages [--store postgresql|sqlite] [--batch 50] [--profile STAGE]`. Model: start -> service
task -> end. Stages: the HTTP layer alone (the executor is replaced), the step that starts, handing out the job, the
step that takes the result, telling the public events. CPU is this process's own: the database's and the broker's are
not in it.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from kombu import Connection
from sqlalchemy import select
from werkzeug.test import EnvironBuilder

from benchmarks.deployment import service_model
from connectors.messages import Outcome, ResultMessage
from server.app import Server, assemble
from server.config import Settings
from server.store.sql.store import SqlStore
from server.store.tables import job
from server.usecases import requests as rq
from server.usecases.executor.items import Item
from server.workers.relay import EventRelay, JobRelay
from tests.support.brokers import broker
from tests.support.stores import temporary_schema

TOKEN = "token-of-the-benchmarks"
STAGES = ("http", "start", "relay", "result", "events")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--profile", choices=STAGES)
    arguments = parser.parse_args()
    with server(arguments.store) as running:
        stages = Stages(running, arguments.batch)
        stages.deploy()
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 100)
        profile = cProfile.Profile() if arguments.profile else None
        for _ in range(5):
            stages.round(None, None)
        spent: dict[str, float] = {}
        for _ in range(arguments.rounds):
            stages.round(spent, (arguments.profile, profile) if profile else None)
    count = arguments.rounds * arguments.batch
    for name in STAGES:
        print(f"{name:<8} {spent[name] / count * 1e6:8.0f} us CPU per instance")
    print(f"{'sum':<8} {sum(spent.values()) / count * 1e6:8.0f}")
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


@contextmanager
def server(store: str) -> Iterator[Server]:
    """Everything wired up, nothing running by itself."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if store == "sqlite":
            url, broker_url, prefix = f"sqlite:///{directory}/bench.db", "memory://", "bpmnd"
        else:
            url = stack.enter_context(temporary_schema())
            bus = stack.enter_context(broker("rabbitmq"))
            bus.job_types = ["bench-echo"]
            broker_url, prefix = bus.url, bus.prefix
            SqlStore(url).migrate()
        settings = Settings(
            data_dir=directory,
            database_url=url,
            broker_url=broker_url,
            bus_prefix=prefix,
            admin_token=TOKEN,
            rate_limit="",
        )
        running = assemble(settings, "api")
        if store == "postgresql":
            with Connection(broker_url) as connection:
                bus.topology.job_queue("bench-echo")(connection.channel()).declare()
        try:
            yield running
        finally:
            running.bus.close()
            running.store.close()


class Stages:
    """One round is `batch` instances through all stages."""

    def __init__(self, running: Server, batch: int) -> None:
        self.running = running
        self.batch = batch
        self.jobs = JobRelay(running.store, running.bus, batch=batch)
        self.events = EventRelay(running.store, running.bus, batch=10 * batch)
        self.body = json.dumps({"definitionKey": "bench", "variables": {"amount": 100, "customer": "c-1"}})
        self.view: Any = None

    def deploy(self) -> None:
        assert self.running.flask is not None
        data = {"files": (BytesIO(service_model()), "bench.bpmn")}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = self.running.flask.test_client().post("/api/v1/deployments", data=data, headers=headers)
        if answer.status_code != 201:
            raise RuntimeError(answer.text)

    def round(self, spent: dict[str, float] | None, profiled: tuple[str, cProfile.Profile] | None) -> None:
        def timed(stage: str, work: Callable[[], Any]) -> Any:
            chosen = profiled[1] if profiled and profiled[0] == stage else None
            if chosen:
                chosen.enable()
            began = time.thread_time()
            answer = work()
            took = time.thread_time() - began
            if chosen:
                chosen.disable()
            if spent is not None:
                spent[stage] = spent.get(stage, 0.0) + took
            return answer

        starts = [
            Item(
                rq.StartRequest(
                    tenant_id="default",
                    principal="admin",
                    audit=("instance.start", "bench"),
                    definition_key="bench",
                    variables={"amount": 100, "customer": "c-1"},
                )
            )
            for _ in range(self.batch)
        ]
        timed("start", lambda: self.carry_out(starts))
        self.view = starts[0].answer
        timed("http", self.http)
        jobs = self.waiting_jobs()
        timed("relay", self.jobs.run_once)
        results = [
            Item(ResultMessage(job_id=str(id), attempt=1, outcome=Outcome.COMPLETED, variables={}, worker_id="w"))
            for id in jobs
        ]
        timed("result", lambda: self.carry_out(results))
        failed = [item.error for item in results if item.error is not None]
        if failed:
            raise failed[0]
        timed("events", lambda: [self.events.run_once() for _ in range(2)])

    def carry_out(self, items: list[Item]) -> None:
        self.running.executor._transaction(items, False, len(items), [])

    def waiting_jobs(self) -> list[int]:
        with self.running.store.read() as unit:
            return list(unit.query(select(job.c.id)).scalars())  # type: ignore[attr-defined]

    def http(self) -> None:
        """The WSGI call without a socket, and with the executor's answer at hand."""
        executor, flask = self.running.executor, self.running.flask
        assert flask is not None
        executor.execute = lambda *_: self.view  # type: ignore[method-assign,assignment]
        for _ in range(self.batch):
            builder = EnvironBuilder(
                "/api/v1/instances", method="POST", data=self.body, content_type="application/json"
            )
            environ = builder.get_environ()
            environ["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
            b"".join(flask.wsgi_app(environ, lambda *_: None))
        del executor.execute


if __name__ == "__main__":
    main()
