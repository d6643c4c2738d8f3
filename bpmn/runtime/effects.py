"""Effects: rows to be written and work to be handed on, decided by a step, carried out with its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bpmn.runtime.commands import Command
from bpmn.runtime.state import ParentLink, WaitKind
from bpmn.spec.keys import Rule

Value = Any


@dataclass(slots=True, kw_only=True)
class CreateJob:
    """`variables` are the input-mapped ones; None: all that `scope_id` sees, read when the job is handed out."""

    id: int
    scope_id: int
    token_id: int
    element_id: str
    element_name: str | None
    type: str
    retries: int
    backoff_seconds: tuple[float, ...] = ()
    """Waiting time before the second, third ... attempt, where the model says so (last one repeats)."""
    priority: int = 0
    headers: Mapping[str, Any] = field(default_factory=dict)
    mapped: bool = False
    """True: only the variables of `scope_id` itself (its input mappings) travel with the job."""
    result_variable: str | None = None


@dataclass(slots=True, kw_only=True)
class UpdateJob:
    """The next attempt: new attempt number, retries left, due after `due_in_seconds` (None: not due, an incident)."""

    id: int
    attempt: int
    retries: int
    due_in_seconds: float | None


@dataclass(slots=True, kw_only=True)
class CreateUserTask:
    id: int
    scope_id: int
    token_id: int
    element_id: str
    name: str | None
    assignee: str | None
    candidate_users: tuple[str, ...]
    candidate_groups: tuple[str, ...]
    priority: int
    due_date: datetime | None
    follow_up_date: datetime | None
    form: Mapping[str, Any] | None
    """JSON-able description: `{key}` and/or `{fields: [...]}`."""
    owner: str | None = None
    status: str | None = None
    """`CREATING`: a listener has to be done before anybody can work on it."""


@dataclass(slots=True, kw_only=True)
class UpdateUserTask:
    """`changes` by column; a status of None is OPEN or CLAIMED, as there is an assignee or not."""

    id: int
    changes: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class CreateTimer:
    id: int
    scope_id: int
    token_id: int
    element_id: str
    due_at: datetime
    cycle: str | None
    remaining: int | None


@dataclass(slots=True, kw_only=True)
class CreateMessageSubscription:
    """`correlation_key` is None where the model has none: the message's other criteria decide."""

    id: int
    scope_id: int
    token_id: int
    element_id: str
    name: str
    correlation_key: Value | None
    rule: Rule | None = None
    """How a message is asked for the values of the standard's correlation keys; then `correlation_key` is a list: the
    model's own key, and the values. None: no such key concerns it; empty: none has values yet."""


@dataclass(slots=True, kw_only=True)
class UpdateMessageSubscription:
    """What it waits for by correlation has changed: it is free for other messages and matched again."""

    id: int
    name: str
    correlation_key: Value | None
    rule: Rule | None


@dataclass(slots=True, kw_only=True)
class CorrelationChanged:
    """A correlation key has got values or others: what waits in the instance, or this one subscription of it, is to be
    compared with them (`CorrelateAgain`)."""

    subscription_id: int | None = None


@dataclass(slots=True, kw_only=True)
class CreateSignalSubscription:
    id: int
    scope_id: int
    token_id: int
    element_id: str
    name: str


@dataclass(slots=True, kw_only=True)
class CreateConditionWait:
    """`names` are the variables whose change makes it due; `*` for unknown."""

    id: int
    scope_id: int
    token_id: int
    element_id: str
    names: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class DeleteWait:
    """The row of a wait state is done with. `completed` tells a finished user task from a cancelled one."""

    kind: WaitKind
    id: int
    completed: bool = False


@dataclass(slots=True, kw_only=True)
class CreateIncident:
    id: int
    scope_id: int
    token_id: int | None
    element_id: str | None
    kind: str
    message: str
    error_code: str | None = None
    job_id: int | None = None


@dataclass(slots=True, kw_only=True)
class ResolveIncidentRow:
    id: int


@dataclass(slots=True, kw_only=True)
class StoreItems:
    """Input items of a multi-instance body, from index 0."""

    scope_id: int
    values: list[Value]


@dataclass(slots=True, kw_only=True)
class StoreOutput:
    scope_id: int
    index: int
    value: Value


@dataclass(slots=True, kw_only=True)
class ThrowMessage:
    """Publish a message to whoever waits for it (message throw event, send task with a message)."""

    name: str
    correlation_key: Value | None
    variables: Mapping[str, Value]
    element_id: str
    receivers: tuple[str, ...] = ()
    """Only instances of these definitions get it; empty: whoever waits."""


@dataclass(slots=True, kw_only=True)
class ThrowSignal:
    """Broadcast a signal to everyone who waits for it, and start what starts with it."""

    name: str
    variables: Mapping[str, Value]
    element_id: str


@dataclass(slots=True, kw_only=True)
class Enqueue:
    """A command for this or another instance, in the `command` table, drained next."""

    command: Command


@dataclass(slots=True, kw_only=True)
class StartCalled:
    """Create and start the instance of a call activity; carried out as a command of its own."""

    instance_id: int
    process_key: str
    binding: str
    version: str | None
    business_key: str | None
    variables: Mapping[str, Value]
    parent: ParentLink
    element_id: str


@dataclass(slots=True, kw_only=True)
class VariablesChanged:
    """Names written by the step, where the graph has conditional events: those of other scopes must be evaluated."""

    names: frozenset[str]
    evaluated: frozenset[int]
    """Scopes whose conditional events the step has evaluated itself."""
    transitions: int = 0
    """What `EvaluateCondition` is to carry."""


@dataclass(slots=True, kw_only=True)
class MigrateRow:
    """The row of a wait or incident, or (`kind` None) of a scope, belongs to another element of the new version."""

    kind: WaitKind | None
    id: int
    element_id: str
    element_name: str | None


@dataclass(slots=True, kw_only=True)
class Redeliver:
    """The subscription is gone: match the message again."""

    message_id: int


Effect = (
    CreateJob
    | UpdateJob
    | CreateUserTask
    | UpdateUserTask
    | CreateTimer
    | CreateMessageSubscription
    | UpdateMessageSubscription
    | CorrelationChanged
    | CreateSignalSubscription
    | CreateConditionWait
    | DeleteWait
    | CreateIncident
    | ResolveIncidentRow
    | StoreItems
    | StoreOutput
    | ThrowMessage
    | ThrowSignal
    | Enqueue
    | StartCalled
    | VariablesChanged
    | MigrateRow
    | Redeliver
)
