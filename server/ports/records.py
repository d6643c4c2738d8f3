"""Rows as use cases and stores exchange them: one dataclass per table, columns by their plain names.

Ids are integers inside (decimal strings only in the API). Times are aware UTC. Variables and payloads are values of
the expression languages; the store's codec makes bytes of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Value = Any
RuleDocument = list[list[str]]
"""[language, text] of each path that derives a value of a correlation key from a message (`bpmn.spec.keys.Rule`)."""


@dataclass(slots=True, kw_only=True)
class ResourceRow:
    """A deployed file; `content_hash` is SHA-256 hex."""

    deployment_id: int
    tenant_id: str
    name: str
    kind: str
    """bpmn, dmn, form, other."""
    content: bytes
    content_hash: str


@dataclass(slots=True, kw_only=True)
class DeploymentRow:
    id: int
    tenant_id: str
    name: str
    deployed_at: datetime
    deployed_by: str | None = None


@dataclass(slots=True, kw_only=True)
class DefinitionRow:
    id: int
    tenant_id: str
    key: str
    version: int
    name: str | None
    version_tag: str | None
    deployment_id: int
    resource_name: str
    content_hash: str
    """Of the whole file it came from."""
    executable: bool
    forced_executable: bool
    """`makeExecutable` at deployment: runs although the document says isExecutable="false"."""
    suspended: bool = False
    is_default: bool = False
    """The version that `POST /instances` by key takes; by default the latest."""
    deployed_at: datetime
    history_ttl: str | None = None


@dataclass(slots=True, kw_only=True)
class DecisionRow:
    """A version of a DMN decision or decision service; its key is the id in the document."""

    id: int
    tenant_id: str
    key: str
    version: int
    name: str | None
    version_tag: str | None
    deployment_id: int
    resource_name: str
    content_hash: str
    """Of the whole file it came from, and of those that the file imports."""
    deployed_at: datetime


@dataclass(slots=True, kw_only=True)
class MessageStartRow:
    """A start event that waits for a message; only those of the latest version of a key are there."""

    tenant_id: str
    message_name: str
    definition_id: int
    definition_key: str
    element_id: str
    correlation_key: Value | None = None


@dataclass(slots=True, kw_only=True)
class SignalStartRow:
    """A start event that waits for a signal; only those of the latest version of a key are there."""

    tenant_id: str
    signal_name: str
    definition_id: int
    definition_key: str
    element_id: str


@dataclass(slots=True, kw_only=True)
class ConditionStartRow:
    """A start event with a condition (or several, of which one is enough); only those of the latest version of a key
    are there."""

    tenant_id: str
    definition_key: str
    definition_id: int
    element_id: str


@dataclass(slots=True, kw_only=True)
class TimerStartRow:
    id: int
    tenant_id: str
    definition_id: int
    definition_key: str
    element_id: str
    due_at: datetime
    cycle: str | None
    remaining: int | None


@dataclass(slots=True, kw_only=True)
class InstanceRow:
    """`document` is the root scope's (see `ScopeRow.document`)."""

    id: int
    tenant_id: str
    definition_id: int
    definition_key: str
    version: int
    business_key: str | None
    status: str
    sequence: int
    document: Mapping[str, Any]
    active: str
    """Distinct ids of the elements with a token in the root scope, space-separated."""
    root_instance_id: int
    parent_instance_id: int | None = None
    parent_scope_id: int | None = None
    parent_token_id: int | None = None
    parent_element_id: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    incidents: int = 0
    single_start: bool = False
    """Takes part in the partial unique index (tenant, key, business key) of running instances."""
    pause_timers: str | None = None
    """While it is paused: STOP or CATCH_UP, a space, and since when."""


@dataclass(slots=True, kw_only=True)
class ScopeRow:
    """`document` is plain JSON data of `bpmn.runtime.document`; elements are named by XML id."""

    instance_id: int
    id: int
    tenant_id: str
    parent_id: int
    owner_token_id: int | None
    element_id: str
    kind: str
    state: str
    document: Mapping[str, Any]
    active: str
    item_index: int | None = None


