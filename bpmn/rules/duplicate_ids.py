"""DUPLICATE_ID: two elements with one id; state, history and references go by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from bpmn.findings import Finding
from bpmn.model.base import Element
from bpmn.rules.index import Index, error


def check(index: Index) -> Iterator[Finding]:
    yield from _duplicates(index.model.processes)
    # Ids of nodes need to be unique in their process only (engines accept that; a schema finding remarks upon it).
    for _, scopes in groupby(index.scopes, key=lambda scope: id(scope.process)):
        yield from _duplicates(element for scope in scopes for element in (*scope.content.nodes, *scope.content.flows))
    model = index.model
    yield from _duplicates((*model.messages, *model.signals, *model.errors, *model.escalations))


def _duplicates(elements: Iterable[Element]) -> Iterator[Finding]:
    first: dict[str, Element] = {}
    for element in elements:
        other = first.setdefault(element.id, element)
        if other is not element:
            yield error(
                "DUPLICATE_ID",
                element,
                f"Expected each id once, but '{element.id}' is also the id of an element in line {other.line}.",
                "Give one of the two another id.",
            )
