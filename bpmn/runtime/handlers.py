"""What each command does before the queues run: find the token it is about, end its wait, go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bpmn.runtime import commands as c
from bpmn.runtime import (
    compensation,
    complex_gateway,
    correlation,
    execution_listeners,
    listeners,
    loops,
    modify,
    task_listeners,
)
from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.behaviors.activities import ad_hoc, call_activity
from bpmn.runtime.boundary import arm_timer, await_event_or_fail
from bpmn.runtime.conditions import check, fire_conditions
from bpmn.runtime.joins import settle
from bpmn.runtime.lifecycle import Lifecycle
from bpmn.runtime.needs import Fail, Thrown
from bpmn.runtime.state import InstanceStatus, Phase, Scope, ScopeKind, Token, Wait, WaitKind
from bpmn.runtime.terminate import is_leftover, remove_leftovers, remove_subtree
from bpmn.runtime.work import Work
from bpmn.schedule import TimerPlan, next_plan
from bpmn.spec.elements import MessageSpec, is_parallel_multiple
from bpmn.spec.graph import Node, NodeKind


class Gone(Exception):
    """What the command is about is not there any more."""


def start_instance(work: Work, life: Lifecycle, command: c.StartInstance) -> None:
    _running(work)
    root = work.instance_id
    node = work.graph.root.none_start if command.element_id is None else work.graph.nodes.get(command.element_id)
    if node is None:
        raise Gone
    begun_by = node
    node = node.whole or node
    instance = work.draft.instance
    work.emit(e.InstanceStarted(work.graph.key, node.id, instance.business_key, command.initiator))
    for name, value in command.variables.items():
        work.set_variable(root, name, value)
    initiator = getattr(node.spec, "initiator", None)
    if initiator is not None:
        work.set_variable(root, initiator, command.initiator)
    work.written.clear()
    correlation.begin(work, begun_by, command.variables, command.message_name)
    listeners.arm(work, root)
    process = work.graph.process
    if begun_by is not node:
        _await_other_parts(work, root, node, begun_by)
    elif node.kind is NodeKind.START_EVENT and process is not None and process.listeners is not None:
        token = work.ids()
        work.emit(e.ElementActivated(token, node.id, root))
        if execution_listeners.run(work, root, token, node, execution_listeners.PROCESS):
            life.start(root, token, node)
    elif node.kind is NodeKind.START_EVENT:
        life.activate(root, node)
    else:
        _begin_by_event(work, life, root, node, command)


def _await_other_parts(work: Work, root: int, node: Node, begun_by: Node) -> None:
    """A parallel multiple start event, of which one part has happened.

    BPMN 2.0.2, 10.5.2, lets the process begin when all have: until then the instance is there with its token at the
    start event, as behind a parallel event-based gateway (10.6.6), so that what comes next finds what it belongs to.
    """
    token = work.ids()
    work.emit(e.ElementActivated(token, node.id, root))
    for part in node.parts:
        if part is not begun_by:
            await_event_or_fail(work, root, token, part)


def _begin_by_event(work: Work, life: Lifecycle, root: int, node: Node, command: c.StartInstance) -> None:
    """A receive task, or an event behind an event-based gateway, has begun the instance: it has happened already.

    Behind a parallel gateway the instance also waits for the other events (BPMN 2.0.2, 10.6.6).
    """
    token = work.ids()
    work.emit(e.ElementActivated(token, node.id, root))
    if execution_listeners.run(work, root, token, node, execution_listeners.PROCESS):
        life.happen(root, token, node)
    for flow in node.incoming:
        if flow.source.instantiates and flow.source.starts_all:
            for other in flow.source.outgoing:
                if other.target is not node:
                    work.later(life.activate, root, other.target)


def complete_job(work: Work, life: Lifecycle, command: c.CompleteJob) -> None:
    scope_id, token, wait = _waiting(work, command.scope_id, command.token_id, WaitKind.JOB, command.job_id)
    node = work.graph.nodes[token.element]
    _resolve_incidents(work, scope_id, token)
    heard = None if wait.element == token.element else execution_listeners.heard(work, node, wait)
    work.remove_wait(scope_id, token.id, WaitKind.JOB, wait.id, wait.element, completed=True, data=heard)
    results = dict(command.variables)
    if wait.element != token.element:
        _listener_done(work, scope_id, token, node, wait, results)
        return
    spec = getattr(node.spec, "job", node.spec)
    result_variable = getattr(spec, "result_variable", None)
    if result_variable is not None:
        # A worker that answers {"result": x} means x; any other answer is the value as a whole.
        result = results["result"] if set(results) == {"result"} else results
        results = {result_variable: result}
        if spec.result_local:
            work.set_variable(work.life_scope(scope_id, token.id), result_variable, result)
            results = {}
    life.complete(scope_id, token.id, node, results)


def _listener_done(
    work: Work, scope_id: int, token: Token, node: Node, wait: Wait, results: Mapping[str, object]
) -> None:
    """The job of a listener has brought `results`: the next listener, or what comes after them."""
    at = execution_listeners.stage_of(wait)
    assert at is not None
    if results:
        execution_listeners.bring(work, scope_id, token.id, node, at[0], results)
    _after_listener(work, scope_id, token.id, node, at, done=True)
    if work.written and work.graph.has_conditions:
        work.later(fire_conditions, work)


def _after_listener(work: Work, scope_id: int, token_id: int, node: Node, at: tuple[str, int], *, done: bool) -> None:
    go_on = task_listeners.go_on if at[0] in task_listeners.STAGES else execution_listeners.go_on
    go_on(work, scope_id, token_id, node, *at, done=done)


def fail_job(work: Work, life: Lifecycle, command: c.FailJob) -> None:
    scope_id, token, wait = _waiting(work, command.scope_id, command.token_id, WaitKind.JOB, command.job_id)
    work.emit(e.JobFailed(scope_id, token.id, wait.id, token.element, command.message, command.retries))
    due = command.backoff_seconds if command.retries > 0 else None
    work.effect(fx.UpdateJob(id=wait.id, attempt=command.attempt + 1, retries=command.retries, due_in_seconds=due))
    if command.retries <= 0:
        work.raise_incident(scope_id, token.id, token.element, "JOB_RETRIES_EXHAUSTED", command.message, job_id=wait.id)


def throw_error(work: Work, life: Lifecycle, command: c.ThrowError) -> None:
    scope_id, token, wait = _waiting(work, command.scope_id, command.token_id, command.wait, command.wait_id)
    node = work.graph.nodes[token.element]
    _resolve_incidents(work, scope_id, token)
    if wait.kind is WaitKind.USER_TASK and node.listeners is not None:
        task_listeners.cancelled(work, scope_id, token, node)
    work.remove_wait(scope_id, token.id, wait.kind, wait.id, wait.element, completed=True)
    if command.variables:
        work.propagate(work.life_scope(scope_id, token.id), command.variables)
    if wait.kind is WaitKind.JOB and wait.element != token.element:
        thrown = Thrown(command.error_code, command.message)
        execution_listeners.throw(work, scope_id, token.id, node, thrown, wait.element)
        return
    life.throw(scope_id, token.id, node, command.error_code, command.message, terminal=False)


def complete_user_task(work: Work, life: Lifecycle, command: c.CompleteUserTask) -> None:
    scope_id, token, wait = _waiting(work, command.scope_id, command.token_id, WaitKind.USER_TASK, command.task_id)
    node = work.graph.nodes[token.element]
    if node.listeners is not None and task_listeners.completing(
        work, scope_id, token.id, node, command.task_id, command.variables, command.user
    ):
        return
    data = {"user": command.user} if command.user else None
    work.remove_wait(scope_id, token.id, WaitKind.USER_TASK, wait.id, wait.element, completed=True, data=data)
    life.complete(scope_id, token.id, node, command.variables)


def notify_task_change(work: Work, life: Lifecycle, command: c.NotifyTaskChange) -> None:
    scope_id, token, _ = _waiting(work, command.scope_id, command.token_id, WaitKind.USER_TASK, command.task_id)
    node = work.graph.nodes[token.element]
    if node.listeners is not None:
        task_listeners.changed(work, scope_id, token.id, node, command.task_id, command.changes)


def fire_timer(work: Work, life: Lifecycle, command: c.FireTimer) -> None:
    scope_id, token, wait = _waiting(work, command.scope_id, command.token_id, WaitKind.TIMER, command.timer_id)
    at = execution_listeners.stage_of(wait)
    node = work.graph.nodes[wait.element if at is None else token.element]
    work.remove_wait(scope_id, token.id, WaitKind.TIMER, wait.id, wait.element, completed=True)
    if (at is not None or _goes_on(node)) and command.cycle is not None:
        due = _parse_time(command.due_at)
        plan = next_plan(TimerPlan(due, command.cycle, command.remaining), work.now)
        if plan is not None:
            arm_timer(work, scope_id, token.id, node, plan, at=wait.element)
    if at is not None:
        task_listeners.timed_out(work, scope_id, token.id, node, at[1])
        return
    life.event_happened(scope_id, token.id, node)


def deliver_message(work: Work, life: Lifecycle, command: c.DeliverMessage) -> None:
    try:
        scope_id, token, wait = _waiting(
            work, command.scope_id, command.token_id, WaitKind.MESSAGE, command.subscription_id
        )
    except Gone:
        work.effect(fx.Redeliver(message_id=command.message_id))
        return
    node = work.graph.nodes[wait.element]
    spec = node.spec
    if isinstance(spec, MessageSpec) and correlation.refuses(work, scope_id, token.id, spec, command.variables):
        correlation.send_back(work, command)
        return
    work.remove_wait(
        scope_id,
        token.id,
        WaitKind.MESSAGE,
        wait.id,
        wait.element,
        completed=True,
        data={"name": command.message_name, "messageId": str(command.message_id)},
    )
    if isinstance(spec, MessageSpec):
        correlation.learn(work, work.life_scope(scope_id, token.id), node, spec, command.variables)
    if _goes_on(node):
        await_event_or_fail(work, scope_id, token.id, node)
    life.event_happened(scope_id, token.id, node, command.variables)


def correlate_again(work: Work, life: Lifecycle, command: c.CorrelateAgain) -> None:
    scope_id, token, wait = _waiting(
        work, command.scope_id, command.token_id, WaitKind.MESSAGE, command.subscription_id
    )
    spec = work.graph.nodes[wait.element].spec
    if not isinstance(spec, MessageSpec):
        raise Gone
    correlation.wait_anew(work, work.life_scope(scope_id, token.id), spec, command)


def deliver_signal(work: Work, life: Lifecycle, command: c.DeliverSignal) -> None:
    scope_id, token, wait = _waiting(work, command.scope_id, command.token_id, WaitKind.SIGNAL, command.subscription_id)
    node = work.graph.nodes[wait.element]
    data = {"name": command.signal_name}
    work.remove_wait(scope_id, token.id, WaitKind.SIGNAL, wait.id, wait.element, completed=True, data=data)
    if _goes_on(node):
        await_event_or_fail(work, scope_id, token.id, node)
    life.event_happened(scope_id, token.id, node, command.variables)


def propagate_escalation(work: Work, life: Lifecycle, command: c.PropagateEscalation) -> None:
    scope_id, token, _ = _waiting(work, command.scope_id, command.token_id, WaitKind.CALL, command.called_instance_id)
    life.escalate(scope_id, token.id, work.graph.nodes[token.element], command.code)


def _goes_on(node: Node) -> bool:
    """A non-interrupting boundary event, or start of an event sub-process, waits again after it happened."""
    if node.whole is not None and is_parallel_multiple(node.whole):
        return False
    return not node.interrupting and node.kind in (NodeKind.BOUNDARY_EVENT, NodeKind.START_EVENT)


def evaluate_condition(work: Work, life: Lifecycle, command: c.EvaluateCondition) -> None:
    scope_id, token, wait = _waiting(work, command.scope_id, command.token_id, WaitKind.CONDITION, command.wait_id)
    node = work.graph.nodes[wait.element]
    work.run_transitions = command.transitions + 1
    check(work, scope_id, token.id, node)


def complete_call(work: Work, life: Lifecycle, command: c.CompleteCall) -> None:
    scope_id, token, wait = _waiting(
        work, command.scope_id, command.token_id, WaitKind.CALL, command.called_instance_id
    )
    node = work.graph.nodes[token.element]
    try:
        results = call_activity.outputs(work, node, command.called_instance_id)
    except (Fail, Thrown) as failure:
        if not any(w.kind is WaitKind.INCIDENT for w in token.waits):
            work.raise_incident(scope_id, token.id, node.id, "EXPRESSION_ERROR", str(failure))
        return
    _resolve_incidents(work, scope_id, token)
    work.remove_wait(scope_id, token.id, WaitKind.CALL, wait.id, wait.element, completed=True)
    life.complete(scope_id, token.id, node, results)


def fail_call(work: Work, life: Lifecycle, command: c.FailCall) -> None:
    scope_id, token, wait = _waiting(
        work, command.scope_id, command.token_id, WaitKind.CALL, command.called_instance_id
    )
    node = work.graph.nodes[token.element]
    work.remove_wait(scope_id, token.id, WaitKind.CALL, wait.id, wait.element, completed=False)
    if command.error_code is not None:
        life.throw(scope_id, token.id, node, command.error_code, command.message, terminal=False)
    else:
        life.fail(scope_id, token.id, node, Fail("CALLED_INSTANCE_FAILED", command.message), Phase.ENTERING)


def set_variables(work: Work, life: Lifecycle, command: c.SetVariables) -> None:
    _running(work)
    scope_id = command.scope_id or work.instance_id
    if work.draft.loaded(scope_id) is None:
        raise Gone
    for name in command.removed:
        if name in work.draft.names(scope_id):
            work.emit(e.VariableRemoved(scope_id, name))
            work.written.add(name)
            work.assigned.add(name)
    for name, value in command.variables.items():
        work.set_variable(scope_id, name, value)
    fire_conditions(work)


def resolve_incident(work: Work, life: Lifecycle, command: c.ResolveIncident) -> None:
    assert command.token_id is not None
    scope_id, token, wait = _waiting(work, command.scope_id, command.token_id, WaitKind.INCIDENT, command.incident_id)
    node = work.graph.nodes[token.element]
    for name, value in command.variables.items():
        work.propagate(work.life_scope(scope_id, token.id), {name: value})
    work.remove_wait(scope_id, token.id, WaitKind.INCIDENT, wait.id, wait.element, completed=True)
    at = execution_listeners.stage_of(wait)
    if at is not None:
        _after_listener(work, scope_id, token.id, node, at, done=False)
    elif wait.element in work.graph.flows and wait.element != token.element:
        complex_gateway.arrive_again(work, scope_id, token.id, work.graph.flows[wait.element])
    elif wait.element != node.id or token.phase is Phase.LISTENING:
        _retry_boundary(work, scope_id, token.id, work.graph.nodes[wait.element])
    elif token.phase is Phase.ENTERING:
        work.set_phase(scope_id, token.id, Phase.ACTIVE)
        life.start(scope_id, token.id, node)
    elif token.phase is Phase.COMPLETING:
        work.set_phase(scope_id, token.id, Phase.ACTIVE)
        life.finish(scope_id, token.id, node)
    else:
        _retry_wait(work, scope_id, token, command)
    fire_conditions(work)


def _retry_wait(work: Work, scope_id: int, token: Token, command: c.ResolveIncident) -> None:
    """What the token waits for has failed: the job is due again, the result of the called instance is read again."""
    for wait in token.waits:
        if wait.kind is WaitKind.JOB:
            work.effect(fx.UpdateJob(id=wait.id, attempt=-1, retries=command.retries or 1, due_in_seconds=0.0))
        elif wait.kind is WaitKind.CALL:
            work.enqueue(
                c.CompleteCall(
                    instance_id=work.instance_id,
                    scope_id=scope_id,
                    token_id=token.id,
                    called_instance_id=wait.id,
                )
            )


def _retry_boundary(work: Work, scope_id: int, token_id: int, boundary: Node) -> None:
    """A boundary event whose condition failed is evaluated again; one that could not wait again waits."""
    token = work.token(scope_id, token_id)
    assert token is not None
    waits = [wait for wait in token.waits if wait.element == boundary.id]
    work.fresh.update(wait.id for wait in waits if wait.kind is WaitKind.CONDITION)
    if not waits:
        await_event_or_fail(work, scope_id, token_id, boundary)


def cancel_instance(work: Work, life: Lifecycle, command: c.CancelInstance) -> None:
    _running(work)
    life.end_instance(InstanceStatus.CANCELLED, reason=command.reason, notify_parent=command.notify_parent)


def pause_instance(work: Work, life: Lifecycle, command: c.PauseInstance) -> None:
    if work.draft.instance.status is not InstanceStatus.RUNNING:
        raise Gone
    work.emit(e.InstanceStatusChanged(InstanceStatus.PAUSED))


def resume_instance(work: Work, life: Lifecycle, command: c.ResumeInstance) -> None:
    if work.draft.instance.status is not InstanceStatus.PAUSED:
        raise Gone
    work.emit(e.InstanceStatusChanged(InstanceStatus.RUNNING))


def modify_instance(work: Work, life: Lifecycle, command: c.ModifyInstance) -> None:
    _running(work)
    for instruction in command.instructions:
        modify.carry_out(work, instruction)
    work.later(life.check_scope, work.instance_id)
    fire_conditions(work)


def continue_scope(work: Work, life: Lifecycle, command: c.Continue) -> None:
    scope_id = command.scope_id or work.instance_id
    scope = work.draft.loaded(scope_id)
    if scope is None:
        raise Gone
    work.run_transitions = command.transitions
    if command.terminate:
        remove_subtree(work, scope_id)
        return
    if command.leftovers_after is not None:
        remove_leftovers(work, scope_id, command.leftovers_after)
        return
    if not is_alive(work, scope):
        raise Gone
    if scope.kind is ScopeKind.MULTI_INSTANCE:
        loops.resume(work, scope_id)
    if command.settle:
        settle(work, scope_id)
    compensation.resume(work, scope_id)
    ad_hoc.go_on(work, scope_id)
    for flow_id, count in list(scope.transit.items()):
        flow = work.graph.flows[flow_id]
        work.flows.extend((scope_id, flow) for _ in range(count))


def is_alive(work: Work, scope: Scope) -> bool:
    """The scope's activity, and every one outward, still has its token, and the instance runs."""
    if work.draft.instance.status not in (InstanceStatus.RUNNING, InstanceStatus.PAUSED):
        return False
    current = scope
    while current.parent is not None:
        parent = work.draft.loaded(current.parent)
        if parent is None:
            return False
        if current.kind is ScopeKind.ITEM:
            if is_leftover(current, parent):
                return False
        else:
            owner = None if current.owner is None else parent.tokens.get(current.owner)
            if owner is None or owner.child != current.id:
                return False
        current = parent
    return True


