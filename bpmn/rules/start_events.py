"""NO_START_EVENT, SEVERAL_NONE_STARTS, START_NOT_ALLOWED: a process and a sub-process need one way to begin."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import AdHocSubProcess, ReceiveTask
from bpmn.model.definitions import Process
from bpmn.model.events import StartEvent
from bpmn.model.gateways import EventBasedGateway
from bpmn.rules.index import Index, Scope, error


def check(index: Index) -> Iterator[Finding]:
    for scope in index.scopes:
        if isinstance(scope.container, AdHocSubProcess) or (scope.is_process and not scope.content.nodes):
            continue
        starts = [node for node in scope.content.nodes if isinstance(node, StartEvent)]
        none_starts = [start for start in starts if not start.definitions]
        if not starts and not _instantiates(scope):
            yield _no_start(scope)
        for start in none_starts[1:]:
            yield error(
                "SEVERAL_NONE_STARTS",
                start,
                f"Expected one start event without trigger in '{scope.container.id}', but '{start.id}' is another.",
                "Keep one start event without trigger; give the others a message or a timer.",
            )
        if not scope.is_process:
            yield from _sub_process(scope, starts)


def _instantiates(scope: Scope) -> bool:
    return scope.is_process and any(
        isinstance(node, ReceiveTask | EventBasedGateway) and node.instantiate for node in scope.content.nodes
    )


def _no_start(scope: Scope) -> Finding:
    kind = "process" if isinstance(scope.container, Process) else "sub-process"
    return error(
        "NO_START_EVENT",
        scope.container,
        f"Expected a start event in {kind} '{scope.container.id}', but it has none.",
        "Add a start event and connect it to the first activity.",
    )


def _sub_process(scope: Scope, starts: list[StartEvent]) -> Iterator[Finding]:
    if scope.is_event_sub_process:
        for start in starts[1:]:
            yield error(
                "START_NOT_ALLOWED",
                start,
                f"Expected one start event in event sub-process '{scope.container.id}', but '{start.id}' is another.",
                "Draw one event sub-process for each trigger.",
            )
        return
    for start in starts:
        if start.definitions:
            yield error(
                "START_NOT_ALLOWED",
                start,
                f"Expected a start event without trigger in sub-process '{scope.container.id}',"
                f" but '{start.id}' has one.",
                "Remove the trigger, or make the sub-process an event sub-process.",
            )
