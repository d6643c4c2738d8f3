"""Builders for activities: kind and compiled `spec` of each."""

from __future__ import annotations

from bpmn.model import activities as a
from bpmn.model.base import CallMapping, Dialect, Element, Expression
from bpmn.model.data_flow import MOVING
from bpmn.model.events import BoundaryEvent
from bpmn.model.triggers import is_triggered
from bpmn.spec.behaviors import behavior_specs
from bpmn.spec.context import BuildContext
from bpmn.spec.data import collection_of, output_collection_of
from bpmn.spec.elements import (
    AdHocSpec,
    CallMappingSpec,
    CallSpec,
    MessageSpec,
    ScriptSpec,
    TransactionSpec,
    UserTaskSpec,
)
from bpmn.spec.events import form_field_spec
from bpmn.spec.graph import MultiInstanceSpec, NodeKind, StandardLoopSpec
from bpmn.spec.implementations import decision_spec, implementation_spec, message_spec

_KINDS: dict[type[a.Activity], NodeKind] = {
    a.Task: NodeKind.TASK,
    a.ManualTask: NodeKind.MANUAL_TASK,
    a.UserTask: NodeKind.USER_TASK,
    a.ServiceTask: NodeKind.SERVICE_TASK,
    a.SendTask: NodeKind.SEND_TASK,
    a.ReceiveTask: NodeKind.RECEIVE_TASK,
    a.ScriptTask: NodeKind.SCRIPT_TASK,
    a.BusinessRuleTask: NodeKind.BUSINESS_RULE_TASK,
    a.CallActivity: NodeKind.CALL_ACTIVITY,
    a.AdHocSubProcess: NodeKind.SUB_PROCESS,
    a.SubProcess: NodeKind.SUB_PROCESS,
    a.Transaction: NodeKind.SUB_PROCESS,
}


def activity_kind(activity: a.Activity) -> NodeKind | None:
    """None for kinds the runtime does not execute."""
    if isinstance(activity, a.SubProcess) and activity.triggered_by_event:
        return NodeKind.EVENT_SUB_PROCESS if type(activity) is a.SubProcess else None
    return _KINDS.get(type(activity))


def activity_spec(context: BuildContext, activity: a.Activity) -> object:
    """What the behavior needs; None where it needs nothing, or a finding says why it cannot be built."""
    match activity:
        case a.AdHocSubProcess():
            return _ad_hoc(context, activity)
        case a.UserTask():
            return _user_task(context, activity)
        case a.SendTask(implementation=None, message_ref=ref) if ref is not None:
            return message_spec(context, ref, None, activity)
        case (
            a.ServiceTask(implementation=implementation)
            | a.SendTask(implementation=implementation)
            | a.BusinessRuleTask(implementation=implementation)
        ):
            if implementation is None:
                context.error(
                    "SERVICE_TASK_WITHOUT_IMPLEMENTATION",
                    f"Expected '{activity.id}' to say what it executes, but it does not",
                    'Give it a job type: camunda:type="external" with camunda:topic, zeebe:taskDefinition, a class, '
                    "a delegate or an expression.",
                    activity,
                )
                return None
            if implementation.kind is a.ImplementationKind.DECISION and not isinstance(activity, a.SendTask):
                return decision_spec(context, implementation, activity)
            return implementation_spec(context, implementation, activity, activity.job_priority)
        case a.ReceiveTask() if is_triggered(activity, context.dialect):
            return MessageSpec(
                name=context.literal(activity.id), correlation_key=context.optional(activity.correlation_key, activity)
            )
        case a.ReceiveTask():
            return message_spec(context, activity.message_ref, activity.correlation_key, activity)
        case a.ScriptTask():
            return _script_task(context, activity)
        case a.CallActivity():
            return _call_activity(context, activity)
        case a.Transaction():
            return TransactionSpec()
    return None


def _ad_hoc(context: BuildContext, sub_process: a.AdHocSubProcess) -> AdHocSpec:
    """Boundary events, event sub-processes and compensation handlers are not started but triggered."""
    startable = [
        node.id
        for node in sub_process.content.nodes
        if not isinstance(node, BoundaryEvent)
        and not (isinstance(node, a.Activity) and node.is_for_compensation)
        and not (isinstance(node, a.SubProcess) and node.triggered_by_event)
    ]
    targets = {flow.target for flow in sub_process.content.flows}
    return AdHocSpec(
        sequential=sub_process.sequential,
        cancel_remaining=sub_process.cancel_remaining,
        completion_condition=context.optional(sub_process.completion_condition, sub_process),
        active_elements=context.optional(sub_process.active_elements, sub_process),
        starts=tuple(id for id in startable if id not in targets),
        inner=frozenset(startable),
    )