@dataclass(slots=True, kw_only=True)
class VariableRow:
    """`value` is the store's UNLOADED marker (bpmn.runtime.state.UNLOADED) where only the name was read."""

    instance_id: int
    scope_id: int
    tenant_id: str
    name: str
    value: Value


@dataclass(slots=True, kw_only=True)
class CommandRow:
    """Work for later. `instance_id` 0: not about one instance (message matching, start of a new instance).

    `due_at` None: parked (the instance is paused). Drained in order of `id` per instance.
    """

    instance_id: int
    id: int
    tenant_id: str
    kind: str
    payload: Mapping[str, Any]
    due_at: datetime | None
    attempts: int = 0


@dataclass(slots=True, kw_only=True)
class JobRow:
    instance_id: int
    id: int
    tenant_id: str
    scope_id: int
    token_id: int
    element_id: str
    element_name: str | None
    definition_id: int
    definition_key: str
    version: int
    business_key: str | None
    type: str
    priority: int
    headers: Mapping[str, Any]
    mapped: bool
    result_variable: str | None
    attempt: int
    retries: int
    backoff: tuple[float, ...]
    due_at: datetime | None
    """When it may be handed out (again): at once, after backoff, a lost message or a lease. None: incident."""
    dispatched: bool = False
    """A message of the current attempt is (or was) on the bus."""
    worker_id: str | None = None
    locked_until: datetime | None = None
    created_at: datetime
    lost: int = 0
    """Workers in a row whose lease ran out without a result."""


@dataclass(slots=True, kw_only=True)
class UserTaskRow:
    instance_id: int
    id: int
    tenant_id: str
    scope_id: int
    token_id: int
    element_id: str
    definition_id: int
    definition_key: str
    business_key: str | None
    name: str | None
    assignee: str | None
    owner: str | None = None
    """Who delegated it and gets it back when it is resolved."""
    delegation: str | None = None
    """PENDING, RESOLVED or None."""
    candidate_users: tuple[str, ...] = ()
    candidate_groups: tuple[str, ...] = ()
    priority: int = 50
    due_date: datetime | None = None
    follow_up_date: datetime | None = None
    form: Mapping[str, Any] | None = None
    status: str = "OPEN"
    """OPEN, CLAIMED, COMPLETED, CANCELLED; CREATING and COMPLETING while a listener is at work."""
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class TimerRow:
    instance_id: int
    id: int
    tenant_id: str
    scope_id: int
    token_id: int
    element_id: str
    due_at: datetime
    cycle: str | None
    remaining: int | None


@dataclass(slots=True, kw_only=True)
class MessageSubscriptionRow:
    instance_id: int
    id: int
    tenant_id: str
    scope_id: int
    token_id: int
    element_id: str
    definition_key: str
    business_key: str | None
    name: str
    correlation_key: Value | None
    claimed_by: int | None = None
    """Message that is on its way to it; it takes no other."""
    rule: RuleDocument | None = None
    """Where a message has the values of the standard's correlation keys; `correlation_key` is then a list: the model's
    own key, and the values. None: no such key concerns it; empty: none has values yet, any message will do."""


@dataclass(slots=True, kw_only=True)
class SignalSubscriptionRow:
    instance_id: int
    id: int
    tenant_id: str
    scope_id: int
    token_id: int
    element_id: str
    definition_key: str
    name: str


