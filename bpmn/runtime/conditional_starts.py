"""Conditional start events of a process: which of them begin an instance, given variables (BPMN 2.0.2, 10.5.2).

There is no instance yet, so the conditions see the variables and nothing else. As in Camunda 7: one that reads a
variable that is not there is not fulfilled; one with `camunda:variableName` is only looked at where that variable is
among those given; every start event whose condition is true begins an instance of its own. Whatever an expression
sets is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bpmn.expressions.api import NO_HANDLERS, BpmnErrorRaised, Context, EvaluationError, ExecutionInfo, Handlers
from bpmn.runtime.conditions import knows_what_it_reads
from bpmn.runtime.lookup import MappingLookup
from bpmn.runtime.needs import Fail
from bpmn.runtime.work import truth
from bpmn.spec.graph import ConditionStart, Graph

Value = Any


@dataclass(frozen=True, slots=True)
class BegunByConditions:
    """`fulfilled`: start events in the order of the model, each once. `failed`: (start event, what is wrong) where a
    condition could not be evaluated and no other one of the event is true."""

    fulfilled: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


def begun_by_conditions(
    graph: Graph,
    variables: Mapping[str, Value],
    definition: ExecutionInfo,
    now: datetime,
    handlers: Handlers = NO_HANDLERS,
) -> BegunByConditions:
    """Evaluate every conditional start event of the process. `definition` is what `execution` tells of it; the element
    is filled in. Never raises for what a model may do wrong."""
    fulfilled: dict[str, None] = {}
    failed: dict[str, str] = {}
    for start in graph.condition_starts:
        if start.element_id in fulfilled:
            continue
        node = graph.nodes[start.element_id]
        context = Context(
            variables=MappingLookup(variables),
            execution=replace(definition, element_id=node.id, element_name=node.name),
            now=now,
            handlers=handlers,
        )
        try:
            if _is_fulfilled(start, context):
                fulfilled[node.id] = None
        except (EvaluationError, BpmnErrorRaised, Fail) as failure:
            failed.setdefault(node.id, f"{failure} (element '{node.id}')")
    return BegunByConditions(
        tuple(fulfilled), tuple((id, reason) for id, reason in failed.items() if id not in fulfilled)
    )


def _is_fulfilled(start: ConditionStart, context: Context) -> bool:
    names = set(context.variables.names())
    if start.variable is not None and start.variable not in names:
        return False
    if not knows_what_it_reads(start.condition, names, context.handlers):
        return False
    return truth(start.condition, start.condition.evaluate(context), "condition")
