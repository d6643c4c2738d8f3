"""Subscriptions that wait for the values of correlation keys, and messages that carry them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from server.ports.records import MessageKeyRow, MessageRow, MessageSubscriptionRow, RuleDocument
from server.ports.store import Store
from server.store.sql.store import SqlStore
from server.store.tables import message_key
from tests.store.helpers import write
from tests.support import rows
from tests.support.rows import NOW

ORDER: RuleDocument = [["python", "orderId"]]
BOTH: RuleDocument = [["python", "orderId"], ["juel", "${customer}"]]


def waits_for(*values: Any, rule: RuleDocument = ORDER, own: Any = None, **fields: Any) -> MessageSubscriptionRow:
    return rows.subscription(rule=rule, correlation_key=[own, *values], **fields)


def matches(store: Store, message: MessageRow, rule: RuleDocument | None, *values: Any, limit: int = 10) -> list[int]:
    with store.begin() as unit:
        return [row.id for row in unit.matching_subscriptions(message, limit, rule=rule, values=values)]


def carries(message: MessageRow, rule: RuleDocument) -> Sequence[Any] | None:
    """What a test's messages carry: the variable `orderId`, whatever the rule."""
    return [message.variables["orderId"]] if "orderId" in message.variables else None


def fitting(store: Store, subscription: MessageSubscriptionRow) -> list[int]:
    with store.begin() as unit:
        found = unit.messages_for("default", "paid", subscription.instance_id, subscription.id, 10, carries)
        return [row.id for row in found]


@pytest.mark.parametrize(
    ("expected", "carried", "met"),
    [(1, 1, True), (1, Decimal("1.0"), True), ("A", "A", True), (1, "1", False), (1, True, False), (None, 1, False)],
)
def test_should_compare_values_by_type(store: Store, expected: Any, carried: Any, met: bool) -> None:
    subscription = waits_for(expected)
    message = rows.message(variables={"orderId": carried})
    write(store, new_message_subscriptions=[subscription], new_messages=[message])

    assert matches(store, message, ORDER, carried) == ([subscription.id] if met else [])
    assert fitting(store, subscription) == ([message.id] if met else [])


def test_should_keep_those_of_another_rule_and_those_without_apart(store: Store) -> None:
    by_order, by_both, unknown, anyone = (
        waits_for(1),
        waits_for(1, "Ann", rule=BOTH),
        waits_for(rule=[]),
        rows.subscription(),
    )
    unknown.correlation_key = None
    write(store, new_message_subscriptions=[by_order, by_both, unknown, anyone])

    assert matches(store, rows.message(), ORDER, 1) == [by_order.id]
    assert matches(store, rows.message(), BOTH, 1, "Ann") == [by_both.id]
    assert matches(store, rows.message(), BOTH, "Ann", 1) == []
    assert matches(store, rows.message(), None) == [unknown.id, anyone.id]


def test_should_compare_the_models_own_key_as_well(store: Store) -> None:
    subscription = waits_for(1, own="K")
    message = rows.message(correlation_key="K", variables={"orderId": 1})
    other = rows.message(variables={"orderId": 1})
    write(store, new_message_subscriptions=[subscription], new_messages=[message, other])

    assert matches(store, message, ORDER, 1) == [subscription.id]
    assert matches(store, other, ORDER, 1) == []
    assert fitting(store, subscription) == [message.id]


def test_should_take_no_buffered_message_that_lacks_a_value(store: Store) -> None:
    subscription, message = waits_for(1), rows.message()
    write(store, new_message_subscriptions=[subscription], new_messages=[message])

    assert fitting(store, subscription) == []


def test_should_tell_each_rule_once(store: Store) -> None:
    rules = [[["feel", f"order{number}"]] for number in range(5)]
    waiting = [waits_for(n, rule=rule, instance_id=n) for n in range(1, 9) for rule in rules]
    claimed = waits_for(1, rule=[["python", "claimed"]])
    others = [waits_for(1, rule=BOTH, name="other"), waits_for(1, rule=BOTH, tenant_id="other"), waits_for(rule=[])]
    write(store, new_message_subscriptions=[*waiting, claimed, *others])
    write(store, claimed_message_subscriptions=[(claimed.instance_id, claimed.id, 5)])

    with store.begin() as unit:
        found = unit.correlation_rules("default", "paid")
        assert sorted(found) == rules
        assert unit.correlation_rules("default", "unknown") == []


def test_should_say_anew_what_a_subscription_waits_for(store: Store) -> None:
    subscription = waits_for(rule=[])
    subscription.correlation_key = None
    write(store, new_message_subscriptions=[subscription])
    write(store, claimed_message_subscriptions=[(1, subscription.id, 5)])

    write(store, updated_message_subscriptions=[(1, subscription.id, [None, 7], ORDER)])

    assert matches(store, rows.message(), None) == []
    assert matches(store, rows.message(), ORDER, 7) == [subscription.id], "the claim is given up"
    with store.begin() as unit:
        assert unit.correlation_rules("default", "paid") == [ORDER]

    write(store, updated_message_subscriptions=[(1, subscription.id, None, [])])

    assert matches(store, rows.message(), None) == [subscription.id]
    with store.begin() as unit:
        assert unit.correlation_rules("default", "paid") == []


