"""Script task: a short script evaluated in the step; what it assigns becomes variables."""

from __future__ import annotations

from bpmn.runtime.behaviors.activities.jobs import create_job
from bpmn.runtime.work import Work
from bpmn.spec.elements import JobSpec, ScriptSpec
from bpmn.spec.graph import Node


def enter(work: Work, scope_id: int, token_id: int, node: Node) -> None:
    spec = node.spec
    if isinstance(spec, JobSpec):
        create_job(work, scope_id, token_id, node, spec)
        return
    assert isinstance(spec, ScriptSpec)
    results = None
    if spec.script is not None:
        value = work.evaluate(spec.script, work.life_scope(scope_id, token_id), node)
        if spec.result_variable is not None:
            results = {spec.result_variable: value}
    work.life.complete(scope_id, token_id, node, results)
