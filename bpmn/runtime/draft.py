"""A draft: the state as a step changes it, copied on write, so that the loaded state stays what it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from bpmn.runtime.needs import Missing, NeedScopes
from bpmn.runtime.state import Instance, Scope, State

Value = Any


class _Removed:
    def __repr__(self) -> str:
        return "REMOVED"


REMOVED: Final = _Removed()
"""Marks a variable that the step removed."""


@dataclass(slots=True)
class StateChanges:
    """What a step changed. A scope of None was closed; `created` are new scopes that are still open."""

    instance: Instance
    scopes: dict[int, Scope | None] = field(default_factory=dict)
    created: set[int] = field(default_factory=set)
    variables: dict[tuple[int, str], Value] = field(default_factory=dict)
    """(scope, name) -> value or REMOVED; variables of closed scopes are not listed."""

    def merge_into(self, state: State) -> None:
        """Make `state` what it is after the step."""
        state.instance = self.instance
        for scope_id, scope in self.scopes.items():
            if scope is None:
                state.scopes.pop(scope_id, None)
                state.variables.pop(scope_id, None)
            else:
                state.scopes[scope_id] = scope
                state.variables.setdefault(scope_id, {})
        for (scope_id, name), value in self.variables.items():
            names = state.variables.setdefault(scope_id, {})
            if value is REMOVED:
                names.pop(name, None)
            else:
                names[name] = value
        state.children.clear()
        state.portions.clear()
        state.items.clear()
        state.outputs.clear()
        state.called.clear()
        state.decisions.clear()
        state.tasks.clear()


class Draft:
    """Reads fall through to the loaded state; writes stay here."""

    __slots__ = ("base", "changed", "created", "instance", "items", "scopes", "variables")

    def __init__(self, base: State) -> None:
        self.base = base
        self.instance = base.instance.copy()
        self.scopes: dict[int, Scope | None] = {}
        self.created: set[int] = set()
        self.variables: dict[int, dict[str, Value]] = {}
        self.changed: dict[tuple[int, str], Value] = {}
        self.items: dict[tuple[int, int], Value] = {}
        """(body, index) -> input item of bodies opened in this step."""

    def find(self, scope_id: int) -> Scope | None:
        """The scope to read; None where it was closed. Missing(NeedScopes) where it was not loaded."""
        if scope_id in self.scopes:
            return self.scopes[scope_id]
        scope = self.base.scopes.get(scope_id)
        if scope is None:
            raise Missing(NeedScopes((scope_id,)))
        return scope

    def loaded(self, scope_id: int) -> Scope | None:
        """The scope to read, or None where it is closed or not loaded."""
        if scope_id in self.scopes:
            return self.scopes[scope_id]
        return self.base.scopes.get(scope_id)

    def scope(self, scope_id: int) -> Scope:
        scope = self.find(scope_id)
        if scope is None:
            raise LookupError(f"Expected scope {scope_id} to be open, but it is closed")
        return scope

    def edit(self, scope_id: int) -> Scope:
        """The scope to change: the draft's own copy."""
        mine = self.scopes.get(scope_id)
        if mine is not None:
            return mine
        copy = self.scope(scope_id).copy()
        self.scopes[scope_id] = copy
        return copy

    def names(self, scope_id: int) -> dict[str, Value]:
        """Variables of a scope, to read; values may be UNLOADED."""
        mine = self.variables.get(scope_id)
        if mine is not None:
            return mine
        return self.base.variables.get(scope_id, _EMPTY)

    def set_variable(self, scope_id: int, name: str, value: Value) -> None:
        mine = self.variables.get(scope_id)
        if mine is None:
            mine = self.variables[scope_id] = dict(self.base.variables.get(scope_id, _EMPTY))
        if value is REMOVED:
            mine.pop(name, None)
        else:
            mine[name] = value
        self.changed[(scope_id, name)] = value

    def open_scopes(self) -> list[Scope]:
        """All scopes that are loaded and open."""
        mine = [scope for scope in self.scopes.values() if scope is not None]
        return mine + [scope for id, scope in self.base.scopes.items() if id not in self.scopes]

    def finish(self) -> StateChanges:
        scopes = {id: s for id, s in self.scopes.items() if s is not None or id not in self.created}
        changed = {key: value for key, value in self.changed.items() if self.scopes.get(key[0], _OPEN) is not None}
        created = {id for id in self.created if self.scopes.get(id) is not None}
        return StateChanges(self.instance, scopes, created, changed)


_EMPTY: dict[str, Value] = {}
_OPEN: Final = object()
