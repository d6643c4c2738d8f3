"""Task listeners: what is called while a user task is created, changed, completed, cancelled or overdue.

Camunda 7 calls `create`, and then `assignment` where the task has an assignee; Flowable `assignment` first. `complete`
is called when the variables are set and before the task is gone, in Flowable `delete` after it; else `delete` tells
that the task was cancelled. A change by a person calls `update`, and `assignment` where the assignee changes; a
`timeout` calls back at its time and changes nothing.

While a listener of these (but for `timeout`) is a job, the task waits: nobody can work on it (CREATING), or it counts
as done (COMPLETING), and it cannot be changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime import execution_listeners as listeners
from bpmn.runtime.boundary import arm_timer, plan
from bpmn.runtime.needs import Rejected
from bpmn.runtime.state import Token, WaitKind
from bpmn.runtime.task_draft import current, draft
from bpmn.runtime.work import Work
from bpmn.spec.elements import UserTaskSpec
from bpmn.spec.graph import Node
from bpmn.spec.listeners import Specs

Value = Any

CREATE, ASSIGNED, REASSIGNED = "create", "assigned", "reassigned"
"""While the task is created: `assigned` and `reassigned` call the listeners of `assignment`."""
UPDATE, UPDATING, ASSIGNMENT = "update", "updating", "assignment"
"""When somebody changes the task: `updating` is `update` with `assignment` to follow."""
COMPLETE, DELETED = "complete", "deleted"
TIMEOUT = "timeout"
STAGES = frozenset(listeners.TASK_STAGES)
_BUSY = tuple(STAGES - {TIMEOUT})


# -- creation ---------------------------------------------------------------------------------------------------------


def created(work: Work, scope_id: int, token_id: int, node: Node, effect: fx.CreateUserTask) -> None:
    """The task is there, with all its properties, in this step."""
    assert node.listeners is not None
    tasks = node.listeners.tasks
    work.tasks[effect.id] = effect
    for position, spec in enumerate(tasks.get(TIMEOUT, ())):
        if spec.timer is not None:
            planned = plan(work, scope_id, token_id, node, spec.timer)
            arm_timer(work, scope_id, token_id, node, planned, at=listeners.mark(node, TIMEOUT, position))
    first = ASSIGNED if node.listeners.flowable else CREATE
    if not _creating(work, scope_id, token_id, node, effect.id, first, 0) and _is_waiting(work, scope_id, token_id):
        effect.status = "CREATING"


def _creating(work: Work, scope_id: int, token_id: int, node: Node, task_id: int, stage: str, first: int) -> bool:
    assert node.listeners is not None
    order = (ASSIGNED, CREATE, REASSIGNED) if node.listeners.flowable else (CREATE, ASSIGNED)
    for each in order[order.index(stage) :]:
        start = first if each == stage else 0
        if start == 0 and each != CREATE and not _is_assigned(work, scope_id, token_id, node, task_id, each):
            continue
        if not _run(work, scope_id, token_id, node, task_id, each, start):
            return False
    return True


def _is_assigned(work: Work, scope_id: int, token_id: int, node: Node, task_id: int, stage: str) -> bool:
    """Whether there is an assignee; for `reassigned`, another one than the model says."""
    assignee = current(work, task_id)["assignee"]
    if stage != REASSIGNED:
        return bool(assignee)
    spec: UserTaskSpec = node.spec
    modelled = work.text(spec.assignee, work.life_scope(scope_id, token_id), node, "assignee")
    return bool(assignee) and assignee != modelled


# -- completion -------------------------------------------------------------------------------------------------------


def completing(
    work: Work,
    scope_id: int,
    token_id: int,
    node: Node,
    task_id: int,
    variables: Mapping[str, Value],
    user: str | None,
) -> bool:
    """Call the listeners of a task that somebody completes. True where there are any, and the rest is done here.

    Raises Rejected where a listener of the task is still at work.
    """
    _not_busy(work, scope_id, token_id, task_id)
    assert node.listeners is not None
    if not (_specs(node, COMPLETE) or (node.listeners.flowable and _specs(node, DELETED))):
        return False
    if variables:
        work.life.bring(scope_id, token_id, node, variables)
    _completing(work, scope_id, token_id, node, task_id, COMPLETE, 0, user)
    if _is_waiting(work, scope_id, token_id):
        changes: dict[str, Any] = {"status": "COMPLETING"}
        work.effect(fx.UpdateUserTask(id=task_id, changes=changes))
        told = {**changes, "user": user} if user else changes
        work.emit(e.UserTaskChanged(scope_id, token_id, task_id, node.id, told))
    return True


def _completing(
    work: Work, scope_id: int, token_id: int, node: Node, task_id: int, stage: str, first: int, user: str | None = None
) -> None:
    assert node.listeners is not None
    order = (COMPLETE, DELETED) if node.listeners.flowable else (COMPLETE,)
    for each in order[order.index(stage) :]:
        if not _run(work, scope_id, token_id, node, task_id, each, first if each == stage else 0):
            return
    data = {"user": user} if user else None
    work.remove_wait(scope_id, token_id, WaitKind.USER_TASK, task_id, node.id, completed=True, data=data)
    work.life.complete(scope_id, token_id, node)


# -- changes ----------------------------------------------------------------------------------------------------------


def changed(work: Work, scope_id: int, token_id: int, node: Node, task_id: int, changes: Mapping[str, Value]) -> None:
    """Somebody changes the task. Raises Rejected where that must not be: a listener is still at work, or fails."""
    _not_busy(work, scope_id, token_id, task_id)
    work.tasks[task_id] = {**current(work, task_id), **changes}
    before = work.draft.instance.incidents
    _changing(work, scope_id, token_id, node, task_id, UPDATING if "assignee" in changes else UPDATE, 0)
    if work.draft.instance.incidents > before:
        failed = next(event for event in reversed(work.events) if isinstance(event, e.WaitAdded))
        raise Rejected("LISTENER_FAILED", str((failed.data or {}).get("message")))


def _changing(work: Work, scope_id: int, token_id: int, node: Node, task_id: int, stage: str, first: int) -> None:
    done = _run(work, scope_id, token_id, node, task_id, stage, first)
    if done and stage == UPDATING:
        _run(work, scope_id, token_id, node, task_id, ASSIGNMENT, 0)


# -- going on, timeouts, cancelling -----------------------------------------------------------------------------------


def go_on(work: Work, scope_id: int, token_id: int, node: Node, stage: str, position: int, *, done: bool) -> None:
    """A listener is done, or is tried again: it and the rest, then what comes after."""
    token = work.token(scope_id, token_id)
    assert token is not None
    task_id = next((wait.id for wait in token.waits if wait.kind is WaitKind.USER_TASK), None)
    if task_id is None:
        return
    first = position + 1 if done else position
    if stage in (CREATE, ASSIGNED, REASSIGNED):
        if _creating(work, scope_id, token_id, node, task_id, stage, first):
            work.effect(fx.UpdateUserTask(id=task_id, changes={"status": None}))
    elif stage in (COMPLETE, DELETED):
        _completing(work, scope_id, token_id, node, task_id, stage, first)
    elif stage in (UPDATE, UPDATING, ASSIGNMENT):
        _changing(work, scope_id, token_id, node, task_id, stage, first)
    elif not done:
        timed_out(work, scope_id, token_id, node, position)


def timed_out(work: Work, scope_id: int, token_id: int, node: Node, position: int) -> None:
    """The timer of a timeout has fired: its listener is called; the task goes on as it is."""
    token = work.token(scope_id, token_id)
    assert token is not None
    task_id = next((wait.id for wait in token.waits if wait.kind is WaitKind.USER_TASK), None)
    specs = _specs(node, TIMEOUT)
    if task_id is not None and position < len(specs):
        listeners.call(work, scope_id, token_id, node, TIMEOUT, specs[: position + 1], first=position, task_id=task_id)


def cancelled(work: Work, scope_id: int, token: Token, node: Node) -> None:
    """The task is gone without being completed: call `delete`, as far as it does not wait."""
    assert node.listeners is not None
    specs = node.listeners.tasks.get("delete", ())
    task_id = next((wait.id for wait in token.waits if wait.kind is WaitKind.USER_TASK), None)
    if specs and task_id is not None and not listeners.is_at(token, DELETED):
        listeners.call_in_vain(work, scope_id, token.id, node, specs, draft(work, task_id))


def _specs(node: Node, stage: str) -> Specs:
    return () if node.listeners is None else node.listeners.tasks.get(listeners.TASK_STAGES[stage], ())


def _run(work: Work, scope_id: int, token_id: int, node: Node, task_id: int, stage: str, first: int) -> bool:
    specs = _specs(node, stage)
    return listeners.call(work, scope_id, token_id, node, stage, specs, first, task_id=task_id)


def _is_waiting(work: Work, scope_id: int, token_id: int) -> bool:
    token = work.token(scope_id, token_id)
    return token is not None and listeners.is_at(token, *_BUSY)


def _not_busy(work: Work, scope_id: int, token_id: int, task_id: int) -> None:
    if _is_waiting(work, scope_id, token_id):
        raise Rejected(
            "TASK_BUSY", f"Expected the listeners of task '{task_id}' to be done, but one of them is still at work"
        )
