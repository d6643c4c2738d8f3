"""Service, send and business rule tasks: a job, an expression or decision evaluated here, or a message."""

from __future__ import annotations

from bpmn.runtime.behaviors.activities.decision import decide
from bpmn.runtime.behaviors.activities.jobs import create_job
from bpmn.runtime.behaviors.events.message import throw_message
from bpmn.runtime.lookup import ChainLookup
from bpmn.runtime.work import Work
from bpmn.spec.elements import DecisionSpec, ExpressionSpec, JobSpec, MessageSpec
from bpmn.spec.graph import Node

SKIP_SWITCHES = ("_FLOWABLE_SKIP_EXPRESSION_ENABLED", "_ACTIVITI_SKIP_EXPRESSION_ENABLED")
"""Variables that must be true for skip expressions to count (Flowable and Activiti)."""


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    if _is_skipped(work, scope_id, token_id, node):
        work.life.complete(scope_id, token_id, node)
        return
    match node.spec:
        case JobSpec():
            create_job(work, scope_id, token_id, node, node.spec)
        case MessageSpec():
            throw_message(work, scope_id, token_id, node, node.spec)
            work.life.complete(scope_id, token_id, node)
        case DecisionSpec():
            decide(work, scope_id, token_id, node, node.spec)
        case ExpressionSpec() as spec:
            if spec.job is not None and spec.call is not None and not _is_pure(work, scope_id, token_id, spec):
                create_job(work, scope_id, token_id, node, spec.job)
                return
            scope = work.life_scope(scope_id, token_id)
            value = work.evaluate(spec.value, scope, node)
            if spec.result_variable is not None and spec.result_local:
                work.set_variable(scope, spec.result_variable, value)
                work.life.complete(scope_id, token_id, node)
            elif spec.result_variable is not None:
                work.life.complete(scope_id, token_id, node, {spec.result_variable: value})
            else:
                work.life.complete(scope_id, token_id, node)
        case _:
            raise AssertionError(f"no implementation at '{node.id}'")


def _is_skipped(work: Work, scope_id: int, token_id: int, node: Node) -> bool:
    skip = getattr(node.spec, "skip", None)
    if skip is None:
        return False
    scope = work.life_scope(scope_id, token_id)
    variables = ChainLookup(work.draft, scope)
    names = set(variables.names())
    if not any(name in names and variables.get(name) is True for name in SKIP_SWITCHES):
        return False
    return work.condition(skip, scope, node, "skip expression")


def _is_pure(work: Work, scope_id: int, token_id: int, spec: ExpressionSpec) -> bool:
    """A call of a registered handler, or of a method of a variable, is evaluated here; others become jobs."""
    assert spec.call is not None
    name = spec.call.handler
    if name in work.handlers or name == "execution":
        return True
    return name in ChainLookup(work.draft, work.life_scope(scope_id, token_id)).names()
