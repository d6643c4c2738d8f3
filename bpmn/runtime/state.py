"""What an instance is at one moment: its header, its scopes with tokens, its variables.

A scope is the unit of storage (one row): the process, a sub-process, a multi-instance body, one item of it, or the
local variables of an activity. Only the scopes a command touches are loaded; the others are not there, not even by
name.
Only `bpmn.runtime.apply` changes these objects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from bpmn.dmn.program import DecisionVersion
    from bpmn.runtime.needs import NeedDecision

Value = Any


class InstanceStatus(StrEnum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    """Terminal: an error end event that nothing caught."""
    CANCELLED = "CANCELLED"


class ScopeKind(StrEnum):
    PROCESS = "PROCESS"
    SUBPROCESS = "SUBPROCESS"
    MULTI_INSTANCE = "MULTI_INSTANCE"
    """The body of a multi-instance activity: counters, no tokens."""
    ITEM = "ITEM"
    """One inner instance of a multi-instance activity: its variables and the one token of the activity."""
    RECORDS = "RECORDS"
    """Older records of what can be compensated in its parent, which so stays small however much is completed in it."""
    LOCAL = "LOCAL"
    """Local variables of one activity (input mappings); the token stays in the parent scope."""


class ScopeState(StrEnum):
    ACTIVE = "ACTIVE"
    OPENING = "OPENING"
    """A multi-instance body whose items are still being created, some per step."""
    TERMINATING = "TERMINATING"
    """Its children are being removed, some per step; nothing in it reacts any more."""
    COMPLETED = "COMPLETED"
    """Done, and kept with its variables because it may still be compensated. It has no tokens."""
    COMPENSATING = "COMPENSATING"
    """Kept, and being compensated."""
    COMPLETING = "COMPLETING"
    """An ad-hoc sub-process whose completion condition came true: what is active goes on, nothing new starts."""
    MIGRATING = "MIGRATING"
    """The process, while its scopes are moved to another version, some per step; nothing in it reacts meanwhile."""


class Phase(StrEnum):
    """Where in its life a token's element is. The words tell what is to be done when an incident is resolved."""

    ENTERING = "ENTERING"
    """Activation failed before anything was done: it is activated again."""
    ACTIVE = "ACTIVE"
    """At work or waiting."""
    COMPLETING = "COMPLETING"
    """Its work is done; output mappings or outgoing flows failed: completed again."""
    LISTENING = "LISTENING"
    """Waits for the start event of an event sub-process; it is no active element and does not keep its scope alive."""
    COMPENSATING = "COMPENSATING"
    """Not at work itself: it stands for the compensation of its element, or for one that a throw event did not wait
    for, and waits for the handlers, one after the other."""


class WaitKind(StrEnum):
    """What a token waits for; each is a row of its own that others can find."""

    JOB = "JOB"
    USER_TASK = "USER_TASK"
    TIMER = "TIMER"
    MESSAGE = "MESSAGE"
    SIGNAL = "SIGNAL"
    CONDITION = "CONDITION"
    CALL = "CALL"
    """A called instance; the id is that of the instance."""
    INCIDENT = "INCIDENT"
    COMPENSATION = "COMPENSATION"
    """A compensation handler at work; the id is that of its token. No row: nobody but the handler ends it."""


class Wait(NamedTuple):
    kind: WaitKind
    id: int
    element: str
    """The element that is waiting: the activity itself, or a boundary event of it. `task$start1`: the first start
    listener of `task` (`bpmn.runtime.execution_listeners`)."""


class Token(NamedTuple):
    """One active element instance."""

    id: int
    element: str
    phase: Phase = Phase.ACTIVE
    child: int | None = None
    """Scope that belongs to this token: sub-process, multi-instance body or local variables."""
    waits: tuple[Wait, ...] = ()
    thrower: tuple[int, int] | None = None
    """Compensation: (scope, token) that waits until this one is done."""


class Compensation(NamedTuple):
    """Completions of an activity that can be compensated."""

    element: str
    child: int | None = None
    """The scope kept for it: a sub-process, a multi-instance body; None where a handler needs only its own scope."""
    times: int = 1
    """Completions in a row without anything else between them that can be compensated."""
    thrower: int | None = None
    """Token that has thrown the compensation of these; None: none has yet."""


class Claim(NamedTuple):
    """Who has thrown the compensation of what is set aside: applied to the records as they are taken back."""

    thrower: int
    activity: str | None
    """None: all."""
    newest: int | None
    """The records that were set aside last when it was thrown, with all older ones; None: only older ones are left."""


class Items(NamedTuple):
    """Counters of the body of a multi-instance activity or standard loop."""

    total: int
    """-1: not known (standard loop)."""
    opened: int = 0
    """Items 0 .. opened-1 have been started."""
    active: int = 0
    completed: int = 0


