"""Loading: chains without siblings, names without large values."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bpmn.runtime.state import UNLOADED
from server.ports.records import ItemRow
from server.ports.store import Store
from tests.store.helpers import write
from tests.support import rows


@pytest.fixture
def tree(store: Store) -> int:
    """Instance 1 > scope 10 > scopes 100 and 101; 100 > 1000."""
    write(
        store,
        new_instances=[rows.instance(id=1)],
        new_scopes=[
            rows.scope(1, id=10, parent_id=1),
            rows.scope(1, id=100, parent_id=10, document={"v": 1, "x": None}, item_index=0, owner_token_id=5),
            rows.scope(1, id=101, parent_id=10),
            rows.scope(1, id=1000, parent_id=100),
            rows.scope(2, id=10, parent_id=2),
        ],
        set_variables=[
            rows.variable(1, "a", "root"),
            rows.variable(1, "b", "root"),
            rows.variable(1, "b", "sub", 10),
            rows.variable(1, "c", [1, {"x": Decimal("1.10")}], 1000),
            rows.variable(1, "sibling", 1, 101),
            rows.variable(2, "a", "other instance"),
        ],
    )
    return 1


def test_should_load_a_scope_with_its_ancestors_and_nothing_else(store: Store, tree: int) -> None:
    with store.begin() as unit:
        assert [row.id for row in unit.load_scope_chains([(tree, 1000)])] == [10, 100, 1000]
        assert [row.id for row in unit.load_scope_chains([(tree, 10)])] == [10]


def test_should_load_what_two_chains_share_once(store: Store, tree: int) -> None:
    with store.begin() as unit:
        chains = unit.load_scope_chains([(tree, 1000), (tree, 101), (2, 10)])
        assert [(row.instance_id, row.id) for row in chains] == [(1, 10), (1, 100), (1, 101), (1, 1000), (2, 10)]


def test_should_load_nothing_for_the_root_and_for_scopes_that_are_gone(store: Store, tree: int) -> None:
    with store.begin() as unit:
        assert unit.load_scope_chains([(tree, tree), (tree, 77)]) == []
        assert unit.load_scope_chains([]) == []


def test_should_keep_every_column_of_a_scope(store: Store, tree: int) -> None:
    with store.begin() as unit:
        assert unit.load_scope_chains([(tree, 100)])[1] == rows.scope(
            1, id=100, parent_id=10, document={"v": 1, "x": None}, item_index=0, owner_token_id=5
        )


def test_should_load_some_children_in_order_of_id(store: Store, tree: int) -> None:
    with store.begin() as unit:
        assert [row.id for row in unit.load_children(tree, 10, 10)] == [100, 101]
        assert [row.id for row in unit.load_children(tree, 10, 1)] == [100]
        assert [row.id for row in unit.load_children(tree, 10, 10, 100)] == [101]
        assert unit.load_children(tree, 101, 10) == []


def test_should_load_all_names_but_only_small_values(store: Store) -> None:
    write(
        store,
        set_variables=[
            rows.variable(1, "fits", "x" * 1021),
            rows.variable(1, "large", "x" * 1022),
            rows.variable(1, "nothing", None),
        ],
    )

    with store.begin() as unit:
        values = {row.name: row.value for row in unit.load_variables([(1, 1)])}
        loaded = unit.load_values([(1, 1, "large"), (1, 1, "unknown"), (1, 2, "large")])

    assert values == {"fits": "x" * 1021, "large": UNLOADED, "nothing": None}
    assert loaded == [rows.variable(1, "large", "x" * 1022)]


def test_should_replace_and_delete_variables(store: Store) -> None:
    write(store, set_variables=[rows.variable(1, "x", 1), rows.variable(1, "y", 1)])
    write(store, set_variables=[rows.variable(1, "x", "two")], deleted_variables=[(1, 1, "y"), (1, 1, "never")])

    with store.begin() as unit:
        assert unit.load_variables([(1, 1)]) == [rows.variable(1, "x", "two")]


def test_should_show_a_scope_what_it_sees(store: Store, tree: int) -> None:
    with store.begin() as unit:
        seen = unit.visible_variables([(tree, 1000), (tree, tree)], own_only=[(tree, 10), (tree, 100)])

    assert seen == {
        (tree, 1000): {"a": "root", "b": "sub", "c": [1, {"x": Decimal("1.10")}]},
        (tree, tree): {"a": "root", "b": "root"},
        (tree, 10): {"b": "sub"},
        (tree, 100): {},
    }


def test_should_show_only_the_names_that_were_asked_for(store: Store, tree: int) -> None:
    with store.begin() as unit:
        assert unit.visible_variables([(tree, 1000)], names=["b", "zzz"]) == {(tree, 1000): {"b": "sub"}}
        assert unit.visible_variables([(tree, 1000)], names=[]) == {(tree, 1000): {}}


def test_should_delete_a_scope_with_its_variables_and_items(store: Store, tree: int) -> None:
    item = ItemRow(instance_id=tree, scope_id=101, index=0, tenant_id="default", value=1)
    write(store, new_items=[item])

    write(store, deleted_scopes=[(tree, 101)])

    with store.begin() as unit:
        assert unit.load_scope_chains([(tree, 101)]) == []
        assert unit.load_variables([(tree, 101)]) == []
        assert unit.load_items(tree, 101, 0, 5) == []
        assert [row.id for row in unit.load_scope_chains([(tree, 1000)])] == [10, 100, 1000]


def test_should_update_the_columns_of_a_scope_that_change(store: Store, tree: int) -> None:
    changed = rows.scope(1, id=10, parent_id=1, state="TERMINATING", document={"v": 1, "n": 2}, active="a")
    write(store, updated_scopes=[changed])

    with store.begin() as unit:
        assert unit.load_scope_chains([(tree, 10)]) == [changed]


def test_should_load_items_and_outputs_by_index(store: Store) -> None:
    items = [
        ItemRow(instance_id=1, scope_id=10, index=index, tenant_id="default", value=value)
        for index, value in enumerate(["a", None, {"c": 1}])
    ]
    write(store, new_instances=[rows.instance(id=1)], new_items=items)
    write(store, outputs=[(1, 10, 2, "C"), (1, 10, 0, ["A"]), (1, 11, 1, True)])
    write(store, outputs=[(1, 10, 0, "again")])

    with store.begin() as unit:
        assert unit.load_items(1, 10, 1, 5) == [(1, None), (2, {"c": 1})]
        assert unit.load_items(1, 10, 0, 1) == [(0, "a")]
        assert unit.load_outputs(1, 10) == ["again", None, "C"]
        assert unit.load_outputs(1, 11) == [None, True]
        assert unit.load_outputs(1, 12) == []


def test_should_find_condition_waits_by_name_or_star(store: Store) -> None:
    write(
        store,
        new_condition_waits=[
            rows.condition_wait(1, 5, "x"),
            rows.condition_wait(1, 5, "y"),
            rows.condition_wait(1, 6, "*"),
            rows.condition_wait(1, 7, "z"),
            rows.condition_wait(2, 8, "x"),
        ],
    )

    with store.begin() as unit:
        assert [row.id for row in unit.condition_waits(1, ["x", "y"], 10)] == [5, 6]
        assert [row.id for row in unit.condition_waits(1, ["x"], 10, after=5)] == [6]
        assert [row.id for row in unit.condition_waits(1, ["x"], 1)] == [5]
        assert [row.id for row in unit.condition_waits(1, [], 10)] == [6]
    write(store, deleted_condition_waits=[(1, 5)])
    with store.begin() as unit:
        assert [row.id for row in unit.condition_waits(1, ["x", "y"], 10)] == [6]
