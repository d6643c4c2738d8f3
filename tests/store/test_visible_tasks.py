"""Which tasks a user sees, on every store: the same decision as `server.usecases.tasks.sees`."""

from __future__ import annotations

import pytest

from server.ports.queries import Page, Queries, TaskFilter
from server.ports.records import Changes
from server.ports.store import Store
from server.usecases.requests import Principal
from server.usecases.tasks import sees
from tests.support import rows

TASKS = [
    rows.task(10, id=1),
    rows.task(10, id=2, assignee="ann"),
    rows.task(10, id=3, assignee="bob", owner="ann"),
    rows.task(10, id=4, candidate_users=("ann", "bob")),
    rows.task(10, id=5, candidate_groups=("sales",)),
    rows.task(10, id=6, assignee="bob", candidate_groups=("sales", "it")),
    rows.task(10, id=7, assignee="cid", candidate_users=("ann",)),
]


@pytest.mark.parametrize(
    ("user", "groups", "ids"),
    [
        ("ann", (), [1, 2, 3, 4, 7]),
        ("bob", ("it",), [1, 3, 4, 6]),
        ("dora", ("sales", "legal"), [1, 5, 6]),
        ("dora", (), [1]),
    ],
)
def test_should_list_what_concerns_a_user(
    store: Store, queries: Queries, user: str, groups: tuple[str, ...], ids: list[int]
) -> None:
    with store.begin() as unit:
        unit.write(Changes(new_instances=[rows.instance(id=10)], new_tasks=TASKS))
        unit.commit()

    found = queries.list_tasks("default", TaskFilter(visible_to=(user, groups)), Page())

    assert sorted(row.id for row in found.items) == ids
    who = Principal(name=user, groups=groups, roles=frozenset({"user"}))
    assert [row.id for row in TASKS if sees(who, row)] == ids
