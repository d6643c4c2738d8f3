"""The scopes of an instance, some at a time, in order of their ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bpmn.runtime.draft import Draft
from bpmn.runtime.needs import Missing, NeedPortion
from bpmn.runtime.state import Scope, ScopeKind, ScopeState
from bpmn.runtime.terminate import is_leftover


@dataclass(frozen=True, slots=True)
class Portion:
    """`scopes` are those that belong to something; `last` is the highest id that was looked at."""

    scopes: list[Scope]
    last: int
    more: bool


def portion(draft: Draft, after: int, limit: int, last: int = 0, except_for: Iterable[int] = ()) -> Portion:
    """The next scopes below the process, those with ids above `after` (up to `last`, if that is given), at most
    `limit`. Missing(NeedPortion) where they are not loaded.

    What was detached - a body that is being removed portion by portion - is left out: nothing in it reacts any more.
    """
    loaded = draft.base.portions.get(after)
    if loaded is None:
        raise Missing(NeedPortion(after, limit + 1))
    ids = [id for id in loaded if not last or id <= last]
    chosen, skipped = ids[:limit], set(except_for)
    attached = Attached(draft)
    scopes = [draft.scope(id) for id in chosen if id not in skipped and id in attached]
    return Portion(scopes, chosen[-1] if chosen else after, len(ids) > limit)


class Attached:
    """Ids of loaded scopes (with their chains) to whose owner, and every one outward, they still belong."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._known: dict[int, bool] = {draft.instance.id: True}
        self._children: dict[int, frozenset[int]] = {}

    def __contains__(self, scope_id: int) -> bool:
        chain: list[int] = []
        current = scope_id
        while current not in self._known:
            chain.append(current)
            scope = self._draft.loaded(current)
            if scope is None or scope.parent is None or not self._belongs(scope, scope.parent):
                self._known[current] = False
                break
            current = scope.parent
        belongs = self._known[current]
        self._known.update(dict.fromkeys(chain, belongs))
        return belongs

    def _belongs(self, scope: Scope, parent_id: int) -> bool:
        if scope.kind is ScopeKind.ITEM:
            body = self._draft.loaded(parent_id)
            return body is not None and not is_leftover(scope, body)
        parent = self._draft.loaded(parent_id)
        if scope.kind is ScopeKind.RECORDS:
            return parent is not None
        if scope.state is ScopeState.COMPLETED and parent is not None and parent.latest is not None:
            return True  # recorded in what is set aside
        if parent_id not in self._children:
            children = set() if parent is None else _children(parent)
            self._children[parent_id] = frozenset(children)
        return scope.id in self._children[parent_id]


def _children(scope: Scope) -> set[int]:
    """At work, and kept to be compensated."""
    found = {token.child for token in scope.tokens.values() if token.child is not None}
    found.update(entry.child for entry in scope.compensations if entry.child is not None)
    return found
