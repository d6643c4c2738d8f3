"""Readers of data: objects, stores, properties, input/output specifications, associations."""

from __future__ import annotations

from bpmn.model.data import (
    Assignment,
    DataAssociation,
    DataItem,
    DataObject,
    DataObjectReference,
    DataStore,
    DataStoreReference,
    IoSpecification,
    Property,
)
from bpmn.xml import expressions
from bpmn.xml.namespaces import Vendor
from bpmn.xml.node import Node, line_of, text_of


def data_object(node: Node) -> DataObject:
    node.children("dataState")
    value = node.extension(Vendor.CAMUNDA, "value")
    return DataObject(
        **node.common(),
        item_subject_ref=node.ref("itemSubjectRef"),
        is_collection=node.flag("isCollection", False),
        value=None if value is None else expressions.attribute(text_of(value), line_of(value)),
    )


def data_object_reference(node: Node) -> DataObjectReference:
    state = node.child("dataState")
    return DataObjectReference(
        **node.common(),
        data_object_ref=node.ref("dataObjectRef"),
        state=None if state is None else state.get("name"),
    )


def data_store(node: Node) -> DataStore:
    node.children("dataState")
    return DataStore(**node.common(), item_subject_ref=node.ref("itemSubjectRef"))


def data_store_reference(node: Node) -> DataStoreReference:
    node.children("dataState")
    return DataStoreReference(**node.common(), data_store_ref=node.ref("dataStoreRef"))


def data_property(node: Node) -> Property:
    node.children("dataState")
    return Property(**node.common(), item_subject_ref=node.ref("itemSubjectRef"))


def item(node: Node) -> DataItem:
    """`dataInput`, `dataOutput`, `inputDataItem` or `outputDataItem`."""
    node.children("dataState")
    return DataItem(
        **node.common(),
        item_subject_ref=node.ref("itemSubjectRef"),
        is_collection=node.flag("isCollection", False),
    )


def io_specification(node: Node) -> IoSpecification | None:
    """The element's `ioSpecification`."""
    element = node.child("ioSpecification")
    if element is None:
        return None
    part = node.part(element)
    return IoSpecification(
        inputs=tuple(item(part.part(child)) for child in part.children("dataInput")),
        outputs=tuple(item(part.part(child)) for child in part.children("dataOutput")),
        input_sets=tuple(part.part(child).child_refs("dataInputRefs") for child in part.children("inputSet")),
        output_sets=tuple(part.part(child).child_refs("dataOutputRefs") for child in part.children("outputSet")),
    )


def event_items(node: Node) -> IoSpecification | None:
    """Data inputs and outputs of an event, which has them without an `ioSpecification`."""
    node.children("inputSet")
    node.children("outputSet")
    inputs, outputs = node.children("dataInput"), node.children("dataOutput")
    if not inputs and not outputs:
        return None
    return IoSpecification(
        inputs=tuple(item(node.part(child)) for child in inputs),
        outputs=tuple(item(node.part(child)) for child in outputs),
    )


def associations(node: Node, tag: str) -> tuple[DataAssociation, ...]:
    """`dataInputAssociation` or `dataOutputAssociation` children."""
    return tuple(_association(node.part(child), tag == "dataInputAssociation") for child in node.children(tag))


def _association(node: Node, is_input: bool) -> DataAssociation:
    assignments = []
    for element in node.children("assignment"):
        part = node.part(element)
        source = expressions.formal(part.child("from"), node.context)
        target = expressions.formal(part.child("to"), node.context)
        if source is not None and target is not None:
            assignments.append(Assignment(source=source, target=target))
    return DataAssociation(
        is_input=is_input,
        id=node.own_id,
        sources=node.child_refs("sourceRef"),
        target=node.child_ref("targetRef"),
        transformation=expressions.formal(node.child("transformation"), node.context),
        assignments=tuple(assignments),
        line=node.line,
    )
