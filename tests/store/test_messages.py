"""Messages meet subscriptions: every criterion that a message gives must hold, values by type."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.ports.records import MessageRow, MessageStartRow, MessageSubscriptionRow
from server.ports.store import Conflict, Store
from tests.store.helpers import write
from tests.support import rows
from tests.support.rows import NOW
from tests.support.stores import Database, ManualClock


def matches(store: Store, message: MessageRow, limit: int = 10) -> list[int]:
    with store.begin() as unit:
        return [row.id for row in unit.matching_subscriptions(message, limit)]


@pytest.mark.parametrize(
    ("subscribed", "published", "met"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, Decimal("1.00"), True),
        (10**30, Decimal(10**30), True),
        (0.1, Decimal("0.1"), True),
        ("1", "1", True),
        ([1, "a"], [1.0, "a"], True),
        (1, "1", False),
        (1, True, False),
        (0, False, False),
        ("", 0, False),
        ("A", "a", False),
        ("a", "a ", False),
        ([1, "a"], ["a", 1], False),
        (1, None, False),
        (None, 1, False),
        (None, None, True),
    ],
)
def test_should_compare_correlation_keys_by_type_and_value(
    store: Store, subscribed: Any, published: Any, met: bool
) -> None:
    subscription = rows.subscription(correlation_key=subscribed)
    write(store, new_message_subscriptions=[subscription])

    assert matches(store, rows.message(correlation_key=published)) == ([subscription.id] if met else [])


def test_should_leave_a_subscription_with_a_key_to_messages_with_that_key(store: Store) -> None:
    with_key, without = rows.subscription(correlation_key="K"), rows.subscription()
    write(store, new_message_subscriptions=[with_key, without])

    assert matches(store, rows.message()) == [without.id]
    assert matches(store, rows.message(correlation_key="K")) == [with_key.id]


@pytest.mark.parametrize(
    ("criteria", "met"),
    [
        ({}, True),
        ({"business_key": "B"}, True),
        ({"business_key": "C"}, False),
        ({"target_instance_id": 1}, True),
        ({"target_instance_id": 2}, False),
        ({"correlation_keys": {"customer": 42.0}}, True),
        ({"correlation_keys": {"customer": "42"}}, False),
        ({"correlation_keys": {"customer": 42, "address": {"city": "Bonn"}}}, True),
        ({"correlation_keys": {"address": {"city": "Köln"}}}, False),
        ({"correlation_keys": {"local": 1}}, False),
        ({"correlation_keys": {"unknown": None}}, False),
        ({"correlation_keys": {"nothing": None}}, True),
        ({"tenant_id": "other"}, False),
        ({"name": "shipped"}, False),
        ({"business_key": "B", "correlation_keys": {"customer": 1}}, False),
    ],
)
def test_should_meet_every_criterion(store: Store, criteria: dict[str, Any], met: bool) -> None:
    subscription = rows.subscription(1, business_key="B")
    write(
        store,
        new_message_subscriptions=[subscription],
        set_variables=[
            rows.variable(1, "customer", 42),
            rows.variable(1, "address", {"city": "Bonn"}),
            rows.variable(1, "nothing", None),
            rows.variable(1, "local", 1, scope_id=9),
            rows.variable(2, "customer", 1),
        ],
    )

    assert matches(store, rows.message(**criteria)) == ([subscription.id] if met else [])


def test_should_answer_in_order_of_id_without_claimed_ones(store: Store) -> None:
    subscriptions = [rows.subscription(instance) for instance in (3, 2, 1)]
    write(store, new_message_subscriptions=list(reversed(subscriptions)))
    message = rows.message()
    write(store, claimed_message_subscriptions=[(3, subscriptions[0].id, message.id)])

    assert matches(store, message) == [row.id for row in subscriptions[1:]]
    assert matches(store, message, limit=1) == [subscriptions[1].id]

    write(
        store,
        claimed_message_subscriptions=[(3, subscriptions[0].id, None)],
        deleted_message_subscriptions=[(2, subscriptions[1].id)],
    )
    assert matches(store, message) == [subscriptions[0].id, subscriptions[2].id]


def test_should_keep_every_column_of_a_message(store: Store) -> None:
    message = rows.message(
        correlation_key=Decimal("1.10"), correlation_keys={"a": [1]}, business_key="B", target_instance_id=4,
        variables={"x": {"y": None}}, message_id="m-1", to_all=True, expires_at=NOW,
    )  # fmt: skip
    write(store, new_messages=[message])

    with store.begin() as unit:
        assert unit.find_message(message.id) == message
        assert unit.find_message_by_message_id("default", "paid", "m-1") == message
        assert unit.find_message_by_message_id("other", "paid", "m-1") is None
        assert unit.find_message(5) is None

    message.state, message.instance_ids, message.expires_at = "CORRELATED", (1, 2), NOW + timedelta(hours=1)
    write(store, updated_messages=[message])
    with store.begin() as unit:
        assert unit.find_message(message.id) == message

    write(store, deleted_messages=[message.id])
    with store.begin() as unit:
        assert unit.find_message(message.id) is None


def test_should_refuse_a_message_id_twice_while_it_is_kept(store: Store) -> None:
    write(store, new_messages=[rows.message(message_id="m"), rows.message(message_id=None), rows.message()])

    with pytest.raises(Conflict) as refused:
        write(store, new_messages=[rows.message(message_id="m")])

    assert refused.value.constraint == "uq_message_tenant_id_name_message_id"
    write(store, new_messages=[rows.message(message_id="m", tenant_id="other"), rows.message(message_id="m", name="b")])


def fitting(store: Store, subscription: MessageSubscriptionRow, limit: int = 10, **names: Any) -> list[int]:
    with store.begin() as unit:
        of = {"tenant_id": "default", "name": "paid"} | names
        found = unit.messages_for(**of, instance_id=subscription.instance_id, subscription_id=subscription.id,
                                  limit=limit)  # fmt: skip
        return [row.id for row in found]


def test_should_find_open_messages_for_a_subscription_in_order_of_id(store: Store, clock: ManualClock) -> None:
    subscription = rows.subscription(1)
    once = rows.message(expires_at=NOW)
    buffered = rows.message(state="BUFFERED", expires_at=NOW + timedelta(minutes=1))
    others = [
        rows.message(state="BUFFERED", expires_at=NOW),
        rows.message(state="CORRELATED"),
        rows.message(name="b"),
        rows.message(tenant_id="other"),
        rows.message(correlation_key="K"),
    ]
    write(store, new_messages=[buffered, once, *others], new_message_subscriptions=[subscription])

    assert fitting(store, subscription) == [once.id, buffered.id]
    assert fitting(store, subscription, limit=1) == [once.id]
    assert fitting(store, subscription, name="b") == []
    assert fitting(store, subscription, tenant_id="other") == []
    clock.advance(minutes=1)
    assert fitting(store, subscription) == [once.id]

    write(store, claimed_message_subscriptions=[(1, subscription.id, once.id)])
    assert fitting(store, subscription) == []
    write(store, deleted_message_subscriptions=[(1, subscription.id)])
    assert fitting(store, subscription) == []


@pytest.mark.parametrize("criteria", [
    {},
    {"correlation_key": "K"},
    {"correlation_key": "k"},
    {"correlation_key": 1},
    {"business_key": "B"},
    {"business_key": "C"},
    {"target_instance_id": 1},
    {"target_instance_id": 2},
    {"correlation_keys": {"customer": 42.0}},
    {"correlation_keys": {"customer": "42"}},
    {"correlation_keys": {"customer": 42, "address": {"city": "Bonn"}}},
    {"correlation_keys": {"unknown": None}},
    {"correlation_key": "K", "business_key": "B", "target_instance_id": 1, "correlation_keys": {"customer": 42}},
])  # fmt: skip
@pytest.mark.parametrize("waiting", [
    {}, {"business_key": "B"}, {"correlation_key": "K"}, {"correlation_key": "K", "business_key": "B"},
    {"correlation_key": 1.0},
])  # fmt: skip
def test_should_find_a_message_for_exactly_those_subscriptions_that_match_it(
    store: Store, criteria: dict[str, Any], waiting: dict[str, Any]
) -> None:
    subscription, message = rows.subscription(1, **waiting), rows.message(**criteria)
    write(
        store,
        new_message_subscriptions=[subscription],
        new_messages=[message],
        set_variables=[
            rows.variable(1, "customer", 42),
            rows.variable(1, "address", {"city": "Bonn"}),
            rows.variable(2, "customer", 1),
        ],
    )

    matched = matches(store, message) == [subscription.id]

    assert fitting(store, subscription) == ([message.id] if matched else [])


def test_should_find_the_fitting_message_behind_many_that_do_not_fit(store: Store) -> None:
    subscription = rows.subscription(1)
    others = [rows.message(correlation_keys={"customer": n}) for n in range(250)]
    wanted = rows.message(correlation_keys={"customer": "x"})
    write(
        store,
        new_message_subscriptions=[subscription],
        new_messages=[*others, wanted],
        set_variables=[rows.variable(1, "customer", "x")],
    )

    assert fitting(store, subscription, limit=1) == [wanted.id]


def test_should_delete_expired_messages_but_none_still_to_be_matched(store: Store, clock: ManualClock) -> None:
    expired = [rows.message(state="CORRELATED", expires_at=NOW - timedelta(minutes=n)) for n in range(3)]
    kept = [
        rows.message(expires_at=NOW),
        rows.message(state="STARTING", expires_at=NOW),
        rows.message(state="BUFFERED", expires_at=NOW + timedelta(minutes=1)),
    ]
    write(store, new_messages=[*expired, *kept])

    with store.begin() as unit:
        assert unit.delete_expired_messages(2) == 2
        assert unit.delete_expired_messages(10) == 1
        assert unit.delete_expired_messages(10) == 0
        assert all(unit.find_message(row.id) for row in kept)


def test_should_match_a_name_one_after_the_other(database: Database) -> None:
    store = database.open()
    order: list[str] = []

    def match_too() -> None:
        with database.open().begin() as unit:
            unit.lock_message_name("default", "paid")
            order.append("second")

    with store.begin() as unit:
        unit.lock_message_name("default", "paid")
        thread = threading.Thread(target=match_too)
        thread.start()
        thread.join(0.2)
        order.append("first")
        unit.commit()
    thread.join()

    assert order == ["first", "second"]


def test_should_find_message_starts(store: Store) -> None:
    start = MessageStartRow(
        tenant_id="default", message_name="paid", definition_id=7, definition_key="order", element_id="start"
    )
    with store.begin() as unit:
        unit.replace_starts("default", "order", [start], [])
        unit.commit()

    with store.begin() as unit:
        assert unit.message_starts("default", "paid") == [start]
        assert unit.message_starts("default", "shipped") == []
        assert unit.message_starts("other", "paid") == []


def test_should_find_the_running_instance_of_a_business_key(store: Store) -> None:
    ended = rows.instance(business_key="B", ended_at=NOW, status="COMPLETED")
    running = rows.instance(business_key="B")
    write(store, new_instances=[ended, running, rows.instance(business_key="C")])

    with store.begin() as unit:
        assert unit.running_instance_with_business_key("default", "order", "B") == running.id
        assert unit.running_instance_with_business_key("default", "order", "D") is None
        assert unit.running_instance_with_business_key("other", "order", "B") is None
