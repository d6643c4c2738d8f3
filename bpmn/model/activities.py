"""Activities (BPMN 2.0.2, chapter 10.3): tasks, call activities, sub-processes and their loop characteristics."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bpmn.model.base import CallMapping, Element, Expression, Mapping
from bpmn.model.data import DataAssociation, DataItem, IoSpecification

if TYPE_CHECKING:
    from bpmn.model.definitions import FlowElements
    from bpmn.model.events import EventDefinition
    from bpmn.model.listeners import Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardLoop:
    """`standardLoopCharacteristics`."""

    condition: Expression | None = None
    test_before: bool = False
    maximum: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexBehavior:
    """`complexBehaviorDefinition`: events that are thrown where the condition is true."""

    condition: Expression | None = None
    events: tuple[EventDefinition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiInstance:
    """`multiInstanceLoopCharacteristics` with the vendors' collections."""

    sequential: bool = False
    cardinality: Expression | None = None
    collection: Expression | None = None
    """Value is a list (a variable name becomes an expression that reads it)."""
    element_variable: str | None = None
    output_collection: str | None = None
    output_element: Expression | None = None
    completion_condition: Expression | None = None
    behavior: str = "All"
    none_behavior_event_ref: str | None = None
    one_behavior_event_ref: str | None = None
    data_input_ref: str | None = None
    """`loopDataInputRef` as written; `collection` reads the variable of that name."""
    data_output_ref: str | None = None
    """`loopDataOutputRef` as written."""
    input_item: DataItem | None = None
    output_item: DataItem | None = None
    none_event: EventDefinition | None = None
    """What `none_behavior_event_ref` refers to."""
    one_event: EventDefinition | None = None
    """What `one_behavior_event_ref` refers to."""
    complex_behaviors: tuple[ComplexBehavior, ...] = ()
    line: int | None = None


LoopCharacteristics = StandardLoop | MultiInstance


class ImplementationKind(StrEnum):
    """How a service-like task does its work."""

    JOB = "job"
    """A job type: camunda external topic, zeebe taskDefinition, a vendor's built-in task (`mail`, `http`, ...)."""
    CLASS = "class"
    """A Java class name, mapped by name to a connector."""
    DELEGATE_EXPRESSION = "delegateExpression"
    """`${bean}`: mapped by the bean's name to a connector."""
    EXPRESSION = "expression"
    """Evaluated; calls of handlers that are not pure become jobs."""
    DECISION = "decision"
    """A DMN decision by key."""


class DecisionMapping(StrEnum):
    """What of a decision's result becomes variables. The first four are Camunda 7's `mapDecisionResult`."""

    SINGLE_ENTRY = "singleEntry"
    """The only output of the only rule."""
    SINGLE_RESULT = "singleResult"
    """All outputs of the only rule."""
    COLLECT_ENTRIES = "collectEntries"
    """A list of the only output of all rules."""
    RESULT_LIST = "resultList"
    """A list of all outputs of all rules."""
    VALUE = "value"
    """The result as DMN has it (Camunda 8)."""
    VARIABLES = "variables"
    """Each output a variable of its own (Flowable, SpiffWorkflow)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """What a service, send or business rule task, or a message throw event, executes."""

    kind: ImplementationKind
    value: Expression
    """Job type, class name, delegate or value expression, decision key."""
    result_variable: str | None = None
    result_local: bool = False
    fields: tuple[Mapping, ...] = ()
    """Field injections of classes and built-in tasks; they arrive as headers of the job."""
    headers: tuple[tuple[str, str], ...] = ()
    retries: Expression | None = None
    """Number of attempts (zeebe) or a retry time cycle `R3/PT10S` (camunda failedJobRetryTimeCycle)."""
    skip: Expression | None = None
    """flowable:skipExpression."""
    binding: str = "latest"
    """Which version of a decision: a `Binding`."""
    version: Expression | None = None
    """Version number or version tag of a decision, by `binding`."""
    mapping: DecisionMapping = DecisionMapping.VALUE
    fail_without_hits: bool = False
    """flowable: decisionTaskThrowErrorOnNoHits."""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """A field of a generated task form (camunda:formField, flowable/activiti:formProperty)."""

    id: str
    label: str | None = None
    type: str = "string"
    required: bool = False
    writable: bool = True
    readable: bool = True
    variable: str | None = None
    default: Expression | None = None
    values: tuple[tuple[str, str | None], ...] = ()
    """(id, name) of the choices of an enum."""
    date_pattern: str | None = None
    constraints: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Where the form of a user task or start event comes from."""

    key: Expression | None = None
    fields: tuple[FormField, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who may do a user task. Candidates are expressions of a name, a comma-separated list, or a list."""

    assignee: Expression | None = None
    candidate_users: tuple[Expression, ...] = ()
    candidate_groups: tuple[Expression, ...] = ()
    due_date: Expression | None = None
    follow_up_date: Expression | None = None
    priority: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity(Element):
    """Base of tasks, call activities and sub-processes."""

    default_flow: str | None = None
    loop: LoopCharacteristics | None = None
    is_for_compensation: bool = False
    start_quantity: int = 1
    completion_quantity: int = 1
    inputs: tuple[Mapping, ...] = ()
    outputs: tuple[Mapping, ...] = ()
    async_before: bool = False
    async_after: bool = False
    exclusive: bool = True
    job_priority: Expression | None = None
    io: IoSpecification | None = None
    data_inputs: tuple[DataAssociation, ...] = ()
    data_outputs: tuple[DataAssociation, ...] = ()
    resources: int = 0
    """Number of `performer`/`resourceRole` children that are not an assignment bpmnd reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Activity):
    """An abstract task: nothing is executed, the token passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualTask(Activity):
    """Work outside any system: the token passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTask(Activity):
    assignment: Assignment = Assignment()
    form: Form | None = None
    task_listeners: tuple[Listener, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTask(Activity):
    implementation: Implementation | None = None
    operation_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTask(Activity):
    implementation: Implementation | None = None
    message_ref: str | None = None
    operation_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveTask(Activity):
    message_ref: str | None = None
    correlation_key: Expression | None = None
    instantiate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptTask(Activity):
    script: Expression | None = None
    """None: the document has no script. An empty language means none was given."""
    resource: str | None = None
    result_variable: str | None = None
    auto_store: bool = False
    implementation: Implementation | None = None
    """zeebe: a script task that is a job, or a FEEL script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessRuleTask(Activity):
    implementation: Implementation | None = None


class Binding(StrEnum):
    """Which version of the called process a call activity starts."""

    LATEST = "latest"
    DEPLOYMENT = "deployment"
    VERSION = "version"
    VERSION_TAG = "versionTag"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallActivity(Activity):
    called_element: Expression | None = None
    binding: Binding = Binding.LATEST
    version: Expression | None = None
    """Version number or version tag, by `binding`."""
    ins: tuple[CallMapping, ...] = ()
    outs: tuple[CallMapping, ...] = ()
    has_mappings: bool = False
    """False: the document says nothing, so the dialect's default applies (`propagate_all`)."""
    propagate_in: bool = False
    propagate_out: bool = False
    business_key: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubProcess(Activity):
    content: FlowElements
    triggered_by_event: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction(SubProcess):
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHocSubProcess(SubProcess):
    completion_condition: Expression | None = None
    sequential: bool = False
    cancel_remaining: bool = True
    active_elements: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNode(Activity):
    """A flow node of a kind the reader does not know (`tag` says which); always an ERROR where it would run."""

    tag: str
