"""Idempotency keys, tokens, the audit log, instances by id."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from server.ports.records import AuditRow, IdempotencyRow, TokenRow
from server.ports.store import Conflict, Store
from tests.store.helpers import write
from tests.support import rows
from tests.support.rows import NOW
from tests.support.stores import Database


def request(key: str = "k", **values: object) -> IdempotencyRow:
    plain = {"tenant_id": "default", "principal": "ann", "route": "POST /instances", "key": key, "body_hash": "h"}
    return IdempotencyRow(**(plain | {"created_at": NOW} | values))  # type: ignore[arg-type]


def test_should_give_a_key_to_the_first_request(store: Store) -> None:
    first = request()
    with store.begin() as unit:
        assert unit.insert_idempotency(first) is None
        unit.commit()
    with store.begin() as unit:
        assert unit.insert_idempotency(request(body_hash="other")) == first
        first.status, first.response = 201, b'{"id":"1"}'
        unit.finish_idempotency(first)
        unit.commit()
    with store.begin() as unit:
        assert unit.insert_idempotency(request()) == first


@pytest.mark.parametrize("difference", [{"tenant_id": "b"}, {"principal": "b"}, {"route": "b"}, {"key": "b"}])
def test_should_keep_keys_apart(store: Store, difference: dict[str, str]) -> None:
    with store.begin() as unit:
        assert unit.insert_idempotency(request()) is None
        assert unit.insert_idempotency(request(**difference)) is None


def test_should_free_the_key_of_a_request_that_was_rolled_back(store: Store) -> None:
    with store.begin() as unit:
        assert unit.insert_idempotency(request()) is None
    with store.begin() as unit:
        assert unit.insert_idempotency(request()) is None


def test_should_free_the_key_of_a_refused_request(store: Store) -> None:
    with store.begin() as unit:
        unit.insert_idempotency(request())
        unit.insert_idempotency(request("other"))
        unit.delete_idempotency(request())
        unit.commit()
    with store.begin() as unit:
        assert unit.insert_idempotency(request()) is None
        assert unit.insert_idempotency(request("other")) == request("other")


def test_should_have_one_winner_in_a_race(database: Database) -> None:
    store = database.open()
    barrier = threading.Barrier(6)
    answers: list[tuple[int, IdempotencyRow | None]] = []

    def ask(number: int) -> None:
        barrier.wait()
        with store.begin() as unit:
            known = unit.insert_idempotency(request())
            if known is None:
                unit.finish_idempotency(request(status=201, response=str(number).encode()))
            unit.commit()
        answers.append((number, known))

    threads = [threading.Thread(target=ask, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    winners = [number for number, known in answers if known is None]
    assert len(winners) == 1
    assert {known.response for _, known in answers if known} == {str(winners[0]).encode()}


def test_should_delete_old_keys(store: Store) -> None:
    with store.begin() as unit:
        for hours in range(4):
            unit.insert_idempotency(request(str(hours), created_at=NOW - timedelta(hours=hours)))
        assert unit.delete_old_idempotency(NOW - timedelta(hours=1), 1) == 1
        assert unit.delete_old_idempotency(NOW - timedelta(hours=1), 10) == 1
        assert unit.insert_idempotency(request("1")) is not None
        assert unit.insert_idempotency(request("3")) is None


def test_should_keep_tokens_by_hash(store: Store) -> None:
    first = TokenRow(id=1, tenant_id="default", name="ci", token_hash="a" * 64, roles=("deployer", "user"),
                     groups=("sales",), created_at=NOW, expires_at=NOW)  # fmt: skip
    second = TokenRow(id=2, tenant_id="default", name="ci", token_hash="b" * 64, roles=(), created_at=NOW)
    with store.begin() as unit:
        unit.insert_token(second)
        unit.insert_token(first)
        unit.commit()

    with store.begin() as unit:
        assert unit.find_token("a" * 64) == first
        assert unit.find_token("c" * 64) is None
        assert unit.list_tokens("default") == [first, second]
        assert unit.list_tokens("other") == []
        assert unit.delete_token("other", 1) is False
        assert unit.delete_token("default", 1) is True
        assert unit.delete_token("default", 1) is False
        assert unit.list_tokens("default") == [second]
        with pytest.raises(Conflict):
            unit.insert_token(second)


def test_should_write_the_audit_log(store: Store) -> None:
    with store.begin() as unit:
        unit.insert_audit(
            tenant_id="default", id=1, principal="ann", action="CANCEL", target="5", detail={"reason": "x", "n": None}
        )
        unit.insert_audit(tenant_id="default", id=2, principal="ann", action="CANCEL", target=None, detail=None)
        unit.commit()
    with pytest.raises(Conflict), store.begin() as unit:
        unit.insert_audit(tenant_id="default", id=1, principal="ann", action="CANCEL", target=None, detail=None)
    for lost in (1, 2):
        line = AuditRow(id=lost, tenant_id="default", at=NOW, principal="ann", action="START", detail={"a": [1]})
        with pytest.raises(Conflict):
            write(store, audit=[line])


def test_should_write_the_audit_log_with_what_was_done(store: Store) -> None:
    done = rows.instance()
    write(
        store,
        new_instances=[done],
        audit=[
            AuditRow(id=id, tenant_id="default", at=NOW, principal="ann", action="START", target=str(done.id))
            for id in (1, 2)
        ],
    )

    with pytest.raises(Conflict), store.begin() as unit:
        unit.insert_audit(tenant_id="default", id=2, principal="ann", action="CANCEL", target=None, detail=None)


def test_should_find_an_instance_of_the_tenant(store: Store) -> None:
    row = rows.instance(parent_instance_id=5, parent_scope_id=6, parent_token_id=7, parent_element_id="call")
    write(store, new_instances=[row])

    with store.begin() as unit:
        assert unit.find_instance("default", row.id) == row
        assert unit.find_instance(None, row.id) == row
        assert unit.find_instance("other", row.id) is None
        assert unit.find_instance(None, 5) is None


def test_should_update_the_columns_of_an_instance_that_change(store: Store) -> None:
    row = rows.instance(business_key="B", single_start=True)
    write(store, new_instances=[row])
    row.status, row.sequence, row.document, row.active = "PAUSED", 9, {"v": 1, "t": []}, "a"
    row.ended_at, row.incidents, row.single_start, row.pause_timers = NOW, 2, False, "STOP"

    write(store, updated_instances=[row])

    with store.begin() as unit:
        assert unit.find_instance(None, row.id) == row