def test_should_list_what_correlation_keys_concern_in_an_instance(store: Store) -> None:
    known, unknown = waits_for(1, instance_id=1), waits_for(rule=[], instance_id=1)
    others = [rows.subscription(1), waits_for(1, instance_id=2)]
    write(store, new_message_subscriptions=[known, unknown, *others])

    with store.begin() as unit:
        assert unit.correlated_subscriptions(1, 10) == [known, unknown]
        assert unit.correlated_subscriptions(1, 1) == [known]
        assert unit.correlated_subscriptions(1, 10, after=known.id) == [unknown]
        assert unit.correlated_subscriptions(3, 10) == []


def test_should_keep_a_message_for_its_receivers(store: Store) -> None:
    buyer, seller = waits_for(1, definition_key="buyer"), waits_for(1, definition_key="seller")
    anyone = rows.subscription(definition_key="buyer")
    message = rows.message(receivers=("seller", "broker"), variables={"orderId": 1})
    write(store, new_message_subscriptions=[buyer, seller, anyone], new_messages=[message])

    assert matches(store, message, ORDER, 1) == [seller.id]
    assert matches(store, message, None) == []
    assert fitting(store, buyer) == []
    assert fitting(store, seller) == [message.id]
    with store.begin() as unit:
        assert unit.find_message(message.id) == message


def test_should_find_a_kept_message_by_its_values_however_many_are_kept(store: Store) -> None:
    # given: the first question makes the rule known, so that what is kept later can be found by it
    early = rows.message(state="BUFFERED", variables={"orderId": "early"})
    first = waits_for("early")
    write(store, new_message_subscriptions=[first], new_messages=[early, rows.message(state="BUFFERED")])
    with store.begin() as unit:
        assert [m.id for m in unit.messages_for("default", "paid", 1, first.id, 10, carries)] == [early.id]
        known = unit.kept_rules("default", "paid")
        unit.commit()
    kept = [rows.message(state="BUFFERED", variables={"orderId": number}) for number in range(300)]
    keys = [
        MessageKeyRow(message_id=m.id, tenant_id="default", name="paid", rule=rule, values=[m.variables["orderId"]])
        for m in kept
        for rule in known
    ]
    late = waits_for(250, instance_id=2)
    write(store, new_messages=kept, new_message_keys=keys, new_message_subscriptions=[late])
    asked: list[int] = []

    def count(message: MessageRow, rule: RuleDocument) -> Sequence[Any] | None:
        asked.append(message.id)
        return carries(message, rule)

    # when
    with store.begin() as unit:
        found = unit.messages_for("default", "paid", 2, late.id, 10, count)

    # then
    assert [row.id for row in found] == [kept[250].id]
    assert asked == [kept[250].id] or not known, "only a store that looks through all of them asks the others"


def test_should_keep_the_values_of_a_message_once(store: Store) -> None:
    subscription, message = waits_for(1), rows.message(state="BUFFERED", variables={"orderId": 1})
    key = MessageKeyRow(message_id=message.id, tenant_id="default", name="paid", rule=ORDER, values=[1])
    write(store, new_message_subscriptions=[subscription], new_messages=[message], new_message_keys=[key])
    write(store, new_message_keys=[key])

    assert fitting(store, subscription) == [message.id]


@pytest.mark.parametrize("way", ["deleted", "expired"])
def test_should_forget_the_values_with_the_message(store: Store, way: str) -> None:
    message = rows.message(state="BUFFERED", variables={"orderId": 1}, expires_at=NOW)
    key = MessageKeyRow(message_id=message.id, tenant_id="default", name="paid", rule=ORDER, values=[1])
    write(store, new_messages=[message], new_message_keys=[key])

    if way == "deleted":
        write(store, deleted_messages=[message.id])
    else:
        with store.begin() as unit:
            assert unit.delete_expired_messages(10) == 1
            unit.commit()

    with store.begin() as unit:
        assert unit.find_message(message.id) is None
    if isinstance(store, SqlStore):
        with store.read() as unit:
            assert unit.query(select(func.count()).select_from(message_key)).scalar_one() == 0


def test_should_compare_the_business_key_of_a_kept_message(store: Store) -> None:
    mine, other = waits_for(1, business_key="B"), waits_for(1, business_key="C")
    message = rows.message(business_key="B", variables={"orderId": 1})
    write(store, new_message_subscriptions=[mine, other], new_messages=[message])

    assert fitting(store, mine) == [message.id]
    assert fitting(store, other) == []
