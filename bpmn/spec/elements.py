"""What single kinds of elements need at run time, compiled: the `spec` of a node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bpmn.expressions.api import Compiled, HandlerCall
from bpmn.model.activities import DecisionMapping
from bpmn.model.events import TimerKind
from bpmn.spec.graph import Node
from bpmn.spec.keys import KeyUse


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """Work that a connector does. `arguments` are those of an expression that became a job."""

    type: Compiled
    headers: tuple[tuple[str, Compiled], ...] = ()
    retries: Compiled | None = None
    priority: Compiled | None = None
    result_variable: str | None = None
    result_local: bool = False
    """The result is a variable of the scope the element is in, not of the nearest that has it."""
    arguments: tuple[Compiled, ...] = ()
    skip: Compiled | None = None
    """flowable:skipExpression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionSpec:
    """An expression evaluated in the step; `call`/`job` are what it becomes where its handler is not registered."""

    value: Compiled
    result_variable: str | None = None
    result_local: bool = False
    call: HandlerCall | None = None
    job: JobSpec | None = None
    skip: Compiled | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSpec:
    """A DMN decision that the step evaluates."""

    key: Compiled
    binding: str
    version: Compiled | None
    mapping: DecisionMapping
    result_variable: str | None
    result_local: bool
    fail_without_hits: bool
    skip: Compiled | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSpec:
    """A message that is awaited or thrown."""

    name: Compiled
    correlation_key: Compiled | None = None
    keys: tuple[KeyUse, ...] = ()
    """Correlation keys of the standard's that it carries."""
    receivers: tuple[str, ...] = ()
    """Thrown: keys of the processes its message flows lead to; none: whoever waits for the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSpec:
    kind: TimerKind
    value: Compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSpec:
    """`code` None catches every error; thrown errors always have one."""

    code: str | None
    message: str | None = None
    code_variable: str | None = None
    message_variable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationSpec:
    """`code` None catches every escalation; thrown ones always have a code."""

    code: str | None
    code_variable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSpec:
    """A signal that is awaited or thrown."""

    name: Compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionSpec:
    condition: Compiled
    names: tuple[str, ...]
    """Variables whose change makes it due; `*`: any."""
    variable: str | None = None
    """The one that the model names."""


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A link event; the flow from throw to catch is in the graph."""

    name: str


@dataclass(frozen=True, slots=True)
class MultipleSpec:
    """An event with several event definitions, which are its parts (`Node.parts`): any of them, or (parallel) all."""

    parallel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensateSpec:
    """Compensation: of one activity, or of all in the scope. What catches it needs neither."""

    activity: str | None = None
    wait: bool = True
    """The token goes on when everything is compensated, not at once."""


@dataclass(frozen=True, slots=True)
class CancelSpec:
    """The cancel end event of a transaction, and the boundary event that catches it."""


@dataclass(frozen=True, slots=True)
class TransactionSpec:
    """A sub-process that a cancel end event inside it undoes."""


@dataclass(frozen=True, slots=True)
class TerminateSpec:
    """The terminate end event."""


EventSpec = (
    MessageSpec
    | TimerSpec
    | ErrorSpec
    | EscalationSpec
    | SignalSpec
    | ConditionSpec
    | LinkSpec
    | MultipleSpec
    | CompensateSpec
    | CancelSpec
    | TerminateSpec
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSpec:
    event: EventSpec | None = None
    initiator: str | None = None


def is_parallel_multiple(node: Node) -> bool:
    """The event happens only when all its parts have."""
    spec = node.spec.event if isinstance(node.spec, StartSpec) else node.spec
    return isinstance(spec, MultipleSpec) and spec.parallel


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTaskSpec:
    name: Compiled | None
    """The task's name may be an expression (Camunda 7, Flowable)."""
    assignee: Compiled | None
    candidate_users: tuple[Compiled, ...]
    candidate_groups: tuple[Compiled, ...]
    due_date: Compiled | None
    follow_up_date: Compiled | None
    priority: Compiled | None
    form_key: Compiled | None
    form_fields: tuple[FormFieldSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFieldSpec:
    description: dict[str, Any]
    """JSON-able: id, label, type, required, ..."""
    default: Compiled | None = None


@dataclass(frozen=True, slots=True)
class ComplexGatewaySpec:
    """A complex gateway with an activation condition; without one it joins as an inclusive gateway does."""

    activation: Compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHocSpec:
    """What makes a sub-process an ad-hoc one."""

    sequential: bool
    cancel_remaining: bool
    completion_condition: Compiled | None
    active_elements: Compiled | None
    """A list of the ids of what is started; None: `starts`."""
    starts: tuple[str, ...]
    """What has no incoming flow, in document order."""
    inner: frozenset[str]
    """What may be started at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSpec:
    script: Compiled | None
    result_variable: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMappingSpec:
    target: str | None
    source: Compiled | None
    all_variables: bool = False
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpec:
    process: Compiled
    binding: str
    version: Compiled | None
    ins: tuple[CallMappingSpec, ...] = field(default_factory=tuple)
    outs: tuple[CallMappingSpec, ...] = field(default_factory=tuple)
    business_key: Compiled | None = None
