"""Which public events a step tells: CloudEvents for the topic exchange, written to the outbox with the step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from bpmn.runtime import events as e
from bpmn.runtime.state import Instance, InstanceStatus, WaitKind
from bpmn.spec.graph import Graph
from server.ports.bus import PublicEvent
from server.ports.records import OutboxRow

SOURCE = "bpmnd"
EVENTS = "events"
_TOLD = frozenset({e.WaitAdded, e.WaitRemoved, e.InstanceStarted, e.InstanceEnded})

_ENDED = {
    InstanceStatus.COMPLETED: "WORKFLOW_COMPLETED",
    InstanceStatus.FAILED: "WORKFLOW_FAILED",
    InstanceStatus.CANCELLED: "WORKFLOW_CANCELLED",
}
_TASK_WAITS = {WaitKind.JOB: "jobId", WaitKind.USER_TASK: "taskId"}


def public_events(
    instance: Instance,
    graph: Graph,
    events: Iterable[e.Event],
    first_sequence: int,
    now: datetime,
    ids: Callable[[], int],
) -> list[OutboxRow]:
    """The outbox row of one step, with all that it tells, ready to be sent; none where it tells nothing.

    `first_sequence` is the number of its first event; `sequence` in the data is the number of the event it tells, so
    that a consumer can put them in order and find them in history.
    """
    told: list[list[str]] = []
    first_told = 0
    for sequence, event in enumerate(events, first_sequence):
        if type(event) not in _TOLD:
            continue
        found = _tell(event)
        if found is None:
            continue
        type_, element_id, extra = found
        body = _cloud_event(ids(), type_, instance, graph, element_id, sequence, now, extra)
        told.append([type_, orjson.dumps(body).decode()])
        first_told = first_told or sequence
    if not told:
        return []
    return [
        OutboxRow(
            id=ids(),
            tenant_id=instance.tenant_id,
            instance_id=instance.id,
            sequence=first_told,
            routing_key=instance.definition_key,
            body={EVENTS: told},
        )
    ]


def published(row: OutboxRow) -> Iterator[PublicEvent]:
    """The events of an outbox row, in order. A row of an older release is one event."""
    told = row.body.get(EVENTS)
    if told is None:
        yield PublicEvent(row.routing_key, row.body, row.tenant_id)
        return
    for type_, body in told:
        yield PublicEvent(f"{type_}.{row.routing_key}", body, row.tenant_id, key=str(row.instance_id))


def _tell(event: e.Event) -> tuple[str, str | None, dict[str, str]] | None:
    match event:
        case e.WaitAdded(_, _, kind, id, element, data) if kind in _TASK_WAITS:
            return "TASK_SCHEDULED", *_about(element, kind, id, data)
        case e.WaitRemoved(_, _, kind, id, element, True, data) if kind in _TASK_WAITS:
            return "TASK_COMPLETED", *_about(element, kind, id, data)
        case e.InstanceStarted(_, start_element, _, _):
            return "WORKFLOW_STARTED", start_element, {}
        case e.InstanceEnded(status, code, _):
            return _ENDED[status], None, {} if code is None else {"errorCode": code}
    return None


def _about(element: str, kind: WaitKind, id: int, data: Mapping[str, Any] | None) -> tuple[str, dict[str, str]]:
    """The element and the job or task; of a job that is a listener, the event it listens to as well."""
    told = {_TASK_WAITS[kind]: str(id)}
    if data is not None and "listener" in data:
        told["listener"] = data["listener"]
    return element.partition("$")[0], told


def _cloud_event(
    id: int,
    type: str,
    instance: Instance,
    graph: Graph,
    element_id: str | None,
    sequence: int,
    now: datetime,
    extra: dict[str, str],
) -> dict[str, Any]:
    node = None if element_id is None else graph.nodes.get(element_id)
    return {
        "specversion": "1.0",
        "id": str(id),
        "source": SOURCE,
        "type": type,
        "subject": str(instance.id),
        "time": now.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {
            "instanceId": str(instance.id),
            "rootInstanceId": str(instance.root_instance_id),
            "definitionKey": instance.definition_key,
            "version": instance.version,
            "elementId": element_id,
            "elementType": None if node is None else node.kind.value,
            **extra,
            "tenantId": instance.tenant_id,
            "businessKey": instance.business_key,
            "sequence": sequence,
        },
    }
