"""Moving what is active to its place in another version, scope by scope, after a survey has found places for all.

A scope is moved from what is in it alone; nothing goes on from it before all scopes are moved.
"""

from __future__ import annotations

from collections.abc import Iterable

from bpmn.runtime import effects as fx
from bpmn.runtime import events as e
from bpmn.runtime.boundary import await_event_or_fail
from bpmn.runtime.commands import Continue, EvaluateCondition
from bpmn.runtime.conditions import fire_conditions
from bpmn.runtime.joins import settle
from bpmn.runtime.migration_places import Places
from bpmn.runtime.state import InstanceStatus, Phase, Scope, ScopeKind, Token, Wait, WaitKind
from bpmn.runtime.terminate import end_token
from bpmn.runtime.work import Work
from bpmn.spec.graph import Node

_WITHOUT_ROW = frozenset({WaitKind.CALL, WaitKind.COMPENSATION})
_ELEMENT_ONLY = frozenset({WaitKind.TIMER, WaitKind.CONDITION})
"""Their rows name the element; all others also the definition, and so have to be written in any case."""


class Mover:
    """`move` scopes, then either `finish` (the whole instance is in this step) or `leave` what comes next to commands.

    `work` is that of the target's graph; the scopes given are as they were before.
    """

    def __init__(self, work: Work, places: Places) -> None:
        self.work = work
        self.places = places

    def move(self, before: Scope) -> None:
        self._move_scope(before)
        for token in before.tokens.values():
            if token.phase is Phase.LISTENING:
                self._move_listener(before, token)
            else:
                self._move_token(before, token)
        for start in self.places.new_starts(before):
            token_id = self.work.ids()
            self.work.emit(e.ListenerAdded(token_id, start.id, before.id))
            await_event_or_fail(self.work, before.id, token_id, start)

    def _move_scope(self, before: Scope) -> None:
        work, places = self.work, self.places
        is_root = before.id == work.instance_id
        of_root = is_root or (before.kind is ScopeKind.RECORDS and before.parent == work.instance_id)
        element = places.target.root.element if of_root else self._node(before.element).id
        flows: list[tuple[str, str]] = []
        joins_renamed = False
        for flow_id in {**before.transit, **before.arrivals}:
            flow = places.target.flows[self._id(flow_id)]
            joins_renamed |= flow.target.id != places.source.flows[flow_id].target.id
            if flow.id != flow_id:
                flows.append((flow_id, flow.id))
        claimed = (claim.activity for claim in before.claims if claim.activity is not None)
        activities = self._renamed((*(entry.element for entry in before.compensations), *claimed))
        memory = self._renamed(id for element, ids in before.memory.items() for id in (element, *ids))
        renamed = element != before.element and not is_root
        if renamed or flows or activities or memory or joins_renamed:
            work.emit(e.ScopeMigrated(before.id, before.element, element, tuple(flows), activities, memory))
        if renamed:
            work.effect(fx.MigrateRow(kind=None, id=before.id, element_id=element, element_name=None))

    def _renamed(self, ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
        found = ((id, self._id(id)) for id in dict.fromkeys(ids))
        return tuple((old, new) for old, new in found if new != old)

    def _id(self, id: str) -> str:
        """Of an element or a flow."""
        if id not in self.places.source.flows:
            return self._node(id).id
        flow = self.places.flow(id)
        assert flow is not None
        return flow.id

    def _node(self, id: str) -> Node:
        node = self.places.node(id)
        assert node is not None
        return node

    def _move_token(self, before: Scope, token: Token) -> None:
        work = self.work
        node = self._node(token.element)
        self._rename(before.id, token, node)
        for wait in token.waits:
            self._move_wait(before.id, token, wait, node)
        if token.phase is not Phase.ACTIVE:
            return
        inner = self.places.is_inner(before, node)
        if node.has_local and token.child is None and (node.loop is None or inner):
            # Its output mappings read a scope of its own.
            work.emit(e.ScopeOpened(work.ids(), ScopeKind.LOCAL, node.id, before.id, token.id))
        for event in self.places.new_events(before, token, node):
            await_event_or_fail(work, before.id, token.id, event)

    def _move_listener(self, before: Scope, token: Token) -> None:
        node = self.places.node(token.element)
        if node is None:
            end_token(self.work, before.id, token)
            return
        self._rename(before.id, token, node)
        for wait in token.waits:
            self._move_wait(before.id, token, wait, node)

    def _rename(self, scope_id: int, token: Token, node: Node) -> None:
        if node.id != token.element:
            self.work.emit(e.ElementMigrated(token.id, token.element, scope_id, node.id))

    def _move_wait(self, scope_id: int, token: Token, wait: Wait, node: Node) -> None:
        """`node` is the token's element in the target."""
        work = self.work
        if wait.element in self.places.source.flows:
            self._rename_wait(scope_id, token, wait, self._id(wait.element), None)
            return
        waited_for = self.places.goes_on(wait, node)
        if waited_for is None or self.places.has_changed(wait, waited_for):
            work.remove_wait(scope_id, token.id, wait.kind, wait.id, wait.element, completed=False)
            if waited_for is not None:
                await_event_or_fail(work, scope_id, token.id, waited_for)
            return
        self._rename_wait(scope_id, token, wait, waited_for.id, waited_for.name)

    def _rename_wait(self, scope_id: int, token: Token, wait: Wait, id: str, name: str | None) -> None:
        element, listener, which = wait.element.partition("$")
        renamed = id != element
        if renamed:
            self.work.emit(
                e.WaitMigrated(scope_id, token.id, wait.kind, wait.id, wait.element, f"{id}{listener}{which}")
            )
        if wait.kind not in _WITHOUT_ROW and (renamed or wait.kind not in _ELEMENT_ONLY):
            self.work.effect(fx.MigrateRow(kind=wait.kind, id=wait.id, element_id=id, element_name=name))

    # -- the end ------------------------------------------------------------------------------------------------------

    def finish(self, scopes: Iterable[Scope]) -> None:
        """What the new version lets happen at once: joins with fewer flows, conditions that are true."""
        for before in scopes:
            if before.arrivals or before.memory:
                settle(self.work, before.id)
        if self.work.draft.instance.status is InstanceStatus.PAUSED:
            self._leave_conditions()
        else:
            self.work.later(fire_conditions, self.work)

    def leave(self, scopes: Iterable[Scope]) -> None:
        """As `finish`, by commands: other scopes are not moved yet."""
        work = self.work
        for before in scopes:
            if before.arrivals or before.memory:
                work.enqueue(Continue(instance_id=work.instance_id, scope_id=before.id, settle=True))
        self._leave_conditions()

    def _leave_conditions(self) -> None:
        """New conditions are looked at when the instance goes on."""
        work = self.work
        for effect in list(work.effects):
            if isinstance(effect, fx.CreateConditionWait):
                work.enqueue(
                    EvaluateCondition(
                        instance_id=work.instance_id,
                        scope_id=effect.scope_id,
                        wait_id=effect.id,
                        token_id=effect.token_id,
                        element_id=effect.element_id,
                    )
                )
