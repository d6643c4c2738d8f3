"""A user task while its listeners are called: what they see of it, and what they change.

A task that is created in the step is its effect; of any other the row is asked for (`NeedUserTask`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from bpmn.model.events import TimerKind
from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.needs import TASK_FIELDS, Fail, Missing, NeedUserTask
from bpmn.runtime.work import TaskDraft, Work
from bpmn.schedule import ScheduleError, plan_timer
from bpmn.spec.graph import Node

Value = Any

_NAMES = {
    "name": "name",
    "assignee": "assignee",
    "owner": "owner",
    "priority": "priority",
    "dueDate": "due_date",
    "followUpDate": "follow_up_date",
    "candidateUsers": "candidate_users",
    "candidateGroups": "candidate_groups",
}
"""Java bean name -> column."""


def draft(work: Work, task_id: int) -> TaskDraft:
    """The task as the expression languages see it."""
    columns = current(work, task_id)
    properties: dict[str, Value] = {bean: _plain(columns[column]) for bean, column in _NAMES.items()}
    properties["id"] = str(task_id)
    return TaskDraft(properties)


def described(task: TaskDraft) -> dict[str, Value]:
    """The task as a job tells of it: dates as text."""
    return {
        name: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
        for name, value in task.properties.items()
    }


def change(work: Work, scope_id: int, token_id: int, node: Node, task_id: int, changes: Mapping[str, Value]) -> None:
    """What a listener has changed of its task. Raises Fail for values that the property cannot have."""
    columns = {_NAMES[name]: _checked(name, value, node) for name, value in changes.items()}
    known = work.tasks[task_id]
    if isinstance(known, fx.CreateUserTask):
        for name, value in columns.items():
            setattr(known, name, value)
    else:
        known.update(columns)
        if "assignee" in columns:
            columns = {**columns, "status": None}
        work.effect(fx.UpdateUserTask(id=task_id, changes=columns))
    work.emit(e.UserTaskChanged(scope_id, token_id, task_id, node.id, dict(changes)))


def current(work: Work, task_id: int) -> dict[str, Value]:
    """`TASK_FIELDS` as they are now."""
    known = work.tasks.get(task_id)
    if known is None:
        stored = work.draft.base.tasks.get(task_id)
        if stored is None:
            raise Missing(NeedUserTask(task_id))
        known = work.tasks[task_id] = dict(stored)
    if isinstance(known, fx.CreateUserTask):
        return {name: getattr(known, name) for name in TASK_FIELDS}
    return known


def _checked(name: str, value: Value, node: Node) -> Value:
    if name in ("candidateUsers", "candidateGroups"):
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
    elif name in ("dueDate", "followUpDate"):
        if value is None or isinstance(value, datetime):
            return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        try:
            return plan_timer(TimerKind.DATE, value, datetime(1970, 1, 1, tzinfo=UTC)).due_at
        except ScheduleError:
            pass
    elif name == "priority":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif value is None or isinstance(value, str):
        return value or None
    raise Fail(
        "EXPRESSION_ERROR", f"Expected a value that {name} of user task '{node.id}' can have, but it was {value!r:.80}"
    )


def _plain(value: Value) -> Value:
    return list(value) if isinstance(value, tuple) else value
