"""Readers of loop characteristics."""

from __future__ import annotations

from typing import Any

from bpmn.model.activities import ComplexBehavior, LoopCharacteristics, MultiInstance, StandardLoop
from bpmn.model.data import DataItem
from bpmn.xml import data, expressions
from bpmn.xml.event_definitions import event_definitions, referenced
from bpmn.xml.extensions import zeebe
from bpmn.xml.node import Node, line_of, text_of


def loop_characteristics(node: Node) -> LoopCharacteristics | None:
    """The activity's loop, None where it has none."""
    standard = node.child("standardLoopCharacteristics")
    if standard is not None:
        part = node.part(standard)
        loop = StandardLoop(
            condition=expressions.condition(part.child("loopCondition"), node.context),
            test_before=part.flag("testBefore", False),
            maximum=part.number("loopMaximum", 0) or None,
            line=part.line,
        )
        part.report_unread()
        return loop
    multi = node.child("multiInstanceLoopCharacteristics")
    return None if multi is None else _multi_instance(node.part(multi))


def _multi_instance(node: Node) -> MultiInstance:
    line = node.line
    arguments: dict[str, Any] = {
        "collection": expressions.variable_or_expression(node.camunda("collection"), line),
        "element_variable": node.camunda("elementVariable"),
        "output_collection": None,
        "output_element": None,
    }
    _standard_data(node, arguments)
    for name, value in zeebe.loop(node).items():
        arguments[name] = value if value is not None else arguments[name]
    loop = MultiInstance(
        sequential=node.flag("isSequential", False),
        cardinality=expressions.number(node.child("loopCardinality"), node.context),
        completion_condition=expressions.condition(node.child("completionCondition"), node.context),
        data_input_ref=node.child_ref("loopDataInputRef"),
        data_output_ref=node.child_ref("loopDataOutputRef"),
        input_item=_item(node, "inputDataItem"),
        output_item=_item(node, "outputDataItem"),
        behavior=node.attribute("behavior") or "All",
        none_behavior_event_ref=node.ref("noneBehaviorEventRef"),
        one_behavior_event_ref=node.ref("oneBehaviorEventRef"),
        none_event=referenced(node.ref("noneBehaviorEventRef"), node),
        one_event=referenced(node.ref("oneBehaviorEventRef"), node),
        complex_behaviors=tuple(_complex(node.part(child)) for child in node.children("complexBehaviorDefinition")),
        line=line,
        **arguments,
    )
    node.report_unread()
    return loop


def _item(node: Node, tag: str) -> DataItem | None:
    element = node.child(tag)
    return None if element is None else data.item(node.part(element))


def _complex(node: Node) -> ComplexBehavior:
    event = node.child("event")
    behavior = ComplexBehavior(
        condition=expressions.condition(node.child("condition"), node.context),
        events=() if event is None else event_definitions(node.part(event)),
    )
    node.report_unread()
    return behavior


def _standard_data(node: Node, arguments: dict[str, Any]) -> None:
    """The standard's own collections (BPMN 2.0.2, chapter 10.3); engines take the ids for names of variables."""
    data_input = node.child("loopDataInputRef")
    if data_input is not None and arguments["collection"] is None:
        arguments["collection"] = expressions.variable_or_expression(text_of(data_input), line_of(data_input))
    item = node.child("inputDataItem")
    if item is not None and arguments["element_variable"] is None:
        arguments["element_variable"] = (item.get("name") or item.get("id") or "").strip() or None
    arguments["output_collection"] = node.child_ref("loopDataOutputRef")
    output = node.child("outputDataItem")
    if output is not None and (name := (output.get("name") or output.get("id") or "").strip()):
        arguments["output_element"] = expressions.variable(name, line_of(output))
