"""Completed instances per second of the real processes, start to end over HTTP, bus and database.

Run it with `./dev bench throughput [--scenario service|scripts|users] [--store postgresql|sqlite] [--seconds 60]`.
It starts the processes, warms up, and then counts for the given time: instances that ended within it, latency of the
start as the client saw it, start to end as the database recorded it (both moments are those of a transaction's begin),
CPU per instance by process, rows and bytes written. A backlog behind the API is bounded: the generator holds while more
than `--backlog` instances run, so that the figure is what is sustained, not what is queued.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kombu import Connection, Exchange, Queue

from benchmarks.deployment import MODELS, Deployment, deployment
from benchmarks.load import Answered, Generator
from benchmarks.users import complete_users
from tests.support.processes import TOKEN


@dataclass(frozen=True)
class Options:
    scenario: str = "service"
    store: str = "postgresql"
    seconds: float = 60.0
    warm_up: float = 8.0
    connections: int = 32
    rate: float = 0.0
    backlog: int = 600
    apis: int = 1
    engines: int = 1
    workers: int = 1
    consumer: bool = False
    """A queue is bound to the public events and drained."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    defaults = Options()
    parser.add_argument("--scenario", choices=sorted(MODELS), default=defaults.scenario)
    parser.add_argument("--store", choices=("postgresql", "sqlite"), default=defaults.store)
    for name in ("seconds", "warm_up", "rate"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=getattr(defaults, name))
    for name in ("connections", "backlog", "apis", "engines", "workers"):
        parser.add_argument(f"--{name}", type=int, default=getattr(defaults, name))
    parser.add_argument("--consumer", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    arguments = vars(parser.parse_args())
    target: Path | None = arguments.pop("json")
    options = Options(**arguments)
    figures = measure(options)
    show(figures)
    if target is not None:
        target.write_text(json.dumps(figures, indent=2) + "\n")


def measure(options: Options, settings: dict[str, str] | None = None) -> dict[str, Any]:
    """The figures of one run."""
    counts = {name: getattr(options, name) for name in ("apis", "engines", "workers")}
    with deployment(store=options.store, settings=settings or {}, **counts) as running:
        running.deploy(MODELS[options.scenario]())
        if options.scenario == "users":
            return figures_of(options, *complete_users(running, options.connections, options.seconds, options.warm_up))
        consumer = _bind(running) if options.consumer else None
        try:
            return figures_of(options, *_load(running, options))
        finally:
            if consumer is not None:
                _unbind(running)


def _load(running: Deployment, options: Options) -> tuple[dict[str, Any], Answered]:
    body = json.dumps({"definitionKey": "bench", "variables": {"amount": 100, "customer": "c-1"}}).encode()
    generator = Generator(
        running.port, "/api/v1/instances", TOKEN, body, connections=options.connections, rate=options.rate
    )
    try:
        _hold_backlog(running, generator, options.warm_up, options.backlog)
        before = snapshot(running)
        generator.counting.value = 1
        _hold_backlog(running, generator, options.seconds, options.backlog)
        after = snapshot(running)
    finally:
        answered = generator.stop()
    return difference(running, before, after), answered


def _hold_backlog(running: Deployment, generator: Generator, seconds: float, most: int) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        waiting = running.scalar("SELECT count(*) FROM instance WHERE status = 'RUNNING'")
        generator.hold.value = 1 if waiting > most else 0
        time.sleep(0.2)


def snapshot(running: Deployment) -> dict[str, Any]:
    """Moment, CPU, rows and bytes, now."""
    rows, written = running.written()
    return {"at": datetime.now(UTC), "cpu": running.cpu_seconds(), "rows": rows, "bytes": written}


def difference(running: Deployment, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What happened in between, per completed instance."""
    ended = ended_between(running, before["at"], after["at"])
    seconds = (after["at"] - before["at"]).total_seconds()
    count = max(1, ended["count"])
    return {
        "seconds": round(seconds, 2),
        "completed": ended["count"],
        "completedPerSecond": round(ended["count"] / seconds, 1),
        "startToEndMs": {name: ended[name] for name in ("p50", "p95", "p99")},
        "cpuMicrosecondsPerInstance": {
            name: round((used - before["cpu"].get(name, 0.0)) / count * 1e6) for name, used in after["cpu"].items()
        },
        "rowsPerInstance": round((after["rows"] - before["rows"]) / count, 1),
        "bytesPerInstance": round((after["bytes"] - before["bytes"]) / count),
    }


def ended_between(running: Deployment, start: datetime, end: datetime) -> dict[str, Any]:
    """How many instances completed, and percentiles of their time from start to end in milliseconds."""
    from sqlalchemy import select

    from server.store.tables import instance

    statement = select(instance.c.started_at, instance.c.ended_at).where(
        instance.c.status == "COMPLETED", instance.c.ended_at >= start, instance.c.ended_at < end
    )
    with running.database.connect() as connection:
        took = sorted((ended - started).total_seconds() * 1000 for started, ended in connection.execute(statement))

    def percentile(percent: float) -> float:
        return round(took[min(len(took) - 1, int(len(took) * percent / 100))], 1) if took else 0.0

    return {"count": len(took), "p50": percentile(50), "p95": percentile(95), "p99": percentile(99)}


def figures_of(options: Options, measured: dict[str, Any], answered: Answered) -> dict[str, Any]:
    """Everything that goes into the result file."""
    count = max(1, measured["completed"])
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "options": asdict(options),
        **measured,
        "api": {
            "answered": answered.done,
            "refused": answered.refused,
            "firstRefusal": answered.first_refusal,
            "p50": round(answered.percentile(50), 1),
            "p95": round(answered.percentile(95), 1),
            "p99": round(answered.percentile(99), 1),
        },
        "generatorCpuMicrosecondsPerInstance": round(answered.cpu_seconds / count * 1e6),
    }


def show(figures: dict[str, Any]) -> None:
    """For the terminal."""
    options, api, end = figures["options"], figures["api"], figures["startToEndMs"]
    print(f"{figures['date']}, {figures['machine']}")
    print(f"{options['scenario']} on {options['store']}: {figures['completedPerSecond']} completed instances/s")
    print(f"  start to end   p50 {end['p50']} ms, p95 {end['p95']} ms, p99 {end['p99']} ms")
    print(f"  API            p50 {api['p50']} ms, p95 {api['p95']} ms, p99 {api['p99']} ms ({api['answered']} answers)")
    cpu = figures["cpuMicrosecondsPerInstance"]
    print(f"  CPU us/instance {sum(cpu.values())}: " + ", ".join(f"{name} {used}" for name, used in cpu.items()))
    print(f"  generator      {figures['generatorCpuMicrosecondsPerInstance']} us/instance")
    print(f"  written        {figures['rowsPerInstance']} rows, {figures['bytesPerInstance']} bytes per instance")
    if api["refused"]:
        print(f"  refused        {api['refused']}: {api['firstRefusal']}")


def _bind(running: Deployment) -> Any:
    """A queue that takes every public event and drops it (no consumer process: the broker's own limit of length)."""
    environment = running.cluster.environment
    prefix = environment["BPMND_BUS_PREFIX"]
    with Connection(environment["BPMND_BROKER_URL"]) as connection:
        exchange = Exchange(f"{prefix}.events", type="topic", durable=True)
        Queue(
            f"{prefix}.bench",
            exchange,
            routing_key="#",
            durable=True,
            queue_arguments={"x-max-length": 1000},
        )(connection.channel()).declare()
    return True


def _unbind(running: Deployment) -> None:
    environment = running.cluster.environment
    with Connection(environment["BPMND_BROKER_URL"]) as connection:
        connection.channel().queue_delete(f"{environment['BPMND_BUS_PREFIX']}.bench")


if __name__ == "__main__":
    main()
