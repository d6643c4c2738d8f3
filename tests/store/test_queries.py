"""The read side: every filter, every order, pages that neither skip nor repeat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from server.ports.queries import (
    BadCursor,
    BadSort,
    IncidentFilter,
    InstanceFilter,
    Listing,
    Page,
    Queries,
    TaskFilter,
)
from server.ports.records import Changes
from server.ports.store import Store
from tests.store.helpers import write
from tests.support import rows
from tests.support.rows import NOW


def all_pages(ask: Callable[[Page], Listing[Any]], limit: int, sort: str | None = None) -> list[Any]:
    """Items of all pages, one page after the other."""
    items: list[Any] = []
    page = Page(limit=limit, sort=sort)
    while True:
        listing = ask(page)
        assert 0 < len(listing.items) <= limit
        items.extend(listing.items)
        if listing.next_cursor is None:
            return items
        page = Page(limit=limit, sort=sort, cursor=listing.next_cursor)


def insert_definitions(store: Store, *definitions: Any) -> None:
    with store.begin() as unit:
        for definition in definitions:
            unit.insert_definition(definition)
        unit.commit()


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 50])
@pytest.mark.parametrize("sort", ["startedAt", "-startedAt", None, "id", "-id"])
def test_should_page_over_ties_without_gap_or_repetition(
    store: Store, queries: Queries, limit: int, sort: str | None
) -> None:
    instances = [rows.instance(started_at=NOW + timedelta(seconds=n // 3)) for n in range(7)]
    write(store, new_instances=instances)

    found = all_pages(lambda page: queries.list_instances("default", InstanceFilter(), page), limit, sort)

    assert found == (list(reversed(instances)) if sort and sort.startswith("-") else instances)


def test_should_not_move_pages_when_rows_are_added_or_removed(store: Store, queries: Queries) -> None:
    tasks = [rows.task(n, id=n * 10) for n in range(1, 6)]
    write(store, new_tasks=tasks)
    first = queries.list_tasks("default", TaskFilter(status=["OPEN"]), Page(limit=2))

    write(store, new_tasks=[rows.task(9, id=5)], ended_tasks=[(1, 10, "COMPLETED", NOW)])

    rest = queries.list_tasks("default", TaskFilter(status=["OPEN"]), Page(limit=10, cursor=first.next_cursor))
    assert [task.id for task in rest.items] == [30, 40, 50]


def test_should_count_what_the_filter_lets_through(store: Store, queries: Queries) -> None:
    write(store, new_instances=[rows.instance(status="PAUSED") for _ in range(3)] + [rows.instance()])

    listing = queries.list_instances("default", InstanceFilter(status=["PAUSED"]), Page(limit=2, total=True))

    assert (len(listing.items), listing.total) == (2, 3)


@pytest.mark.parametrize("cursor", ["", "nonsense", "MTE", "bm9uc2Vuc2U=", "äöü", "MVtd"])
def test_should_refuse_a_cursor_that_is_none(queries: Queries, cursor: str) -> None:
    with pytest.raises(BadCursor):
        queries.list_instances("default", InstanceFilter(), Page(cursor=cursor))


def test_should_refuse_the_cursor_of_another_order(store: Store, queries: Queries) -> None:
    write(store, new_instances=[rows.instance() for _ in range(3)])
    cursor = queries.list_instances("default", InstanceFilter(), Page(limit=1, sort="startedAt")).next_cursor

    with pytest.raises(BadCursor):
        queries.list_instances("default", InstanceFilter(), Page(cursor=cursor, sort="-startedAt"))
    with pytest.raises(BadCursor):
        queries.list_instances("default", InstanceFilter(), Page(cursor=cursor))


def test_should_name_the_orders_it_knows(queries: Queries) -> None:
    with pytest.raises(BadSort, match="id, createdAt, priority, dueDate"):
        queries.list_tasks("default", TaskFilter(), Page(sort="colour"))


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"status": ["RUNNING"]}, [1, 3]),
        ({"status": ["PAUSED", "COMPLETED"]}, [2, 4]),
        ({"definition_key": "invoice"}, [3]),
        ({"definition_id": 8}, [3]),
        ({"business_key": "B"}, [1, 2]),
        ({"business_key": "B", "status": ["RUNNING"]}, [1]),
        ({"parent_instance_id": 1}, [4]),
        ({"root_instance_id": 1}, [1, 4]),
        ({"variables": [("n", 1)]}, [1, 2]),
        ({"variables": [("n", 1.0)]}, [1, 2]),
        ({"variables": [("n", "1")]}, [3]),
        ({"variables": [("n", True)]}, [4]),
        ({"variables": [("n", 1), ("s", "a")]}, [2]),
        ({"variables": [("n", None)]}, []),
        ({"variables": [("nothing", None)]}, [1]),
        ({"variables": [("list", [1, "a"])]}, [2]),
        ({"variables": [("list", [1])]}, []),
        ({"variables": [("local", 1)]}, []),
        ({"variables": [("unknown", 1)]}, []),
    ],
)
def test_should_filter_instances(store: Store, queries: Queries, where: dict[str, Any], found: list[int]) -> None:
    write(
        store,
        new_instances=[
            rows.instance(id=1, business_key="B"),
            rows.instance(id=2, business_key="B", status="PAUSED"),
            rows.instance(id=3, definition_key="invoice", definition_id=8),
            rows.instance(id=4, parent_instance_id=1, root_instance_id=1, status="COMPLETED"),
            rows.instance(id=5, tenant_id="other", business_key="B"),
        ],
        set_variables=[
            rows.variable(1, "n", 1),
            rows.variable(2, "n", 1.0),
            rows.variable(3, "n", "1"),
            rows.variable(4, "n", True),
            rows.variable(2, "s", "a"),
            rows.variable(1, "nothing", None),
            rows.variable(2, "list", [1, "a"]),
            rows.variable(1, "local", 1, scope_id=50),
        ],
    )

    listing = queries.list_instances("default", InstanceFilter(**where), Page())

    assert [row.id for row in listing.items] == found


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"status": ["OPEN"]}, [1, 2]),
        ({"instance_id": 20}, [3, 4]),
        ({"definition_key": "invoice"}, [4]),
        ({"assignee": "ann"}, [3]),
        ({"candidate_user": "bob"}, [1]),
        ({"candidate_groups": ["sales"]}, [1, 2]),
        ({"candidate_groups": ["sales", "legal"]}, [1, 2, 4]),
        ({"candidate_user": "bob", "candidate_groups": ["legal"]}, []),
        ({"due_before": NOW}, [2]),
        ({"due_before": NOW + timedelta(days=2)}, [1, 2]),
        ({"business_key": "B"}, [3]),
        ({"element_id": "sign"}, [4]),
        ({"element_id": "sign", "status": ["OPEN"]}, []),
    ],
)
def test_should_filter_tasks(store: Store, queries: Queries, where: dict[str, Any], found: list[int]) -> None:
    write(
        store,
        new_tasks=[
            rows.task(
                10, id=1, candidate_users=("bob",), candidate_groups=("sales",), due_date=NOW + timedelta(days=1)
            ),
            rows.task(10, id=2, candidate_groups=("sales", "it"), due_date=NOW - timedelta(days=1)),
            rows.task(20, id=3, assignee="ann", status="CLAIMED", business_key="B"),
            rows.task(
                20, id=4, definition_key="invoice", status="COMPLETED", candidate_groups=("legal",), element_id="sign"
            ),
            rows.task(30, id=5, tenant_id="other", candidate_users=("bob",), candidate_groups=("sales",)),
        ],
    )

    listing = queries.list_tasks("default", TaskFilter(**where), Page())

    assert [row.id for row in listing.items] == found


@pytest.mark.parametrize("limit", [1, 2, 10])
@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("dueDate", [2, 1, 4, 3, 5]),
        ("-dueDate", [5, 3, 4, 1, 2]),
        ("priority", [1, 3, 5, 4, 2]),
        ("-priority", [2, 4, 5, 3, 1]),
        ("createdAt", [5, 1, 2, 3, 4]),
    ],
)
def test_should_sort_tasks(store: Store, queries: Queries, sort: str, ids: list[int], limit: int) -> None:
    later = NOW + timedelta(days=1)
    write(
        store,
        new_tasks=[
            rows.task(1, id=1, due_date=later, priority=1),
            rows.task(1, id=2, due_date=NOW, priority=90),
            rows.task(1, id=3, priority=50),
            rows.task(1, id=4, due_date=later, priority=60),
            rows.task(1, id=5, priority=50, created_at=NOW - timedelta(days=1)),
        ],
    )

    found = all_pages(lambda page: queries.list_tasks("default", TaskFilter(), page), limit, sort)

    assert [task.id for task in found] == ids


def test_should_follow_the_candidates_of_a_task(store: Store, queries: Queries) -> None:
    task = rows.task(1, candidate_users=("ann", "ann"), candidate_groups=("a",))
    write(store, new_tasks=[task])
    task.candidate_users, task.candidate_groups = ("bob",), ()
    write(store, updated_tasks=[task])

    assert queries.list_tasks("default", TaskFilter(candidate_user="ann"), Page()).items == []
    assert queries.list_tasks("default", TaskFilter(candidate_groups=["a"]), Page()).items == []
    assert [row.id for row in queries.list_tasks("default", TaskFilter(candidate_user="bob"), Page()).items] == [
        task.id
    ]
    assert queries.find_task("default", task.id) == task
    assert queries.find_task("other", task.id) is None


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, [1, 3]),
        ({"open_only": False}, [1, 2, 3]),
        ({"instance_id": 10}, [1]),
        ({"instance_id": 10, "open_only": False}, [1, 2]),
        ({"definition_key": "invoice"}, [3]),
        ({"element_id": "charge"}, [1]),
        ({"kind": "EXPRESSION"}, [3]),
    ],
)
def test_should_filter_incidents(store: Store, queries: Queries, where: dict[str, Any], found: list[int]) -> None:
    write(
        store,
        new_incidents=[
            rows.incident(10, id=1),
            rows.incident(10, id=2, resolved_at=NOW),
            rows.incident(20, id=3, definition_key="invoice", element_id="gate", kind="EXPRESSION"),
            rows.incident(20, id=4, tenant_id="other"),
        ],
    )

    assert [row.id for row in queries.list_incidents("default", IncidentFilter(**where), Page()).items] == found


def test_should_find_an_incident(store: Store, queries: Queries) -> None:
    incident = rows.incident(1)
    write(store, new_incidents=[incident])

    assert queries.find_incident("default", incident.id) == incident
    assert queries.find_incident("other", incident.id) is None
    assert queries.find_incident("default", 5) is None


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, [1, 2, 3]),
        ({"key": "order"}, [1, 2]),
        ({"latest": True}, [2, 3]),
        ({"latest": True, "key": "order"}, [2]),
        ({"name": "Invoice"}, [3]),
        ({"name": "Inv"}, []),
    ],
)
def test_should_filter_definitions(store: Store, queries: Queries, where: dict[str, Any], found: list[int]) -> None:
    insert_definitions(
        store,
        rows.definition(id=1, version=1),
        rows.definition(id=2, version=2),
        rows.definition(id=3, key="invoice", name="Invoice"),
        rows.definition(id=4, tenant_id="other", version=9),
    )

    assert [row.id for row in queries.list_definitions("default", Page(), **where).items] == found


@pytest.mark.parametrize(("sort", "ids"), [("key", [3, 1, 2]), ("-key", [2, 1, 3]), ("-version", [2, 3, 1])])
def test_should_sort_definitions(store: Store, queries: Queries, sort: str, ids: list[int]) -> None:
    insert_definitions(
        store,
        rows.definition(id=1, version=1),
        rows.definition(id=2, version=2),
        rows.definition(id=3, key="invoice"),
    )

    found = all_pages(lambda page: queries.list_definitions("default", page), 2, sort)

    assert [row.id for row in found] == ids


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
@pytest.mark.parametrize("sort", [None, "seq", "-seq"])
def test_should_page_through_events_within_and_over_steps(
    store: Store, queries: Queries, limit: int, sort: str | None
) -> None:
    write(
        store,
        new_instances=[rows.instance(id=1, sequence=6)],
        history=[
            rows.history(1, 3, {"type": "A"}, {"type": "B"}, {"type": "C", "data": {"n": None}}),
            rows.history(1, 4, {"type": "D"}, at=NOW + timedelta(seconds=1)),
            rows.history(1, 6, {"type": "E"}, {"type": "F"}),
            rows.history(2, 1, {"type": "X"}),
        ],
    )

    events = all_pages(lambda page: queries.list_history("default", 1, page), limit, sort)

    expected = [(1, "A"), (2, "B"), (3, "C"), (4, "D"), (5, "E"), (6, "F")]
    assert [(event["seq"], event["type"]) for event in events] == (expected[::-1] if sort == "-seq" else expected)
    assert {event["at"] for event in events if event["seq"] == 4} == {NOW + timedelta(seconds=1)}
    assert queries.list_history("default", 1, Page(total=True)).total == 6
    assert queries.list_history("other", 1, Page()).items == []


def test_should_put_large_values_of_history_back(store: Store, queries: Queries) -> None:
    large = {"text": "x" * 5000, "list": list(range(3000)), "small": 1, "same": "x" * 5000}
    many = {f"name{n}": "y" * 50 for n in range(200)}
    events = [
        {"type": "VARIABLE_SET", "elementId": "a", "data": {"name": "v", "value": "z" * 9000}},
        {"type": "VARIABLES_SET", "data": {"variables": large}},
        {"type": "VARIABLES_SET", "data": {"variables": many}},
        {"type": "OTHER", "data": {"bpmnd:value": "what looks like a reference of ours"}},
    ]
    write(store, history=[rows.history(1, 4, *events)])

    found = queries.list_history("default", 1, Page()).items

    assert [{name: value for name, value in event.items() if name not in ("seq", "at")} for event in found] == events


def test_should_show_current_and_active_elements(store: Store, queries: Queries) -> None:
    root = {"v": 1, "t": [[11, "sub", "ACTIVE", 20, []], [12, "wait", "ACTIVE", None, [["TIMER", 5, "timer"]]]]}
    inner = {"v": 1, "t": [[21, "review", "ACTIVE", None, [["USER_TASK", 6, "review"], ["TIMER", 7, "reminder"]]]]}
    body = {"v": 1, "m": [3, 1, 1, 0]}
    write(
        store,
        new_instances=[rows.instance(id=1, document=root, active="sub wait")],
        new_scopes=[
            rows.scope(1, id=20, parent_id=1, document=inner, active="review"),
            rows.scope(1, id=30, parent_id=1, document=body, active="", kind="MULTI_INSTANCE"),
            rows.scope(1, id=31, parent_id=30, document=inner, active="review", kind="ITEM", item_index=0),
        ],
    )

    assert queries.current_elements(1) == ["sub", "wait", "review"]
    assert queries.current_elements(1, limit=2) == ["sub", "wait"]
    assert queries.current_elements(2) == []

    for limit in (1, 2, 3, 50):
        found = all_pages(lambda page: queries.active_elements("default", 1, page), limit)
        assert [(e.scope_id, e.token_id, e.element_id, e.parent_scope_id) for e in found] == [
            (1, 11, "sub", None),
            (1, 12, "wait", None),
            (20, 21, "review", 1),
            (31, 21, "review", 30),
        ]
    assert found[2].waits == [
        {"kind": "USER_TASK", "id": 6, "elementId": "review"},
        {"kind": "TIMER", "id": 7, "elementId": "reminder"},
    ]
    assert queries.active_elements("default", 1, Page(total=True)).total == 4
    assert queries.active_elements("other", 1, Page()).items == []


def test_should_show_variables(store: Store, queries: Queries) -> None:
    write(
        store,
        new_instances=[rows.instance(id=1), rows.instance(id=2)],
        new_scopes=[rows.scope(1, id=10, parent_id=1)],
        set_variables=[
            rows.variable(1, "a", "x" * 2000),
            rows.variable(1, "b", 1),
            rows.variable(1, "b", 2, scope_id=10),
        ],
    )

    assert queries.variables([1, 2]) == {1: {"a": "x" * 2000, "b": 1}, 2: {}}
    assert queries.variables([]) == {}
    assert queries.scope_variables(1, 1) == {"a": "x" * 2000, "b": 1}
    assert queries.scope_variables(1, 10) == {"a": "x" * 2000, "b": 2}
    assert queries.scope_variables(1, 99) is None
    assert queries.scope_variables(3, 3) is None


def test_should_give_an_overview(store: Store, queries: Queries) -> None:
    write(
        store,
        new_instances=[
            rows.instance(),
            rows.instance(),
            rows.instance(status="COMPLETED"),
            rows.instance(definition_key="invoice"),
            rows.instance(tenant_id="other"),
        ],
        new_incidents=[rows.incident(), rows.incident(resolved_at=NOW), rows.incident(tenant_id="other")],
        new_tasks=[
            rows.task(1, assignee="ann", status="CLAIMED"),
            rows.task(1, assignee="ann", status="COMPLETED"),
            rows.task(1, candidate_users=("ann",), candidate_groups=("sales",)),
            rows.task(1, candidate_groups=("sales",)),
            rows.task(1, candidate_groups=("legal",)),
            rows.task(1, candidate_groups=("sales",), assignee="bob", status="CLAIMED"),
        ],
    )

    overview = queries.overview("default", "ann", ["sales"])

    assert overview.definitions == [
        {"definitionKey": "invoice", "counts": {"RUNNING": 1}},
        {"definitionKey": "order", "counts": {"COMPLETED": 1, "RUNNING": 2}},
    ]
    assert (overview.open_incidents, overview.my_tasks, overview.claimable_tasks) == (1, 1, 2)
    assert queries.overview("default", None, []).claimable_tasks == 0


def test_should_read_while_a_unit_is_open_and_see_only_what_is_committed(store: Store, queries: Queries) -> None:
    with store.begin() as unit:
        unit.write(Changes(new_instances=[rows.instance(id=1)]))
        assert queries.find_instance("default", 1) is None
        unit.commit()
    assert queries.find_instance("default", 1) is not None
