"""Every question of the hot path is answered by an index: no plan reads a whole table that may be large."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from server.ports.queries import IncidentFilter, InstanceFilter, Page, TaskFilter
from server.ports.records import Changes, IdempotencyRow
from server.store import open_queries
from server.store.sql.several_rows import bulk_cursor
from server.store.sql.store import SqlStore
from server.store.sql.unit import SqlUnitOfWork
from tests.support import rows
from tests.support.rows import NOW
from tests.support.stores import ManualClock, empty_postgres, empty_sqlite


def carried_by_all(message: Any, rule: Any) -> list[Any]:
    return [8]


RULES = [[["python", "orderId"]], [["feel", "order.id"]]]
QUESTIONS: dict[str, Callable[[SqlUnitOfWork], Any]] = {
    "claim_commands": lambda unit: unit.claim_commands(50),
    "claim_timers": lambda unit: unit.claim_timers(50),
    "claim_timer_starts": lambda unit: unit.claim_timer_starts(50),
    "lock_instances": lambda unit: unit.lock_instances(range(1, 50)),
    "load_scope_chains": lambda unit: unit.load_scope_chains([(n, n + 5000) for n in range(1, 50)]),
    "load_children": lambda unit: unit.load_children(7, 7, 10),
    "load_variables": lambda unit: unit.load_variables([(n, n) for n in range(1, 50)]),
    "load_values": lambda unit: unit.load_values([(n, n, "n") for n in range(1, 50)]),
    "load_items": lambda unit: unit.load_items(7, 8, 0, 10),
    "load_outputs": lambda unit: unit.load_outputs(7, 8),
    "visible_variables": lambda unit: unit.visible_variables([(n, n + 5000) for n in range(1, 50)]),
    "visible_variables_of_names": lambda unit: unit.visible_variables([(7, 7)], names=["n", "m"]),
    "condition_waits": lambda unit: unit.condition_waits(7, ["n"], 10),
    "locate_jobs": lambda unit: unit.locate_jobs(range(10_001, 10_050)),
    "load_jobs": lambda unit: unit.load_jobs([(n, n + 10_000) for n in range(1, 50)]),
    "locate_tasks": lambda unit: unit.locate_tasks([20_001]),
    "load_tasks": lambda unit: unit.load_tasks([(1, 20_001)]),
    "locate_incidents": lambda unit: unit.locate_incidents([30_001]),
    "claim_due_jobs": lambda unit: unit.claim_due_jobs(50, ["x"]),
    "claim_jobs_of_type": lambda unit: unit.claim_jobs_of_type("default", "type3", 10),
    "claim_outbox": lambda unit: unit.claim_outbox(50),
    "messages_for": lambda unit: unit.messages_for("default", "paid", 7, 60_007, 10),
    "find_message_by_message_id": lambda unit: unit.find_message_by_message_id("default", "message3", "m3"),
    "matching_subscriptions": lambda unit: unit.matching_subscriptions(
        rows.message(name="paid", correlation_key=77, correlation_keys={"n": 77}), 2
    ),
    "matching_subscriptions_by_rule": lambda unit: unit.matching_subscriptions(
        rows.message(name="paid", receivers=("order",)), 2, rule=RULES[0], values=[76]
    ),
    "messages_for_values": lambda unit: unit.messages_for("default", "paid", 8, 60_008, 10, carried_by_all),
    "kept_rules": lambda unit: unit.kept_rules("default", "paid"),
    "correlation_rules": lambda unit: unit.correlation_rules("default", "paid"),
    "correlated_subscriptions": lambda unit: unit.correlated_subscriptions(8, 200),
    "message_starts": lambda unit: unit.message_starts("default", "paid"),
    "last_signal_subscription": lambda unit: unit.last_signal_subscription("default", "signal3"),
    "signal_subscriptions": lambda unit: unit.signal_subscriptions("default", "signal3", 200, after=65_100),
    "signal_receivers": lambda unit: unit.signal_receivers("default", "signal3", 10),
    "signal_starts": lambda unit: unit.signal_starts("default", "signal3"),
    "condition_starts": lambda unit: unit.condition_starts("default"),
    "condition_starts_of_key": lambda unit: unit.condition_starts("default", "key3"),
    "running_instance": lambda unit: unit.running_instance_with_business_key("default", "key3", "B77"),
    "delete_expired_messages": lambda unit: unit.delete_expired_messages(10),
    "find_definition_by_key": lambda unit: unit.find_definition_by_key("default", "key3"),
    "count_running_instances": lambda unit: unit.count_running_instances("default", 3),
    "park_commands": lambda unit: unit.park_commands(7),
    "unpark_commands": lambda unit: unit.unpark_commands(7, shift_timers=timedelta(hours=1)),
    "delete_old_idempotency": lambda unit: unit.delete_old_idempotency(NOW - timedelta(days=1), 10),
    "find_token": lambda unit: unit.find_token("x"),
    "write": lambda unit: unit.write(
        Changes(
            updated_instances=[rows.instance(id=7)],
            updated_scopes=[rows.scope(7, id=5007)],
            deleted_scopes=[(8, 5008)],
            set_variables=[rows.variable(7, "n", 1)],
            deleted_variables=[(8, 8, "n")],
            deleted_commands=[(7, 40_007)],
            updated_jobs=[rows.job(7, id=10_007)],
            deleted_jobs=[(8, 10_008)],
            updated_tasks=[rows.task(7, id=20_007)],
            ended_tasks=[(8, 20_008, "COMPLETED", NOW)],
            deleted_timers=[(7, 50_007)],
            claimed_message_subscriptions=[(7, 60_007, 1)],
            updated_message_subscriptions=[(7, 60_007, [None, 1], RULES[0])],
            deleted_message_subscriptions=[(8, 60_008)],
            deleted_signal_subscriptions=[(8, 65_008)],
            deleted_messages=[70_007],
            deleted_condition_waits=[(7, 80_007)],
            resolved_incidents=[(7, 30_007, NOW)],
        )
    ),
}
LISTS: dict[str, Callable[[Any], Any]] = {
    "instances_by_status": lambda q: q.list_instances("default", InstanceFilter(status=["PAUSED"]), Page()),
    "instances_by_key": lambda q: q.list_instances("default", InstanceFilter(definition_key="key3"), Page()),
    "instances_by_business_key": lambda q: q.list_instances("default", InstanceFilter(business_key="B7"), Page()),
    "instances_by_parent": lambda q: q.list_instances("default", InstanceFilter(parent_instance_id=7), Page()),
    "instances_by_variable": lambda q: q.list_instances("default", InstanceFilter(variables=[("n", 77)]), Page()),
    "instances_by_time": lambda q: q.list_instances("default", InstanceFilter(), Page(sort="-startedAt")),
    "tasks_by_assignee": lambda q: q.list_tasks("default", TaskFilter(assignee="user7", status=["OPEN"]), Page()),
    "tasks_by_candidate": lambda q: q.list_tasks("default", TaskFilter(candidate_user="user7"), Page()),
    "tasks_by_group": lambda q: q.list_tasks("default", TaskFilter(candidate_groups=["group7"]), Page()),
    "tasks_by_instance": lambda q: q.list_tasks("default", TaskFilter(instance_id=7), Page()),
    "tasks_by_business_key": lambda q: q.list_tasks("default", TaskFilter(business_key="B7"), Page()),
    "task": lambda q: q.find_task("default", 20_007),
    "incidents": lambda q: q.list_incidents("default", IncidentFilter(instance_id=7), Page()),
    "incident": lambda q: q.find_incident("default", 30_007),
    "history": lambda q: q.list_history("default", 7, Page()),
    "history_backwards": lambda q: q.list_history("default", 7, Page(sort="-seq")),
    "current_elements": lambda q: q.current_elements(7),
    "scope_variables": lambda q: q.scope_variables(7, 5007),
}
COUNT = 1500


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    """A database with enough in it that a planner prefers an index."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        url = empty_sqlite(template, tmp_path_factory.mktemp("plans"))
    else:
        url = request.getfixturevalue("postgres_schema")
        empty_postgres(url)
    store = SqlStore(url, clock=ManualClock())
    with store.begin() as unit:
        unit.write(everything())
        for number in range(COUNT):
            unit.insert_idempotency(idempotency(number))
            if number % 10 == 0:
                unit.insert_definition(rows.definition(key=f"key{number // 20}", version=number))
        unit.commit()
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    yield store
    store.close()


