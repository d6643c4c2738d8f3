"""Scopes as plain JSON data and back: the documents that the store keeps.

Format 1. Elements are named by XML id, never by position in a graph; short keys keep the document small; keys that this
release does not know are carried along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpmn.runtime.state import Claim, Compensation, Items, Phase, Scope, ScopeKind, ScopeState, Token, Wait, WaitKind

FORMAT = 1


def scope_to_document(scope: Scope) -> dict[str, Any]:
    """`{v, t: tokens, f: flows in transit, a: arrivals, r: memory, m: items, c: compensations, q: claims on those set
    aside, l: latest kept, p: previous kept, k: keys, s: state of the process where it is not ACTIVE}`. Empty parts are
    left out."""
    document: dict[str, Any] = {"v": FORMAT}
    if scope.tokens:
        document["t"] = [
            [
                *(t.id, t.element, t.phase.value, t.child, [[w.kind.value, w.id, w.element] for w in t.waits]),
                *(() if t.thrower is None else (list(t.thrower),)),
            ]
            for t in scope.tokens.values()
        ]
    if scope.transit:
        document["f"] = dict(scope.transit)
    if scope.arrivals:
        document["a"] = dict(scope.arrivals)
    if scope.memory:
        document["r"] = {element: list(ids) for element, ids in scope.memory.items()}
    if scope.items is not None:
        document["m"] = list(scope.items)
    if scope.compensations:
        document["c"] = [list(entry) for entry in scope.compensations]
    if scope.claims:
        document["q"] = [list(claim) for claim in scope.claims]
    if scope.latest is not None:
        document["l"] = scope.latest
    if scope.previous is not None:
        document["p"] = scope.previous
    if scope.keys:
        document["k"] = {key: list(values) for key, values in scope.keys.items()}
    if scope.kind is ScopeKind.PROCESS and scope.state is not ScopeState.ACTIVE:
        document["s"] = scope.state.value  # it has no row of its own, and so no column
    return document


def scope_from_document(
    document: Mapping[str, Any],
    *,
    id: int,
    kind: str,
    element: str,
    parent: int | None,
    owner: int | None,
    state: str,
    index: int | None = None,
) -> Scope:
    """The scope of a row. ValueError for a format of a newer release."""
    if document.get("v", FORMAT) > FORMAT:
        raise ValueError(f"Expected a scope document of format {FORMAT} or older, but got {document['v']!r}")
    tokens = {
        t[0]: Token(
            *(t[0], t[1], Phase(t[2]), t[3], tuple(Wait(WaitKind(w[0]), w[1], w[2]) for w in t[4])),
            thrower=(t[5][0], t[5][1]) if len(t) > 5 else None,
        )
        for t in document.get("t", ())
    }
    items = document.get("m")
    return Scope(
        id=id,
        kind=ScopeKind(kind),
        element=element,
        parent=parent,
        owner=owner,
        state=ScopeState(document.get("s", state)),
        tokens=tokens,
        transit=dict(document.get("f", {})),
        arrivals=dict(document.get("a", {})),
        memory={element: tuple(ids) for element, ids in document.get("r", {}).items()},
        items=None if items is None else Items(*items),
        index=index,
        compensations=tuple(Compensation(*entry) for entry in document.get("c", ())),
        claims=tuple(Claim(*claim) for claim in document.get("q", ())),
        latest=document.get("l"),
        previous=document.get("p"),
        keys={key: tuple(values) for key, values in document.get("k", {}).items()},
    )
