"""Data (BPMN 2.0.2, chapter 10.4): objects, stores, properties, input/output specifications, associations."""

from __future__ import annotations

from dataclasses import dataclass

from bpmn.model.base import Element, Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class DataObject(Element):
    item_subject_ref: str | None = None
    is_collection: bool = False
    value: Expression | None = None
    """Initial value (flowable:value of a typed data object)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataObjectReference(Element):
    data_object_ref: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStore(Element):
    item_subject_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStoreReference(Element):
    data_store_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Property(Element):
    item_subject_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataItem(Element):
    """`dataInput` or `dataOutput`."""

    item_subject_ref: str | None = None
    is_collection: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IoSpecification:
    inputs: tuple[DataItem, ...] = ()
    outputs: tuple[DataItem, ...] = ()
    input_sets: tuple[tuple[str, ...], ...] = ()
    output_sets: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    source: Expression
    target: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class DataAssociation:
    """`dataInputAssociation` (`is_input`) or `dataOutputAssociation`."""

    is_input: bool
    id: str | None = None
    sources: tuple[str, ...] = ()
    target: str | None = None
    transformation: Expression | None = None
    assignments: tuple[Assignment, ...] = ()
    line: int | None = None
