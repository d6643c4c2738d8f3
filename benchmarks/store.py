"""Steps per second of the store: what a service task costs, with a whole batch in one transaction.

A step is: lock and read an instance with 1 kB of state, update it, insert two history rows and a job, delete a job.
Run it with `python -m benchmarks.store [URL] [--batch 50] [--seconds 3]`; without a URL it measures SQLite in a
temporary directory. Beside the store it measures the same statements sent straight to the driver.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from server.ids import IdGenerator
from server.ports.records import Changes, HistoryRow, InstanceRow, JobRow
from server.store.codec import encode
from server.store.sql.store import SqlStore

INSTANCES = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", help="SQLAlchemy URL; default: SQLite in a temporary directory")
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3.0)
    arguments = parser.parse_args()
    # As a server should: what was imported is not looked through again by every garbage collection.
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    with tempfile.TemporaryDirectory() as directory:
        store = SqlStore(arguments.url or f"sqlite:///{directory}/bench.db")
        store.migrate()
        try:
            for name, measure in (("store", store_steps), ("driver", driver_steps)):
                rate = per_second(measure(store, arguments.batch), arguments.batch, arguments.seconds)
                print(f"{store.dialect:<10} {name:<6} batch {arguments.batch:>3}: {rate:>8,.0f} steps/s")
        finally:
            store.close()


def per_second(batch: Callable[[], None], size: int, seconds: float) -> float:
    for _ in range(20):
        batch()
    started = time.perf_counter()
    steps = 0
    while time.perf_counter() - started < seconds:
        batch()
        steps += size
    return steps / (time.perf_counter() - started)


def prepare(store: SqlStore) -> tuple[IdGenerator, list[InstanceRow], dict[int, JobRow]]:
    """Instances with a job each."""
    ids = IdGenerator(1023)
    now = datetime.now(UTC)
    instances: list[InstanceRow] = []
    jobs: dict[int, JobRow] = {}
    for _ in range(INSTANCES):
        id = ids()
        instances.append(
            InstanceRow(
                id=id,
                tenant_id="default",
                definition_id=1,
                definition_key="order",
                version=1,
                business_key=None,
                status="RUNNING",
                sequence=0,
                document=document(id),
                active="charge",
                root_instance_id=id,
                started_at=now,
            )
        )
        jobs[id] = job(ids(), id, now)
    with store.begin() as unit:
        unit.write(Changes(new_instances=instances, new_jobs=list(jobs.values())))
        unit.commit()
    return ids, instances, jobs


def document(id: int) -> dict[str, Any]:
    """About 1 kB of tokens."""
    return {
        "v": 1,
        "t": [[id + n, f"Activity_{n:07}", "ACTIVE", None, [["JOB", id + n, f"Activity_{n:07}"]]] for n in range(11)],
    }


def job(id: int, instance_id: int, now: datetime) -> JobRow:
    return JobRow(
        instance_id=instance_id,
        id=id,
        tenant_id="default",
        scope_id=instance_id,
        token_id=id,
        element_id="charge",
        element_name="Charge card",
        definition_id=1,
        definition_key="order",
        version=1,
        business_key=None,
        type="charge",
        priority=0,
        headers={},
        mapped=False,
        result_variable=None,
        attempt=1,
        retries=3,
        backoff=(),
        due_at=now,
        created_at=now,
    )


def events(id: int) -> list[Mapping[str, Any]]:
    return [{"type": "ELEMENT_COMPLETED", "elementId": "charge", "elementType": "SERVICE_TASK", "scopeId": id}]


def store_steps(store: SqlStore, size: int) -> Callable[[], None]:
    ids, instances, jobs = prepare(store)
    order = [row.id for row in instances]
    position = 0

    def batch() -> None:
        nonlocal position
        chosen = [order[(position + n) % len(order)] for n in range(size)]
        position += size
        changes = Changes()
        with store.begin() as unit:
            now = unit.now()
            for id, row in unit.lock_instances(chosen).items():
                row.sequence += 2
                changes.updated_instances.append(row)
                for sequence in (row.sequence - 1, row.sequence):
                    changes.history.append(
                        HistoryRow(instance_id=id, sequence=sequence, tenant_id="default", at=now, events=events(id))
                    )
                changes.deleted_jobs.append((id, jobs[id].id))
                jobs[id] = job(ids(), id, now)
                changes.new_jobs.append(jobs[id])
            unit.write(changes)
            unit.commit()

    return batch


def driver_steps(store: SqlStore, size: int) -> Callable[[], None]:
    """The same rows, encoded once, through `executemany` of the driver."""
    ids, instances, jobs = prepare(store)
    order = [row.id for row in instances]
    sequence = 0
    state, happened, headers = encode(document(order[0])), encode(events(order[0])), encode({})
    sqlite = store.dialect == "sqlite"
    mark = "?" if sqlite else "%s"
    position = 0
    job_columns = (
        "instance_id, id, tenant_id, scope_id, token_id, element_id, element_name, definition_id, definition_key, "
        "version, type, priority, headers, attempt, retries, due_at, created_at"
    )
    statements = {
        "update": f"UPDATE instance SET sequence = {mark}, document = {mark}, active = {mark}, status = {mark} "
        f"WHERE id = {mark}",
        "history": "INSERT INTO history (instance_id, sequence, tenant_id, at, events) "
        f"VALUES ({', '.join([mark] * 5)})",
        "delete": f"DELETE FROM job WHERE instance_id = {mark} AND id = {mark}",
        "insert": f"INSERT INTO job ({job_columns}) VALUES ({', '.join([mark] * 17)})",
    }
    select = (
        "SELECT id, sequence, document FROM instance WHERE id IN (SELECT value FROM json_each(?))"
        if sqlite
        else "SELECT id, sequence, document FROM instance WHERE id = ANY(%s) FOR UPDATE SKIP LOCKED"
    )

    def batch() -> None:
        nonlocal position, sequence
        chosen = [order[(position + n) % len(order)] for n in range(size)]
        position += size
        sequence += 2
        now: Any = datetime.now(UTC)
        if sqlite:
            now = int(now.timestamp() * 1_000_000)
        with store.begin() as unit:
            cursor = unit._connection.connection.cursor()
            cursor.execute(select, (json.dumps(chosen) if sqlite else chosen,))
            found = cursor.fetchall()
            cursor.executemany(statements["update"], [(sequence, state, "charge", "RUNNING", row[0]) for row in found])
            cursor.executemany(
                statements["history"],
                [(row[0], sequence - n, "default", now, happened) for row in found for n in (1, 0)],
            )
            cursor.executemany(statements["delete"], [(row[0], jobs[row[0]].id) for row in found])
            new = []
            for row in found:
                jobs[row[0]].id = ids()
                new.append(
                    (row[0], jobs[row[0]].id, "default", row[0], 1, "charge", "Charge card", 1, "order", 1, "charge",
                     0, headers, 1, 3, now, now)
                )  # fmt: skip
            cursor.executemany(statements["insert"], new)
            cursor.close()
            unit.commit()

    return batch


if __name__ == "__main__":
    main()