def idempotency(number: int) -> IdempotencyRow:
    return IdempotencyRow(
        tenant_id="default", principal="p", route="r", key=str(number), body_hash="h",
        created_at=NOW - timedelta(minutes=number),
    )  # fmt: skip


def everything() -> Changes:
    later = NOW + timedelta(hours=1)
    changes = Changes()
    for n in range(1, COUNT + 1):
        changes.new_instances.append(
            rows.instance(
                id=n,
                definition_key=f"key{n % 50}",
                definition_id=n % 50,
                business_key=f"B{n}",
                status="PAUSED" if n % 100 == 0 else "RUNNING",
                started_at=NOW + timedelta(seconds=n),
                parent_instance_id=n - 1 if n % 10 == 0 else None,
            )
        )
        changes.new_scopes.append(rows.scope(n, id=n + 5000))
        changes.set_variables += [rows.variable(n, name, n) for name in ("n", "m", "o")]
        changes.new_commands.append(rows.command(n, id=n + 40_000, due_at=NOW if n % 50 == 0 else None))
        changes.new_jobs.append(
            rows.job(n, id=n + 10_000, type=f"type{n % 50}", due_at=NOW if n % 50 == 3 else later, priority=n % 5)
        )
        changes.new_tasks.append(
            rows.task(
                n,
                id=n + 20_000,
                assignee=f"user{n}",
                candidate_users=(f"user{n}",),
                candidate_groups=(f"group{n}",),
                business_key=f"B{n}",
            )
        )
        changes.new_timers.append(rows.timer(n, id=n + 50_000, due_at=NOW if n % 50 == 0 else later))
        by_key = {"correlation_key": n} if n % 2 else {"correlation_key": [None, n], "rule": RULES[n % 4 // 2]}
        changes.new_message_subscriptions.append(rows.subscription(n, id=n + 60_000, **by_key))
        changes.new_signal_subscriptions.append(rows.signal_subscription(n, id=n + 65_000, name=f"signal{n % 50}"))
        changes.new_messages.append(
            rows.message(
                id=n + 70_000, name=f"message{n % 50}", message_id=f"m{n}", state="CORRELATED", expires_at=later
            )
        )
        changes.new_condition_waits.append(rows.condition_wait(n, n + 80_000, "n"))
        changes.new_incidents.append(rows.incident(n, id=n + 30_000))
        changes.history += [rows.history(n, s, {"type": "X"}) for s in (1, 2, 3)]
        if n % 50 == 0:
            changes.outbox.append(rows.outbox(n, 1))
    return changes


@pytest.mark.parametrize("question", QUESTIONS)
def test_should_answer_the_engine_by_index(filled: SqlStore, question: str) -> None:
    def ask() -> None:
        with filled.begin() as unit:
            QUESTIONS[question](unit)

    assert whole_tables_read(filled, ask) == []


@pytest.mark.parametrize("question", LISTS)
def test_should_answer_lists_by_index(filled: SqlStore, question: str) -> None:
    assert whole_tables_read(filled, lambda: LISTS[question](open_queries(filled))) == []


def test_should_look_up_each_rule_once_however_many_wait_by_it(filled: SqlStore) -> None:
    asked: list[str] = []

    def record(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(filled._engine, "before_cursor_execute", record)
    try:
        with filled.begin() as unit:
            found = unit.correlation_rules("default", "paid")
    finally:
        event.remove(filled._engine, "before_cursor_execute", record)

    assert sorted(found) == sorted(RULES)
    assert len([statement for statement in asked if "rule_hash" in statement]) == len(RULES) + 1


SMALL = {
    "outbox", "timer_start", "message_start", "signal_start", "condition_start", "definition_key", "api_token",
    "node_lease", "item",
}  # fmt: skip
"""Tables that are empty most of the time, or small: a planner is free to read them whole."""


def whole_tables_read(store: SqlStore, ask: Callable[[], None]) -> list[str]:
    """Plan lines that read a table from end to end, of every statement that `ask` sends."""
    statements: list[tuple[str, Any]] = []

    def record(_c: Any, _k: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        statements.append((statement, parameters[0] if many else parameters))

    engines = {store._engine, store._readers}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", record)
    try:
        ask()
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", record)
    assert statements
    return [line for statement, parameters in statements for line in scans(store, statement, parameters)]


def scans(store: SqlStore, statement: str, parameters: Any) -> list[str]:
    if not re.match(r"\s*(SELECT|UPDATE|DELETE|WITH)", statement):
        return []
    explain = "EXPLAIN QUERY PLAN " if store.dialect == "sqlite" else "EXPLAIN "
    with store.engine.connect() as connection:
        if store.dialect == "postgresql":
            # These tables are small enough to be read whole; what counts is that an index can do it.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        if "$1" in statement:
            result = bulk_cursor(connection).execute(explain + statement, parameters)
        else:
            result = connection.exec_driver_sql(explain + statement, parameters)
        plan = [str(row[-1]) for row in result]
        connection.rollback()
    if store.dialect == "sqlite":
        read = [re.match(r"SCAN (\w+)(?! USING (?:COVERING )?INDEX)$", line) for line in plan]
    else:
        read = [re.search(r"Seq Scan on (\w+)", line) for line in plan]
    return [f"{match.string.strip()} :: {statement}" for match in read if match and match[1] in REAL - SMALL]


REAL = {
    "instance", "scope", "variable", "command", "job", "user_task", "user_task_candidate", "timer", "message",
    "message_key", "message_subscription", "signal_subscription", "condition_wait", "incident", "history", "definition",
    "idempotency", "outbox", "item",
}  # fmt: skip
