"""The store as the use cases see it.

One contract test suite (`tests/store`) runs against every implementation: SQLite, PostgreSQL, memory.

Transactions: `with store.begin() as unit:` ... `unit.commit()`. Leaving the block without `commit` rolls back.
Threads: a store is shared, a unit of work belongs to one thread. Errors: `StoreUnavailable` (the database cannot be
reached; retry later), `Conflict` (a unique constraint; `constraint` names it), `SerializationFailure` (deadlock,
lock timeout, busy; the same work may be tried again).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

from server.ports.records import (
    Changes,
    CommandRow,
    ConditionStartRow,
    ConditionWaitRow,
    DecisionRow,
    DefinitionRow,
    DeploymentRow,
    IdempotencyRow,
    IncidentRow,
    InstanceRow,
    JobRow,
    MessageRow,
    MessageStartRow,
    MessageSubscriptionRow,
    MigrationRow,
    OutboxRow,
    ResourceRow,
    RuleDocument,
    ScopeRow,
    SignalStartRow,
    SignalSubscriptionRow,
    TimerRow,
    TimerStartRow,
    TokenRow,
    UserTaskRow,
    VariableRow,
)

Value = Any
Carried = Callable[[MessageRow, RuleDocument], Sequence[Value] | None]
"""The values that a message carries by a rule; None where it lacks one."""
Ref = tuple[int, int]
"""(instance id, id of the row within it)."""
LARGEST_ID = 2**63 - 1


class StoreUnavailable(Exception):
    """The database cannot be reached or answers too late."""


class SerializationFailure(Exception):
    """Deadlock, lock timeout or busy database: the transaction is rolled back, the same work may be tried again."""


class Conflict(Exception):
    """A unique constraint said no; `constraint` is its name (`uq_...`)."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"Expected a unique row, but '{constraint}' has one already")
        self.constraint = constraint