def loop_spec(context: BuildContext, activity: a.Activity) -> MultiInstanceSpec | StandardLoopSpec | None:
    loop = activity.loop
    if loop is None:
        return None
    first_number = 1 if context.dialect is Dialect.ZEEBE else 0
    if isinstance(loop, a.StandardLoop):
        return StandardLoopSpec(
            condition=context.optional(loop.condition, activity),
            test_before=loop.test_before,
            maximum=loop.maximum,
            first_number=first_number,
        )
    if loop.cardinality is None and loop.collection is None:
        context.error(
            "MULTI_INSTANCE_INCOMPLETE",
            f"Expected the multi-instance '{activity.id}' to have a cardinality or a collection, but it has neither",
            "Set loopCardinality, or the collection of your modeling tool.",
            activity,
        )
        return None
    return MultiInstanceSpec(
        sequential=loop.sequential,
        cardinality=context.optional(loop.cardinality, activity),
        collection=context.optional(collection_of(context, activity, loop), activity),
        element_variable=loop.element_variable,
        output_collection=output_collection_of(context, activity, loop),
        output_element=context.optional(loop.output_element, activity),
        completion_condition=context.optional(loop.completion_condition, activity),
        first_number=first_number,
        behaviors=behavior_specs(context, activity, loop),
        output_variable=_output_variable(context, loop),
    )


def _output_variable(context: BuildContext, loop: a.MultiInstance) -> str | None:
    if not loop.output_collection:
        return None
    if loop.output_item is not None and context.dialect in MOVING:
        return (loop.output_item.name or loop.output_item.id).strip()
    return _plain_name(loop.output_element)


def _plain_name(expression: Expression | None) -> str | None:
    """The variable of a FEEL expression that is only its name."""
    if expression is None or expression.language != "feel":
        return None
    text = expression.text.strip()
    return text if text.isidentifier() and text not in ("null", "true", "false", "loopCounter") else None


def _user_task(context: BuildContext, task: a.UserTask) -> UserTaskSpec:
    assignment = task.assignment
    groups = tuple(context.expression(x, task) for x in assignment.candidate_groups)
    if assignment.assignee is None and not assignment.candidate_users and not groups and task.id in context.lanes:
        groups = (context.literal(context.lanes[task.id]),)
    fields = task.form.fields if task.form is not None else ()
    return UserTaskSpec(
        name=context.template(task.name),
        assignee=context.optional(assignment.assignee, task),
        candidate_users=tuple(context.expression(x, task) for x in assignment.candidate_users),
        candidate_groups=groups,
        due_date=context.optional(assignment.due_date, task),
        follow_up_date=context.optional(assignment.follow_up_date, task),
        priority=context.optional(assignment.priority, task),
        form_key=context.optional(task.form.key, task) if task.form is not None else None,
        form_fields=tuple(form_field_spec(context, field, task) for field in fields),
    )


def _script_task(context: BuildContext, task: a.ScriptTask) -> object:
    if task.implementation is not None and task.script is None:
        return implementation_spec(context, task.implementation, task, task.job_priority)
    if task.script is None:
        return ScriptSpec(script=None, result_variable=task.result_variable)
    return ScriptSpec(
        script=context.script(task.script, task, auto_store=task.auto_store), result_variable=task.result_variable
    )


def _call_activity(context: BuildContext, call: a.CallActivity) -> CallSpec | None:
    if call.called_element is None:
        context.error(
            "CALLED_ELEMENT_MISSING",
            f"Expected the call activity '{call.id}' to name a process, but it does not",
            "Set calledElement to the key of a deployed process.",
            call,
        )
        return None
    ins = tuple(_call_mapping(context, mapping, call) for mapping in call.ins)
    outs = tuple(_call_mapping(context, mapping, call) for mapping in call.outs)
    everything = CallMappingSpec(target=None, source=None, all_variables=True)
    # A plain model has no way to say what is handed over: everything goes in and comes back (as SpiffWorkflow does).
    plain = context.dialect in (Dialect.PLAIN, Dialect.SPIFFWORKFLOW) and not call.has_mappings
    if call.propagate_in or plain:
        ins = (everything, *ins)
    if call.propagate_out or plain:
        outs = (everything, *outs)
    return CallSpec(
        process=context.expression(call.called_element, call),
        binding=call.binding.value,
        version=context.optional(call.version, call),
        ins=ins,
        outs=outs,
        business_key=context.optional(call.business_key, call),
    )


def _call_mapping(context: BuildContext, mapping: CallMapping, element: Element) -> CallMappingSpec:
    source: Expression | None = mapping.source
    return CallMappingSpec(
        target=mapping.target,
        source=context.optional(source, element),
        all_variables=mapping.all_variables,
        local=mapping.local,
    )


MOST_TOKENS = 1_000
"""Start and completion quantities beyond this are taken for a mistake: a step would no longer be bounded."""


def quantity(context: BuildContext, activity: a.Activity, number: int, attribute: str) -> int:
    """`startQuantity` or `completionQuantity`; a finding where it is not between 1 and MOST_TOKENS. 0 is 1, which the
    rule `quantities` says."""
    if 0 <= number <= MOST_TOKENS:
        return number or 1
    context.error(
        "QUANTITY_INVALID",
        f"Expected {attribute} of '{activity.id}' to be between 1 and {MOST_TOKENS}, but it is {number}",
        f"Correct {attribute}, or remove it (1 is what it is without).",
        activity,
    )
    return 1
