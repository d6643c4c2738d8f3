"""Migrations: a narrow instance within the request's own transaction, a wide one in many.

A wide instance is held meanwhile: what comes for it is kept as commands, people who complete a task of it get 409. Each
transaction looks at, or moves, some of its scopes and writes the command that goes on; so it survives a restart. The
row of the migration tells whoever asked for it what came of the check.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from bpmn.findings import Finding, Severity, has_errors
from bpmn.runtime.draft import Draft
from bpmn.runtime.migration import Cursor, Migration, MigrationPhase, Target, go_on, migrate, survey
from bpmn.runtime.migration_places import Places
from bpmn.runtime.migration_plan import MigrationPlan, plan
from bpmn.runtime.migration_scopes import portion
from bpmn.runtime.state import State
from bpmn.spec.graph import Graph
from server.errors import ConflictError, InvalidMigration, NotFound, Unavailable
from server.ports.records import CommandRow, DefinitionRow, MigrationRow
from server.ports.store import Store, UnitOfWork
from server.usecases import requests as rq
from server.usecases.executor import rows
from server.usecases.executor.graphs import GraphCache, GraphMissing
from server.usecases.executor.session import EngineFailure, Session
from server.usecases.executor.starting import check_executable

if TYPE_CHECKING:
    from server.usecases.executor.batch import Batch

MIGRATE = "MIGRATE"
"""The command that goes on with a migration. Payload: `source`, `target` (ids), `mapping` as given, `cursor`,
`findings` so far."""
MIGRATION = "migration:"
"""Before the instance's id: what an idempotency row has until the answer is known."""
PATIENCE_SECONDS = 10.0
"""How long whoever asked waits for the end once it is certain that the migration will come to it."""


def begin(batch: Batch, session: Session, request: rq.MigrateRequest) -> rq.MigrationResult:
    """Errors as `MigrateRequest` documents them; then, and in a dry run, nothing has changed.

    Of a wide instance the answer is `pending`: see `await_answer` and, for a dry run, `look_at`."""
    definition = batch.definitions.find(request.tenant_id, request.target_definition_id)
    if definition is None:
        raise NotFound(
            "DEFINITION_UNKNOWN", f"Expected definition '{request.target_definition_id}' to exist, but it does not"
        )
    check_executable(definition)
    if definition.id == session.row.definition_id:
        raise ConflictError(
            "ALREADY_MIGRATED",
            f"Expected instance '{session.row.id}' to be of another definition than '{definition.id}', but it is of "
            "this",
        )
    source = session.row.definition_id
    target = _target(batch.options.graphs, batch.unit, definition)
    planned = plan(session.graph, target.graph, request.mapping)
    step = partial(migrate, session.graph, target, plan=planned)
    migration = session.migrate(target, step, dry_run=request.dry_run)
    if migration.cursor is not None:
        if not request.dry_run:
            _begin_many(batch, session, request, source, planned, migration)
        return rq.MigrationResult(mapping=planned.mapping, findings=(), pending=session.row.id)
    if not request.dry_run:
        _refuse(session.row.id, definition.id, migration.findings)
    return rq.MigrationResult(mapping=planned.mapping, findings=migration.findings)


def _begin_many(
    batch: Batch,
    session: Session,
    request: rq.MigrateRequest,
    source: int,
    planned: MigrationPlan,
    migration: Migration,
) -> None:
    payload = {"source": source, "target": request.target_definition_id, "mapping": dict(request.mapping)}
    session.changes.migrations.append(
        MigrationRow(
            instance_id=session.row.id,
            id=batch.options.ids(),
            tenant_id=session.row.tenant_id,
            source_definition_id=source,
            target_definition_id=request.target_definition_id,
            state=MigrationPhase.CHECKING.value,
            mapping=planned.mapping,
            findings=[],
        )
    )
    _enqueue(session, payload, migration)


def go_on_migrating(batch: Batch, session: Session, row: CommandRow) -> None:
    """The next transaction of a migration; EngineFailure where a definition is gone."""
    payload = row.payload
    known = batch.unit.find_migration(row.instance_id)
    if known is None or not session.is_migrating:
        raise EngineFailure(f"the migration of instance {row.instance_id} is not stored any more")
    graphs, unit = batch.options.graphs, batch.unit
    definition = batch.definitions.find(row.tenant_id, payload["target"])
    if definition is None:
        raise EngineFailure(f"Expected definition {payload['target']} to exist, but it is gone")
    source, target = _graph(graphs, unit, payload["source"]), _target(graphs, unit, definition)
    planned = graphs.plan(payload["source"], payload["target"], payload["mapping"], source, target.graph)
    cursor = _cursor(payload["cursor"])
    found = tuple(_finding(finding) for finding in payload["findings"])
    step = partial(go_on, source, target, plan=planned, cursor=cursor, found=found)
    migration = session.migrate(target, step)
    if migration.cursor is not None:
        _enqueue(session, payload, migration)
    state = _state(cursor, migration)
    if state != known.state:
        known.state, known.findings = state, [asdict(finding) for finding in migration.findings]
        session.changes.migrations.append(known)
    if not session.is_held:
        batch.release(session)