class UnitOfWork(Protocol):
    """One transaction. All reads see it, all writes belong to it."""

    def now(self) -> datetime:
        """The database's time (or the injected clock's), read once per unit."""

    def commit(self) -> None: ...

    # -- the executor: claims (rows locked, those locked by others skipped) -------------------------------------

    def claim_commands(self, limit: int) -> list[CommandRow]:
        """Due commands in order of id; the rows stay locked until the end of the transaction."""

    def claim_timers(self, limit: int) -> list[TimerRow]:
        """Timers with `due_at <= now`, earliest first."""

    def claim_timer_starts(self, limit: int) -> list[TimerStartRow]: ...

    def lock_instances(self, ids: Iterable[int]) -> dict[int, InstanceRow]:
        """Lock and read; an id that is missing in the answer is locked by another transaction or does not exist
        (`instances_exist` tells)."""

    def instances_exist(self, ids: Iterable[int]) -> set[int]: ...

    # -- the executor: loading ------------------------------------------------------------------------------------

    def load_scope_chains(self, refs: Iterable[Ref]) -> list[ScopeRow]:
        """Each named scope and its ancestors below the root (the root is in the instance row), each once."""

    def load_children(self, instance_id: int, scope_id: int, limit: int, after: int = 0) -> list[ScopeRow]:
        """Direct child scopes with ids above `after`, in order of id."""

    def load_portion(self, instance_id: int, after: int, limit: int) -> list[ScopeRow]:
        """Scopes of the instance below its root, with ids above `after`, in order of id."""

    def load_variables(self, refs: Iterable[Ref]) -> list[VariableRow]:
        """All names of the given scopes; values up to 1 kB are read, larger ones are UNLOADED."""

    def load_values(self, refs: Iterable[tuple[int, int, str]]) -> list[VariableRow]:
        """The values of exactly these variables, whatever their size."""

    def load_items(self, instance_id: int, scope_id: int, start: int, count: int) -> list[tuple[int, Value]]: ...

    def load_outputs(self, instance_id: int, scope_id: int) -> list[Value]:
        """All outputs of a body in order of index; null where none was stored."""

    def locate_jobs(self, job_ids: Iterable[int]) -> dict[int, int]:
        """Job id -> instance id, for those that exist."""

    def load_jobs(self, refs: Iterable[Ref]) -> dict[int, JobRow]: ...

    def locate_tasks(self, task_ids: Iterable[int]) -> dict[int, int]: ...

    def load_tasks(self, refs: Iterable[Ref]) -> dict[int, UserTaskRow]: ...

    def locate_incidents(self, incident_ids: Iterable[int]) -> dict[int, int]: ...

    def load_incidents(self, refs: Iterable[Ref]) -> dict[int, IncidentRow]: ...

    def condition_waits(
        self, instance_id: int, names: Iterable[str], limit: int, after: int = 0
    ) -> list[ConditionWaitRow]:
        """Waits of the instance on any of the names or on `*`, one row per wait, id above `after`, in order of id."""

    def write(self, changes: Changes) -> None:
        """Everything, in a few bulk statements."""

    def find_migration(self, instance_id: int) -> MigrationRow | None:
        """The last migration of the instance that took many transactions."""

    def release_commands(self, instance_id: int) -> None:
        """Parked commands of the instance are due now; jobs and timers stay as they are."""

    def park_commands(self, instance_id: int) -> None:
        """The instance is paused: its commands are not due any more."""

    def unpark_commands(self, instance_id: int, *, shift_timers: timedelta | None = None) -> None:
        """The instance goes on; `shift_timers` moves the due dates of its timers, which stood still."""

    # -- jobs: dispatch and leases -------------------------------------------------------------------------------

    def claim_due_jobs(self, limit: int, exclude_types: Iterable[str] = ()) -> list[JobRow]:
        """Jobs with `due_at <= now` whose type is not excluded, by due time; rows locked, others skipped. Jobs of
        paused instances are not handed out."""

    def claim_jobs_of_type(self, tenant_id: str, type: str, limit: int) -> list[JobRow]:
        """As above for one type and tenant, highest priority first (pulled over HTTP)."""

    def visible_variables(
        self, refs: Iterable[Ref], *, own_only: Iterable[Ref] = (), names: Iterable[str] | None = None
    ) -> dict[Ref, dict[str, Value]]:
        """Per scope all variables it sees (its own, then its ancestors'); for `own_only` just its own; values loaded.
        `names` restricts."""

    def update_jobs(self, jobs: Sequence[JobRow]) -> None:
        """As `Changes.updated_jobs`."""

    def reset_dispatched_jobs(self) -> int:
        """Every dispatched job without a lease is due now (a bus that forgot everything); returns how many.

        They stay marked as dispatched: their next message says that it is not the first.
        """

    # -- outbox ----------------------------------------------------------------------------------------------------

    def claim_outbox(self, limit: int) -> list[OutboxRow]:
        """Delete and return rows, per instance in order of sequence. No two open transactions get rows of the same
        instance (shards under advisory locks on PostgreSQL), so that order per instance survives several relays."""

    # -- messages --------------------------------------------------------------------------------------------------

    def lock_message_name(self, tenant_id: str, name: str) -> None:
        """Until the end of the transaction nobody else matches this name (advisory lock on PostgreSQL)."""

    def find_message(self, id: int) -> MessageRow | None: ...

    def find_message_by_message_id(self, tenant_id: str, name: str, message_id: str) -> MessageRow | None: ...

    def messages_for(
        self,
        tenant_id: str,
        name: str,
        instance_id: int,
        subscription_id: int,
        limit: int,
        carried: Carried | None = None,
    ) -> list[MessageRow]:
        """Messages that the subscription could take (`matching_subscriptions` the other way round): OPEN, or BUFFERED
        and not expired, in order of id; [] where the subscription is gone or claimed. `carried` tells the values that
        a message has by the subscription's rule; without it none has any.

        For a subscription with a rule those that are kept are found by their values (`kept_rules`); an OPEN one need
        not be among them: it is matched by itself.
        """

    def matching_subscriptions(
        self,
        message: MessageRow,
        limit: int,
        *,
        rule: RuleDocument | None = None,
        values: Sequence[Value] = (),
    ) -> list[MessageSubscriptionRow]:
        """Unclaimed ones that meet every criterion the message gives: name; its correlation key equals the
        subscription's (typed: 1 and "1" differ), and a subscription with a key takes only a message with that key;
        business key; target instance; every `correlation_keys` name equals a variable of the root scope; receivers.
        By id.

        With `rule`, those of this rule that wait for the values that the message carries by it; without it those that
        wait for no values.
        """

    def correlation_rules(self, tenant_id: str, name: str) -> list[RuleDocument]:
        """The distinct rules of unclaimed subscriptions to the name that wait for values. Costs one look-up for each,
        however many subscriptions there are."""

    def kept_rules(self, tenant_id: str, name: str) -> list[RuleDocument]:
        """Rules by which messages of the name are to be found while they are kept: whoever has one BUFFERED writes its
        values (`Changes.new_message_keys`). `messages_for` adds the rules it is asked for."""

    def correlated_subscriptions(self, instance_id: int, limit: int, after: int = 0) -> list[MessageSubscriptionRow]:
        """Subscriptions of the instance that a correlation key of the standard's concerns, id above `after`, by id."""

    def message_starts(self, tenant_id: str, name: str) -> list[MessageStartRow]: ...

    def running_instance_with_business_key(
        self, tenant_id: str, definition_key: str, business_key: str
    ) -> int | None: ...

    def delete_expired_messages(self, limit: int) -> int:
        """Remove messages past their time, but none that is still to be matched or starts an instance; returns how
        many."""

    # -- signals ---------------------------------------------------------------------------------------------------

    def last_signal_subscription(self, tenant_id: str, name: str) -> int | None:
        """The highest id among those that wait for the signal."""

    def signal_subscriptions(
        self, tenant_id: str, name: str, limit: int, after: int = 0, up_to: int = LARGEST_ID
    ) -> list[SignalSubscriptionRow]:
        """Those that wait for the signal, id above `after` and at most `up_to`, in order of id."""

    def signal_receivers(self, tenant_id: str, name: str, limit: int, up_to: int = LARGEST_ID) -> tuple[list[int], int]:
        """Distinct ids of the instances that wait for the signal (subscriptions up to this id): the first `limit` in
        order of id, and how many there are."""

    def signal_starts(self, tenant_id: str, name: str) -> list[SignalStartRow]: ...

    def condition_starts(self, tenant_id: str, key: str | None = None) -> list[ConditionStartRow]:
        """Conditional start events of the latest versions (of one key), in order of key and element."""

    # -- definitions -----------------------------------------------------------------------------------------------

    def lock_definition_key(self, tenant_id: str, key: str) -> None:
        """Serialises deployments of one key until the end of the transaction."""

    def next_definition_version(self, tenant_id: str, key: str) -> int:
        """One more than the highest version ever given to the key, deleted ones included (call under the lock)."""

    def insert_deployment(self, deployment: DeploymentRow, resources: Sequence[ResourceRow]) -> None: ...

    def insert_definition(self, definition: DefinitionRow) -> None: ...

    def update_definition(self, definition: DefinitionRow) -> None:
        """Columns written: suspended, is_default."""

    def delete_definition(self, tenant_id: str, definition_id: int) -> None:
        """The definition, its starts and (where no other definition needs it) its resource."""

    def replace_starts(
        self,
        tenant_id: str,
        key: str,
        messages: Sequence[MessageStartRow],
        timers: Sequence[TimerStartRow],
        signals: Sequence[SignalStartRow] = (),
        conditions: Sequence[ConditionStartRow] = (),
    ) -> None:
        """The message, timer, signal and conditional starts of a key are now exactly these."""

    def find_definition(self, tenant_id: str | None, definition_id: int) -> DefinitionRow | None:
        """tenant None: any (the engine itself)."""

    def find_definition_by_key(
        self, tenant_id: str, key: str, version: int | None = None, version_tag: str | None = None
    ) -> DefinitionRow | None:
        """Without version: the default version, else the latest."""

    def latest_definition(self, tenant_id: str, key: str) -> DefinitionRow | None: ...

    def definition_in_deployment(self, tenant_id: str, deployment_id: int, key: str) -> DefinitionRow | None:
        """The version of the key that came with the deployment; where it brought none (an unchanged file makes no new
        version), the one that was the latest when the deployment was made."""

    def resource(self, deployment_id: int, name: str) -> bytes | None: ...

    def resources(self, deployment_id: int, kind: str) -> list[ResourceRow]:
        """All files of that kind which the deployment stored, by name."""

    # -- decisions -------------------------------------------------------------------------------------------------

    def insert_decision(self, decision: DecisionRow) -> None:
        """A new version. Raises Conflict (`uq_decision_tenant_id_key_version`) where the key has it already."""

    def find_decision(self, tenant_id: str | None, decision_id: int) -> DecisionRow | None:
        """tenant None: any (the engine itself)."""

    def find_decision_by_key(
        self, tenant_id: str, key: str, version: int | None = None, version_tag: str | None = None
    ) -> DecisionRow | None:
        """Without version: the latest; with a tag: the latest that has it."""

    def decision_in_deployment(self, tenant_id: str, deployment_id: int, key: str) -> DecisionRow | None:
        """As `definition_in_deployment`."""

    def count_running_instances(self, tenant_id: str, definition_id: int) -> int:
        """Instances of the definition that have not ended, paused ones included, and those that are on their way to it
        or away from it."""

    def delete_instances_of_definition(self, tenant_id: str, definition_id: int, limit: int) -> int:
        """Remove instances with everything of theirs (cascade); returns how many (0: none left)."""

    # -- requests --------------------------------------------------------------------------------------------------

    def find_instance(self, tenant_id: str | None, instance_id: int) -> InstanceRow | None: ...

    def insert_idempotency(self, row: IdempotencyRow) -> IdempotencyRow | None:
        """None: this request is the first and now holds the key; else the row that is there."""

    def finish_idempotency(self, row: IdempotencyRow) -> None: ...

    def delete_idempotency(self, row: IdempotencyRow) -> None:
        """The request with this key was refused: it changed nothing, so its key is free again."""

    def delete_old_idempotency(self, before: datetime, limit: int) -> int: ...

    def find_token(self, token_hash: str) -> TokenRow | None: ...

    def insert_token(self, row: TokenRow) -> None: ...

    def list_tokens(self, tenant_id: str) -> list[TokenRow]: ...

    def delete_token(self, tenant_id: str, id: int) -> bool: ...

    def insert_audit(
        self,
        *,
        tenant_id: str,
        id: int,
        principal: str,
        action: str,
        target: str | None,
        detail: Mapping[str, Any] | None,
    ) -> None: ...


class Store(Protocol):
    """A database. `migrate` brings the schema up to date; `check_schema` says whether it is."""

    def begin(self) -> AbstractContextManager[UnitOfWork]: ...

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """For looking only: does not wait for a writer, and may not write."""

    def lease_node(self) -> int:
        """A node number 0..1023 for the id generator, leased until `renew_node` is not called for a minute or the
        process releases it."""

    def renew_node(self, node: int) -> bool: ...

    def release_node(self, node: int) -> None: ...

    def migrate(self) -> None: ...

    def ensure_partitions(self) -> None:
        """Partitions of the history of the months to come exist (PostgreSQL); elsewhere nothing is to be done."""

    def schema_status(self) -> tuple[str | None, str]:
        """(revision in the database, newest revision of this release)."""

    def shared(self) -> bool:
        """True where several processes may use it (PostgreSQL): migrations are then run by an operator."""

    def check(self) -> None:
        """Raises StoreUnavailable with a helpful text."""

    def close(self) -> None: ...
