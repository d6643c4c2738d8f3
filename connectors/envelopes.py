"""Jobs, results and events as messages of the bus: which exchange, routing key and headers each travels with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.codec import decode, encode
from connectors.messages import JobMessage, ResultMessage
from connectors.queues import IDEMPOTENCY_KEY, TENANT, TRACEPARENT, Topology
from connectors.transport.base import Incoming, Outgoing

_EVENT_ID = re.compile(r'"id":"([^"]*)"')


def job_envelope(topology: Topology, job: JobMessage, traceparent: str | None = None) -> Outgoing:
    """A job on its way to the workers of its type. The idempotency key is the job id, the same for every attempt."""
    return Outgoing(
        exchange=topology.jobs_name,
        routing_key=job.type,
        body=encode(job.to_json()),
        message_id=f"{job.id}:{job.attempt}",
        headers=_headers(job.tenant_id, job.id, traceparent),
        mandatory=True,
        key=job.instance_id,
    )


def result_envelope(
    topology: Topology, result: ResultMessage, tenant_id: str, traceparent: str | None = None
) -> Outgoing:
    """A result on its way to the engine. Raises ValueError or TypeError where `variables` are not JSON."""
    return Outgoing(
        exchange=topology.results_name,
        routing_key=topology.results_name,
        body=encode(result.to_json()),
        message_id=f"{result.job_id}:{result.attempt}:{result.outcome}",
        headers=_headers(tenant_id, result.job_id, traceparent),
        mandatory=True,
        key=result.instance_id or result.job_id,
    )


def event_envelope(
    topology: Topology, routing_key: str, body: Mapping[str, Any] | str, tenant_id: str, key: str | None = None
) -> Outgoing:
    """A CloudEvent for whoever listens; nobody has to. `body` may be its JSON already."""
    if isinstance(body, str):
        found = _EVENT_ID.search(body)
        event_id, subject, content = found[1] if found else "", key, body.encode()
    else:
        event_id, subject, content = str(body.get("id", "")), key or body.get("subject"), encode(body)
    return Outgoing(
        exchange=topology.events_name,
        routing_key=routing_key,
        body=content,
        message_id=event_id,
        headers=_headers(tenant_id, event_id, None),
        key=str(subject or event_id),
    )


def read_job(message: Incoming) -> JobMessage:
    """Raises MalformedMessage."""
    return JobMessage.from_json(decode(message.body, message.content_type))


def read_result(message: Incoming) -> ResultMessage:
    """Raises MalformedMessage."""
    return ResultMessage.from_json(decode(message.body, message.content_type))


def text_header(message: Incoming, name: str) -> str | None:
    value = message.headers.get(name)
    return value if isinstance(value, str) and value else None


def _headers(tenant_id: str, idempotency_key: str, traceparent: str | None) -> dict[str, str]:
    headers = {TENANT: tenant_id, IDEMPOTENCY_KEY: idempotency_key}
    if traceparent:
        headers[TRACEPARENT] = traceparent
    return headers