@dataclass(slots=True)
class Scope:
    id: int
    kind: ScopeKind
    element: str
    """Id of the process or activity it belongs to."""
    parent: int | None = None
    owner: int | None = None
    """Token of the parent scope (for ITEM: None) that it belongs to."""
    state: ScopeState = ScopeState.ACTIVE
    tokens: dict[int, Token] = field(default_factory=dict)
    transit: dict[str, int] = field(default_factory=dict)
    """Tokens on sequence flows: taken, target not yet entered. Empty but for steps cut in the middle."""
    arrivals: dict[str, int] = field(default_factory=dict)
    """Tokens that arrived over a flow at a joining gateway and wait there."""
    memory: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What an element has to remember while it has no token: a complex gateway that waits for reset, the flows it has
    taken tokens from; an ad-hoc sub-process (in its own scope), the activities it has yet to start."""
    items: Items | None = None
    index: int | None = None
    """ITEM: its number, from 0."""
    compensations: tuple[Compensation, ...] = ()
    """What can be compensated in it, in order of completion."""
    latest: int | None = None
    """Body of a multi-instance activity: the item kept last. The kept items are a chain in order of completion, so that
    a body stays small however many there are. Process or sub-process: the RECORDS set aside last, likewise."""
    previous: int | None = None
    """ITEM that is kept: the one that was completed before it. RECORDS: the ones set aside before."""
    claims: tuple[Claim, ...] = ()
    """In order, those on RECORDS that are set aside."""
    keys: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    """Correlation keys: id -> the values of the conversation (`bpmn.runtime.correlation`)."""

    def copy(self) -> Scope:
        # By hand: `dataclasses.replace` takes ten times as long, and every step copies what it changes.
        return Scope(
            self.id,
            self.kind,
            self.element,
            self.parent,
            self.owner,
            self.state,
            self.tokens.copy(),
            self.transit.copy(),
            self.arrivals.copy(),
            self.memory.copy(),
            self.items,
            self.index,
            self.compensations,
            self.latest,
            self.previous,
            self.claims,
            self.keys.copy(),
        )

    def is_empty(self) -> bool:
        """Nothing is active in it, on its way or waiting to join."""
        return not self.memory and self.is_idle()

    def is_idle(self) -> bool:
        """Nothing is active in it, on its way or waiting to join, though something may be yet to start."""
        if self.transit or self.arrivals:
            return False
        return not self.tokens or all(token.phase is Phase.LISTENING for token in self.tokens.values())


@dataclass(frozen=True, slots=True)
class ParentLink:
    """The call activity that waits for this instance."""

    instance_id: int
    scope_id: int
    token_id: int
    element_id: str


@dataclass(slots=True)
class Instance:
    """Header of an instance; its id is also the id of its root scope."""

    id: int
    tenant_id: str
    definition_id: int
    definition_key: str
    version: int
    business_key: str | None
    status: InstanceStatus
    sequence: int
    """Number of events so far; the next event gets `sequence + 1`."""
    root_instance_id: int
    parent: ParentLink | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    incidents: int = 0

    def copy(self) -> Instance:
        return Instance(
            self.id,
            self.tenant_id,
            self.definition_id,
            self.definition_key,
            self.version,
            self.business_key,
            self.status,
            self.sequence,
            self.root_instance_id,
            self.parent,
            self.started_at,
            self.ended_at,
            self.incidents,
        )


class _Unloaded:
    def __repr__(self) -> str:
        return "UNLOADED"


UNLOADED: Final = _Unloaded()
"""Stands for the value of a variable whose name is known but whose value was not loaded."""


@dataclass(slots=True)
class State:
    """The loaded part of one instance. `variables[scope][name]` is a value or UNLOADED."""

    instance: Instance
    scopes: dict[int, Scope] = field(default_factory=dict)
    variables: dict[int, dict[str, Value]] = field(default_factory=dict)
    children: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    """(scope, id) -> ids of child scopes above this id, where (and as many as) they were asked for."""
    portions: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Ids of scopes in order, those above a given one, where they were asked for (as many as were asked for)."""
    items: dict[tuple[int, int], Value] = field(default_factory=dict)
    """(body scope, index) -> input item, where it was asked for."""
    outputs: dict[int, list[Value]] = field(default_factory=dict)
    """Body scope -> all outputs in order of index, where they were asked for."""
    called: dict[int, dict[str, Value]] = field(default_factory=dict)
    decisions: dict[NeedDecision, DecisionVersion | None] = field(default_factory=dict)
    """Versions that steps have asked for; None where there is none."""
    """Called instance -> its root variables, where they were asked for."""
    tasks: dict[int, dict[str, Value]] = field(default_factory=dict)
    """User task -> what its row says (name, assignee ...), where it was asked for."""
