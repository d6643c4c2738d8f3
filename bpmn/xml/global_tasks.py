"""Global tasks (BPMN 2.0.2, 10.3.7): tasks outside of any process that call activities refer to.

One that is called becomes a process of its own, with its id as key: a start event, the task, an end event.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bpmn.model.activities import CallActivity, SubProcess
from bpmn.model.definitions import FlowElements, GlobalTask, Process, SequenceFlow
from bpmn.model.events import EndEvent, StartEvent


def called_global_tasks(processes: Iterable[Process], global_tasks: Iterable[GlobalTask]) -> tuple[Process, ...]:
    """A process for each global task that a call activity of these processes names."""
    called: set[str] = set()
    waiting = [process.content for process in processes]
    while waiting:
        for node in waiting.pop().nodes:
            if isinstance(node, CallActivity) and node.called_element is not None:
                called.add(node.called_element.text.strip())
            elif isinstance(node, SubProcess):
                waiting.append(node.content)
    return tuple(as_process(task) for task in global_tasks if task.id in called)


def as_process(task: GlobalTask) -> Process:
    """The process that stands for a global task. Its elements have the task's id and a suffix: `.start`, `.task` ..."""
    start = StartEvent(id=f"{task.id}.start", line=task.line)
    inner = replace(task.activity, id=f"{task.id}.task")
    end = EndEvent(id=f"{task.id}.end", line=task.line)
    return Process(
        id=task.id,
        name=task.name,
        line=task.line,
        documentation=task.documentation,
        content=FlowElements(
            nodes=(start, inner, end),
            flows=(
                SequenceFlow(id=f"{task.id}.in", line=task.line, source=start.id, target=inner.id),
                SequenceFlow(id=f"{task.id}.out", line=task.line, source=inner.id, target=end.id),
            ),
        ),
        is_executable=True,
    )
