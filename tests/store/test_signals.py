"""Signals: who waits for one is read in portions; starts go with the versions of a key."""

from __future__ import annotations

from server.ports.records import SignalStartRow, SignalSubscriptionRow
from server.ports.store import Store
from tests.store.helpers import write
from tests.support import rows


def portion(store: Store, limit: int = 100, name: str = "alarm", tenant: str = "default", **bounds: int) -> list[int]:
    with store.begin() as unit:
        return [row.id for row in unit.signal_subscriptions(tenant, name, limit, **bounds)]


def test_should_keep_every_column_of_a_subscription(store: Store) -> None:
    row = rows.signal_subscription(5, scope_id=8, token_id=0, element_id="start_7", definition_key="invoice")
    write(store, new_signal_subscriptions=[row])

    with store.begin() as unit:
        assert unit.signal_subscriptions("default", "alarm", 10) == [row]


def test_should_read_those_who_wait_in_portions_in_order_of_id(store: Store) -> None:
    waiting = [rows.signal_subscription(instance) for instance in (3, 1, 2)]
    others = [
        rows.signal_subscription(4, name="Alarm"),
        rows.signal_subscription(4, name="alarm "),
        rows.signal_subscription(4, tenant_id="other"),
    ]
    write(store, new_signal_subscriptions=[*reversed(waiting), *others])
    ids = [row.id for row in waiting]

    assert portion(store) == ids
    assert portion(store, 2) == ids[:2]
    assert portion(store, 2, after=ids[1]) == ids[2:]
    assert portion(store, after=ids[2]) == []
    assert portion(store, up_to=ids[1]) == ids[:2]
    assert portion(store, after=ids[0], up_to=ids[1]) == [ids[1]]
    assert portion(store, tenant="other") == [others[2].id]


def test_should_forget_who_does_not_wait_any_more(store: Store) -> None:
    gone, kept = rows.signal_subscription(1), rows.signal_subscription(2)
    write(store, new_signal_subscriptions=[gone, kept])

    write(store, deleted_signal_subscriptions=[(1, gone.id), (1, kept.id)])

    assert portion(store) == [kept.id]


def test_should_know_the_last_who_waits(store: Store) -> None:
    first, last = rows.signal_subscription(2), rows.signal_subscription(1)
    write(store, new_signal_subscriptions=[last, first, rows.signal_subscription(3, name="other")])

    with store.begin() as unit:
        assert unit.last_signal_subscription("default", "alarm") == last.id
        assert unit.last_signal_subscription("default", "nobody") is None
        assert unit.last_signal_subscription("other", "alarm") is None


def test_should_list_every_receiver_once_and_count_them_all(store: Store) -> None:
    waiting: list[SignalSubscriptionRow] = [rows.signal_subscription(instance) for instance in (7, 5, 7, 6, 5, 9)]
    write(store, new_signal_subscriptions=[*waiting, rows.signal_subscription(1, name="other")])

    with store.begin() as unit:
        assert unit.signal_receivers("default", "alarm", 10) == ([5, 6, 7, 9], 4)
        assert unit.signal_receivers("default", "alarm", 4) == ([5, 6, 7, 9], 4)
        assert unit.signal_receivers("default", "alarm", 2) == ([5, 6], 4)
        assert unit.signal_receivers("default", "alarm", 10, up_to=waiting[3].id) == ([5, 6, 7], 3)
        assert unit.signal_receivers("default", "alarm", 2, up_to=waiting[3].id) == ([5, 6], 3)
        assert unit.signal_receivers("default", "nobody", 10) == ([], 0)


def start(key: str, name: str = "alarm", element_id: str = "start", definition_id: int = 7) -> SignalStartRow:
    return SignalStartRow(
        tenant_id="default", signal_name=name, definition_id=definition_id, definition_key=key, element_id=element_id
    )


def test_should_replace_the_signal_starts_of_a_key(store: Store) -> None:
    other = start("invoice", definition_id=9)
    with store.begin() as unit:
        unit.replace_starts("default", "invoice", [], [], [other])
        unit.replace_starts("default", "order", [], [], [start("order"), start("order", element_id="b")])
        unit.commit()

    with store.begin() as unit:
        assert unit.signal_starts("default", "alarm") == [other, start("order", element_id="b"), start("order")]
        assert unit.signal_starts("default", "Alarm") == []
        assert unit.signal_starts("other", "alarm") == []
        unit.replace_starts("default", "order", [], [], [start("order", "fire", definition_id=8)])
        assert unit.signal_starts("default", "alarm") == [other]
        assert unit.signal_starts("default", "fire") == [start("order", "fire", definition_id=8)]
        unit.replace_starts("default", "order", [], [])
        assert unit.signal_starts("default", "fire") == []


def test_should_delete_the_signal_starts_of_a_deleted_definition(store: Store) -> None:
    definition = rows.definition(key="order")
    with store.begin() as unit:
        unit.insert_definition(definition)
        unit.replace_starts("default", "order", [], [], [start("order", definition_id=definition.id)])
        unit.replace_starts("default", "invoice", [], [], [start("invoice")])
        unit.commit()

    with store.begin() as unit:
        unit.delete_definition("default", definition.id)
        assert unit.signal_starts("default", "alarm") == [start("invoice")]


def test_should_delete_signal_subscriptions_with_the_instances_of_a_definition(store: Store) -> None:
    doomed, kept = rows.instance(definition_id=7), rows.instance(definition_id=8)
    waiting = [rows.signal_subscription(doomed.id), rows.signal_subscription(kept.id)]
    write(store, new_instances=[doomed, kept], new_signal_subscriptions=waiting)

    with store.begin() as unit:
        assert unit.delete_instances_of_definition("default", 7, 10) == 1
        unit.commit()

    assert portion(store) == [waiting[1].id]
