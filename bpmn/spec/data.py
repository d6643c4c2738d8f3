"""Data elements as variables (BPMN 2.0.2, 10.4): what a scope declares, what associations map.

A data object is a variable of the process or sub-process it is drawn in, null at first; its references are the same
variable whatever state they show. A data store reference and a property of the process are variables of the process: a
store that outlives the instance is not there. Data inputs and outputs of an activity or event are its local variables.
"""

from __future__ import annotations

from typing import Any

from bpmn.expressions.api import Compiled
from bpmn.model import activities as a
from bpmn.model import events as m
from bpmn.model.base import Dialect, Element, Expression
from bpmn.model.data import DataAssociation, DataObject, DataStore
from bpmn.model.data_flow import MOVING, associations, moves, own_items, variable_name
from bpmn.model.definitions import FlowElements, Process
from bpmn.spec.context import BuildContext
from bpmn.spec.graph import MappingSpec

_DECLARING = (*MOVING, Dialect.FLOWABLE)


def name_data(context: BuildContext, process: Process) -> None:
    """Fill `context.data`: id of a data element anywhere in the process -> its variable."""
    dialect = context.dialect
    stores: dict[str, DataStore] = {store.id: store for store in context.model.data_stores}
    waiting = [process.content]
    while waiting:
        content = waiting.pop()
        referring: dict[str, Element] = {}
        for reference in content.data_object_references:
            referring.setdefault(reference.data_object_ref or "", reference)
        for data_object in content.data_objects:
            context.data[data_object.id] = variable_name(dialect, data_object, referring.get(data_object.id))
        for store in content.data_store_references:
            context.data[store.id] = variable_name(dialect, store, stores.get(store.data_store_ref or ""))
        for prop in content.properties:
            context.data[prop.id] = variable_name(dialect, prop)
        waiting.extend(node.content for node in content.nodes if isinstance(node, a.SubProcess))
    # References may stand in another scope than their object, so they come when all objects are known.
    waiting = [process.content]
    while waiting:
        content = waiting.pop()
        for reference in content.data_object_references:
            ref = reference.data_object_ref
            context.data[reference.id] = context.data.get(ref or "") or variable_name(dialect, reference)
        waiting.extend(node.content for node in content.nodes if isinstance(node, a.SubProcess))
    if process.io is not None:
        for item in process.io.inputs + process.io.outputs:
            context.data[item.id] = variable_name(dialect, item)


def declared(context: BuildContext, content: FlowElements, process: Process | None) -> tuple[tuple[str, Any], ...]:
    """(variable, initial value) of what a process (or, without it, a sub-process) declares; first come, first kept."""
    if context.dialect not in _DECLARING:
        return ()
    found: dict[str, Any] = {}
    for data_object in content.data_objects:
        found.setdefault(context.data[data_object.id], _initial_value(context, data_object))
    if context.dialect in MOVING:
        others: list[Element] = [*content.properties, *_received(content)]
        if process is not None:
            others += _stores(process.content)
            others += [] if process.io is None else [*process.io.inputs, *process.io.outputs]
        for element in others:
            name = context.data.get(element.id) or variable_name(context.dialect, element)
            found.setdefault(name, None)
    return tuple(found.items())


def data_mappings(
    context: BuildContext, node: a.Activity | m.Event
) -> tuple[tuple[MappingSpec, ...], tuple[MappingSpec, ...]]:
    """Associations of an activity or event as (input mappings, output mappings)."""
    if context.dialect not in MOVING:
        return (), ()
    own = {item.id: variable_name(context.dialect, item) for item in own_items(node)}
    loop = node.loop if isinstance(node, a.Activity) else None
    whole = (loop.data_input_ref, loop.data_output_ref) if isinstance(loop, a.MultiInstance) else ()
    inputs: dict[str, MappingSpec] = {}
    outputs: list[MappingSpec] = []
    for association in associations(node):
        ends = (association.target,) if association.is_input else association.sources
        if not moves(association, own) or any(end is not None and end in whole for end in ends):
            continue
        for mapping in _mappings(context, association, own, node):
            if association.is_input:
                inputs[mapping.target] = mapping
            else:
                outputs.append(mapping)
    if outputs and not isinstance(node, m.StartEvent):
        # Null at first, so that what the activity brings under these names stays its own until it is mapped.
        produced = {item.id for item in node.io.outputs} if node.io is not None else set()
        for id in sorted(produced):
            inputs.setdefault(own[id], MappingSpec(own[id], None))
    return tuple(inputs.values()), tuple(outputs)


