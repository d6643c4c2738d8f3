"""Readers of tasks and call activities: tag -> reader. Sub-processes are containers, see `scopes`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpmn.findings import Severity
from bpmn.model.activities import (
    Activity,
    BusinessRuleTask,
    CallActivity,
    ManualTask,
    ReceiveTask,
    ScriptTask,
    SendTask,
    ServiceTask,
    Task,
    UserTask,
)
from bpmn.xml import data, expressions
from bpmn.xml.extensions import camunda, combined, zeebe
from bpmn.xml.extensions.listeners import execution_listeners, task_listeners
from bpmn.xml.loops import loop_characteristics
from bpmn.xml.node import Node, reference, text_of
from bpmn.xml.people import report_roles, resource_roles, unread_roles


def activity_arguments(node: Node) -> dict[str, Any]:
    """Arguments that every activity of the model takes."""
    inputs, outputs = combined.mappings(node)
    before, after = combined.asynchronous(node)
    node.children("property")
    return {
        **node.common(),
        "properties": combined.properties(node),
        "listeners": execution_listeners(node),
        "default_flow": node.ref("default"),
        "loop": loop_characteristics(node),
        "is_for_compensation": node.flag("isForCompensation", False),
        "start_quantity": node.number("startQuantity", 1),
        "completion_quantity": node.number("completionQuantity", 1),
        "inputs": inputs,
        "outputs": outputs,
        "async_before": before,
        "async_after": after,
        "exclusive": node.camunda_flag("exclusive", True),
        "job_priority": expressions.attribute(node.camunda("jobPriority", "taskPriority"), node.line),
        "io": data.io_specification(node),
        "data_inputs": data.associations(node, "dataInputAssociation"),
        "data_outputs": data.associations(node, "dataOutputAssociation"),
    }


def _task(node: Node) -> Task:
    return Task(**activity_arguments(node), resources=unread_roles(node))


def _manual_task(node: Node) -> ManualTask:
    return ManualTask(**activity_arguments(node), resources=unread_roles(node))


def _user_task(node: Node) -> UserTask:
    assignment, unread = resource_roles(node, combined.assignment(node))
    node.children("rendering")
    return UserTask(
        **activity_arguments(node),
        assignment=assignment,
        form=combined.form(node),
        task_listeners=task_listeners(node),
        resources=report_roles(node, unread),
    )


def _service_task(node: Node) -> ServiceTask:
    return ServiceTask(
        **activity_arguments(node),
        implementation=combined.implementation(node),
        operation_ref=node.ref("operationRef"),
        resources=unread_roles(node),
    )


def _send_task(node: Node) -> SendTask:
    return SendTask(
        **activity_arguments(node),
        implementation=combined.implementation(node),
        message_ref=node.ref("messageRef"),
        operation_ref=node.ref("operationRef"),
        resources=unread_roles(node),
    )


def _receive_task(node: Node) -> ReceiveTask:
    return ReceiveTask(
        **activity_arguments(node),
        message_ref=node.ref("messageRef"),
        correlation_key=zeebe.correlation_key(node),
        instantiate=node.flag("instantiate", False),
        resources=unread_roles(node),
    )


def _script_task(node: Node) -> ScriptTask:
    arguments = {**activity_arguments(node), "resources": unread_roles(node)}
    feel = zeebe.script(node)
    if feel is not None:
        return ScriptTask(**arguments, script=feel[0], result_variable=feel[1])
    element = node.child("script")
    text = "" if element is None else text_of(element).strip()
    language = node.attribute("scriptFormat") or node.attribute("scriptLanguage")
    script = expressions.script(text, language, node.context, node.line) if text else None
    resource = node.camunda("resource")
    implementation = zeebe.implementation(node)
    if script is not None and expressions.normalise(language) is None:
        node.report(
            Severity.INFO,
            "SCRIPT_FORMAT_MISSING",
            f"Expected a script format in script task '{node.id}', but it has none; it is read as {script.language}.",
            "Set scriptFormat on the script task.",
        )
    return ScriptTask(
        **arguments,
        script=script,
        resource=resource,
        result_variable=node.camunda("resultVariable", "resultVariableName"),
        auto_store=node.camunda_flag("autoStoreVariables", False),
        implementation=implementation,
    )


def _business_rule_task(node: Node) -> BusinessRuleTask:
    return BusinessRuleTask(
        **activity_arguments(node),
        implementation=combined.implementation(node),
        resources=unread_roles(node),
    )


def _call_activity(node: Node) -> CallActivity:
    arguments: dict[str, Any] = {**activity_arguments(node), "resources": unread_roles(node)}
    ins, outs = camunda.call_mappings(node, "in"), camunda.call_mappings(node, "out")
    business_key = camunda.business_key(node)
    called = zeebe.called_element(node)
    if called is not None:
        process, binding, version, propagate_in, propagate_out = called
        return CallActivity(
            **arguments,
            called_element=process,
            binding=binding,
            version=version,
            has_mappings=True,
            propagate_in=propagate_in,
            propagate_out=propagate_out,
        )
    text = node.attribute("calledElement")
    if text is not None and not expressions.is_juel(text):
        text = reference(text, node.element)
    camunda_binding, camunda_version = camunda.binding(node)
    inherits = node.camunda("inheritVariables")
    return CallActivity(
        **arguments,
        called_element=expressions.attribute(text, node.line),
        binding=camunda_binding,
        version=camunda_version,
        ins=ins,
        outs=outs,
        has_mappings=bool(ins or outs or inherits),
        propagate_in=node.camunda_flag("inheritVariables", False),
        business_key=business_key,
    )


READERS: dict[str, Callable[[Node], Activity]] = {
    "task": _task,
    "manualTask": _manual_task,
    "userTask": _user_task,
    "serviceTask": _service_task,
    "sendTask": _send_task,
    "receiveTask": _receive_task,
    "scriptTask": _script_task,
    "businessRuleTask": _business_rule_task,
    "callActivity": _call_activity,
}
