"""Which definitions begin where a condition is fulfilled."""

from __future__ import annotations

from server.ports.records import ConditionStartRow
from server.ports.store import Store
from tests.support import rows


def start(key: str, element_id: str = "start", definition_id: int = 7, tenant_id: str = "default") -> ConditionStartRow:
    return ConditionStartRow(
        tenant_id=tenant_id, definition_key=key, definition_id=definition_id, element_id=element_id
    )


def test_should_replace_the_conditional_starts_of_a_key(store: Store) -> None:
    # given
    invoice, foreign = start("invoice", definition_id=9), start("order", tenant_id="other")
    with store.begin() as unit:
        unit.replace_starts("default", "invoice", [], [], [], [invoice])
        unit.replace_starts("default", "order", [], [], [], [start("order", "b"), start("order", "a")])
        unit.replace_starts("other", "order", [], [], [], [foreign])
        unit.commit()

    # then
    with store.begin() as unit:
        assert unit.condition_starts("default") == [invoice, start("order", "a"), start("order", "b")]
        assert unit.condition_starts("default", "order") == [start("order", "a"), start("order", "b")]
        assert unit.condition_starts("default", "Order") == []
        assert unit.condition_starts("other") == [foreign]

        unit.replace_starts("default", "order", [], [], [], [start("order", "c", definition_id=8)])
        assert unit.condition_starts("default") == [invoice, start("order", "c", definition_id=8)]

        unit.replace_starts("default", "order", [], [])
        assert unit.condition_starts("default") == [invoice]
        assert unit.condition_starts("other") == [foreign]


def test_should_delete_the_conditional_starts_of_a_deleted_definition(store: Store) -> None:
    # given
    definition = rows.definition(key="order")
    with store.begin() as unit:
        unit.insert_definition(definition)
        unit.replace_starts("default", "order", [], [], [], [start("order", definition_id=definition.id)])
        unit.replace_starts("default", "invoice", [], [], [], [start("invoice")])
        unit.commit()

    # when
    with store.begin() as unit:
        unit.delete_definition("default", definition.id)

        # then
        assert unit.condition_starts("default") == [start("invoice")]