def collection_of(context: BuildContext, activity: a.Activity, loop: a.MultiInstance) -> Expression | None:
    """The collection of `loopDataInputRef`: what an association brings into it, else the variable it names."""
    ref = loop.data_input_ref
    if ref is None or context.dialect not in MOVING:
        return loop.collection
    for association in activity.data_inputs:
        if association.target == ref and association.sources:
            return _read(context.data.get(association.sources[0], association.sources[0]), loop.line)
    return _read(context.data[ref], loop.line) if ref in context.data else loop.collection


def output_collection_of(context: BuildContext, activity: a.Activity, loop: a.MultiInstance) -> str | None:
    """The variable of `loopDataOutputRef`: what an association brings it to, else the one it names."""
    ref = loop.data_output_ref
    if ref is None or context.dialect not in MOVING:
        return loop.output_collection
    for association in activity.data_outputs:
        if ref in association.sources and association.target is not None:
            return context.data.get(association.target, association.target)
    return context.data.get(ref, loop.output_collection)


def _mappings(
    context: BuildContext, association: DataAssociation, own: dict[str, str], node: a.Activity | m.Event
) -> list[MappingSpec]:
    names = {**context.data, **own}
    found: list[MappingSpec] = []
    if association.transformation is not None or not association.assignments:
        target = names.get(association.target or "")
        if target is None:
            context.error(
                "DATA_TARGET_MISSING",
                f"Expected the data association of '{node.id}' to lead to a data element, but '{association.target}' "
                "is none",
                "Connect it to a data object, or to a data input of the element.",
                node,
                association.line,
            )
            return []
        found.append(MappingSpec(target, _value(context, association, names, node)))
    for assignment in association.assignments:
        text = assignment.target.text.strip()
        target = names.get(text, text)
        if not target.isidentifier():
            context.error(
                "DATA_TARGET_MISSING",
                f"Expected the assignment of '{node.id}' to lead to a variable or data element, but found '{text}'",
                "Write its name or id, without a path or function.",
                node,
                assignment.target.line or association.line,
            )
            continue
        found.append(MappingSpec(target, context.expression(assignment.source, node)))
    return found


def _value(
    context: BuildContext, association: DataAssociation, names: dict[str, str], node: a.Activity | m.Event
) -> Compiled | None:
    if association.transformation is not None:
        return context.expression(association.transformation, node)
    if len(association.sources) > 1:
        context.error(
            "DATA_SOURCES_AMBIGUOUS",
            f"Expected one source of the data association of '{node.id}', or a transformation, but it has "
            f"{len(association.sources)} sources",
            "Write a transformation, or draw one association for each source.",
            node,
            association.line,
        )
        return None
    (source,) = association.sources
    return context.expression(_read(names.get(source, source), association.line), node)


def _read(name: str, line: int | None) -> Expression:
    if name.isidentifier():
        return Expression(text=f"${{{name}}}", language="juel", line=line)
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return Expression(text=f"${{execution.getVariable('{quoted}')}}", language="juel", line=line)


def _stores(content: FlowElements) -> list[Element]:
    """Data store references of the process, wherever they are drawn."""
    found: list[Element] = []
    waiting = [content]
    while waiting:
        current = waiting.pop()
        found.extend(current.data_store_references)
        waiting.extend(node.content for node in current.nodes if isinstance(node, a.SubProcess))
    return found


def _received(content: FlowElements) -> list[Element]:
    """Data outputs of start events: what an instance is started with under their names is in the process."""
    starts = [node for node in content.nodes if isinstance(node, m.StartEvent)]
    return [item for start in starts if start.io is not None for item in start.io.outputs]


def _initial_value(context: BuildContext, data_object: DataObject) -> Any:
    """flowable:value as the type says that `itemSubjectRef` names (Flowable guide, "Data objects"); null without."""
    if data_object.value is None:
        return None
    text = data_object.value.text
    kind = data_object.item_subject_ref or "string"
    for item in context.model.item_definitions:
        if item.id == kind and item.structure_ref is not None:
            kind = item.structure_ref
    kind = kind.rpartition(":")[2]
    try:
        match kind.lower():
            case "int" | "integer" | "long" | "short":
                return int(text)
            case "double" | "float" | "decimal":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text.strip().lower()]
            case _:
                return text
    except (ValueError, KeyError):
        context.error(
            "DATA_VALUE_INVALID",
            f"Expected the value of data object '{data_object.id}' to be of type {kind}, but it is '{text}'",
            "Correct the value or the type.",
            data_object,
        )
        return None
