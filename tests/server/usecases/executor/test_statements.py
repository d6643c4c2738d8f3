"""What a transaction costs: statements do not grow with the number of steps that share it."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import event

from server.store.sql.store import SqlStore
from server.usecases import requests as rq
from server.usecases.executor.batch import Batch, BatchOptions
from server.usecases.executor.items import Item
from tests.support.app import App
from tests.support.models import end, model, service_task, start, user_task

ORDER = model(start(), service_task("charge"), user_task("check"), end(),
              flows="start -> charge -> check -> end", key="order")  # fmt: skip


def statements_of(app: App, store: SqlStore, requests: list[rq.Request]) -> Counter[str]:
    """Statements of one transaction of these requests, by their first words."""
    seen: Counter[str] = Counter()

    def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        if threading.get_ident() == me:
            seen[" ".join(statement.split()[:3])] += 1

    me = threading.get_ident()
    options: BatchOptions = app.server.executor._batch_options
    event.listen(store.engine, "before_cursor_execute", note)
    try:
        with store.begin() as unit:
            batch = Batch(unit, options)
            items = batch.prepare([Item(request) for request in requests])
            for item in items:
                batch.handle(item)
                assert item.error is None
            batch.finish()
            unit.commit()
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    return seen


def start_request(n: int) -> rq.StartRequest:
    return rq.StartRequest(
        tenant_id="default",
        principal="ann",
        definition_key="order",
        variables={"n": n},
        audit=("instance.start", "order"),
    )


def test_should_start_many_instances_with_the_statements_of_one(app: App) -> None:
    store = app.server.store
    if not isinstance(store, SqlStore):
        pytest.skip("memory has no statements")
    app.deploy(("order.bpmn", ORDER))
    app.start("order")  # compiles the graph

    one = statements_of(app, store, [start_request(0)])
    many = statements_of(app, store, [start_request(n) for n in range(32)])

    assert many == one
    assert one.total() <= 12
