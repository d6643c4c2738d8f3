"""The work of one step: what behaviors may do, and the queue that keeps nesting and flows out of Python's stack.

A `Work` is made per command. Behaviors call its methods; each method that changes something emits events, which are
applied at once, so that the next decision sees them. Expected failures are `Fail`; they leave as incidents.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from bpmn.expressions.api import (
    NO_HANDLERS,
    BpmnErrorRaised,
    Compiled,
    Context,
    EvaluationError,
    ExecutionInfo,
    Handlers,
    Lookup,
)
from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.apply import apply
from bpmn.runtime.commands import Command, Continue
from bpmn.runtime.draft import Draft
from bpmn.runtime.lookup import ChainLookup
from bpmn.runtime.needs import Fail, Thrown
from bpmn.runtime.state import Phase, ScopeKind, Token, WaitKind
from bpmn.spec.graph import Container, Flow, Graph, Node

Value = Any
Ids = Callable[[], int]


@dataclass(slots=True)
class TaskDraft:
    """A user task while one listener of it is evaluated, by the names the expression languages know."""

    properties: dict[str, Value]
    changes: dict[str, Value] = field(default_factory=dict)


class Life(Protocol):
    """The moves of the lifecycle (`bpmn.runtime.lifecycle`), as behaviors and helpers call them."""

    def take(self, scope_id: int, flow: Flow, *, hold: bool = False) -> None:
        """A token leaves over a flow; with `hold` a step of its own lets it enter the target."""

    def activate(
        self, scope_id: int, node: Node, flow: str | None = None, consumed: tuple[tuple[str, int], ...] = ()
    ) -> None:
        """A token enters a node."""

    def start(self, scope_id: int, token_id: int, node: Node) -> None:
        """Do (again) what entering a node means, for a token that is there."""

    def complete(self, scope_id: int, token_id: int, node: Node, results: Mapping[str, Value] | None = None) -> None:
        """The node's work is done; `results` are variables it brought."""

    def listen(self, scope_id: int, token_id: int, node: Node) -> None:
        """Call the start listeners, then `begin`."""

    def begin(self, scope_id: int, token_id: int, node: Node) -> None:
        """The start listeners are done: what entering the node means otherwise."""

    def bring(self, scope_id: int, token_id: int, node: Node, results: Mapping[str, Value]) -> None:
        """Set the variables that the node's work has brought."""

    def finish(self, scope_id: int, token_id: int, node: Node, *, listened: bool = False) -> None:
        """Output mappings, the end of waits and local scope, then `leave`; `listened`: end listeners are done."""

    def end_process(self, token_id: int) -> None:
        """The end listeners of the process are done."""

    def cancelled(self, scope_id: int, token: Token, node: Node) -> None:
        """An element with listeners is cancelled: those that can be called then are."""

    def fail(self, scope_id: int, token_id: int, node: Node, failure: Fail, phase: Phase) -> None:
        """An incident at the node; nothing of a failed activation remains."""

    def throw(
        self, scope_id: int, token_id: int, node: Node, code: str, message: str | None, *, terminal: bool
    ) -> None:
        """A BPMN error: the nearest handler outward, else an incident (or, `terminal`, the instance has FAILED)."""

    def escalate(self, scope_id: int, token_id: int, node: Node, code: str) -> None:
        """An escalation: the nearest handler outward, else nothing; the thrower goes on unless its scope ended."""

    def trigger_boundary(
        self, scope_id: int, token_id: int, boundary: Node, results: Mapping[str, Value] | None = None
    ) -> None:
        """The boundary event happens and brings `results`; an interrupting one ends its host."""

    def event_happened(
        self, scope_id: int, token_id: int, node: Node, results: Mapping[str, Value] | None = None
    ) -> None:
        """What a token waited for has come, wherever `node` stands to it."""

    def happen(self, scope_id: int, token_id: int, node: Node, results: Mapping[str, Value] | None = None) -> None:
        """Complete an event that another token (its host, the gateway before it) has waited for."""

    def terminate(self, scope_id: int, token_id: int) -> None:
        """The token and everything below it ends."""

    def compensated(self, scope_id: int, token: Token) -> None:
        """The token of a compensation handler is gone: who has thrown the compensation goes on."""

    def check_scope(self, scope_id: int) -> None:
        """Complete the scope if nothing is left in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a step and of runs of steps."""

    transitions_per_step: int = 1_000
    """Elements entered before the rest goes into a `Continue` command."""
    transitions_without_wait: int = 1_000_000
    """Elements entered by a run of steps without any wait state before it counts as an endless loop."""
    scopes_per_step: int = 200
    """Scopes opened by a wide multi-instance, or removed by a termination, in one step."""
    items: int = 1_000_000
    """Items of one multi-instance."""


