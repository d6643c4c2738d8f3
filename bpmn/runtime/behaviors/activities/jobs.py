"""Work that a connector does: shared by service, send, business rule tasks and message throw events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bpmn.expressions.api import ExecutionInfo
from bpmn.runtime import effects as fx
from bpmn.runtime.needs import Fail
from bpmn.runtime.retries import RetriesError, parse_retries
from bpmn.runtime.state import WaitKind
from bpmn.runtime.work import TaskDraft, Work
from bpmn.spec.elements import JobSpec
from bpmn.spec.graph import Node


@dataclass(frozen=True, slots=True)
class Listening:
    """What a job that is a listener tells beside what every job does."""

    mark: str
    """What its wait names as the element."""
    event: str
    execution: ExecutionInfo
    task: TaskDraft | None
    headers: dict[str, Any]


DEFAULT_RETRIES = 3
"""As in Camunda 7 and 8."""


def create_job(
    work: Work,
    scope_id: int,
    token_id: int,
    node: Node,
    spec: JobSpec,
    *,
    listener: Listening | None = None,
) -> None:
    """A job row, which is also its own message to the bus; for the element's own work, or for a `listener` of it."""
    scope = work.life_scope(scope_id, token_id)
    type = work.text(spec.type, scope, node, "job type")
    if not type:
        raise Fail("EXPRESSION_ERROR", f"Expected the job type of '{node.id}' to be text, but it is empty")
    execution, task = (None, None) if listener is None else (listener.execution, listener.task)
    headers: dict[str, Any] = {
        name: work.evaluate(value, scope, node, execution=execution, task=task) for name, value in spec.headers
    }
    if spec.arguments:
        headers["arguments"] = [
            work.evaluate(argument, scope, node, execution=execution, task=task) for argument in spec.arguments
        ]
    data: dict[str, Any] = {"jobType": type}
    if listener is not None:
        headers.update(listener.headers)
        data["listener"] = listener.event
    retries = DEFAULT_RETRIES
    backoff: tuple[float, ...] = ()
    if spec.retries is not None:
        text = work.text(spec.retries, scope, node, "retries")
        try:
            retries, backoff = parse_retries(text or "")
        except RetriesError as error:
            raise Fail("EXPRESSION_ERROR", f"{error} (retries of '{node.id}')") from error
    priority = 0
    if spec.priority is not None:
        value = work.evaluate(spec.priority, scope, node)
        try:
            priority = int(str(value).strip())
        except ValueError as error:
            raise Fail(
                "EXPRESSION_ERROR", f"Expected the job priority of '{node.id}' to be a number, but it was {value!r:.80}"
            ) from error
    job_id = work.ids()
    data["retries"] = retries
    work.add_wait(scope_id, token_id, WaitKind.JOB, job_id, node.id if listener is None else listener.mark, data)
    work.effect(
        fx.CreateJob(
            id=job_id,
            scope_id=scope,
            token_id=token_id,
            element_id=node.id,
            element_name=node.name,
            type=type,
            retries=retries,
            backoff_seconds=backoff,
            priority=priority,
            headers=headers,
            mapped=bool(node.inputs) and listener is None,
            result_variable=spec.result_variable,
        )
    )
