"""The model as rules look at it: scopes, and who is where. Built once per check, without recursion."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from bpmn.findings import Finding, Severity
from bpmn.model.activities import SubProcess
from bpmn.model.base import Element
from bpmn.model.definitions import Definitions, FlowElements, FlowNode, Process, SequenceFlow
from bpmn.rules.supported import RUNTIME, Supported


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """A process or sub-process with its nodes and flows by id."""

    process: Process
    container: Process | SubProcess
    nodes: dict[str, FlowNode] = field(default_factory=dict)
    incoming: dict[str, list[SequenceFlow]] = field(default_factory=dict)
    outgoing: dict[str, list[SequenceFlow]] = field(default_factory=dict)

    @property
    def content(self) -> FlowElements:
        return self.container.content

    @property
    def is_process(self) -> bool:
        return self.container is self.process

    @property
    def is_event_sub_process(self) -> bool:
        return isinstance(self.container, SubProcess) and self.container.triggered_by_event


class Index:
    """What rules are given."""

    def __init__(self, model: Definitions, *, make_executable: bool = False, supported: Supported = RUNTIME) -> None:
        self.model = model
        self.make_executable = make_executable
        self.supported = supported
        self.scopes: tuple[Scope, ...] = tuple(_scopes(model))
        self.messages = {message.id: message for message in model.messages}
        self.signals = {signal.id: signal for signal in model.signals}
        self.errors = {error.id: error for error in model.errors}
        self.escalations = {escalation.id: escalation for escalation in model.escalations}
        self.operations = {operation.id: operation for operation in model.operations}

    @cached_property
    def scope_of(self) -> dict[str, Scope]:
        """Scope by the id of a node in it."""
        return {node_id: scope for scope in self.scopes for node_id in scope.nodes}

    def nodes(self) -> Iterator[tuple[Scope, FlowNode]]:
        """Every flow node of the document with its scope."""
        for scope in self.scopes:
            for node in scope.content.nodes:
                yield scope, node


def _scopes(model: Definitions) -> Iterator[Scope]:
    for process in model.processes:
        waiting: deque[Process | SubProcess] = deque((process,))
        while waiting:
            container = waiting.popleft()
            scope = Scope(process, container)
            for node in container.content.nodes:
                scope.nodes.setdefault(node.id, node)
                if isinstance(node, SubProcess):
                    waiting.append(node)
            for flow in container.content.flows:
                if flow.source is not None:
                    scope.outgoing.setdefault(flow.source, []).append(flow)
                if flow.target is not None:
                    scope.incoming.setdefault(flow.target, []).append(flow)
            yield scope


def finding(
    severity: Severity, code: str, element: Element, message: str, hint: str, *, line: int | None = None
) -> Finding:
    """A finding about an element of the model."""
    return Finding(
        severity=severity,
        code=code,
        message=message,
        hint=hint,
        element_id=element.id,
        element_name=element.name,
        line=line or element.line,
    )


def error(code: str, element: Element, message: str, hint: str, *, line: int | None = None) -> Finding:
    return finding(Severity.ERROR, code, element, message, hint, line=line)


def warning(code: str, element: Element, message: str, hint: str, *, line: int | None = None) -> Finding:
    return finding(Severity.WARNING, code, element, message, hint, line=line)


def info(code: str, element: Element, message: str, hint: str, *, line: int | None = None) -> Finding:
    return finding(Severity.INFO, code, element, message, hint, line=line)