@dataclass(slots=True, kw_only=True)
class MessageRow:
    """A published message until it is delivered or expires. `expires_at` equal to `created_at`: matched once only."""

    id: int
    tenant_id: str
    name: str
    correlation_key: Value | None = None
    has_correlation_key: bool = False
    correlation_keys: Mapping[str, Value] = field(default_factory=dict)
    business_key: str | None = None
    target_instance_id: int | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    message_id: str | None = None
    """Sender's own id, unique per tenant and name while it is kept (partial unique index)."""
    to_all: bool = False
    state: str = "OPEN"
    """OPEN, CORRELATED, STARTING, STARTED, BUFFERED, AMBIGUOUS, EXPIRED."""
    instance_ids: tuple[int, ...] = ()
    receivers: tuple[str, ...] = ()
    """Definition keys of those whom message flows lead to; empty: whoever waits for the name."""
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class MessageKeyRow:
    """The values that a message which is kept carries by a rule."""

    message_id: int
    tenant_id: str
    name: str
    rule: RuleDocument
    values: Sequence[Value]


@dataclass(slots=True, kw_only=True)
class ConditionWaitRow:
    """One row per name it reads (`*`: unknown)."""

    instance_id: int
    id: int
    name: str
    tenant_id: str
    scope_id: int
    token_id: int
    element_id: str


@dataclass(slots=True, kw_only=True)
class IncidentRow:
    instance_id: int
    id: int
    tenant_id: str
    scope_id: int | None
    token_id: int | None
    definition_id: int
    definition_key: str
    element_id: str | None
    kind: str
    message: str
    error_code: str | None = None
    job_id: int | None = None
    created_at: datetime
    resolved_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class HistoryRow:
    """One step. `sequence` is that of its last event; `events` are JSON-able dicts in order (see bpmn.runtime.events).

    Values above 4 kB are taken out by the store and kept once per hash.
    """

    instance_id: int
    sequence: int
    tenant_id: str
    at: datetime
    events: list[Mapping[str, Any]]


@dataclass(slots=True, kw_only=True)
class OutboxRow:
    """A public event waiting to be published. `shard` = instance id modulo the number of shards (16)."""

    id: int
    tenant_id: str
    instance_id: int
    sequence: int
    routing_key: str
    body: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class ItemRow:
    """Input item and output of one index of a multi-instance body; `value`/`output` of None are nulls."""

    instance_id: int
    scope_id: int
    index: int
    tenant_id: str
    value: Value = None
    output: Value = None


@dataclass(slots=True, kw_only=True)
class IdempotencyRow:
    """`response` is None while the first request is still running."""

    tenant_id: str
    principal: str
    route: str
    key: str
    body_hash: str
    status: int | None = None
    response: bytes | None = None
    created_at: datetime


@dataclass(slots=True, kw_only=True)
class TokenRow:
    """An API token, known only by its SHA-256."""

    id: int
    tenant_id: str
    name: str
    token_hash: str
    roles: tuple[str, ...]
    groups: tuple[str, ...] = ()
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class AuditRow:
    """What a person (or a client on somebody's behalf) did."""

    id: int
    tenant_id: str
    at: datetime
    principal: str
    action: str
    target: str | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class MigratedInstanceRow:
    """The definition that an instance goes on in, and with it what is put aside with an incident of no element."""

    id: int
    definition_id: int
    definition_key: str
    version: int


@dataclass(slots=True, kw_only=True)
class MigratedRow:
    """A row that goes on at an element of another definition. `table`: scope, job, user_task, timer,
    message_subscription, signal_subscription, condition_wait or incident; each takes the columns that it has."""

    instance_id: int
    table: str
    id: int
    element_id: str
    element_name: str | None = None
    definition_id: int = 0
    definition_key: str = ""
    version: int = 0


@dataclass(slots=True, kw_only=True)
class MigrationRow:
    """A migration that takes many transactions; an instance has at most one row, that of the last."""

    instance_id: int
    id: int
    tenant_id: str
    source_definition_id: int
    target_definition_id: int
    state: str
    """CHECKING, MOVING, DONE or REFUSED."""
    mapping: Mapping[str, str]
    findings: list[Mapping[str, Any]]
    """Fields of findings; all of them once it is not CHECKING any more."""


