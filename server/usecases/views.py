"""`tasks[]` and `transitions[]` of a definition, derived from its model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bpmn.model import activities, events, gateways
from bpmn.model.activities import Activity, SubProcess
from bpmn.model.definitions import FlowElements, FlowNode, Process

_TYPES: dict[type[FlowNode], str] = {
    activities.Task: "TASK",
    activities.ManualTask: "MANUAL_TASK",
    activities.UserTask: "USER_TASK",
    activities.ServiceTask: "SERVICE_TASK",
    activities.SendTask: "SEND_TASK",
    activities.ReceiveTask: "RECEIVE_TASK",
    activities.ScriptTask: "SCRIPT_TASK",
    activities.BusinessRuleTask: "BUSINESS_RULE_TASK",
    activities.CallActivity: "CALL_ACTIVITY",
    activities.SubProcess: "SUB_PROCESS",
    activities.Transaction: "TRANSACTION",
    activities.AdHocSubProcess: "AD_HOC_SUB_PROCESS",
    activities.UnknownNode: "UNKNOWN",
    events.StartEvent: "START_EVENT",
    events.EndEvent: "END_EVENT",
    events.IntermediateCatchEvent: "INTERMEDIATE_CATCH_EVENT",
    events.IntermediateThrowEvent: "INTERMEDIATE_THROW_EVENT",
    events.BoundaryEvent: "BOUNDARY_EVENT",
    gateways.ExclusiveGateway: "EXCLUSIVE_GATEWAY",
    gateways.InclusiveGateway: "INCLUSIVE_GATEWAY",
    gateways.ParallelGateway: "PARALLEL_GATEWAY",
    gateways.EventBasedGateway: "EVENT_BASED_GATEWAY",
    gateways.ComplexGateway: "COMPLEX_GATEWAY",
}


@dataclass(frozen=True, slots=True)
class ProcessView:
    tasks: Sequence[Mapping[str, Any]]
    """`{id, name, type}` of every activity, those of sub-processes included, in document order."""
    transitions: Sequence[Mapping[str, Any]]
    """`{id, name, from, to, condition, isDefault}` of every sequence flow."""
    elements: Mapping[str, tuple[str, str | None]]
    """(type, name) of every flow node and sequence flow, by id."""


EMPTY = ProcessView((), (), {})


def view_process(process: Process) -> ProcessView:
    """The view of one process; sub-processes are unfolded without recursion (they may nest deeply)."""
    tasks: list[dict[str, Any]] = []
    transitions: list[dict[str, Any]] = []
    elements: dict[str, tuple[str, str | None]] = {process.id: ("PROCESS", process.name)}
    pending: list[FlowElements] = [process.content]
    while pending:
        content = pending.pop()
        defaults = {flow for node in content.nodes if (flow := getattr(node, "default_flow", None)) is not None}
        for node in content.nodes:
            kind = _TYPES.get(type(node), "UNKNOWN")
            elements[node.id] = (kind, node.name)
            if isinstance(node, Activity):
                tasks.append({"id": node.id, "name": node.name, "type": kind})
        pending.extend(node.content for node in reversed(content.nodes) if isinstance(node, SubProcess))
        for flow in content.flows:
            elements[flow.id] = ("SEQUENCE_FLOW", flow.name)
            transitions.append(
                {
                    "id": flow.id,
                    "name": flow.name,
                    "from": flow.source,
                    "to": flow.target,
                    "condition": flow.condition.text if flow.condition else None,
                    "isDefault": flow.id in defaults,
                }
            )
    return ProcessView(tasks, transitions, elements)
