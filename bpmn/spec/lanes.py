"""Lanes as candidate groups: who does a user task that says nothing about it (BPMN 2.0.2, 10.8: a lane's meaning is up
to the modeler; most often it is a role).

Only in models without a vendor's dialect: Camunda, Flowable and SpiffWorkflow's engine ignore lanes.
"""

from __future__ import annotations

from bpmn.model import activities as a
from bpmn.model.base import Dialect
from bpmn.model.definitions import Lane, Process
from bpmn.spec.context import BuildContext


def name_lanes(context: BuildContext, process: Process) -> None:
    """Fill `context.lanes`: id of a flow node -> name of the innermost lane it is in (else its partition element).

    What is inside a sub-process is in the lane of the sub-process, unless that has lanes of its own.
    """
    if context.dialect is not Dialect.PLAIN:
        return
    waiting = [(process.content, "")]
    while waiting:
        content, around = waiting.pop()
        own: dict[str, str] = {}
        lanes: list[Lane] = list(content.lanes)
        for lane in lanes:  # grows while it is walked: inner lanes come after those around them
            group = (lane.name or "").strip() or lane.partition_ref or ""
            if group:
                own.update(dict.fromkeys(lane.nodes, group))
            lanes.extend(lane.lanes)
        for node in content.nodes:
            group = own.get(node.id, around)
            if group:
                context.lanes[node.id] = group
            if isinstance(node, a.SubProcess):
                waiting.append((node.content, group))