@dataclass(slots=True)
class Changes:
    """Everything one transaction of the executor writes, by table; the store makes one bulk statement of each list.

    A row that is created and deleted within the same batch appears in neither list (the executor sees to it).
    """

    new_instances: list[InstanceRow] = field(default_factory=list)
    updated_instances: list[InstanceRow] = field(default_factory=list)
    """Columns written: status, sequence, document, active, ended_at, incidents, single_start, pause_timers."""
    new_scopes: list[ScopeRow] = field(default_factory=list)
    updated_scopes: list[ScopeRow] = field(default_factory=list)
    """Columns written: state, document, active."""
    deleted_scopes: list[tuple[int, int]] = field(default_factory=list)
    """(instance, scope): the scope row, all its variables and its items go."""
    set_variables: list[VariableRow] = field(default_factory=list)
    """Inserted or replaced."""
    deleted_variables: list[tuple[int, int, str]] = field(default_factory=list)
    new_commands: list[CommandRow] = field(default_factory=list)
    updated_commands: list[CommandRow] = field(default_factory=list)
    """Columns written: due_at, attempts."""
    deleted_commands: list[tuple[int, int]] = field(default_factory=list)
    new_jobs: list[JobRow] = field(default_factory=list)
    updated_jobs: list[JobRow] = field(default_factory=list)
    """Columns written: attempt, retries, due_at, dispatched, worker_id, locked_until, lost."""
    deleted_jobs: list[tuple[int, int]] = field(default_factory=list)
    new_tasks: list[UserTaskRow] = field(default_factory=list)
    updated_tasks: list[UserTaskRow] = field(default_factory=list)
    """All mutable columns, candidates included."""
    ended_tasks: list[tuple[int, int, str, datetime]] = field(default_factory=list)
    """(instance, task, status, at)."""
    new_timers: list[TimerRow] = field(default_factory=list)
    deleted_timers: list[tuple[int, int]] = field(default_factory=list)
    new_message_subscriptions: list[MessageSubscriptionRow] = field(default_factory=list)
    claimed_message_subscriptions: list[tuple[int, int, int | None]] = field(default_factory=list)
    """(instance, subscription, claimed_by)."""
    updated_message_subscriptions: list[tuple[int, int, Value | None, RuleDocument | None]] = field(
        default_factory=list
    )
    """(instance, subscription, correlation_key, rule); a claim on it is given up."""
    deleted_message_subscriptions: list[tuple[int, int]] = field(default_factory=list)
    new_signal_subscriptions: list[SignalSubscriptionRow] = field(default_factory=list)
    deleted_signal_subscriptions: list[tuple[int, int]] = field(default_factory=list)
    new_messages: list[MessageRow] = field(default_factory=list)
    updated_messages: list[MessageRow] = field(default_factory=list)
    """Columns written: state, instance_ids, expires_at."""
    deleted_messages: list[int] = field(default_factory=list)
    new_message_keys: list[MessageKeyRow] = field(default_factory=list)
    """Of messages that become BUFFERED, for each of `kept_rules`; one that is there already stays."""
    new_condition_waits: list[ConditionWaitRow] = field(default_factory=list)
    deleted_condition_waits: list[tuple[int, int]] = field(default_factory=list)
    """(instance, wait id): all its names."""
    new_incidents: list[IncidentRow] = field(default_factory=list)
    resolved_incidents: list[tuple[int, int, datetime]] = field(default_factory=list)
    new_timer_starts: list[TimerStartRow] = field(default_factory=list)
    deleted_timer_starts: list[int] = field(default_factory=list)
    new_items: list[ItemRow] = field(default_factory=list)
    outputs: list[tuple[int, int, int, Value]] = field(default_factory=list)
    """(instance, scope, index, output)."""
    migrated_instances: list[MigratedInstanceRow] = field(default_factory=list)
    migrated_rows: list[MigratedRow] = field(default_factory=list)
    migrations: list[MigrationRow] = field(default_factory=list)
    """Inserted or replaced."""
    history: list[HistoryRow] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
