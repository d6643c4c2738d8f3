"""What may be done with a user task, and by whom: functions from row to row, run by the executor on the locked row.

Operators may do everything. Users see a task that is theirs (assignee or owner), that names them or one of their groups
as candidate, or that names nobody at all; what they do not see does not exist for them. They work on tasks that are
theirs or nobody's yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from server.errors import ConflictError, Forbidden, NotFound
from server.ports.records import UserTaskRow
from server.usecases.requests import Principal

ENDED = ("COMPLETED", "CANCELLED")
Change = Callable[[UserTaskRow], UserTaskRow]


def is_operator(who: Principal) -> bool:
    return bool(who.roles & {"operator", "admin"})


def sees(who: Principal, row: UserTaskRow) -> bool:
    """Whether the task exists for whoever asks."""
    if is_operator(who) or who.name in (row.assignee, row.owner):
        return True
    if row.assignee is None and not row.candidate_users and not row.candidate_groups:
        return True
    return who.name in row.candidate_users or not set(who.groups).isdisjoint(row.candidate_groups)


def completing(who: Principal) -> Callable[[UserTaskRow], None]:
    """Check before a task is completed, or ended by an error."""

    def check(row: UserTaskRow) -> None:
        _require_open(who, row)
        _require_mine(who, row)
        if row.delegation == "PENDING":
            raise ConflictError(
                "TASK_DELEGATED",
                f"Expected task '{row.id}' to be resolved by '{row.assignee}' first, "
                f"but it is delegated; POST /tasks/{row.id}/resolve",
            )

    return check


def claim(who: Principal, assignee: str | None) -> Change:
    """OPEN becomes CLAIMED. Claiming again for the same person changes nothing."""

    def change(row: UserTaskRow) -> UserTaskRow:
        _require_open(who, row)
        name = assignee or who.name
        if name != who.name and not is_operator(who):
            raise Forbidden(
                "ROLE_MISSING", f"Expected '{who.name}' to claim tasks for nobody but themselves, but got '{name}'"
            )
        if row.assignee is not None and row.assignee != name:
            raise ConflictError(
                "TASK_CLAIMED", f"Expected task '{row.id}' to have no assignee, but it belongs to '{row.assignee}'"
            )
        return replace(row, assignee=name, status="CLAIMED")

    return change


def unclaim(who: Principal) -> Change:
    """The task goes back to its candidates."""

    def change(row: UserTaskRow) -> UserTaskRow:
        _require_open(who, row)
        _require_mine(who, row)
        return replace(row, assignee=None, owner=None, delegation=None, status="OPEN")

    return change


def assign(who: Principal, assignee: str | None) -> Change:
    def change(row: UserTaskRow) -> UserTaskRow:
        _require_open(who, row)
        return replace(row, assignee=assignee, status="OPEN" if assignee is None else "CLAIMED")

    return change


def delegate(who: Principal, assignee: str) -> Change:
    """Somebody else does the work and gives it back (`resolve`); the assignee becomes the owner."""

    def change(row: UserTaskRow) -> UserTaskRow:
        _require_open(who, row)
        _require_mine(who, row)
        owner = row.owner or row.assignee or who.name
        return replace(row, owner=owner, assignee=assignee, delegation="PENDING", status="CLAIMED")

    return change


def resolve(who: Principal) -> Change:
    """The delegated work is done; the task goes back to its owner."""

    def change(row: UserTaskRow) -> UserTaskRow:
        _require_open(who, row)
        if row.delegation != "PENDING":
            raise ConflictError("TASK_NOT_DELEGATED", f"Expected task '{row.id}' to be delegated, but it is not")
        _require_mine(who, row)
        return replace(row, assignee=row.owner, delegation="RESOLVED", status="CLAIMED" if row.owner else "OPEN")

    return change


def edit(who: Principal, changes: dict[str, Any]) -> Change:
    """`changes` by column: priority, due_date, follow_up_date, candidate_users, candidate_groups."""

    def change(row: UserTaskRow) -> UserTaskRow:
        _require_open(who, row)
        return replace(row, **changes)

    return change


def _require_open(who: Principal, row: UserTaskRow) -> None:
    if not sees(who, row):
        raise NotFound("TASK_UNKNOWN", f"Expected a task with id '{row.id}', but there is none")
    if row.status in ENDED:
        raise ConflictError("TASK_ENDED", f"Expected task '{row.id}' to be open, but it is {row.status}")


def _require_mine(who: Principal, row: UserTaskRow) -> None:
    if row.assignee not in (None, who.name) and not is_operator(who):
        raise ConflictError(
            "TASK_CLAIMED",
            f"Expected task '{row.id}' to belong to '{who.name}' or to nobody, but its assignee is '{row.assignee}'",
        )
