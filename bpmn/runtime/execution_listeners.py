"""Calling execution and task listeners, one after the other, at their place in the life of an element.

A listener runs in the step, or is a job; then the token waits, and the next listener is called when the job is done. A
listener that fails leaves an incident at itself: what was called before it is not called again when it is tried again.
A BPMN error is caught as one of the element itself.

Which listener a wait belongs to is in the element it names: `task$start2` is the second start listener of `task`.

Order (Camunda 7): input mappings, `start`, the element's own work, `end`, output mappings, the flow's `take`, the next
element. In Camunda 8 boundary events wait only after `start`, and `end` comes after the output mappings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bpmn.expressions.api import ExecutionInfo
from bpmn.runtime import events as e
from bpmn.runtime import task_draft
from bpmn.runtime.behaviors.activities.jobs import Listening, create_job
from bpmn.runtime.conditions import fire_conditions
from bpmn.runtime.errors import find_catcher
from bpmn.runtime.lookup import ChainLookup
from bpmn.runtime.needs import Fail, Thrown
from bpmn.runtime.state import Token, Wait
from bpmn.runtime.work import TaskDraft, Work
from bpmn.spec.graph import Node, NodeKind
from bpmn.spec.listeners import ListenerSpec, Specs

START = "start"
HAPPENED = "happened"
"""The start listeners of an event that has happened already: it completes afterwards."""
PROCESS = "process"
"""The start listeners of the process, called while a token is at the element that begins it."""
END = "end"
TASK_STAGES = {
    **{event: event for event in ("create", "assignment", "update", "complete", "timeout")},
    "assigned": "assignment",
    "reassigned": "assignment",
    "updating": "update",
    "deleted": "delete",
}
"""Stages of a user task -> the event whose listeners are called (`bpmn.runtime.task_listeners`)."""
_MARK = re.compile(r"\$([a-z]+)(\d+)$")


def mark(node: Node, stage: str, position: int) -> str:
    """What a wait for a listener names as its element."""
    return f"{node.id}${stage}{position + 1}"


def stage_of(wait: Wait) -> tuple[str, int] | None:
    """(stage, position) of the listener that a wait is for; None where it is for something else."""
    found = _MARK.search(wait.element)
    return None if found is None else (found.group(1), int(found.group(2)) - 1)


def heard(work: Work, node: Node, wait: Wait) -> dict[str, str] | None:
    """What history tells of the listener that a wait is for."""
    found = stage_of(wait)
    if found is None:
        return None
    stage, position = found
    tasks = {} if node.listeners is None else node.listeners.tasks
    specs = tasks.get(TASK_STAGES[stage], ()) if stage in TASK_STAGES else _specs(work, node, stage)
    return {"listener": specs[position].event} if position < len(specs) else None


def is_at(token: Token, *stages: str) -> bool:
    """Whether the token waits for a listener of one of these stages."""
    return any((found := stage_of(wait)) is not None and found[0] in stages for wait in token.waits)


def run(work: Work, scope_id: int, token_id: int, node: Node, stage: str, first: int = 0) -> bool:
    """Call the listeners of a stage, from `first` on. True when all are done; False where the token waits for one, or
    is gone."""
    return call(work, scope_id, token_id, node, stage, _specs(work, node, stage), first)


def call(
    work: Work,
    scope_id: int,
    token_id: int,
    node: Node,
    stage: str,
    specs: Specs,
    first: int = 0,
    task_id: int | None = None,
) -> bool:
    """As `run`, with the listeners given; those of the user task `task_id`, if one is named."""
    done = _call_all(work, scope_id, token_id, node, stage, specs, first, task_id)
    if work.written and work.graph.has_conditions:
        work.later(fire_conditions, work)
    return done


def _call_all(
    work: Work, scope_id: int, token_id: int, node: Node, stage: str, specs: Specs, first: int, task_id: int | None
) -> bool:
    for position in range(first, len(specs)):
        if work.token(scope_id, token_id) is None:
            return False
        at = mark(node, stage, position)
        try:
            if not _call(work, scope_id, token_id, node, specs[position], at, task_id):
                return False
        except Fail as failure:
            work.raise_incident(
                scope_id, token_id, node.id, failure.kind, failure.message, error_code=failure.error_code, at=at
            )
            return False
        except Thrown as thrown:
            throw(work, scope_id, token_id, node, thrown, at)
            return False
    return True


def go_on(work: Work, scope_id: int, token_id: int, node: Node, stage: str, position: int, *, done: bool) -> None:
    """An execution listener is done, or is tried again: it and the rest, then what comes after."""
    if not run(work, scope_id, token_id, node, stage, position + 1 if done else position):
        return
    life = work.life
    if stage == START:
        life.begin(scope_id, token_id, node)
    elif stage == HAPPENED:
        life.complete(scope_id, token_id, node)
    elif stage == PROCESS and node.kind is NodeKind.START_EVENT:
        life.start(scope_id, token_id, node)
    elif stage == PROCESS:
        life.happen(scope_id, token_id, node)
    elif node.kind is NodeKind.PROCESS:
        life.end_process(token_id)
    else:
        life.finish(scope_id, token_id, node, listened=True)


def bring(work: Work, scope_id: int, token_id: int, node: Node, stage: str, results: Mapping[str, Any]) -> None:
    """The variables that a listener's job has brought: local where Camunda 8's start listeners are."""
    scope = work.life_scope(scope_id, token_id)
    listeners = node.listeners
    if listeners is not None and listeners.late and stage in (START, HAPPENED) and scope != scope_id:
        for name, value in results.items():
            work.set_variable(scope, name, value)
    else:
        work.propagate(scope, results)


def cancelled(work: Work, scope_id: int, token: Token, node: Node) -> None:
    """The element is cancelled: call what can be called without waiting. What fails is told to history only."""
    listeners = node.listeners
    if listeners is None:
        return
    if listeners.on_cancel and not is_at(token, END) and (node.loop is None or work.is_inner(scope_id, node)):
        call_in_vain(work, scope_id, token.id, node, listeners.end)


def call_in_vain(
    work: Work, scope_id: int, token_id: int, node: Node, specs: Specs, task: TaskDraft | None = None
) -> None:
    """Call what runs in the step, whatever comes of it."""
    token = work.token(scope_id, token_id)
    own = None if token is None or token.child is None else work.draft.loaded(token.child)
    scope = scope_id if own is None else own.id
    for spec in specs:
        if not _runs_here(work, scope, spec):
            continue
        failure: str | None = None
        try:
            _evaluate(work, scope, node, spec, task)
        except (Fail, Thrown) as error:
            failure = str(error)
        work.emit(e.ListenerCalled(token_id, node.id, scope_id, spec.event, spec.name, failure))


def execution(work: Work, node: Node, spec: ListenerSpec) -> ExecutionInfo:
    """What `execution` tells in a listener. On a flow, the current activity is where it comes from (Camunda 7)."""
    info = work.execution(node)
    if spec.flow_id is not None and spec.flow_id in work.graph.flows:
        source = work.graph.flows[spec.flow_id].source
        info = replace(info, element_id=source.id, element_name=source.name, flow_id=spec.flow_id)
    return replace(info, event_name=spec.event)


def _specs(work: Work, node: Node, stage: str) -> Specs:
    if stage == PROCESS:
        process = work.graph.process
        return () if process is None or process.listeners is None else process.listeners.start
    if node.listeners is None:
        return ()
    return node.listeners.end if stage == END else node.listeners.start


def _call(
    work: Work, scope_id: int, token_id: int, node: Node, spec: ListenerSpec, at: str, task_id: int | None
) -> bool:
    """False where it is a job. Raises Fail, Thrown."""
    scope = work.life_scope(scope_id, token_id)
    task = None if task_id is None else task_draft.draft(work, task_id)
    if not _runs_here(work, scope, spec):
        assert spec.job is not None
        headers: dict[str, Any] = {"listenerEvent": spec.event}
        if task is not None:
            headers["task"] = task_draft.described(task)
        info = execution(work, node, spec)
        create_job(work, scope_id, token_id, node, spec.job, listener=Listening(at, spec.event, info, task, headers))
        return False
    _evaluate(work, scope, node, spec, task)
    process = work.graph.process
    element = process.id if process is not None and at.startswith(f"{node.id}${PROCESS}") else node.id
    work.emit(e.ListenerCalled(token_id, element, scope_id, spec.event, spec.name))
    if task is not None and task_id is not None and task.changes:
        task_draft.change(work, scope_id, token_id, node, task_id, task.changes)
    return True


def _evaluate(work: Work, scope: int, node: Node, spec: ListenerSpec, task: TaskDraft | None) -> None:
    assert spec.value is not None
    info = execution(work, node, spec)
    value = work.evaluate(spec.value, scope, node, execution=info, task=task)
    if spec.result_variable is not None:
        name = work.text(spec.result_variable, scope, node, "result variable")
        if name:
            work.propagate(scope, {name: value})


def _runs_here(work: Work, scope: int, spec: ListenerSpec) -> bool:
    if spec.job is None:
        return True
    if spec.handler is None:
        return False
    if spec.handler in work.handlers:
        return True
    # `${order.confirm()}` may be a method of a variable; a class or delegate never is.
    return (
        spec.value is not None
        and spec.value.language == "juel"
        and spec.handler in ChainLookup(work.draft, scope).names()
    )


def throw(work: Work, scope_id: int, token_id: int, node: Node, thrown: Thrown, at: str) -> None:
    """To the nearest handler, that of the element itself included; without one, an incident at the listener."""
    if find_catcher(work, scope_id, token_id, thrown.code) is not None:
        work.life.throw(scope_id, token_id, node, thrown.code, thrown.message, terminal=False)
        return
    work.emit(e.ErrorThrown(scope_id, node.id, thrown.code, thrown.message, None))
    text = (
        f"Expected a boundary event to catch the error '{thrown.code}' of a listener of '{node.id}', but there is none"
    )
    if thrown.message:
        text += f": {thrown.message}"
    work.raise_incident(scope_id, token_id, node.id, "UNHANDLED_ERROR", text, error_code=thrown.code, at=at)
