"""The same document on SpiffWorkflow's runtime and on ours: which tasks were completed how often, and the variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from xml.etree import ElementTree

from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

from bpmn.runtime.state import InstanceStatus
from tests.support.simulation import simulate

MOST_MOVES = 3_000
TASKS = ("task", "userTask", "scriptTask")


@dataclass(frozen=True)
class Ran:
    """How a run came out. `waiting`: user tasks that are open."""

    completed: bool
    tasks: Counter[str]
    variables: dict[str, Any]
    waiting: tuple[str, ...] = ()


Runner = Callable[[bytes, Mapping[str, Any], Random], Ran]


def tasks_of(data: bytes) -> set[str]:
    """Ids of the tasks in a document, those in sub-processes too."""
    return {
        element.attrib["id"]
        for element in ElementTree.fromstring(data).iter()
        if element.tag.rpartition("}")[2] in TASKS
    }


def run_ours(data: bytes, variables: Mapping[str, Any], order: Random) -> Ran:
    """Complete user tasks in the order drawn until none is open."""
    simulator = simulate(data, oath=False)
    instance = simulator.start("p", variables)
    for _ in range(MOST_MOVES):
        if not simulator.tasks:
            break
        simulator.complete_task(order.choice(list(simulator.tasks)))
    known = tasks_of(data)
    return Ran(
        simulator.status(instance) is InstanceStatus.COMPLETED,
        Counter(text[1:] for text in simulator.trace(instance, "-") if text[1:] in known),
        simulator.variables(instance),
        tuple(simulator.waiting()),
    )


def run_peer(data: bytes, variables: Mapping[str, Any], order: Random) -> Ran:
    """The same by SpiffWorkflow."""
    parser = BpmnParser()
    parser.add_bpmn_str(data)
    workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
    workflow.task_tree.set_data(**variables)
    workflow.do_engine_steps()
    ready: list[Any] = []
    for _ in range(MOST_MOVES):
        ready = workflow.get_tasks(state=TaskState.READY, manual=True)
        if not ready:
            break
        order.choice(ready).run()
        workflow.do_engine_steps()
    known = tasks_of(data)
    done = (task.task_spec.bpmn_id for task in workflow.get_tasks(state=TaskState.COMPLETED))
    return Ran(
        workflow.is_completed(),
        Counter(id for id in done if id in known),
        dict(workflow.data),
        tuple(sorted(task.task_spec.bpmn_id for task in ready)),
    )