def _enqueue(session: Session, payload: Mapping[str, Any], migration: Migration) -> None:
    assert migration.cursor is not None
    cursor = asdict(migration.cursor)
    findings = [asdict(finding) for finding in migration.findings]
    session.enqueue(session.row.id, MIGRATE, {**payload, "cursor": cursor, "findings": findings})


def _state(cursor: Cursor, migration: Migration) -> str:
    if migration.cursor is not None:
        return migration.cursor.phase.value
    return "REFUSED" if cursor.phase is MigrationPhase.CHECKING else "DONE"


def _cursor(data: Mapping[str, Any]) -> Cursor:
    return Cursor(MigrationPhase(data["phase"]), data["after"], data["last"], tuple(data["opened"]))


def _finding(data: Mapping[str, Any]) -> Finding:
    return Finding(**{**data, "severity": Severity(data["severity"])})


def _refuse(instance_id: int, definition_id: int, findings: tuple[Finding, ...]) -> None:
    if not has_errors(findings):
        return
    first, *more = [finding for finding in findings if finding.severity is Severity.ERROR]
    raise InvalidMigration(
        f"Instance '{instance_id}' cannot go on in definition '{definition_id}': {first.message}"
        + (f" (and {len(more)} more)" if more else ""),
        findings,
    )


def _target(graphs: GraphCache, unit: UnitOfWork, definition: DefinitionRow) -> Target:
    return Target(graph=_graph(graphs, unit, definition.id), definition_id=definition.id, version=definition.version)


def _graph(graphs: GraphCache, unit: UnitOfWork, definition_id: int) -> Graph:
    try:
        return graphs.get(unit, definition_id)
    except GraphMissing as error:
        raise EngineFailure(str(error)) from error


# -- for whoever waits for the answer, outside of any transaction ----------------------------------------------------


def await_answer(store: Store, instance_id: int, deadline: float) -> rq.MigrationResult:
    """What came of the check; where nothing stands in the way, after the end, if that comes soon. Raises
    InvalidMigration, and Unavailable EXECUTOR_BUSY at the deadline."""
    patience = time.monotonic() + PATIENCE_SECONDS
    pause = 0.005
    while True:
        with store.read() as unit:
            row = unit.find_migration(instance_id)
        now = time.monotonic()
        if row is None:  # the instance was deleted
            raise NotFound("INSTANCE_UNKNOWN", f"Expected an instance with id '{instance_id}', but there is none")
        if row.state == "DONE" or (row.state == "MOVING" and now > min(patience, deadline)):
            return rq.MigrationResult(mapping=row.mapping, findings=_findings(row))
        if row.state == "REFUSED":
            _refuse(instance_id, row.target_definition_id, _findings(row))
        if now > deadline:
            raise Unavailable(
                "EXECUTOR_BUSY",
                f"Expected the scopes of instance '{instance_id}' to be checked by now, but they are not; they will "
                "be. Send it again with the same Idempotency-Key",
            )
        time.sleep(pause)
        pause = min(pause * 2, 0.2)


def _findings(row: MigrationRow) -> tuple[Finding, ...]:
    return tuple(_finding(finding) for finding in row.findings)


def look_at(store: Store, graphs: GraphCache, request: rq.MigrateRequest, limit: int) -> rq.MigrationResult:
    """A dry run on a wide instance: some scopes per read, as they are when it comes to them."""
    with store.read() as unit:
        row = unit.find_instance(request.tenant_id, request.instance_id)
        definition = unit.find_definition(request.tenant_id, request.target_definition_id)
        if row is None or definition is None:
            raise NotFound(
                "INSTANCE_UNKNOWN", f"Expected an instance with id '{request.instance_id}', but there is none"
            )
        source, target = _graph(graphs, unit, row.definition_id), _target(graphs, unit, definition)
    planned = plan(source, target.graph, request.mapping)
    places = Places(source, target.graph, planned)
    root = rows.root_scope_of(row)
    found = survey(places, [root]).findings()
    after, more = 0, True
    while more:
        with store.read() as unit:
            page = [rows.scope_of(scope) for scope in unit.load_portion(row.id, after, limit + 1)]
            chains = unit.load_scope_chains({(row.id, scope.id) for scope in page})
        state = State(rows.instance_of(row), {root.id: root, **{scope.id: rows.scope_of(scope) for scope in chains}})
        # Read one after the other, some may be gone from the chains.
        state.portions[after] = tuple(scope.id for scope in page if scope.id in state.scopes)
        part = portion(Draft(state), after, limit)
        found = survey(places, part.scopes, found).findings()
        after, more = part.last, part.more
    return rq.MigrationResult(mapping=planned.mapping, findings=found)
