"""LINK_WITHOUT_NAME, LINK_TARGET_MISSING, LINK_TARGET_AMBIGUOUS, LINK_SOURCE_MISSING, LINK_FLOW: link events come in
pairs of one name and scope, and stand in for the flow between them (BPMN 2.0.2, 10.5.5)."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.events import Event, IntermediateCatchEvent, LinkEventDefinition
from bpmn.rules.index import Index, Scope, error, warning


def check(index: Index) -> Iterator[Finding]:
    for scope in index.scopes:
        links = [
            (node, definition)
            for node in scope.content.nodes
            if isinstance(node, Event)
            for definition in node.definitions
            if isinstance(definition, LinkEventDefinition)
        ]
        if links:
            yield from _pairs(scope, links)
            yield from _flows(scope, links)


def _pairs(scope: Scope, links: list[tuple[Event, LinkEventDefinition]]) -> Iterator[Finding]:
    targets: set[str] = set()
    for event, definition in links:
        if not definition.name:
            yield error(
                "LINK_WITHOUT_NAME",
                event,
                f"Expected a name in the link event definition of '{event.id}', but it has none.",
                "Give the throwing and the catching link event the same name.",
            )
        elif isinstance(event, IntermediateCatchEvent):
            if definition.name in targets:
                yield error(
                    "LINK_TARGET_AMBIGUOUS",
                    event,
                    f"Expected one catching link event '{definition.name}' in '{scope.container.id}',"
                    f" but '{event.id}' is another.",
                    "Rename one of the links.",
                )
            targets.add(definition.name)
    for event, definition in links:
        if definition.name and not isinstance(event, IntermediateCatchEvent) and definition.name not in targets:
            yield error(
                "LINK_TARGET_MISSING",
                event,
                f"Expected a catching link event '{definition.name}' in '{scope.container.id}' for '{event.id}',"
                " but there is none.",
                "Add a catching link event of that name.",
            )


def _flows(scope: Scope, links: list[tuple[Event, LinkEventDefinition]]) -> Iterator[Finding]:
    thrown = {definition.name for event, definition in links if not isinstance(event, IntermediateCatchEvent)}
    for event, definition in links:
        if isinstance(event, IntermediateCatchEvent):
            if definition.name and definition.name not in thrown:
                yield warning(
                    "LINK_SOURCE_MISSING",
                    event,
                    f"Expected a throwing link event '{definition.name}' in '{scope.container.id}' for '{event.id}',"
                    " but there is none.",
                    "Add a throwing link event of that name.",
                )
            if flows := scope.incoming.get(event.id):
                yield warning(
                    "LINK_FLOW",
                    event,
                    f"Expected no sequence flow into catching link event '{event.id}', but there is '{flows[0].id}'.",
                    "Let the flow go to the element after the event.",
                )
        elif flows := scope.outgoing.get(event.id):
            yield error(
                "LINK_FLOW",
                event,
                f"Expected no sequence flow out of throwing link event '{event.id}', but there is '{flows[0].id}'; the"
                " token goes on at the catching event.",
                "Delete the flow, or use a parallel gateway before the link.",
            )
