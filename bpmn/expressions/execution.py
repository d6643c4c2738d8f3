"""What `execution` is in JUEL, Groovy and JavaScript: Camunda 7's `DelegateExecution`, as far as it is data.

Python handlers that receive `execution` as an argument get this object (`execution.get_variable("x")`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bpmn.expressions.api import Context, EvaluationError, ExecutionInfo, Value
from bpmn.expressions.scope import has_variable, read_variable, visible_names
from bpmn.expressions.values import plain


class Execution:
    """The variables and the whereabouts of one evaluation."""

    __slots__ = ("_context", "signal")

    def __init__(self, context: Context) -> None:
        self._context = context
        self.signal: BaseException | None = None
        """What the lookup raised while a handler read a variable; not the handler's fault, so it must pass."""

    @property
    def info(self) -> ExecutionInfo:
        return self._context.execution

    def get_variable(self, name: str) -> Value:
        """The value, None where no scope has the variable (as in Camunda)."""
        try:
            return read_variable(self._context, _name(name))
        except KeyError:
            return None
        except Exception as error:
            self.signal = error
            raise

    def get_variable_local(self, name: str) -> Value:
        """The value set locally by this evaluation, else the visible one."""
        return self.get_variable(name)

    def get_variables(self) -> dict[str, Value]:
        return {name: self.get_variable(name) for name in visible_names(self._context)}

    def get_variable_names(self) -> list[str]:
        return visible_names(self._context)

    def has_variable(self, name: str) -> bool:
        return has_variable(self._context, _name(name))

    def set_variable(self, name: str, value: Value) -> None:
        self._context.assigned[_name(name)] = plain(value)

    def set_variable_local(self, name: str, value: Value) -> None:
        self._context.assigned_local[_name(name)] = plain(value)

    def set_variables(self, values: Mapping[str, Value]) -> None:
        if not isinstance(values, Mapping):
            raise EvaluationError("Expected setVariables to receive a map, but it received something else.")
        for name, value in values.items():
            self.set_variable(name, value)

    def to_value(self) -> dict[str, Value]:
        """What travels where `execution` is handed to a job: its properties."""
        return execution_properties(self.info)


def execution_properties(info: ExecutionInfo) -> dict[str, Value]:
    """The properties of `execution` by their Java bean names."""
    return {
        "id": info.instance_id,
        "processInstanceId": info.instance_id,
        "rootProcessInstanceId": info.parent_instance_id or info.instance_id,
        "superProcessInstanceId": info.parent_instance_id,
        "processDefinitionId": info.definition_id,
        "processDefinitionKey": info.definition_key,
        "businessKey": info.business_key,
        "processBusinessKey": info.business_key,
        "processInstanceBusinessKey": info.business_key,
        "currentActivityId": info.element_id,
        "currentActivityName": info.element_name,
        "tenantId": info.tenant_id,
        "eventName": info.event_name,
        "currentTransitionId": info.flow_id,
    }


EXECUTION_METHODS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "getVariable": (1, 1, Execution.get_variable),
    "getVariableLocal": (1, 1, Execution.get_variable_local),
    "getVariables": (0, 0, Execution.get_variables),
    "getVariableNames": (0, 0, Execution.get_variable_names),
    "hasVariable": (1, 1, Execution.has_variable),
    "hasVariableLocal": (1, 1, Execution.has_variable),
    "setVariable": (2, 2, Execution.set_variable),
    "setVariableLocal": (2, 2, Execution.set_variable_local),
    "setVariables": (1, 1, Execution.set_variables),
}
"""Method name -> least and greatest number of arguments, and what it does."""


def call_execution(execution: Execution, method: str, arguments: list[Value]) -> Value:
    """Call a method of `execution` by its Java name; getters of its properties included."""
    entry = EXECUTION_METHODS.get(method)
    if entry is not None:
        least, most, function = entry
        if not least <= len(arguments) <= most:
            raise EvaluationError(
                f"Expected execution.{method} to receive {most} argument(s), but it received {len(arguments)}."
            )
        return function(execution, *arguments)
    if method.startswith("get") and not arguments and len(method) > 3:
        return execution_property(execution, method[3].lower() + method[4:])
    raise EvaluationError(f"Expected a method that execution has, but found {method!r}.")


def execution_property(execution: Execution, name: str) -> Value:
    if name == "variables":
        return execution.get_variables()
    if name == "variableNames":
        return execution.get_variable_names()
    properties = execution_properties(execution.info)
    if name not in properties:
        raise EvaluationError(f"Expected a property that execution has, but found {name!r}.")
    return properties[name]


def _name(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise EvaluationError(f"Expected the name of a variable, but got {name!r}.")
    return name
