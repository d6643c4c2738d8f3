"""Errors of the databases become those of the port."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from server.ports.records import Changes
from server.ports.store import Conflict, SerializationFailure, StoreUnavailable
from server.store import open_queries, open_store
from server.store.sql.errors import port_error
from server.store.sql.store import SqlStore
from tests.support import rows
from tests.support.stores import empty_postgres, empty_sqlite


def test_should_say_that_nothing_answers() -> None:
    store = open_store("postgresql+psycopg://nobody@127.0.0.1:1/none")

    with pytest.raises(StoreUnavailable, match="PostgreSQL"):
        store.check()
    with pytest.raises(StoreUnavailable), store.begin():
        pass
    store.close()


def test_should_say_that_a_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"certainly not a database file" * 100)
    store = open_store(f"sqlite:///{tmp_path}/x.db")

    with pytest.raises(StoreUnavailable, match="not a database"):
        store.check()
    store.close()


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense", "", "postgresql+asyncpg://x/y"]
)
def test_should_refuse_other_databases(url: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        open_store(url)


def test_should_refuse_the_read_side_of_a_stranger() -> None:
    with pytest.raises(TypeError, match="'object'"):
        open_queries(object())  # type: ignore[arg-type]


@pytest.mark.database
def test_should_find_a_deadlock_and_let_one_go_on(postgres_schema: str) -> None:
    # given two units that update two instances in opposite order
    empty_postgres(postgres_schema)
    store = SqlStore(postgres_schema)
    first, second = rows.instance(), rows.instance()
    with store.begin() as unit:
        unit.write(Changes(new_instances=[first, second]))
        unit.commit()
    barrier = threading.Barrier(2, timeout=30)
    outcomes: list[str] = []

    def update(order: list[object]) -> None:
        try:
            with store.begin() as unit:
                unit.write(Changes(updated_instances=[order[0]]))  # type: ignore[list-item]
                barrier.wait()
                unit.write(Changes(updated_instances=[order[1]]))  # type: ignore[list-item]
                unit.commit()
            outcomes.append("committed")
        except SerializationFailure:
            outcomes.append("deadlock")

    threads = [threading.Thread(target=update, args=[order]) for order in ([first, second], [second, first])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()

    assert sorted(outcomes) == ["committed", "deadlock"]


@pytest.mark.database
def test_should_tell_a_lost_connection(postgres_schema: str) -> None:
    store, administrator = SqlStore(postgres_schema), SqlStore(postgres_schema)

    def ask_after_the_server_hung_up() -> None:
        with store.begin() as unit:
            with administrator.begin() as other:
                pid = unit._connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
                other._connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
            unit.find_instance(None, 1)

    with pytest.raises(StoreUnavailable):
        ask_after_the_server_hung_up()

    with store.begin() as unit:  # the next transaction gets another connection
        assert unit.find_instance(None, 1) is None
    store.close()
    administrator.close()


def test_should_name_the_constraint_on_sqlite(sqlite_template: Path, tmp_path: Path) -> None:
    store = SqlStore(empty_sqlite(sqlite_template, tmp_path))
    job = rows.job(1)

    with pytest.raises(Conflict) as refused, store.begin() as unit:
        unit.write(Changes(new_jobs=[job, job]))
    store.close()

    assert refused.value.constraint == "pk_job"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlite3.OperationalError("database is locked"), SerializationFailure),
        (sqlite3.OperationalError("database table is locked"), SerializationFailure),
        (sqlite3.OperationalError("unable to open database file"), StoreUnavailable),
        (sqlite3.OperationalError("database or disk is full"), StoreUnavailable),
        (sqlite3.IntegrityError("UNIQUE constraint failed: job.instance_id, job.id"), Conflict),
    ],
)
def test_should_translate_errors_of_sqlite(error: sqlite3.Error, kind: type[Exception]) -> None:
    assert type(port_error(error)) is kind


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("no such column: x"), sqlite3.IntegrityError("NOT NULL constraint failed: a.b"),
              RuntimeError("x")]
)  # fmt: skip
def test_should_leave_defects_of_ours_alone(error: Exception) -> None:
    assert port_error(error) is None
