"""Decisions for steps: the version that a business rule task means, compiled."""

from __future__ import annotations

from bpmn.dmn.program import DecisionVersion
from bpmn.runtime.needs import NeedDecision
from server.ports.records import DecisionRow
from server.ports.store import UnitOfWork
from server.usecases.decision_programs import DecisionMissing, DecisionPrograms


def decision_for(
    unit: UnitOfWork, programs: DecisionPrograms, need: NeedDecision, tenant_id: str, definition_id: int
) -> DecisionVersion | None:
    """The decision by its binding, as a call activity finds its process; None where there is none."""
    row = _row(unit, need, tenant_id, definition_id)
    if row is None:
        return None
    try:
        program = programs.get(unit, row)
    except DecisionMissing:
        return None
    return DecisionVersion(row.id, row.key, row.version, program)


def _row(unit: UnitOfWork, need: NeedDecision, tenant_id: str, definition_id: int) -> DecisionRow | None:
    match need.binding:
        case "version":
            text = (need.version or "").strip()
            return unit.find_decision_by_key(tenant_id, need.key, int(text)) if text.isdecimal() else None
        case "versionTag":
            return unit.find_decision_by_key(tenant_id, need.key, version_tag=need.version or "")
        case "deployment":
            caller = unit.find_definition(tenant_id, definition_id)
            return None if caller is None else unit.decision_in_deployment(tenant_id, caller.deployment_id, need.key)
    return unit.find_decision_by_key(tenant_id, need.key)
