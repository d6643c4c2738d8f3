"""Which data associations move data, and what the variables behind data elements are called.

BPMN moves data by associations (10.4.2); Camunda and Flowable do not execute them: there every element sees the
variables of its scopes, and associations are drawings. They have an effect in models without a vendor's dialect and in
those of SpiffWorkflow. Even there most of them are drawings: modeling tools write an association to a placeholder or
without an end where a data object was only connected to an activity.
"""

from __future__ import annotations

from collections.abc import Iterable

from bpmn.model.activities import Activity, MultiInstance
from bpmn.model.base import Dialect, Element
from bpmn.model.data import DataAssociation, DataItem
from bpmn.model.events import Event

MOVING = (Dialect.PLAIN, Dialect.SPIFFWORKFLOW)
"""Dialects in which associations are executed."""


def variable_name(dialect: Dialect, *elements: Element | None) -> str:
    """The variable of a data element: the first name that is an identifier, of the element and then of what else stands
    for it; else the id of the first. In SpiffWorkflow's dialect it is the id."""
    known = [element for element in elements if element is not None]
    if dialect is not Dialect.SPIFFWORKFLOW:
        for element in known:
            if element.name is not None and element.name.strip().isidentifier():
                return element.name.strip()
    return known[0].id


def own_items(node: Activity | Event) -> tuple[DataItem, ...]:
    """Data inputs and outputs of an activity or event, those of the instances of a multi-instance included."""
    io = node.io
    items = () if io is None else io.inputs + io.outputs
    loop = node.loop if isinstance(node, Activity) else None
    if isinstance(loop, MultiInstance):
        items += tuple(item for item in (loop.input_item, loop.output_item) if item is not None)
    return items


def associations(node: Activity | Event) -> tuple[DataAssociation, ...]:
    return node.data_associations if isinstance(node, Event) else node.data_inputs + node.data_outputs


def moves(association: DataAssociation, own: Iterable[str]) -> bool:
    """Whether it carries data between the element, whose own items are `own` (ids), and what is around it."""
    if association.assignments or association.transformation is not None:
        return True
    ends = (association.target,) if association.is_input else association.sources
    return bool(association.sources) and association.target is not None and any(end in set(own) for end in ends)
