"""Business rule task with a DMN decision: evaluated in the step, pure, over what its scope sees (BPMN 2.0.2, 10.3.3.1).

Which version is meant is the executor's to say (`NeedDecision`). How results become variables follows the vendors:
Camunda 7's `mapDecisionResult`, Camunda 8's result variable, Flowable's outputs.
"""

from __future__ import annotations

from typing import Any

from bpmn.dmn.evaluate import Evaluation, as_values, evaluate
from bpmn.dmn.program import DecisionVersion
from bpmn.expressions.api import EvaluationError
from bpmn.expressions.feel.functions.conversion import shown
from bpmn.model.activities import DecisionMapping
from bpmn.runtime import events as e
from bpmn.runtime.lookup import ChainLookup
from bpmn.runtime.needs import Fail, Missing, NeedDecision, NeedVariables
from bpmn.runtime.state import UNLOADED
from bpmn.runtime.work import Work
from bpmn.spec.elements import DecisionSpec
from bpmn.spec.graph import Node

Value = Any
INCIDENT = "DECISION_ERROR"
RESULT = "decisionResult"
"""What Camunda 7 calls the result where output mappings read it."""


def decide(work: Work, scope_id: int, token_id: int, node: Node, spec: DecisionSpec) -> None:
    """Evaluate the decision and complete the task. Raises Fail where there is none, or it has no result."""
    scope = work.life_scope(scope_id, token_id)
    decision = _resolved(work, scope, node, spec)
    found = _evaluated(work, scope, node, decision)
    try:
        result = as_values(found.result)
    except EvaluationError as error:
        raise Fail(INCIDENT, f"{error} (result of decision '{decision.key}')") from error
    work.emit(_event(token_id, node, scope_id, decision, found, result))
    rows = _rows(decision, result)
    if spec.fail_without_hits and not rows:
        raise Fail(INCIDENT, f"Expected a rule of decision '{decision.key}' to fit, but none does")
    results = _results(spec, decision, rows, result)
    if spec.mapping is not DecisionMapping.VALUE and spec.result_variable is None and scope != scope_id:
        work.set_variable(scope, RESULT, rows)
    if spec.result_local:
        for name, value in results.items():
            work.set_variable(scope, name, value)
        results = {}
    work.life.complete(scope_id, token_id, node, results)


def _resolved(work: Work, scope: int, node: Node, spec: DecisionSpec) -> DecisionVersion:
    key = work.text(spec.key, scope, node, "decision")
    if not key:
        raise Fail("EXPRESSION_ERROR", f"Expected the decision of '{node.id}' to be a key, but it is empty")
    need = NeedDecision(key, spec.binding, work.text(spec.version, scope, node, "version"))
    decisions = work.draft.base.decisions
    if need not in decisions:
        raise Missing(need)
    decision = decisions[need]
    if decision is None:
        which = f" ({need.binding} {need.version or ''}".rstrip() + ")" if need.binding != "latest" else ""
        raise Fail(INCIDENT, f"Expected decision '{key}'{which} to be deployed, but it is not; deploy it and retry")
    return decision


def _evaluated(work: Work, scope: int, node: Node, decision: DecisionVersion) -> Evaluation:
    variables = ChainLookup(work.draft, scope)
    _load(work, scope, decision)
    try:
        found = evaluate(decision.program, decision.key, variables, work.now)
    except EvaluationError as error:
        raise Fail(INCIDENT, f"{error} (element '{node.id}')") from error
    if found.problems:
        problem = found.problems[0]
        more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
        raise Fail(
            INCIDENT,
            f"{problem.message}{more} (decision '{problem.element_id}', version {decision.version} of "
            f"'{decision.key}', element '{node.id}')",
        )
    return found


def _load(work: Work, scope: int, decision: DecisionVersion) -> None:
    """Ask for all variables that the decision may read at once, not one after the other."""
    names = decision.program.reads(decision.key)
    missing: list[tuple[int, str]] = []
    current: int | None = scope
    found: set[str] = set()
    while current is not None and names:
        for name, value in work.draft.names(current).items():
            if name in names and name not in found:
                found.add(name)
                if value is UNLOADED:
                    missing.append((current, name))
        current = work.draft.scope(current).parent
    if missing:
        raise Missing(NeedVariables(tuple(missing)))


# The result


def _rows(decision: DecisionVersion, result: Value) -> list[dict[str, Value]]:
    """The result as Camunda 7 has it: per rule that fitted, the outputs by name."""
    part = decision.program.decisions.get(decision.key)
    if part is None:  # a decision service: one row of what its decisions say
        service = decision.program.services[decision.key]
        several = len(service.outputs) > 1 and isinstance(result, dict)
        return [] if result is None else [result] if several else [{service.variable: result}]
    values = result if part.many and isinstance(result, list) else [] if result is None else [result]
    if len(part.outputs) > 1:
        return [value if isinstance(value, dict) else {} for value in values]
    name = part.outputs[0] if part.outputs else part.variable
    return [{name: value} for value in values]


def _results(
    spec: DecisionSpec, decision: DecisionVersion, rows: list[dict[str, Value]], result: Value
) -> dict[str, Value]:
    if spec.mapping is DecisionMapping.VARIABLES:
        part = decision.program.decisions.get(decision.key)
        if part is not None and part.many:
            return {decision.key: rows}
        return dict(rows[0]) if rows else {}
    if spec.result_variable is None:
        return {}
    return {spec.result_variable: _mapped(spec.mapping, decision, rows, result)}


def _mapped(mapping: DecisionMapping, decision: DecisionVersion, rows: list[dict[str, Value]], result: Value) -> Value:
    if mapping is DecisionMapping.VALUE:
        return result
    if mapping is DecisionMapping.RESULT_LIST:
        return rows
    if mapping in (DecisionMapping.SINGLE_ENTRY, DecisionMapping.SINGLE_RESULT) and len(rows) > 1:
        raise Fail(INCIDENT, f"Expected one rule of '{decision.key}' to fit for '{mapping}', but {len(rows)} do")
    if mapping is DecisionMapping.SINGLE_RESULT:
        return rows[0] if rows else None
    if any(len(row) != 1 for row in rows):
        raise Fail(INCIDENT, f"Expected '{decision.key}' to have one output for '{mapping}', but it has several")
    entries = [next(iter(row.values())) for row in rows]
    return entries if mapping is DecisionMapping.COLLECT_ENTRIES else entries[0] if entries else None


def _event(
    token_id: int, node: Node, scope_id: int, decision: DecisionVersion, found: Evaluation, result: Value
) -> e.DecisionEvaluated:
    required = {id: _told(value) for id, value in found.decisions.items() if id != decision.key}
    tables = tuple(
        {
            "decision": each.decision_id,
            "inputs": {name: _told(value) for name, value in each.inputs.items()},
            "rules": list(each.rules),
        }
        for each in found.matched
    )
    return e.DecisionEvaluated(
        token_id, node.id, scope_id, decision.id, decision.key, decision.version, result, required, tables
    )


def _told(value: Any) -> Value:
    """A value for history; what cannot leave FEEL (a function, a range) as its text."""
    try:
        return as_values(value)
    except EvaluationError:
        return shown(value)
