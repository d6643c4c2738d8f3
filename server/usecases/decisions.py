"""Decisions: look at them, and evaluate them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bpmn.dmn.evaluate import Evaluation, Mapped, as_values, evaluate
from bpmn.dmn.program import Problem
from bpmn.expressions.api import EvaluationError
from bpmn.expressions.feel.functions.conversion import shown
from server.errors import Invalid, NotFound
from server.ports.queries import Listing, Page, Queries
from server.ports.records import DecisionRow
from server.ports.store import Store, UnitOfWork
from server.usecases import idempotency as keys
from server.usecases.decision_programs import DecisionMissing, DecisionPrograms
from server.usecases.requests import Idempotency, Replayed

Value = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """`decisions` has the result of every decision that was evaluated, by id. With `problems` the result is what is
    left without the parts that went wrong, in most cases null."""

    row: DecisionRow
    result: Value
    decisions: Mapping[str, Value]
    problems: tuple[Problem, ...]


class DecisionService:
    """Safe to use from several threads."""

    def __init__(self, store: Store, queries: Queries, programs: DecisionPrograms) -> None:
        self._store = store
        self._queries = queries
        self._programs = programs

    def list(
        self, tenant_id: str, page: Page, *, key: str | None = None, latest: bool = False, name: str | None = None
    ) -> Listing[DecisionRow]:
        return self._queries.list_decisions(tenant_id, page, key=key, latest=latest, name=name)

    def get(self, tenant_id: str, decision_id: int) -> DecisionRow:
        """Raises NotFound DECISION_UNKNOWN."""
        with self._store.read() as unit:
            return _existing(unit, tenant_id, decision_id)

    def xml(self, tenant_id: str, decision_id: int) -> bytes:
        """The document as it was uploaded, byte for byte. Raises NotFound DECISION_UNKNOWN."""
        with self._store.read() as unit:
            row = _existing(unit, tenant_id, decision_id)
            content = unit.resource(row.deployment_id, row.resource_name)
        if content is None:
            raise NotFound("RESOURCE_UNKNOWN", f"Expected the document of decision '{row.id}', but it is gone")
        return content

    def evaluate(
        self,
        tenant_id: str,
        key: str,
        variables: Mapping[str, Value],
        *,
        version: int | None = None,
        idempotency: Idempotency | None = None,
    ) -> Decided | Replayed:
        """Evaluate the latest version of a decision, or the given one; nothing is stored but the idempotency key.

        Raises NotFound DECISION_UNKNOWN, Invalid DECISION_FAILED where limits are exceeded.
        """
        if idempotency is None:
            with self._store.read() as unit:
                return self._decided(unit, tenant_id, key, variables, version)
        with self._store.begin() as unit:
            if replayed := keys.claim(unit, idempotency):
                return replayed
            decided = self._decided(unit, tenant_id, key, variables, version)
            keys.finish(unit, idempotency, decided)
            unit.commit()
            return decided

    def _decided(
        self, unit: UnitOfWork, tenant_id: str, key: str, variables: Mapping[str, Value], version: int | None
    ) -> Decided:
        row = unit.find_decision_by_key(tenant_id, key, version)
        if row is None:
            which = "" if version is None else f" in version {version}"
            raise NotFound("DECISION_UNKNOWN", f"Expected a decision '{key[:80]}'{which}, but there is none")
        try:
            found = evaluate(self._programs.get(unit, row), row.key, Mapped(variables), unit.now())
            result = as_values(found.result)
        except (EvaluationError, DecisionMissing) as error:
            raise Invalid("DECISION_FAILED", str(error)) from error
        return Decided(row=row, result=result, decisions=_told(found), problems=found.problems)


def _told(found: Evaluation) -> dict[str, Value]:
    """What cannot leave FEEL (a function, a range) as its text."""
    told: dict[str, Value] = {}
    for id, value in found.decisions.items():
        try:
            told[id] = as_values(value)
        except EvaluationError:
            told[id] = shown(value)
    return told


def _existing(unit: UnitOfWork, tenant_id: str, decision_id: int) -> DecisionRow:
    row = unit.find_decision(tenant_id, decision_id)
    if row is None:
        raise NotFound("DECISION_UNKNOWN", f"Expected a decision with id '{decision_id}', but there is none")
    return row
