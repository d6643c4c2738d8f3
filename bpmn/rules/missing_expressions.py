"""Expressions that an element cannot run without: TIMER_MISSING, CONDITION_MISSING, SCRIPT_MISSING, COLLECTION_MISSING,
CALLED_ELEMENT_MISSING; and CONDITION_NOT_AN_EXPRESSION for text that says nothing."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.model.activities import Activity, CallActivity, MultiInstance, ScriptTask, StandardLoop
from bpmn.model.base import Element, Expression
from bpmn.model.events import ConditionalEventDefinition, Event, TimerEventDefinition
from bpmn.rules.index import Index, error


def check(index: Index) -> Iterator[Finding]:
    for _, node in index.nodes():
        if isinstance(node, Event):
            yield from _event(node)
        if isinstance(node, Activity):
            yield from _activity(node)
    for scope in index.scopes:
        for flow in scope.content.flows:
            yield from _literal(flow, flow.condition)


def _event(event: Event) -> Iterator[Finding]:
    for definition in event.definitions:
        if isinstance(definition, TimerEventDefinition) and definition.expression is None:
            yield error(
                "TIMER_MISSING",
                event,
                f"Expected timeDate, timeDuration or timeCycle in timer event '{event.id}', but it has none.",
                "Say when the timer is due, e.g. <timeDuration>PT1H</timeDuration>.",
            )
        if isinstance(definition, ConditionalEventDefinition):
            if definition.condition is None:
                yield error(
                    "CONDITION_MISSING",
                    event,
                    f"Expected a condition in conditional event '{event.id}', but it has none.",
                    "Write the condition, e.g. <condition>${amount > 100}</condition>.",
                )
            yield from _literal(event, definition.condition)


def _activity(node: Activity) -> Iterator[Finding]:
    loop = node.loop
    if isinstance(loop, MultiInstance) and loop.collection is None and loop.cardinality is None:
        yield error(
            "COLLECTION_MISSING",
            node,
            f"Expected a collection or loopCardinality in multi-instance '{node.id}', but it has neither.",
            "Say over what it runs: a collection with an element variable, or a number.",
            line=loop.line,
        )
    if isinstance(loop, StandardLoop):
        if loop.condition is None and loop.maximum is None:
            yield error(
                "CONDITION_MISSING",
                node,
                f"Expected loopCondition or loopMaximum in the loop of '{node.id}', but it has neither; it would never"
                " end.",
                "Say as long as what it is done again, e.g. <loopCondition>not done</loopCondition>.",
                line=loop.line,
            )
        yield from _literal(node, loop.condition)
    if isinstance(node, CallActivity) and node.called_element is None:
        yield error(
            "CALLED_ELEMENT_MISSING",
            node,
            f"Expected calledElement in call activity '{node.id}', but it has none.",
            "Set calledElement to the id of the process to call.",
        )
    if isinstance(node, ScriptTask):
        yield from _script(node)


def _script(task: ScriptTask) -> Iterator[Finding]:
    if task.resource is not None:
        yield error(
            "SCRIPT_RESOURCE",
            task,
            f"Expected the script of '{task.id}' in the model, but it is the resource '{task.resource}'.",
            "Write the script into the model.",
        )
    elif task.script is None and task.implementation is None:
        yield error(
            "SCRIPT_MISSING",
            task,
            f"Expected a script in script task '{task.id}', but it has none.",
            "Write the script with its scriptFormat (python, javascript ...), or make it another kind of task.",
        )


def _literal(element: Element, condition: Expression | None) -> Iterator[Finding]:
    if condition is not None and condition.language == "literal":
        yield error(
            "CONDITION_NOT_AN_EXPRESSION",
            element,
            f"Expected the condition of '{element.id}' to be an expression, but it is the text '{condition.text}'.",
            "Write it as ${...}, or name its language.",
            line=condition.line,
        )