def _waiting(work: Work, scope_id: int | None, token_id: int, kind: WaitKind, wait_id: int) -> tuple[int, Token, Wait]:
    """Scope, token and wait a command is about. The scope named may be the token's own (local) one. Gone otherwise."""
    current = scope_id if scope_id is not None else work.instance_id
    scope = work.draft.loaded(current)
    if scope is None:
        raise Gone
    if token_id not in scope.tokens:
        if scope.parent is None or scope.owner != token_id:
            raise Gone
        scope = work.draft.loaded(scope.parent)
        if scope is None:
            raise Gone
    token = scope.tokens.get(token_id)
    if token is None or not is_alive(work, scope):
        raise Gone
    for wait in token.waits:
        if wait.id == wait_id and wait.kind is kind:
            return scope.id, token, wait
    raise Gone


def _running(work: Work) -> None:
    if work.draft.instance.status not in (InstanceStatus.RUNNING, InstanceStatus.PAUSED):
        raise Gone


def _resolve_incidents(work: Work, scope_id: int, token: Token) -> None:
    """What was waited for came after all (a late result): incidents about it are over."""
    for wait in token.waits:
        if wait.kind is WaitKind.INCIDENT:
            work.remove_wait(scope_id, token.id, wait.kind, wait.id, wait.element, completed=True)


def _parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


HANDLERS: dict[type[c.Command], Callable[..., None]] = {
    c.StartInstance: start_instance,
    c.CompleteJob: complete_job,
    c.FailJob: fail_job,
    c.ThrowError: throw_error,
    c.CompleteUserTask: complete_user_task,
    c.NotifyTaskChange: notify_task_change,
    c.FireTimer: fire_timer,
    c.DeliverMessage: deliver_message,
    c.CorrelateAgain: correlate_again,
    c.DeliverSignal: deliver_signal,
    c.PropagateEscalation: propagate_escalation,
    c.EvaluateCondition: evaluate_condition,
    c.CompleteCall: complete_call,
    c.FailCall: fail_call,
    c.SetVariables: set_variables,
    c.ResolveIncident: resolve_incident,
    c.CancelInstance: cancel_instance,
    c.PauseInstance: pause_instance,
    c.ResumeInstance: resume_instance,
    c.ModifyInstance: modify_instance,
    c.Continue: continue_scope,
}
