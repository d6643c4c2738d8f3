"""User task: an item on people's lists; completing it completes the node."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bpmn.expressions.api import Compiled
from bpmn.model.events import TimerKind
from bpmn.runtime import effects as fx
from bpmn.runtime import task_listeners
from bpmn.runtime.needs import Fail
from bpmn.runtime.state import WaitKind
from bpmn.runtime.work import Work
from bpmn.schedule import ScheduleError, plan_timer
from bpmn.spec.elements import UserTaskSpec
from bpmn.spec.graph import Node

DEFAULT_PRIORITY = 50
"""As in Camunda 7 and 8."""


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    spec: UserTaskSpec = node.spec
    scope = work.life_scope(scope_id, token_id)
    assignee = work.text(spec.assignee, scope, node, "assignee")
    task_id = work.ids()
    effect = fx.CreateUserTask(
        id=task_id,
        scope_id=scope,
        token_id=token_id,
        element_id=node.id,
        name=work.text(spec.name, scope, node, "name"),
        assignee=assignee or None,
        candidate_users=_names(work, spec.candidate_users, scope, node, "candidate users"),
        candidate_groups=_names(work, spec.candidate_groups, scope, node, "candidate groups"),
        priority=_priority(work, spec, scope, node),
        due_date=_date(work, spec.due_date, scope, node, "due date"),
        follow_up_date=_date(work, spec.follow_up_date, scope, node, "follow-up date"),
        form=_form(work, spec, scope, node),
    )
    data = {"assignee": effect.assignee} if effect.assignee else None
    work.add_wait(scope_id, token_id, WaitKind.USER_TASK, task_id, node.id, data)
    work.effect(effect)
    if node.listeners is not None and node.listeners.tasks:
        task_listeners.created(work, scope_id, token_id, node, effect)


def _names(work: Work, expressions: Iterable[Compiled], scope: int, node: Node, what: str) -> tuple[str, ...]:
    """Each expression is a name, a comma-separated list of names, or a list of names."""
    names: dict[str, None] = {}
    for compiled in expressions:
        value = work.evaluate(compiled, scope, node)
        if value is None:
            continue
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
            raise Fail(
                "EXPRESSION_ERROR",
                f"Expected {what} of '{node.id}' to be names, but '{compiled.text}' was {value!r:.80}",
            )
        names.update(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return tuple(names)


def _priority(work: Work, spec: UserTaskSpec, scope: int, node: Node) -> int:
    if spec.priority is None:
        return DEFAULT_PRIORITY
    value = work.evaluate(spec.priority, scope, node)
    try:
        return int(str(value).strip())
    except ValueError as error:
        raise Fail(
            "EXPRESSION_ERROR", f"Expected the priority of '{node.id}' to be a whole number, but it was {value!r:.80}"
        ) from error


def _date(work: Work, compiled: Compiled | None, scope: int, node: Node, what: str) -> datetime | None:
    """A date, or a duration from now on (Camunda 7: dueDate may be either)."""
    if compiled is None:
        return None
    value = work.evaluate(compiled, scope, node)
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, timedelta):
        return work.now + value
    try:
        kind = TimerKind.DURATION if str(value).strip().lstrip("-").startswith("P") else TimerKind.DATE
        return plan_timer(kind, value, work.now).due_at
    except ScheduleError as error:
        raise Fail("EXPRESSION_ERROR", f"Expected the {what} of '{node.id}' to be a date: {error}") from error


def _form(work: Work, spec: UserTaskSpec, scope: int, node: Node) -> dict[str, Any] | None:
    key = work.text(spec.form_key, scope, node, "form key")
    form: dict[str, Any] = {}
    if key:
        form["key"] = key
    if spec.form_fields:
        fields = []
        for field in spec.form_fields:
            description = dict(field.description)
            if field.default is not None:
                description["defaultValue"] = _default(work, field.default, scope, node)
            fields.append(description)
        form["fields"] = fields
    return form or None


def _default(work: Work, compiled: Compiled, scope: int, node: Node) -> Any:
    """A default often names a variable that is optional: without it the field is empty, and the task can be done."""
    try:
        return work.evaluate(compiled, scope, node)
    except Fail:
        return None
