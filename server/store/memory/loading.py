"""Claiming work and loading the part of an instance that a command touches."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from bpmn.runtime.state import UNLOADED
from server.ports.records import (
    CommandRow,
    ConditionWaitRow,
    InstanceRow,
    MigrationRow,
    ScopeRow,
    TimerRow,
    TimerStartRow,
    VariableRow,
)
from server.ports.store import Ref, Value
from server.store.memory.base import UnitBase

SMALL_VALUE = 1024


class Loading(UnitBase):
    def claim_commands(self, limit: int) -> list[CommandRow]:
        """Due commands in order of id."""
        due = [row for row in self._views.command.scan() if row.due_at is not None and row.due_at <= self.now()]
        return self._views.command.thawed(sorted(due, key=attrgetter("id"))[:limit])

    def claim_timers(self, limit: int) -> list[TimerRow]:
        """Timers with `due_at <= now` of instances that are not paused, earliest first."""
        due = [
            row
            for row in self._views.timer.scan()
            if row.due_at <= self.now() and self._views.paused.get(row.instance_id) is None
        ]
        return self._views.timer.thawed(sorted(due, key=attrgetter("due_at", "id"))[:limit])

    def claim_timer_starts(self, limit: int) -> list[TimerStartRow]:
        """Timer starts with `due_at <= now`, earliest first."""
        due = [row for row in self._views.timer_start.scan() if row.due_at <= self.now()]
        return self._views.timer_start.thawed(sorted(due, key=attrgetter("due_at", "id"))[:limit])

    def lock_instances(self, ids: Iterable[int]) -> dict[int, InstanceRow]:
        """Those that exist; with one writer none is locked by another."""
        found = {id: self._views.instance.find(id) for id in sorted(set(ids))}
        return {id: row for id, row in found.items() if row is not None}

    def instances_exist(self, ids: Iterable[int]) -> set[int]:
        """Those of the ids that exist."""
        return {id for id in ids if self._views.instance.get(id) is not None}

    def load_scope_chains(self, refs: Iterable[Ref]) -> list[ScopeRow]:
        """Each named scope and its ancestors below the root, each once, in order of id."""
        found: dict[Ref, ScopeRow] = {}
        for instance_id, scope_id in refs:
            for row in self._chain(instance_id, scope_id):
                found[instance_id, row.id] = row
        return self._views.scope.thawed(found[ref] for ref in sorted(found))

    def _chain(self, instance_id: int, scope_id: int) -> list[ScopeRow]:
        chain: list[ScopeRow] = []
        row = self._views.scope.get(instance_id, scope_id)
        while row is not None:
            chain.append(row)
            row = self._views.scope.get(instance_id, row.parent_id)
        return chain

    def load_children(self, instance_id: int, scope_id: int, limit: int, after: int = 0) -> list[ScopeRow]:
        """Direct child scopes with ids above `after`, in order of id."""
        scopes = self._views.scope.scan(instance_id)
        children = [row for row in scopes if row.parent_id == scope_id and row.id > after]
        return self._views.scope.thawed(sorted(children, key=attrgetter("id"))[:limit])

    def load_portion(self, instance_id: int, after: int, limit: int) -> list[ScopeRow]:
        """Scopes of the instance below its root, with ids above `after`, in order of id."""
        following = (row for row in self._views.scope.scan(instance_id) if row.id > after)
        return self._views.scope.thawed(sorted(following, key=attrgetter("id"))[:limit])

    def find_migration(self, instance_id: int) -> MigrationRow | None:
        """The last migration of the instance that took many transactions."""
        return self._views.migration.find(instance_id)

    def load_variables(self, refs: Iterable[Ref]) -> list[VariableRow]:
        """All names of the given scopes; values up to 1 kB are read, larger ones are UNLOADED."""
        loaded: list[VariableRow] = []
        for ref in dict.fromkeys(refs):
            for row in self._views.variable.scan(*ref):
                thawed = self._views.variable.table.thaw(row)
                if len(row.value) > SMALL_VALUE:
                    thawed.value = UNLOADED
                loaded.append(thawed)
        return loaded

    def load_values(self, refs: Iterable[tuple[int, int, str]]) -> list[VariableRow]:
        """The values of exactly these variables, whatever their size."""
        found = [self._views.variable.find(*ref) for ref in dict.fromkeys(refs)]
        return [row for row in found if row is not None]

    def load_items(self, instance_id: int, scope_id: int, start: int, count: int) -> list[tuple[int, Value]]:
        """Input items from index `start`, at most `count`, as (index, value)."""
        found = [self._views.item.find(instance_id, scope_id, index) for index in range(start, start + count)]
        return [(row.index, row.value) for row in found if row is not None]

    def load_outputs(self, instance_id: int, scope_id: int) -> list[Value]:
        """All outputs of a body in order of index; null where none was stored."""
        outputs: list[Value] = []
        for row in sorted(self._views.item.scan(instance_id, scope_id), key=attrgetter("index")):
            outputs.extend([None] * (row.index - len(outputs)))
            outputs.append(self._views.item.table.thaw(row).output)
        return outputs

    def visible_variables(
        self, refs: Iterable[Ref], *, own_only: Iterable[Ref] = (), names: Iterable[str] | None = None
    ) -> dict[Ref, dict[str, Value]]:
        """Per scope all variables it sees (its own, then its ancestors'); for `own_only` just its own."""
        own = set(own_only)
        wanted = None if names is None else set(names)
        seen: dict[Ref, dict[str, Value]] = {}
        for ref in dict.fromkeys([*refs, *own]):
            chain = [ref]
            if ref not in own:
                chain.extend((ref[0], row.parent_id) for row in self._chain(*ref))
            visible: dict[str, Value] = {}
            for link in reversed(chain):
                for row in self._views.variable.scan(*link):
                    if wanted is None or row.name in wanted:
                        visible[row.name] = self._views.variable.table.thaw(row).value
            seen[ref] = visible
        return seen

    def condition_waits(
        self, instance_id: int, names: Iterable[str], limit: int, after: int = 0
    ) -> list[ConditionWaitRow]:
        """Waits of the instance on any of the names or on `*`, one row per wait, id above `after`, in order of id."""
        wanted = {*names, "*"}
        found: dict[int, ConditionWaitRow] = {}
        for row in sorted(self._views.condition_wait.scan(instance_id), key=attrgetter("id", "name")):
            if row.name in wanted and row.id > after:
                found.setdefault(row.id, row)
        return self._views.condition_wait.thawed(list(found.values())[:limit])
