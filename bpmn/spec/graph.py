"""The executable graph: what the runtime walks. Built once per definition version, then only read.

Nodes and flows refer to each other directly, so that no step looks anything up by id but where it enters the graph.
`Node.spec` holds what its kind of element needs, compiled (`bpmn.spec.elements`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bpmn.expressions.api import Compiled
from bpmn.model.events import TimerKind
from bpmn.spec.keys import CorrelationSpec

if TYPE_CHECKING:
    from bpmn.spec.behaviors import BehaviorSpec
    from bpmn.spec.listeners import NodeListeners


class NodeKind(StrEnum):
    """Kind of element; picks the behavior. The value is what history and API call the element's type."""

    TASK = "TASK"
    MANUAL_TASK = "MANUAL_TASK"
    USER_TASK = "USER_TASK"
    SERVICE_TASK = "SERVICE_TASK"
    SEND_TASK = "SEND_TASK"
    RECEIVE_TASK = "RECEIVE_TASK"
    SCRIPT_TASK = "SCRIPT_TASK"
    BUSINESS_RULE_TASK = "BUSINESS_RULE_TASK"
    CALL_ACTIVITY = "CALL_ACTIVITY"
    SUB_PROCESS = "SUB_PROCESS"
    EVENT_SUB_PROCESS = "EVENT_SUB_PROCESS"
    EXCLUSIVE_GATEWAY = "EXCLUSIVE_GATEWAY"
    PARALLEL_GATEWAY = "PARALLEL_GATEWAY"
    INCLUSIVE_GATEWAY = "INCLUSIVE_GATEWAY"
    EVENT_BASED_GATEWAY = "EVENT_BASED_GATEWAY"
    COMPLEX_GATEWAY = "COMPLEX_GATEWAY"
    START_EVENT = "START_EVENT"
    END_EVENT = "END_EVENT"
    INTERMEDIATE_CATCH_EVENT = "INTERMEDIATE_CATCH_EVENT"
    INTERMEDIATE_THROW_EVENT = "INTERMEDIATE_THROW_EVENT"
    BOUNDARY_EVENT = "BOUNDARY_EVENT"
    PROCESS = "PROCESS"
    """The process itself, while its end listeners are called."""
    SEQUENCE_FLOW = "SEQUENCE_FLOW"
    """A flow with listeners, while they are called."""


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """`value` None sets null."""

    target: str
    value: Compiled | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiInstanceSpec:
    sequential: bool
    cardinality: Compiled | None
    collection: Compiled | None
    element_variable: str | None
    output_collection: str | None
    output_element: Compiled | None
    completion_condition: Compiled | None
    first_number: int = 0
    """Value of `loopCounter` in the first instance: 0 in Camunda 7 and Flowable, 1 in Camunda 8."""
    output_variable: str | None = None
    """Where the output element is a plain variable: each inner instance has its own, null at first (Camunda 8), so that
    parallel ones do not overwrite each other's."""
    behaviors: tuple[BehaviorSpec, ...] = ()
    """What is thrown as instances complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardLoopSpec:
    condition: Compiled | None
    """Whether there is another round; None: yes."""
    test_before: bool
    maximum: int | None
    first_number: int = 0
    """Value of `loopCounter` in the first round."""


class Flow:
    """A sequence flow. `parks`: its target is a joining gateway, where tokens wait for each other, or an activity that
    needs several tokens to start."""

    __slots__ = ("condition", "gate", "id", "name", "parks", "source", "target")

    def __init__(self, id: str, name: str | None, source: Node, target: Node, condition: Compiled | None) -> None:
        self.id = id
        self.name = name
        self.source = source
        self.target = target
        self.condition = condition
        self.parks = False
        self.gate: Node | None = None
        """Where a token stays while the listeners of the flow are called."""

    def __repr__(self) -> str:
        return f"Flow({self.id!r}: {self.source.id!r} -> {self.target.id!r})"


class Container:
    """A process or sub-process: the elements whose tokens live in one scope."""

    __slots__ = (
        "compensation_start",
        "data",
        "element",
        "event_starts",
        "inclusive_joins",
        "node",
        "nodes",
        "none_start",
    )

    def __init__(self, element: str, node: Node | None) -> None:
        self.element = element
        self.node = node
        """The sub-process it belongs to; None for the process."""
        self.nodes: list[Node] = []
        self.none_start: Node | None = None
        """Where a token is put when the scope opens."""
        self.inclusive_joins: list[Node] = []
        self.event_starts: tuple[Node, ...] = ()
        """Start events of the event sub-processes in it."""
        self.data: tuple[tuple[str, Any], ...] = ()
        """(variable, initial value) of the data elements in it."""
        self.compensation_start: Node | None = None
        """Start event of its compensation event sub-process."""


class Node:
    """A flow node."""

    __slots__ = (
        "async_after",
        "async_before",
        "boundary",
        "compensable",
        "compensation_handler",
        "completion_quantity",
        "conditional_flows",
        "container",
        "content",
        "default",
        "has_local",
        "host",
        "id",
        "incoming",
        "inputs",
        "instantiates",
        "interrupting",
        "kind",
        "listeners",
        "loop",
        "name",
        "needs_wait",
        "outgoing",
        "outputs",
        "parts",
        "reach",
        "results_stay_local",
        "spec",
        "start_quantity",
        "starts_all",
        "whole",
    )

    def __init__(self, id: str, name: str | None, kind: NodeKind, container: Container) -> None:
        self.id = id
        self.name = name
        self.kind = kind
        self.container = container
        self.incoming: tuple[Flow, ...] = ()
        self.outgoing: tuple[Flow, ...] = ()
        self.default: Flow | None = None
        self.conditional_flows = False
        """Some outgoing flow has a condition or is the default (of a node that is not a gateway)."""
        self.boundary: tuple[Node, ...] = ()
        self.host: Node | None = None
        self.compensation_handler: Node | None = None
        """The activity that undoes this one, by the association of its compensation boundary event."""
        self.compensable = False
        """Its completion is recorded: it can be undone, and something in the process may ask for that."""
        self.interrupting = True
        self.instantiates = False
        """A receive task or event-based gateway that begins new instances."""
        self.starts_all = False
        """An instantiating event-based gateway that waits for all its events (eventGatewayType Parallel)."""
        self.parts: tuple[Node, ...] = ()
        """The event definitions of a multiple event."""
        self.whole: Node | None = None
        """The multiple event that this is a part of."""
        self.needs_wait = False
        """An event that is waited for by rows (message, timer, signal, condition); errors and escalations are not."""
        self.content: Container | None = None
        self.loop: MultiInstanceSpec | StandardLoopSpec | None = None
        self.start_quantity = 1
        """Tokens that an activity takes from its incoming flows to start."""
        self.completion_quantity = 1
        """Tokens that a completed activity puts on each outgoing flow."""
        self.inputs: tuple[MappingSpec, ...] = ()
        self.outputs: tuple[MappingSpec, ...] = ()
        self.has_local = False
        """Its token gets a scope of local variables."""
        self.results_stay_local = False
        """Results of its work are only seen by its output mappings (Camunda 8); else they go up to the scope that
        has the variable, or to the process (Camunda 7)."""
        self.async_before = False
        self.async_after = False
        self.listeners: NodeListeners | None = None
        """Execution and task listeners; None where there are none."""
        self.spec: Any = None
        self.reach: dict[str, frozenset[str]] = {}
        """Inclusive or complex join: incoming flow id -> ids of nodes from which a token can still arrive over it."""

    def __repr__(self) -> str:
        return f"Node({self.id!r}, {self.kind})"


@dataclass(frozen=True, slots=True)
class MessageStart:
    element_id: str
    message_name: str


@dataclass(frozen=True, slots=True)
class SignalStart:
    element_id: str
    signal_name: str


@dataclass(frozen=True, slots=True)
class ConditionStart:
    """One condition of a start event; a multiple start event may have several."""

    element_id: str
    condition: Compiled
    variable: str | None
    """Only looked at where a variable of this name is given."""


@dataclass(frozen=True, slots=True)
class TimerStart:
    element_id: str
    kind: TimerKind
    expression: Compiled


@dataclass(slots=True)
class Graph:
    """One executable process."""

    key: str
    name: str | None
    root: Container
    nodes: dict[str, Node]
    flows: dict[str, Flow]
    message_starts: tuple[MessageStart, ...] = ()
    timer_starts: tuple[TimerStart, ...] = ()
    signal_starts: tuple[SignalStart, ...] = ()
    condition_starts: tuple[ConditionStart, ...] = ()
    condition_names: frozenset[str] | None = frozenset()
    """Variables that conditional events may read; None: any."""
    correlation: CorrelationSpec | None = None
    """Correlation keys that the process computes of its own data."""
    process: Node | None = None
    """Stands for the process where it has listeners."""
    history_time_to_live: str | None = None
    version_tag: str | None = None
    reads: dict[str, frozenset[str] | None] = field(default_factory=dict)

    @property
    def has_conditions(self) -> bool:
        return self.condition_names is None or bool(self.condition_names)
