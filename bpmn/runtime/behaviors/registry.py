"""Which behavior belongs to which kind of element. Adding an element touches its file and one line here."""

from __future__ import annotations

from collections.abc import Callable

from bpmn.runtime.behaviors.activities import (
    call_activity,
    pass_through,
    receive_task,
    script_task,
    service_task,
    sub_process,
    user_task,
)
from bpmn.runtime.behaviors.events import boundary, intermediate_catch, start, throw
from bpmn.runtime.behaviors.gateways import complex, event_based, exclusive, inclusive, parallel
from bpmn.runtime.work import Work
from bpmn.spec.graph import Node, NodeKind

Enter = Callable[[Work, int, int, Node], None]

BEHAVIORS: dict[NodeKind, Enter] = {
    # activities
    NodeKind.TASK: pass_through.enter,
    NodeKind.MANUAL_TASK: pass_through.enter,
    NodeKind.USER_TASK: user_task.enter,
    NodeKind.SERVICE_TASK: service_task.enter,
    NodeKind.SEND_TASK: service_task.enter,
    NodeKind.BUSINESS_RULE_TASK: service_task.enter,
    NodeKind.RECEIVE_TASK: receive_task.enter,
    NodeKind.SCRIPT_TASK: script_task.enter,
    NodeKind.CALL_ACTIVITY: call_activity.enter,
    NodeKind.SUB_PROCESS: sub_process.enter,
    # gateways
    NodeKind.EXCLUSIVE_GATEWAY: exclusive.enter,
    NodeKind.PARALLEL_GATEWAY: parallel.enter,
    NodeKind.INCLUSIVE_GATEWAY: inclusive.enter,
    NodeKind.EVENT_BASED_GATEWAY: event_based.enter,
    NodeKind.COMPLEX_GATEWAY: complex.enter,
    # events
    NodeKind.START_EVENT: start.enter,
    NodeKind.END_EVENT: throw.enter,
    NodeKind.INTERMEDIATE_THROW_EVENT: throw.enter,
    NodeKind.INTERMEDIATE_CATCH_EVENT: intermediate_catch.enter,
    NodeKind.BOUNDARY_EVENT: boundary.enter,
}
