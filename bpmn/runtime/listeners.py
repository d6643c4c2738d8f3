"""Event sub-processes (BPMN 2.0.2, 13.5.4): what waits in a scope for their start events, and how they begin.

A start event that needs a row (message, timer, signal, condition) is waited for by a token in phase LISTENING: it has
waits like any other token, but does not keep its scope alive and is no active element. Errors and escalations need no
such token; their handler is looked for when they are thrown (`bpmn.runtime.errors`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpmn.runtime import events as e
from bpmn.runtime.boundary import await_event_or_fail
from bpmn.runtime.data import declare
from bpmn.runtime.state import Phase, ScopeKind
from bpmn.runtime.terminate import end_token, terminate_scope_content
from bpmn.runtime.work import Work
from bpmn.spec.graph import Node

Value = Any


def arm(work: Work, scope_id: int) -> None:
    """The scope has opened: declare its data, and listen for the start events of its event sub-processes."""
    declare(work, scope_id)
    container = work.container(scope_id)
    if container is None:
        return
    for start in container.event_starts:
        if start.needs_wait:
            token_id = work.ids()
            work.emit(e.ListenerAdded(token_id, start.id, scope_id))
            await_event_or_fail(work, scope_id, token_id, start)


def disarm(work: Work, scope_id: int) -> None:
    """The scope ends: nothing listens any more."""
    for token in list(work.draft.scope(scope_id).tokens.values()):
        if token.phase is Phase.LISTENING:
            end_token(work, scope_id, token)


def begin(
    work: Work,
    scope_id: int,
    start: Node,
    results: Mapping[str, Value] | None = None,
    *,
    listener: int | None = None,
) -> None:
    """The start event of an event sub-process happens in a scope; `results` become local variables.

    An interrupting one ends everything else in the scope, other listeners included; otherwise the listener goes on
    where it was armed again, and ends where it was not (a timer that fires once).
    """
    sub_process = start.container.node
    assert sub_process is not None
    if start.interrupting:
        terminate_scope_content(work, scope_id)
        work.drop_flows(scope_id)
    elif listener is not None:
        token = work.token(scope_id, listener)
        if token is not None and not token.waits:
            end_token(work, scope_id, token)
    work.transitions += 1
    token_id = work.ids()
    work.emit(e.ElementActivated(token_id, sub_process.id, scope_id))
    child = work.ids()
    work.emit(e.ScopeOpened(child, ScopeKind.SUBPROCESS, sub_process.id, scope_id, token_id))
    for name, value in (results or {}).items():
        work.set_variable(child, name, value)
    arm(work, child)
    if sub_process.listeners is None:
        work.later(work.life.activate, child, start)
    else:
        work.later(enter_listening, work, scope_id, token_id, sub_process)


def enter_listening(work: Work, scope_id: int, token_id: int, sub_process: Node) -> None:
    """An event sub-process with listeners has begun: call them before its start event."""
    if work.token(scope_id, token_id) is not None:
        work.life.listen(scope_id, token_id, sub_process)