DEFAULT_LIMITS = Limits()


class Work:
    """One command being handled. `life` is set by the engine before anything else is called."""

    life: Life

    __slots__ = (
        "assigned",
        "cut",
        "detached",
        "draft",
        "effects",
        "events",
        "executions",
        "flows",
        "fresh",
        "fulfilled",
        "graph",
        "handlers",
        "held",
        "ids",
        "instance_id",
        "life",
        "limits",
        "now",
        "opened_items",
        "put_off",
        "released",
        "removed_scopes",
        "resume",
        "run_transitions",
        "tasks",
        "todo",
        "transitions",
        "written",
    )

    def __init__(
        self,
        graph: Graph,
        draft: Draft,
        now: datetime,
        ids: Ids,
        handlers: Handlers = NO_HANDLERS,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.graph = graph
        self.draft = draft
        self.now = now
        self.ids = ids
        self.handlers = handlers
        self.limits = limits
        self.instance_id = draft.instance.id
        self.events: list[e.Event] = []
        self.effects: list[fx.Effect] = []
        self.todo: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self.flows: deque[tuple[int, Flow]] = deque()
        self.cut: set[int] = set()
        """Scopes with flows in transit that a `Continue` has to enter."""
        self.put_off: set[int] = set()
        """Scopes with joins that have what they wait for, and go on in a step of their own (asyncBefore)."""
        self.released: set[tuple[int, str]] = set()
        """(scope, join) that this step is the step of."""
        self.held: set[tuple[int, str]] = set()
        """(scope, join) that a token has come to in this step from an activity with asyncAfter."""
        self.resume: set[int] = set()
        """Multi-instance bodies with items left to open."""
        self.transitions = 0
        self.run_transitions = 0
        """Transitions of earlier steps of the same run."""
        self.removed_scopes = 0
        self.fulfilled = 0
        """Conditions that came true in this step."""
        self.detached: set[int] = set()
        """Scopes that are to be removed, but were too many for this step (`terminate.remove_subtree`)."""
        self.opened_items = 0
        self.executions: dict[str, ExecutionInfo] = {}
        self.written: set[str] = set()
        """Names written and not yet looked at by conditional events of loaded scopes."""
        self.fresh: set[int] = set()
        """Conditional waits to be looked at whatever was written: new ones, and those whose incident is resolved."""
        self.assigned: set[str] = set()
        """All names written by the step."""
        self.tasks: dict[int, fx.CreateUserTask | dict[str, Value]] = {}
        """User tasks whose listeners are called in this step: created in it, or as they are now."""

    # -- events and effects ---------------------------------------------------------------------------------------

    def emit(self, event: e.Event) -> None:
        apply(event, self.draft)
        self.events.append(event)

    def effect(self, effect: fx.Effect) -> None:
        self.effects.append(effect)

    def enqueue(self, command: Command) -> None:
        self.effects.append(fx.Enqueue(command=command))

    def later(self, method: Callable[..., None], *args: Any) -> None:
        """Do it when the current piece of work is done; before any flow in transit is entered.

        The first number in `args` is the scope it is about. Where that scope is detached meanwhile, it is not done.
        """
        self.todo.append((method, args))

    def in_any_case(self, method: Callable[..., None], *args: Any) -> None:
        """As `later`, also where the scope is detached meanwhile."""
        self.todo.append((partial(method, *args), ()))

    def is_detached(self, scope_id: int) -> bool:
        """Whether the scope, or one around it, is to be removed: nothing in it reacts any more."""
        current: int | None = scope_id if self.detached else None
        while current is not None:
            if current in self.detached:
                return True
            scope = self.draft.loaded(current)
            current = None if scope is None else scope.parent
        return False

    # -- reading --------------------------------------------------------------------------------------------------

    def token(self, scope_id: int, token_id: int) -> Token | None:
        scope = self.draft.loaded(scope_id)
        return None if scope is None else scope.tokens.get(token_id)

    def is_inner(self, scope_id: int, node: Node) -> bool:
        """True for the token of one item of a multi-instance activity, false for the token that owns the body."""
        if node.loop is None:
            return False
        scope = self.draft.scope(scope_id)
        return scope.kind is ScopeKind.ITEM and scope.element == node.id

    def container(self, scope_id: int) -> Container | None:
        """The elements whose tokens live in the scope; None for bodies and local variables."""
        scope = self.draft.scope(scope_id)
        if scope.kind is ScopeKind.PROCESS:
            return self.graph.root
        if scope.kind is ScopeKind.SUBPROCESS:
            return self.graph.nodes[scope.element].content
        return None

    def life_scope(self, scope_id: int, token_id: int) -> int:
        """Where the expressions of a token's element are evaluated: its own scope where it has one."""
        child = self.draft.scope(scope_id).tokens[token_id].child
        return scope_id if child is None else child

    def drop_flows(self, scope_id: int) -> None:
        """Forget tokens in transit and at joins of a scope."""
        scope = self.draft.scope(scope_id)
        if scope.transit or scope.arrivals or scope.memory:
            self.emit(e.TokensDropped(scope_id, scope.element))
        self.flows = deque(item for item in self.flows if item[0] != scope_id)
        self.cut.discard(scope_id)

    # -- expressions ----------------------------------------------------------------------------------------------

    def evaluate(
        self,
        compiled: Compiled,
        scope_id: int,
        node: Node,
        *,
        extra: Mapping[str, Value] | None = None,
        lookup: Lookup | None = None,
        execution: ExecutionInfo | None = None,
        task: TaskDraft | None = None,
    ) -> Value:
        """Value of an expression in a scope. Variables it sets are set. Raises Fail EXPRESSION_ERROR, or Thrown.

        `execution` (in listeners) is told instead of what the node tells; what it changes of a `task` is put there.
        """
        if compiled.language == "literal":
            return compiled.text
        context = Context(
            variables=lookup or ChainLookup(self.draft, scope_id),
            execution=execution or self.execution(node),
            now=self.now,
            handlers=self.handlers,
            extra=extra or {},
            task=None if task is None else task.properties,
        )
        try:
            value = compiled.evaluate(context)
        except EvaluationError as error:
            raise Fail("EXPRESSION_ERROR", f"{error} (element '{node.id}')") from error
        except BpmnErrorRaised as error:
            if error.variables:
                self.propagate(scope_id, error.variables)
            raise Thrown(error.code, error.message) from error
        if context.assigned:
            self.propagate(scope_id, context.assigned)
        for name, local in context.assigned_local.items():
            self.set_variable(scope_id, name, local)
        if task is not None and context.task_changes:
            task.changes.update(context.task_changes)
        return value

    def execution(self, node: Node) -> ExecutionInfo:
        """What `execution` tells at this element; made once per step."""
        known = self.executions.get(node.id)
        if known is not None:
            return known
        instance = self.draft.instance
        parent = instance.parent
        info = ExecutionInfo(
            instance_id=str(instance.id),
            definition_id=str(instance.definition_id),
            definition_key=instance.definition_key,
            version=instance.version,
            business_key=instance.business_key,
            element_id=node.id,
            element_name=node.name,
            tenant_id=instance.tenant_id,
            parent_instance_id=None if parent is None else str(parent.instance_id),
        )
        self.executions[node.id] = info
        return info

    def condition(
        self, compiled: Compiled, scope_id: int, node: Node, what: str, *, extra: Mapping[str, Value] | None = None
    ) -> bool:
        """A condition's value. Python's own notion of truth counts in Python; elsewhere only true and false."""
        return truth(compiled, self.evaluate(compiled, scope_id, node, extra=extra), what)

    def text(self, compiled: Compiled | None, scope_id: int, node: Node, what: str) -> str | None:
        """Value of an expression that must be text (or a number, or nothing)."""
        if compiled is None:
            return None
        value = self.evaluate(compiled, scope_id, node)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool | list | dict):
            raise Fail(
                "EXPRESSION_ERROR",
                f"Expected {what} '{compiled.text}' of element '{node.id}' to be text, but it was {_shown(value)}",
            )
        return str(value)

    # -- variables ------------------------------------------------------------------------------------------------

    def set_variable(self, scope_id: int, name: str, value: Value) -> None:
        self.emit(e.VariableSet(scope_id, name, value))
        self.written.add(name)
        self.assigned.add(name)

    def propagate(self, scope_id: int, values: Mapping[str, Value]) -> None:
        """Set each variable in the nearest scope that has it, else in the process."""
        for name, value in values.items():
            current = scope_id
            while name not in self.draft.names(current):
                parent = self.draft.scope(current).parent
                if parent is None:
                    break
                current = parent
            self.set_variable(current, name, value)

    # -- waits ----------------------------------------------------------------------------------------------------

    def add_wait(
        self, scope_id: int, token_id: int, kind: WaitKind, id: int, element: str, data: dict[str, Any] | None = None
    ) -> None:
        self.emit(e.WaitAdded(scope_id, token_id, kind, id, element, data))

    def remove_wait(
        self,
        scope_id: int,
        token_id: int,
        kind: WaitKind,
        id: int,
        element: str,
        *,
        completed: bool,
        data: dict[str, Any] | None = None,
    ) -> None:
        """The wait ends; its row goes (for a called instance: see `terminate`)."""
        self.emit(e.WaitRemoved(scope_id, token_id, kind, id, element, completed, data))
        if kind is WaitKind.INCIDENT:
            self.effect(fx.ResolveIncidentRow(id=id))
        elif kind is not WaitKind.CALL:
            self.effect(fx.DeleteWait(kind=kind, id=id, completed=completed))

    # -- incidents ------------------------------------------------------------------------------------------------

    def raise_incident(
        self,
        scope_id: int,
        token_id: int,
        element: str,
        kind: str,
        message: str,
        *,
        error_code: str | None = None,
        job_id: int | None = None,
        at: str | None = None,
    ) -> None:
        """An incident at `element`; `at` names the part of it that is tried again (a listener)."""
        id = self.ids()
        data: dict[str, Any] = {"kind": kind, "message": message}
        if error_code is not None:
            data["errorCode"] = error_code
        self.add_wait(scope_id, token_id, WaitKind.INCIDENT, id, at or element, data)
        self.effect(
            fx.CreateIncident(
                id=id,
                scope_id=scope_id,
                token_id=token_id,
                element_id=element,
                kind=kind,
                message=message,
                error_code=error_code,
                job_id=job_id,
            )
        )

    def set_phase(self, scope_id: int, token_id: int, phase: Phase) -> None:
        token = self.draft.scope(scope_id).tokens[token_id]
        if token.phase is not phase:
            self.emit(e.PhaseChanged(token_id, token.element, scope_id, phase))

    def continuations(self) -> Iterable[Continue]:
        """The commands that go on where this step was cut.

        The items of a multi-instance are bounded, so opening them does not count towards an endless loop.
        """
        run = self.run_transitions + self.transitions
        for scope_id in sorted(self.cut | self.put_off | self.resume):
            if self.draft.loaded(scope_id) is not None:
                yield Continue(
                    instance_id=self.instance_id,
                    scope_id=scope_id,
                    settle=scope_id in self.put_off,
                    transitions=run if scope_id in self.cut | self.put_off else 0,
                )

    def kept_effects(self) -> list[fx.Effect]:
        """The effects without input items and outputs of bodies that this step has closed again."""
        scopes = self.draft.scopes
        return [
            effect
            for effect in self.effects
            if not isinstance(effect, fx.StoreItems | fx.StoreOutput) or scopes.get(effect.scope_id, effect) is not None
        ]


def truth(compiled: Compiled, value: Value, what: str) -> bool:
    """The value of a condition as true or false, see `Work.condition`. Raises Fail EXPRESSION_ERROR."""
    if isinstance(value, bool):
        return value
    if compiled.language == "python":
        return bool(value)
    raise Fail("EXPRESSION_ERROR", f"Expected {what} '{compiled.text}' to be true or false, but it was {_shown(value)}")


def _shown(value: Value) -> str:
    if value is None:
        return "null"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
