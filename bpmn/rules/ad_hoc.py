"""AD_HOC_CONTENT: an ad-hoc sub-process holds activities, and neither start nor end events (BPMN 2.0.2, 10.3.5)."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import Activity, AdHocSubProcess
from bpmn.model.events import EndEvent, StartEvent
from bpmn.rules.index import Index, error


def check(index: Index) -> Iterator[Finding]:
    for scope in index.scopes:
        if not isinstance(scope.container, AdHocSubProcess):
            continue
        for node in scope.content.nodes:
            if isinstance(node, StartEvent | EndEvent):
                kind = "start" if isinstance(node, StartEvent) else "end"
                yield error(
                    "AD_HOC_CONTENT",
                    node,
                    f"Expected no {kind} event in ad-hoc sub-process '{scope.container.id}', but there is '{node.id}'.",
                    "Delete the event; activities of an ad-hoc sub-process begin and end by themselves.",
                )
        if not any(isinstance(node, Activity) for node in scope.content.nodes):
            yield error(
                "AD_HOC_CONTENT",
                scope.container,
                f"Expected an activity in ad-hoc sub-process '{scope.container.id}', but it has none.",
                "Draw what can be done in it.",
            )
