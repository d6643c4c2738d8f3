"""Conditional start events: variables from outside start an instance of every definition whose condition they fulfil.

As in Camunda 7 (`POST /condition`), only the latest version of a key counts, and suspended ones do not. Unlike there, a
condition that cannot be evaluated, or an instance that cannot be started, is told in the answer and stops nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import structlog

from bpmn.expressions.api import ExecutionInfo
from bpmn.runtime import commands as c
from bpmn.runtime.conditional_starts import BegunByConditions, begun_by_conditions
from server.errors import ConflictError, DomainError, NotFound
from server.ports.records import DefinitionRow
from server.usecases import requests as rq
from server.usecases.executor.graphs import GraphMissing
from server.usecases.executor.session import EngineFailure
from server.usecases.executor.starting import check_startable, new_instance_row, startable

if TYPE_CHECKING:
    from server.usecases.executor.batch import Batch

log = structlog.get_logger("bpmnd.executor")


def start_by_conditions(batch: Batch, request: rq.ConditionRequest) -> rq.ConditionResult:
    """Errors as `ConditionRequest` documents them."""
    started: list[int] = []
    failures: list[rq.ConditionFailure] = []
    for definition, elements in _definitions(batch, request):
        try:
            begun = _evaluate(batch, request, definition)
        except EngineFailure as error:
            begun = BegunByConditions((), tuple((element, str(error)) for element in elements))
        failed = list(begun.failed)
        for element_id in begun.fulfilled:
            row = new_instance_row(definition, batch.options.ids(), request.business_key, batch.unit)
            command = c.StartInstance(
                instance_id=row.id, element_id=element_id, variables=request.variables, initiator=request.principal
            )
            try:
                batch.start(row, command)
            except (DomainError, EngineFailure) as error:
                failed.append((element_id, str(error)))
            else:
                started.append(row.id)
        for element_id, message in failed:
            log.warning("condition_start_failed", definition=definition.key, element=element_id, reason=message)
            failures.append(
                rq.ConditionFailure(
                    definition_id=definition.id,
                    definition_key=definition.key,
                    element_id=element_id,
                    message=message,
                )
            )
    return rq.ConditionResult(instance_ids=tuple(started), failures=tuple(failures))


def _definitions(batch: Batch, request: rq.ConditionRequest) -> Iterator[tuple[DefinitionRow, list[str]]]:
    """The definitions to look at, each with its conditional start events."""
    tenant_id, key = request.tenant_id, request.definition_key
    starts: dict[int, list[str]] = {}
    for start in batch.unit.condition_starts(tenant_id, key):
        starts.setdefault(start.definition_id, []).append(start.element_id)
    if key is not None:
        _check_given(batch.unit.latest_definition(tenant_id, key), key, has_starts=bool(starts))
    for definition_id, elements in starts.items():
        try:
            yield startable(batch.definitions, tenant_id, definition_id), elements
        except ConflictError:
            continue  # suspended, not executable, or deleted at this moment


def _check_given(definition: DefinitionRow | None, key: str, *, has_starts: bool) -> None:
    if definition is None:
        raise NotFound("DEFINITION_UNKNOWN", f"Expected definition '{key}' to be deployed, but it is not")
    check_startable(definition)
    if not has_starts:
        raise ConflictError(
            "START_EVENT_MISSING",
            f"Expected version {definition.version} of '{key}' to have a conditional start event, but it has none",
        )


def _evaluate(batch: Batch, request: rq.ConditionRequest, definition: DefinitionRow) -> BegunByConditions:
    about = ExecutionInfo(
        instance_id="",
        definition_id=str(definition.id),
        definition_key=definition.key,
        version=definition.version,
        business_key=request.business_key,
        element_id="",
        element_name=None,
        tenant_id=definition.tenant_id,
    )
    try:
        graph = batch.options.graphs.get(batch.unit, definition.id)
    except GraphMissing as error:
        raise EngineFailure(str(error)) from error
    try:
        return begun_by_conditions(graph, request.variables, about, batch.now, batch.options.handlers)
    except Exception as error:  # a defect must not stop the others
        raise EngineFailure(f"{type(error).__name__}: {error}") from error
