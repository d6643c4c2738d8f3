"""What `task` is in task listeners: Camunda 7's `DelegateTask`, as far as it is data.

A listener may change the task; what it writes is collected in `task_changes` and read back by later reads. Variables
are those of `execution`. Python handlers that receive the task as an argument get this object
(`task.get_variable("x")`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bpmn.expressions.api import Context, EvaluationError, Value
from bpmn.expressions.execution import EXECUTION_METHODS, Execution, call_execution, execution_properties
from bpmn.expressions.values import plain

WRITABLE = ("name", "assignee", "owner", "priority", "dueDate", "followUpDate", "candidateUsers", "candidateGroups")
"""Properties that listeners may set, by their Java bean names."""
_OF_EXECUTION = {
    "processInstanceId": "processInstanceId",
    "processDefinitionId": "processDefinitionId",
    "taskDefinitionKey": "currentActivityId",
    "executionId": "id",
    "eventName": "eventName",
    "tenantId": "tenantId",
}


class Task:
    """One user task, while a listener of it is evaluated."""

    __slots__ = ("_context", "execution")

    def __init__(self, context: Context) -> None:
        self._context = context
        self.execution = Execution(context)

    def get_variable(self, name: str) -> Value:
        return self.execution.get_variable(name)

    def set_variable(self, name: str, value: Value) -> None:
        self.execution.set_variable(name, value)

    def get(self, name: str) -> Value:
        """A property by its Java bean name. Raises EvaluationError where tasks have none of that name."""
        properties = self.to_value()
        if name not in properties:
            raise EvaluationError(f"Expected a property that task has, but found {name!r}.")
        return properties[name]

    def set(self, name: str, value: Value) -> None:
        """Change a property. Raises EvaluationError for those that cannot be changed."""
        if name not in WRITABLE:
            raise EvaluationError(f"Expected a property of the task that can be set, but found {name!r}.")
        self._context.task_changes[name] = plain(value)

    def to_value(self) -> dict[str, Value]:
        """The properties as they are after the changes so far."""
        return task_properties(self._context)


def task_properties(context: Context) -> dict[str, Value]:
    """The properties of `task` by their Java bean names."""
    info = execution_properties(context.execution)
    task = context.task or {}
    return {**{name: info[source] for name, source in _OF_EXECUTION.items()}, **task, **context.task_changes}


def _add(name: str) -> Callable[[Task, Value], None]:
    def add(task: Task, value: Value) -> None:
        more = value if isinstance(value, list | tuple) else [value]
        known = list(task.get(name) or ())
        task.set(name, [*known, *(each for each in more if each not in known)])

    return add


def _remove(name: str) -> Callable[[Task, Value], None]:
    def remove(task: Task, value: Value) -> None:
        task.set(name, [each for each in task.get(name) or () if each != value])

    return remove


def _set_all(task: Task, values: Mapping[str, Value]) -> None:
    task.execution.set_variables(values)


TASK_METHODS: dict[str, tuple[int, Callable[..., Any]]] = {
    "addCandidateUser": (1, _add("candidateUsers")),
    "addCandidateUsers": (1, _add("candidateUsers")),
    "addCandidateGroup": (1, _add("candidateGroups")),
    "addCandidateGroups": (1, _add("candidateGroups")),
    "deleteCandidateUser": (1, _remove("candidateUsers")),
    "deleteCandidateGroup": (1, _remove("candidateGroups")),
    "getExecution": (0, lambda task: task.execution),
}
"""Method name -> number of arguments, and what it does; setters and getters of properties are not listed."""


def call_task(task: Task, method: str, arguments: list[Value]) -> Value:
    """Call a method of `task` by its Java name. Raises EvaluationError for unknown methods and wrong arguments."""
    if method in EXECUTION_METHODS:
        return call_execution(task.execution, method, arguments)
    entry = TASK_METHODS.get(method)
    if entry is not None and len(arguments) == entry[0]:
        return entry[1](task, *arguments)
    name = method[3:4].lower() + method[4:]
    if method.startswith("set") and name in WRITABLE and len(arguments) == 1:
        return task.set(name, arguments[0])
    if method.startswith("get") and name and not arguments:
        return task.get(name)
    raise EvaluationError(f"Expected a method that task has, but found {method!r} with {len(arguments)} argument(s).")


def task_property(task: Task, name: str) -> Value:
    return task.execution if name == "execution" else task.get(name)
