"""Work that a connector does: shared by service, send, business rule tasks and message throw events."""

from __future__ import annotations

from typing import Any

from bpmn.runtime import effects as fx
from bpmn.runtime.needs import Fail
from bpmn.runtime.retries import RetriesError, parse_retries
from bpmn.runtime.state import WaitKind
from bpmn.runtime.work import Work
from bpmn.spec.elements import JobSpec
from bpmn.spec.graph import Node

DEFAULT_RETRIES = 3
"""As in Camunda 7 and 8."""


def create_job(work: Work, scope_id: int, token_id: int, node: Node, spec: JobSpec) -> None:
    """A job row, which is also its own message to the bus."""
    scope = work.life_scope(scope_id, token_id)
    type = work.text(spec.type, scope, node, "job type")
    if not type:
        raise Fail("EXPRESSION_ERROR", f"Expected the job type of '{node.id}' to be text, but it is empty")
    headers: dict[str, Any] = {name: work.evaluate(value, scope, node) for name, value in spec.headers}
    if spec.arguments:
        headers["arguments"] = [work.evaluate(argument, scope, node) for argument in spec.arguments]
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
    work.add_wait(scope_id, token_id, WaitKind.JOB, job_id, node.id, {"jobType": type, "retries": retries})
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
            mapped=bool(node.inputs),
            result_variable=spec.result_variable,
        )
    )
