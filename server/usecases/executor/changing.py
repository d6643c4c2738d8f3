"""Changing a running instance on a person's word: another place in the process, another version of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpmn.findings import Severity, has_errors
from bpmn.runtime import commands as c
from bpmn.runtime.migration_plan import plan
from server.errors import ConflictError, Invalid, InvalidMigration, NotFound
from server.usecases import requests as rq
from server.usecases.executor.graphs import GraphMissing
from server.usecases.executor.session import EngineFailure, Session
from server.usecases.executor.starting import check_executable

if TYPE_CHECKING:
    from server.usecases.executor.batch import Batch


def modify(session: Session, request: rq.ModifyRequest) -> None:
    """Raises Invalid MODIFICATION_INVALID with what is wrong; then nothing has changed."""
    session.do(c.ModifyInstance(instance_id=session.row.id, instructions=request.instructions))
    rejection = session.rejection
    if rejection is not None:
        raise Invalid(
            "MODIFICATION_INVALID",
            f"Instance '{session.row.id}' cannot follow the instructions: {rejection.message}",
        )


def migrate(batch: Batch, session: Session, request: rq.MigrateRequest) -> rq.MigrationResult:
    """Errors as `MigrateRequest` documents them; then, and in a dry run, nothing has changed."""
    target = batch.definitions.find(request.tenant_id, request.target_definition_id)
    if target is None:
        raise NotFound(
            "DEFINITION_UNKNOWN", f"Expected definition '{request.target_definition_id}' to exist, but it does not"
        )
    check_executable(target)
    if target.id == session.row.definition_id:
        raise ConflictError(
            "ALREADY_MIGRATED",
            f"Expected instance '{session.row.id}' to be of another definition than '{target.id}', but it is of this",
        )
    try:
        graph = batch.options.graphs.get(batch.unit, target.id)
    except GraphMissing as error:
        raise EngineFailure(str(error)) from error
    planned = plan(session.graph, graph, request.mapping)
    findings = session.migrate(graph, planned, target.id, target.version, dry_run=request.dry_run)
    if has_errors(findings) and not request.dry_run:
        first, *more = [finding for finding in findings if finding.severity is Severity.ERROR]
        raise InvalidMigration(
            f"Instance '{session.row.id}' cannot go on in definition '{target.id}': {first.message}"
            + (f" (and {len(more)} more)" if more else ""),
            findings,
        )
    return rq.MigrationResult(mapping=planned.mapping, findings=findings)
