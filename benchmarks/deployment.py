"""The product as its users run it, for benchmarks: real processes over a database and broker of their own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from server.store.sql.engine import open_engine, parse_url
from tests.support.brokers import broker
from tests.support.models import Element, end, exclusive, model, script_task, service_task, start, user_task
from tests.support.processes import TOKEN, Cluster
from tests.support.stores import temporary_schema

TICKS = os.sysconf("SC_CLK_TCK")
ROLES = ("api", "engine", "worker")


def service_model() -> bytes:
    """start -> a connector that answers at once -> end."""
    return model(start(), service_task("work", topic="bench-echo"), end(), flows="start -> work -> end", key="bench")


def scripts_model() -> bytes:
    """start -> three script tasks -> end."""
    scripts: list[Element] = [script_task(f"s{n}", f"x{n} = {n} + 1") for n in range(3)]
    return model(start(), *scripts, end(), flows="start -> s0 -> s1 -> s2 -> end", key="bench")


def users_model() -> bytes:
    """Two user tasks with a gateway between."""
    return model(
        start(),
        user_task("first"),
        exclusive("choice"),
        user_task("second"),
        end(),
        end("refused"),
        flows="start -> first -> choice -[approved]-> second -> end; choice -[default]-> refused",
        key="bench",
    )


MODELS = {"service": service_model, "scripts": scripts_model, "users": users_model}


@dataclass
class Deployment:
    """Running processes, and a look at their database from outside."""

    cluster: Cluster
    database: Engine
    schema: str | None
    """PostgreSQL: the schema of its own; None: SQLite."""
    api: str = "api-0"

    @property
    def port(self) -> int:
        return self.cluster.ports[self.api]

    def deploy(self, document: bytes, name: str = "bench.bpmn") -> None:
        with self.cluster.client(self.api) as client:
            answer = client.post("/deployments", files={"files": (name, document)})
            if answer.status_code != 201:
                raise RuntimeError(f"Expected the model to be deployed, but got {answer.status_code}: {answer.text}")

    def scalar(self, statement: str, **parameters: Any) -> Any:
        with self.database.connect() as connection:
            return connection.execute(text(statement), parameters).scalar_one()

    def cpu_seconds(self) -> dict[str, float]:
        """CPU by process of ours, and by group of the machine's PostgreSQL and RabbitMQ (all of them: run it alone)."""
        used = {
            name: _cpu_of(process.popen.pid)
            for name, process in self.cluster.processes.items()
            if process.popen is not None
        }
        for group, commands in (("postgresql", ("postgres",)), ("rabbitmq", ("beam.smp",))):
            used[group] = sum(_cpu_of(pid) for pid, command in _commands() if command in commands)
        return used

    def written(self) -> tuple[int, int]:
        """(rows, bytes) written so far: row versions in our schema, bytes of the write-ahead log (whole server)."""
        if self.schema is None:
            return 0, 0
        rows = self.scalar(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables WHERE schemaname = :s",
            s=self.schema,
        )
        return int(rows), int(self.scalar("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"))


@contextmanager
def deployment(
    *, store: str = "postgresql", apis: int = 1, engines: int = 1, workers: int = 1, settings: dict[str, str]
) -> Iterator[Deployment]:
    """PostgreSQL with processes of each role and RabbitMQ, or (`sqlite`) one process with everything in it."""
    with tempfile.TemporaryDirectory(prefix="bpmnd-bench-") as name:
        directory = Path(name)
        environment = {
            "BPMND_DATA_DIR": str(directory / "data"),
            "BPMND_ADMIN_TOKEN": TOKEN,
            "BPMND_WORKER_MODULES": "benchmarks.connectors",
            "BPMND_RATE_LIMIT": "",
            "BPMND_LOG_LEVEL": "warning",
            **settings,
        }
        if store == "sqlite":
            url = f"sqlite:///{directory}/bench.db"
            environment["BPMND_DATABASE_URL"] = url
            with Cluster(environment, directory) as cluster:
                cluster.add_api("api-0", role="all")
                cluster.wait_ready("api-0")
                yield Deployment(cluster, open_engine(parse_url(url), read_only=True), None)
            return
        with temporary_schema() as url, broker("rabbitmq") as bus:
            bus.job_types = ["bench-echo"]
            environment |= {
                "BPMND_DATABASE_URL": url,
                "BPMND_BROKER_URL": bus.url,
                "BPMND_BUS_PREFIX": bus.prefix,
            }
            with Cluster(environment, directory) as cluster:
                upgrade = cluster.add("upgrade", "db", "upgrade")
                if upgrade.popen is None or upgrade.popen.wait():
                    raise RuntimeError(f"bpmnd db upgrade failed: {cluster.tail('upgrade')}")
                del cluster.processes["upgrade"]
                for number in range(apis):
                    cluster.add_api(f"api-{number}")
                for number in range(engines):
                    cluster.add(f"engine-{number}", "engine")
                for number in range(workers):
                    cluster.add(f"worker-{number}", "worker", "--types", "bench-echo")
                for number in range(apis):
                    cluster.wait_ready(f"api-{number}")
                database = create_engine(url, isolation_level="AUTOCOMMIT")
                schema = url.rsplit("search_path%3D", 1)[-1].split("&")[0]
                try:
                    yield Deployment(cluster, database, schema)
                finally:
                    database.dispose()


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _commands() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "comm").read_text().strip()
            except OSError:
                continue
