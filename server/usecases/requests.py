"""What may be asked of the executor from outside, and what it answers.

A request names resources by id; the executor finds and locks the instance, checks, builds the runtime's command,
commits it together with others, and answers. Every request names the tenant of whoever asks; another tenant's
resources do not exist for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bpmn.findings import Finding
from bpmn.runtime.commands import Instruction
from connectors.messages import ResultMessage
from server.ports.records import IdempotencyRow, IncidentRow, InstanceRow, UserTaskRow

Value = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks. `name` is written to the audit log and is the initiator and the user of tasks."""

    name: str
    tenant_id: str = "default"
    roles: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """A request's Idempotency-Key. `render` makes status and body of the answer, stored in the same transaction."""

    row: IdempotencyRow
    render: Callable[[Any], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Replayed:
    """Answer of a request whose idempotency key was used before: what was answered then."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    tenant_id: str
    principal: str | None = None
    idempotency: Idempotency | None = None
    audit: tuple[str, str | None] | None = None
    """(action, target) written to the audit log with the change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest(Request):
    """Answers InstanceView. Without `element_id` at the none start event, or (for a definition that has none) at its
    only other start event. Errors: NotFound DEFINITION_UNKNOWN, Conflict DEFINITION_SUSPENDED / NOT_EXECUTABLE."""

    definition_key: str | None = None
    definition_id: int | None = None
    version: int | None = None
    business_key: str | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTaskRequest(Request):
    """Answers the UserTaskRow as it is now. Errors: NotFound TASK_UNKNOWN, Conflict TASK_ENDED, INSTANCE_PAUSED."""

    task_id: int
    variables: Mapping[str, Value] = field(default_factory=dict)
    check: Callable[[UserTaskRow], None] | None = None
    """Called with the locked row of an open task before anything happens; raises a DomainError to refuse (whether
    whoever asks may do this task, whether it is delegated)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskErrorRequest(Request):
    """Answers the UserTaskRow. A code that nothing catches raises an incident."""

    task_id: int
    error_code: str
    message: str | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    check: Callable[[UserTaskRow], None] | None = None
    """As that of CompleteTaskRequest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTaskRequest(Request):
    """`change` takes the locked row and returns the new one, or raises a DomainError. Answers the UserTaskRow."""

    task_id: int
    change: Callable[[UserTaskRow], UserTaskRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResultRequest(Request):
    """A result over HTTP. Answers None. Errors: NotFound JOB_GONE, Conflict STALE_ATTEMPT.

    From the bus the same results come without a request; there gone and stale ones are dropped with a log line.
    """

    result: ResultMessage
    retries: int | None = None
    """Replaces the retries left, where the worker says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVariablesRequest(Request):
    """Answers all variables the scope sees. Errors: NotFound INSTANCE_UNKNOWN / SCOPE_UNKNOWN, Conflict
    INSTANCE_ENDED."""

    instance_id: int
    scope_id: int | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest(Request):
    """Answers InstanceView. Errors: NotFound INSTANCE_UNKNOWN, Conflict INSTANCE_ENDED."""

    instance_id: int
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRequest(Request):
    """`timers`: STOP (they fire that much later) or CATCH_UP (they fire on resume). Answers InstanceView."""

    instance_id: int
    timers: str = "CATCH_UP"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest(Request):
    instance_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyRequest(Request):
    """All instructions, in their order, or none. Answers InstanceView. Errors: NotFound INSTANCE_UNKNOWN, Conflict
    INSTANCE_ENDED, Invalid MODIFICATION_INVALID."""

    instance_id: int
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateRequest(Request):
    """To another definition, by element ids. Answers MigrationResult. A wide instance may still be moving then; until
    it is done, requests that change it are refused (Conflict INSTANCE_MIGRATING). Errors: NotFound INSTANCE_UNKNOWN,
    DEFINITION_UNKNOWN, Conflict INSTANCE_ENDED, NOT_EXECUTABLE, ALREADY_MIGRATED, InvalidMigration."""

    instance_id: int
    target_definition_id: int
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Where another element takes over; elements that keep id and kind need not be named."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationResult:
    """The whole mapping, suggestions included, and what is to be said about it (a dry run also tells errors)."""

    mapping: Mapping[str, str]
    findings: tuple[Finding, ...]
    pending: int | None = None
    """While the scopes of a wide instance (this one) are still to be looked at: the findings are not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveIncidentRequest(Request):
    """Sets variables (of the incident's scope), gives a job new retries, and goes on. Answers the IncidentRow.

    `dismiss` closes the record without doing anything. Errors: NotFound INCIDENT_UNKNOWN, Conflict INCIDENT_RESOLVED,
    INSTANCE_PAUSED.
    """

    incident_id: int
    variables: Mapping[str, Value] = field(default_factory=dict)
    retries: int | None = None
    dismiss: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest(Request):
    """A message. Answers PublishResult after it was matched. Errors: Conflict MESSAGE_AMBIGUOUS."""

    name: str
    correlation_key: Value = None
    has_correlation_key: bool = False
    correlation_keys: Mapping[str, Value] = field(default_factory=dict)
    business_key: str | None = None
    instance_id: int | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    ttl_seconds: float = 0.0
    message_id: str | None = None
    to_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    result: str
    """CORRELATED, STARTED, BUFFERED, DUPLICATE, or NONE (nobody waited and no time to live was given)."""
    instance_ids: tuple[int, ...] = ()
    message_row_id: int | None = None
    """While the result is PENDING: the message's own row, whose state will tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRequest(Request):
    """A signal for everyone who waits for it. Answers SignalResult: all of them get it a moment later."""

    name: str
    variables: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalResult:
    """Instances that waited or were started: at most the first thousand, and how many there are."""

    instance_ids: tuple[int, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionRequest(Request):
    """Variables that may fulfil conditional start events: of the latest version of one key, or of all that are active
    and executable. Answers ConditionResult; the instances have been started then. Errors, of a given key only: NotFound
    DEFINITION_UNKNOWN, Conflict DEFINITION_SUSPENDED / NOT_EXECUTABLE / START_EVENT_MISSING."""

    variables: Mapping[str, Value] = field(default_factory=dict)
    business_key: str | None = None
    definition_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionFailure:
    """A conditional start event that could not be looked at, or whose instance could not be started."""

    definition_id: int
    definition_key: str
    element_id: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionResult:
    """What was started, in order of key and element; what fails, fails alone."""

    instance_ids: tuple[int, ...]
    failures: tuple[ConditionFailure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceView:
    """An instance as a request left it: the row, its active elements (distinct, at most 100) and root variables."""

    row: InstanceRow
    current_state: tuple[str, ...]
    context: Mapping[str, Value]


Answer = (
    InstanceView
    | UserTaskRow
    | IncidentRow
    | PublishResult
    | SignalResult
    | ConditionResult
    | MigrationResult
    | Mapping[str, Value]
    | Replayed
    | None
)
