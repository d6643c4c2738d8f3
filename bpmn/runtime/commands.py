"""Commands: what may be asked of an instance. Imperative names; each touches one instance.

Commands that wait in the `command` table travel as plain dicts (`to_dict`, `from_dict`) whose values are those of the
expression languages; the store's codec makes them bytes. Elements are named by XML id, so a command survives releases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar

from bpmn.runtime.state import ParentLink, WaitKind
from bpmn.spec.keys import Rule, as_rule

Value = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    instance_id: int
    kind: ClassVar[str] = ""
    scope_id: int | None = None
    """Scope from which the chain to the root is loaded; None: the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartInstance(Command):
    """Start at the none start event, or at `element_id` (message or timer start)."""

    kind: ClassVar[str] = "START_INSTANCE"
    element_id: str | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)
    initiator: str | None = None
    message_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteJob(Command):
    kind: ClassVar[str] = "COMPLETE_JOB"
    job_id: int
    token_id: int
    variables: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailJob(Command):
    """`retries` is what is left after this failure; 0 raises an incident, else the job is due again `due_in` later."""

    kind: ClassVar[str] = "FAIL_JOB"
    job_id: int
    token_id: int
    message: str
    attempt: int
    retries: int
    backoff_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrowError(Command):
    """A BPMN error from a job or user task; no handler means an incident."""

    kind: ClassVar[str] = "THROW_ERROR"
    wait: WaitKind
    wait_id: int
    token_id: int
    error_code: str
    message: str | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteUserTask(Command):
    kind: ClassVar[str] = "COMPLETE_USER_TASK"
    task_id: int
    token_id: int
    variables: Mapping[str, Value] = field(default_factory=dict)
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyTaskChange(Command):
    """Somebody changes a user task: its listeners are called, and the step is REJECTED where that must not be.
    `changes` by column (`assignee`, `priority` ...), new values; the row does not have them yet."""

    kind: ClassVar[str] = "NOTIFY_TASK_CHANGE"
    task_id: int
    token_id: int
    changes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FireTimer(Command):
    kind: ClassVar[str] = "FIRE_TIMER"
    timer_id: int
    token_id: int
    element_id: str
    due_at: str = ""
    cycle: str | None = None
    remaining: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverMessage(Command):
    """A matched message. If nothing waits any more, the step answers `undelivered` and the message is matched again."""

    kind: ClassVar[str] = "DELIVER_MESSAGE"
    subscription_id: int
    token_id: int
    element_id: str
    message_id: int
    message_name: str
    variables: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelateAgain(Command):
    """A subscription as it is stored, to be compared with what the instance's correlation keys say now."""

    kind: ClassVar[str] = "CORRELATE_AGAIN"
    subscription_id: int
    token_id: int
    element_id: str
    name: str
    rule: Rule
    correlation_key: Value | None
    claimed: bool
    """A message is on its way to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverSignal(Command):
    """A broadcast signal for one subscription; if nothing waits any more, nothing happens."""

    kind: ClassVar[str] = "DELIVER_SIGNAL"
    subscription_id: int
    token_id: int
    element_id: str
    signal_name: str
    variables: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PropagateEscalation(Command):
    """An escalation that the called instance did not catch goes on at the call activity; the instance goes on too."""

    kind: ClassVar[str] = "PROPAGATE_ESCALATION"
    called_instance_id: int
    token_id: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateCondition(Command):
    """A variable that a conditional event may read has changed."""

    kind: ClassVar[str] = "EVALUATE_CONDITION"
    wait_id: int
    token_id: int
    element_id: str
    transitions: int = 0
    """Transitions of the steps that led to the change since anything came from outside, for the limit on endless
    loops: conditional events may make each other's conditions true for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteCall(Command):
    """The called instance has ended; its variables are read where the call's mappings need them."""

    kind: ClassVar[str] = "COMPLETE_CALL"
    called_instance_id: int
    token_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailCall(Command):
    """The called instance could not be started or ended by an uncaught error (`error_code`) or was cancelled."""

    kind: ClassVar[str] = "FAIL_CALL"
    called_instance_id: int
    token_id: int
    message: str
    error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVariables(Command):
    """Set (or remove) variables of `scope_id` or, without one, of the process."""

    kind: ClassVar[str] = "SET_VARIABLES"
    variables: Mapping[str, Value] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveIncident(Command):
    kind: ClassVar[str] = "RESOLVE_INCIDENT"
    incident_id: int
    token_id: int | None
    job_id: int | None = None
    retries: int | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelInstance(Command):
    kind: ClassVar[str] = "CANCEL_INSTANCE"
    reason: str | None = None
    notify_parent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseInstance(Command):
    kind: ClassVar[str] = "PAUSE_INSTANCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeInstance(Command):
    kind: ClassVar[str] = "RESUME_INSTANCE"


class InstructionType(StrEnum):
    START_BEFORE = "START_BEFORE"
    START_AFTER = "START_AFTER"
    CANCEL = "CANCEL"
    """End what is active at the element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """`scope_id` is needed where the element's scope is active several times. `variables` are set in that scope."""

    type: InstructionType
    element_id: str
    scope_id: int | None = None
    variables: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstance(Command):
    """Change where the instance stands: all instructions, in order, or none (the step is REJECTED)."""

    kind: ClassVar[str] = "MODIFY_INSTANCE"
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue(Command):
    """Go on with what a bounded step left in `scope_id`: flows in transit, items to open, a subtree to remove."""

    kind: ClassVar[str] = "CONTINUE"
    terminate: bool = False
    """The scope's owner is gone: remove the scope and what is below it."""
    leftovers_after: int | None = None
    """The scope is the body of a multi-instance that has ended early, and is kept: remove its items with ids above this
    that were still at work."""
    settle: bool = False
    """Joins in the scope may have what they wait for: the version has changed, or they go on in a step of their own."""
    transitions: int = 0
    """Transitions since the last wait state, for the limit on endless loops."""


COMMANDS: dict[str, type[Command]] = {
    c.kind: c
    for c in (
        StartInstance,
        CompleteJob,
        FailJob,
        ThrowError,
        CompleteUserTask,
        NotifyTaskChange,
        FireTimer,
        DeliverMessage,
        CorrelateAgain,
        DeliverSignal,
        PropagateEscalation,
        EvaluateCondition,
        CompleteCall,
        FailCall,
        SetVariables,
        ResolveIncident,
        CancelInstance,
        PauseInstance,
        ResumeInstance,
        ModifyInstance,
        Continue,
    )
}


def to_dict(command: Command) -> dict[str, Any]:
    """Plain data of a command, without its kind."""
    return asdict(command)


def from_dict(kind: str, data: Mapping[str, Any]) -> Command:
    """The command again. Unknown fields (of a newer release) are ignored; KeyError for an unknown kind."""
    cls = COMMANDS[kind]
    known = {f.name for f in fields(cls)}
    values = {name: value for name, value in data.items() if name in known}
    if "removed" in values:
        values["removed"] = tuple(values["removed"])
    if "instructions" in values:
        values["instructions"] = tuple(
            Instruction(**{**one, "type": InstructionType(one["type"])}) for one in values["instructions"]
        )
    if "rule" in values:
        values["rule"] = as_rule(values["rule"])
    if "wait" in values:
        values["wait"] = WaitKind(values["wait"])
    return cls(**values)


__all__ = [*(c.__name__ for c in COMMANDS.values()), "COMMANDS", "Command", "ParentLink", "from_dict", "to_dict"]
