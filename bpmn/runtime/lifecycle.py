"""The life of an element: flow taken -> activated -> (waiting) -> completed -> outgoing flows; or terminated.

    take --> activate --> start --> behavior.enter ..> complete --> finish --> leave --> take
                            |                                          |
                            +-> fail: incident, phase ENTERING         +-> fail: incident, phase COMPLETING

Elements of all kinds go through these functions; what is special to a kind is in `bpmn.runtime.behaviors`. None of
them calls itself through a flow or a scope: what comes next is put into the queues of `Work`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpmn.runtime import compensation, complex_gateway, execution_listeners, listeners, loops, task_listeners
from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.behaviors.activities import ad_hoc
from bpmn.runtime.behaviors.gateways import event_based
from bpmn.runtime.behaviors.registry import BEHAVIORS
from bpmn.runtime.boundary import await_event_or_fail, subscribe_boundary_events
from bpmn.runtime.commands import CompleteCall, FailCall, PropagateEscalation
from bpmn.runtime.conditions import fire_conditions
from bpmn.runtime.errors import Catcher, find_catcher, owner_of
from bpmn.runtime.flows import choose
from bpmn.runtime.joins import gather, join_parallel
from bpmn.runtime.needs import Fail, Thrown
from bpmn.runtime.state import InstanceStatus, Phase, ScopeKind, ScopeState, Token, WaitKind
from bpmn.runtime.terminate import release, remove_kept, remove_subtree, terminate_scope_content, terminate_token
from bpmn.runtime.work import Work
from bpmn.spec.elements import ComplexGatewaySpec, ErrorSpec, EscalationSpec, is_parallel_multiple
from bpmn.spec.graph import Flow, Node, NodeKind

Value = Any


class Lifecycle:
    """Implements `bpmn.runtime.work.Life` for one `Work`."""

    __slots__ = ("work",)

    def __init__(self, work: Work) -> None:
        self.work = work
        work.life = self

    def take(self, scope_id: int, flow: Flow, *, hold: bool = False) -> None:
        work = self.work
        if flow.gate is not None:
            token_id = work.ids()
            work.emit(e.ElementActivated(token_id, flow.gate.id, scope_id))
            work.later(self._begin_flow, scope_id, token_id, flow.gate)
            return
        work.emit(e.SequenceFlowTaken(flow.id, scope_id, flow.parks))
        if flow.parks:
            if hold:
                work.held.add((scope_id, flow.target.id))
            if flow.target.kind is NodeKind.PARALLEL_GATEWAY:
                work.later(join_parallel, work, scope_id, flow.target)
            elif isinstance(flow.target.spec, ComplexGatewaySpec):
                work.later(complex_gateway.arrive, work, scope_id, flow.target)
            elif flow.target.start_quantity > 1:
                work.later(gather, work, scope_id, flow.target)
        elif hold or flow.target.async_before:
            work.cut.add(scope_id)
        else:
            work.flows.append((scope_id, flow))

    def activate(
        self, scope_id: int, node: Node, flow: str | None = None, consumed: tuple[tuple[str, int], ...] = ()
    ) -> None:
        if self.work.draft.find(scope_id) is None:
            return  # closed by what came before it in the step
        token_id = self.work.ids()
        self.work.emit(e.ElementActivated(token_id, node.id, scope_id, flow, consumed))
        self.start(scope_id, token_id, node)

    def start(self, scope_id: int, token_id: int, node: Node) -> None:
        work = self.work
        try:
            if node.loop is not None and not work.is_inner(scope_id, node):
                subscribe_boundary_events(work, scope_id, token_id, node)
                loops.open_body(work, scope_id, token_id, node)
            else:
                if node.has_local:
                    self._open_local(scope_id, token_id, node)
                if node.listeners is not None:
                    if node.boundary and node.loop is None and not node.listeners.late:
                        subscribe_boundary_events(work, scope_id, token_id, node)
                    self.listen(scope_id, token_id, node)
                    return
                if node.boundary and node.loop is None:
                    subscribe_boundary_events(work, scope_id, token_id, node)
                BEHAVIORS[node.kind](work, scope_id, token_id, node)
        except Fail as failure:
            self.fail(scope_id, token_id, node, failure, Phase.ENTERING)
            return
        except Thrown as thrown:
            self.throw(scope_id, token_id, node, thrown.code, thrown.message, terminal=False)
            return
        if (work.written or work.fresh) and work.graph.has_conditions:
            work.later(self._fire_conditions)

    def listen(self, scope_id: int, token_id: int, node: Node) -> None:
        if execution_listeners.run(self.work, scope_id, token_id, node, execution_listeners.START):
            self.begin(scope_id, token_id, node)

    def begin(self, scope_id: int, token_id: int, node: Node) -> None:
        work = self.work
        try:
            late = node.listeners is not None and node.listeners.late and node.loop is None
            if late and not work.draft.scope(scope_id).tokens[token_id].waits:  # a migration may have armed them
                subscribe_boundary_events(work, scope_id, token_id, node)
            if node.kind is NodeKind.EVENT_SUB_PROCESS:
                assert node.content is not None
                first = next(each for each in node.content.nodes if each.kind is NodeKind.START_EVENT)
                work.later(self.activate, work.life_scope(scope_id, token_id), first)
            elif node.kind is NodeKind.SEQUENCE_FLOW:
                self.finish(scope_id, token_id, node)
            else:
                BEHAVIORS[node.kind](work, scope_id, token_id, node)
        except Fail as failure:
            self.fail(scope_id, token_id, node, failure, Phase.ENTERING)
            return
        except Thrown as thrown:
            self.throw(scope_id, token_id, node, thrown.code, thrown.message, terminal=False)
            return
        if (work.written or work.fresh) and work.graph.has_conditions:
            work.later(self._fire_conditions)

    def _begin_flow(self, scope_id: int, token_id: int, gate: Node) -> None:
        if self.work.token(scope_id, token_id) is not None:
            self.start(scope_id, token_id, gate)

    def _open_local(self, scope_id: int, token_id: int, node: Node) -> None:
        """The element's own scope: sub-process, or local variables; input mappings see the scope outside."""
        work = self.work
        values = [
            (mapping.target, None if mapping.value is None else work.evaluate(mapping.value, scope_id, node))
            for mapping in node.inputs
        ]
        kind = ScopeKind.SUBPROCESS if node.kind is NodeKind.SUB_PROCESS else ScopeKind.LOCAL
        child = work.ids()
        work.emit(e.ScopeOpened(child, kind, node.id, scope_id, token_id))
        for name, value in values:
            work.set_variable(child, name, value)
        if kind is ScopeKind.SUBPROCESS:
            listeners.arm(work, child)

    def complete(self, scope_id: int, token_id: int, node: Node, results: Mapping[str, Value] | None = None) -> None:
        work = self.work
        if results:
            self.bring(scope_id, token_id, node, results)
        if work.written and work.graph.has_conditions:
            self._fire_conditions()
            if work.token(scope_id, token_id) is None or work.is_detached(scope_id):
                return
        if node.listeners is not None and not self._call_end(scope_id, token_id, node):
            return
        self.finish(scope_id, token_id, node)

    def bring(self, scope_id: int, token_id: int, node: Node, results: Mapping[str, Value]) -> None:
        work = self.work
        scope = work.life_scope(scope_id, token_id)
        if node.results_stay_local:
            for name, value in results.items():
                work.set_variable(scope, name, value)
        else:
            work.propagate(scope, results)

    def _call_end(self, scope_id: int, token_id: int, node: Node) -> bool:
        """Call the end listeners, but for those that come after the output mappings; True where they are done."""
        work = self.work
        token = work.token(scope_id, token_id)
        if token is None or execution_listeners.is_at(token, execution_listeners.START, execution_listeners.END):
            return False
        assert node.listeners is not None
        if node.listeners.late or not node.listeners.end:
            return True
        if node.content is not None and token.child is not None:
            # The content is done: nothing of it begins any more while a listener is at work.
            listeners.disarm(work, token.child)
        return execution_listeners.run(work, scope_id, token_id, node, execution_listeners.END)

    def _call_late(self, scope_id: int, token_id: int, node: Node) -> bool:
        return execution_listeners.run(self.work, scope_id, token_id, node, execution_listeners.END)

    def finish(self, scope_id: int, token_id: int, node: Node, *, listened: bool = False) -> None:
        work = self.work
        token = work.token(scope_id, token_id)
        if token is None:
            return
        inner = work.is_inner(scope_id, node)
        try:
            if token.child is not None or token.waits:
                token = self._close(scope_id, token, node, with_outputs=node.loop is None or inner)
                if token is None:
                    return
            late = node.listeners is not None and node.listeners.late and not listened
            if late and (node.loop is None or inner) and not self._call_late(scope_id, token_id, node):
                return
            if inner:
                loops.item_done(work, scope_id, token_id, node)
                return
            enough = token.thrower is None and ad_hoc.is_enough(work, scope_id, node)
            flows = () if enough else choose(work, scope_id, node)
        except Fail as failure:
            self.fail(scope_id, token_id, node, failure, Phase.COMPLETING)
            return
        except Thrown as thrown:
            self.throw(scope_id, token_id, node, thrown.code, thrown.message, terminal=False)
            return
        if node.loop is None:
            compensation.record(work, scope_id, node)
        work.emit(e.ElementCompleted(token_id, node.id, scope_id))
        if token.thrower is not None:
            work.later(compensation.ended, work, scope_id, token)
        if enough:
            work.later(ad_hoc.end, work, scope_id)
        for flow in flows:
            for _ in range(node.completion_quantity):
                self.take(scope_id, flow, hold=node.async_after)
        if not flows:
            work.later(self.check_scope, scope_id)

    def _close(self, scope_id: int, token: Token, node: Node, *, with_outputs: bool) -> Token | None:
        """Evaluate output mappings, then end waits and local scope, then set the outputs outside."""
        work = self.work
        outputs: dict[str, Value] = {}
        child = None if token.child is None else work.draft.scope(token.child)
        if with_outputs and child is not None:
            outputs = {
                mapping.target: None if mapping.value is None else work.evaluate(mapping.value, child.id, node)
                for mapping in node.outputs
            }
        release(work, scope_id, token)
        if child is not None and child.kind is not ScopeKind.MULTI_INSTANCE:
            assert child.parent is not None
            if child.tokens:
                listeners.disarm(work, child.id)
            compensation.leave(work, child.id, node)
        if outputs:
            work.propagate(scope_id, outputs)
            if work.graph.has_conditions:
                # Not at once: outputs of a conditional event may make its own condition true again.
                work.later(self._fire_conditions)
        return work.token(scope_id, token.id)

    def _fire_conditions(self) -> None:
        fire_conditions(self.work)

    def fail(self, scope_id: int, token_id: int, node: Node, failure: Fail, phase: Phase) -> None:
        work = self.work
        token = work.token(scope_id, token_id)
        if token is None:
            return
        if phase is Phase.ENTERING:
            self._take_back(scope_id, token)
        work.set_phase(scope_id, token_id, phase)
        work.raise_incident(scope_id, token_id, node.id, failure.kind, failure.message, error_code=failure.error_code)

    def _take_back(self, scope_id: int, token: Token) -> None:
        release(self.work, scope_id, token)
        if token.child is not None:
            remove_subtree(self.work, token.child)

    def throw(
        self, scope_id: int, token_id: int, node: Node, code: str, message: str | None, *, terminal: bool
    ) -> None:
        work = self.work
        catcher = find_catcher(work, scope_id, token_id, code)
        work.emit(e.ErrorThrown(scope_id, node.id, code, message, None if catcher is None else catcher.node.id))
        if catcher is None:
            if terminal:
                self._fail_instance(scope_id, token_id, node, code, message)
                return
            text = f"Expected a boundary event to catch the error '{code}' of '{node.id}', but there is none"
            if message:
                text += f": {message}"
            self.fail(scope_id, token_id, node, Fail("UNHANDLED_ERROR", text, error_code=code), Phase.ENTERING)
            return
        if terminal:
            work.emit(e.ElementCompleted(token_id, node.id, scope_id))
        elif catcher.token_id is None and not catcher.node.interrupting:
            # The element that threw cannot go on, although what is beside it can.
            self.terminate(scope_id, token_id)
        spec: ErrorSpec = catcher.node.spec
        variables: dict[str, Value] = {}
        if spec.code_variable is not None:
            variables[spec.code_variable] = code
        if spec.message_variable is not None:
            variables[spec.message_variable] = message
        self._catch(catcher, variables)
        if terminal:
            work.later(self.check_scope, scope_id)

    def escalate(self, scope_id: int, token_id: int, node: Node, code: str) -> None:
        """Throw an escalation. Where an interrupting handler ends the thrower, its token is gone afterwards."""
        work = self.work
        catcher = find_catcher(work, scope_id, token_id, code, EscalationSpec)
        work.emit(e.EscalationThrown(scope_id, node.id, code, None if catcher is None else catcher.node.id))
        if catcher is None:
            parent = work.draft.instance.parent
            if parent is not None:
                work.enqueue(
                    PropagateEscalation(
                        instance_id=parent.instance_id,
                        scope_id=parent.scope_id,
                        token_id=parent.token_id,
                        called_instance_id=work.instance_id,
                        code=code,
                    )
                )
            return
        spec: EscalationSpec = catcher.node.spec
        self._catch(catcher, {spec.code_variable: code} if spec.code_variable is not None else {})

    def _catch(self, catcher: Catcher, variables: Mapping[str, Value]) -> None:
        node = catcher.node.whole or catcher.node
        if catcher.token_id is None:
            listeners.begin(self.work, catcher.scope_id, node, variables)
        else:
            self.trigger_boundary(catcher.scope_id, catcher.token_id, node, variables)

    def _fail_instance(self, scope_id: int, token_id: int, node: Node, code: str, message: str | None) -> None:
        """An uncaught error end event: the instance has FAILED (terminal).

        A calling activity gets the error, and may catch it; only where there is none it is recorded as uncaught.
        """
        work = self.work
        work.emit(e.ElementCompleted(token_id, node.id, scope_id))
        text = f"The error '{code}' of end event '{node.id}' was not caught" + (f": {message}" if message else "")
        if work.draft.instance.parent is None:
            work.effect(
                fx.CreateIncident(
                    id=work.ids(),
                    scope_id=work.instance_id,
                    token_id=None,
                    element_id=node.id,
                    kind="UNCAUGHT_ERROR",
                    message=text,
                    error_code=code,
                )
            )
        self.end_instance(InstanceStatus.FAILED, code=code, reason=text)

    def trigger_boundary(
        self, scope_id: int, token_id: int, boundary: Node, results: Mapping[str, Value] | None = None
    ) -> None:
        work = self.work
        if boundary.interrupting:
            self.terminate(scope_id, token_id)
        work.transitions += 1
        event_token = work.ids()
        work.emit(e.ElementActivated(event_token, boundary.id, scope_id))
        self.happen(scope_id, event_token, boundary, results)

    def happen(self, scope_id: int, token_id: int, node: Node, results: Mapping[str, Value] | None = None) -> None:
        work = self.work
        try:
            if node.has_local:
                self._open_local(scope_id, token_id, node)
        except Fail as failure:
            self.fail(scope_id, token_id, node, failure, Phase.ENTERING)
            return
        except Thrown as thrown:
            self.throw(scope_id, token_id, node, thrown.code, thrown.message, terminal=False)
            return
        if node.listeners is not None and node.listeners.start:
            if results:
                self.bring(scope_id, token_id, node, results)
                results = None
            if not execution_listeners.run(work, scope_id, token_id, node, execution_listeners.HAPPENED):
                return
        self.complete(scope_id, token_id, node, results)

    def event_happened(
        self, scope_id: int, token_id: int, node: Node, results: Mapping[str, Value] | None = None
    ) -> None:
        """What a token waited for at `node` has come: at its own element, at its boundary, behind its event-based
        gateway, or for an event sub-process of its scope."""
        work = self.work
        token = work.token(scope_id, token_id)
        if token is None:
            return
        if node.whole is not None:
            if is_parallel_multiple(node.whole) and not self._all_parts(scope_id, token, node.whole, results):
                return
            node = node.whole
        host = work.graph.nodes[token.element]
        if token.phase is Phase.LISTENING:
            listeners.begin(work, scope_id, node, results, listener=token_id)
        elif node is host and node.kind is NodeKind.START_EVENT:
            self._begin_process(scope_id, token, node, results)
        elif node is host:
            self.complete(scope_id, token_id, node, results)
        elif node.kind is NodeKind.BOUNDARY_EVENT:
            self.trigger_boundary(scope_id, token_id, node, results)
        else:
            release(work, scope_id, token)
            flow = event_based.flow_to(host, node)
            work.emit(e.ElementCompleted(token_id, host.id, scope_id))
            work.emit(e.SequenceFlowTaken(flow.id, scope_id, False))
            event_token = work.ids()
            work.transitions += 2
            work.emit(e.ElementActivated(event_token, node.id, scope_id, flow.id))
            self.happen(scope_id, event_token, node, results)

    def _begin_process(self, scope_id: int, token: Token, node: Node, results: Mapping[str, Value] | None) -> None:
        """The last part of a parallel multiple start event has come: the process begins as by any other."""
        work = self.work
        if results:
            work.propagate(work.life_scope(scope_id, token.id), results)
        process = work.graph.process
        if (
            process is None
            or process.listeners is None
            or execution_listeners.run(work, scope_id, token.id, node, execution_listeners.PROCESS)
        ):
            self.start(scope_id, token.id, node)

    def _all_parts(self, scope_id: int, token: Token, whole: Node, results: Mapping[str, Value] | None) -> bool:
        """A parallel multiple event happens with its last part; what the parts bring is set as they come."""
        work = self.work
        parts = {part.id for part in whole.parts}
        if any(wait.element in parts and wait.kind is not WaitKind.INCIDENT for wait in token.waits):
            if results:
                work.propagate(work.life_scope(scope_id, token.id), results)
            return False
        if not whole.interrupting and token.element != whole.id:
            for part in whole.parts:
                await_event_or_fail(work, scope_id, token.id, part)
        return True

    def terminate(self, scope_id: int, token_id: int) -> None:
        terminate_token(self.work, scope_id, token_id)

    def cancelled(self, scope_id: int, token: Token, node: Node) -> None:
        task_listeners.cancelled(self.work, scope_id, token, node)
        execution_listeners.cancelled(self.work, scope_id, token, node)

    def compensated(self, scope_id: int, token: Token) -> None:
        compensation.ended(self.work, scope_id, token)

    def check_scope(self, scope_id: int) -> None:
        work = self.work
        ad_hoc.go_on(work, scope_id)
        scope = work.draft.loaded(scope_id)
        if scope is None or not scope.is_empty():
            return
        if scope.state is ScopeState.COMPENSATING:
            owner = owner_of(work, scope_id)
            if owner is not None:
                work.later(compensation.advance, work, *owner)
        elif scope.kind is ScopeKind.PROCESS:
            if work.draft.instance.status in (InstanceStatus.RUNNING, InstanceStatus.PAUSED):
                listeners.disarm(work, scope_id)
                self._complete_process(scope_id)
        elif scope.kind is ScopeKind.SUBPROCESS:
            assert scope.parent is not None
            assert scope.owner is not None
            work.later(self.complete, scope.parent, scope.owner, work.graph.nodes[scope.element])

    def _complete_process(self, scope_id: int) -> None:
        """Nothing is active any more. End listeners are called with a token at the process itself."""
        work = self.work
        process = work.graph.process
        if process is None or process.listeners is None or not process.listeners.end:
            self.end_instance(InstanceStatus.COMPLETED)
            return
        token_id = work.ids()
        work.emit(e.ElementActivated(token_id, process.id, scope_id))
        if execution_listeners.run(work, scope_id, token_id, process, execution_listeners.END):
            self.end_process(token_id)

    def _cancel_process(self, scope_id: int) -> None:
        """Everything active ends. Camunda 7 calls the end listeners of a process that is cancelled as well; here, those
        that run in the step."""
        work, process = self.work, self.work.graph.process
        called = process is not None and any(
            token.element == process.id for token in work.draft.scope(scope_id).tokens.values()
        )
        terminate_scope_content(work, scope_id)
        if process is not None and process.listeners is not None and process.listeners.on_cancel and not called:
            execution_listeners.call_in_vain(work, scope_id, scope_id, process, process.listeners.end)

    def end_process(self, token_id: int) -> None:
        work = self.work
        process = work.graph.process
        assert process is not None
        work.emit(e.ElementCompleted(token_id, process.id, work.instance_id))
        if work.draft.scope(work.instance_id).is_empty():
            self.end_instance(InstanceStatus.COMPLETED)

    def end_instance(
        self,
        status: InstanceStatus,
        *,
        code: str | None = None,
        reason: str | None = None,
        notify_parent: bool = True,
    ) -> None:
        """Nothing of the instance remains active; a calling activity hears of it."""
        work = self.work
        instance = work.draft.instance
        if status is not InstanceStatus.COMPLETED:
            self._cancel_process(instance.id)
            work.drop_flows(instance.id)
            work.flows.clear()
            work.todo.clear()
            work.resume.clear()
        remove_kept(work, instance.id)
        work.emit(e.InstanceEnded(status, code, reason))
        parent = instance.parent
        if parent is None or not notify_parent:
            return
        if status is InstanceStatus.COMPLETED:
            work.enqueue(
                CompleteCall(
                    instance_id=parent.instance_id,
                    scope_id=parent.scope_id,
                    token_id=parent.token_id,
                    called_instance_id=instance.id,
                )
            )
        else:
            work.enqueue(
                FailCall(
                    instance_id=parent.instance_id,
                    scope_id=parent.scope_id,
                    token_id=parent.token_id,
                    called_instance_id=instance.id,
                    message=reason or f"The called instance {instance.id} was {status.value.lower()}",
                    error_code=code,
                )
            )
