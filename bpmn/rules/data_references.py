"""DATA_REFERENCE_MISSING: references to data objects and data stores (BPMN 2.0.2, 10.4)."""

from __future__ import annotations

from collections.abc import Iterator

from bpmn.findings import Finding
from bpmn.rules.index import Index, warning


def check(index: Index) -> Iterator[Finding]:
    objects = {entry.id for scope in index.scopes for entry in scope.content.data_objects}
    stores = {store.id for store in index.model.data_stores}
    for scope in index.scopes:
        for reference in scope.content.data_object_references:
            if reference.data_object_ref is not None and reference.data_object_ref not in objects:
                yield warning(
                    "DATA_REFERENCE_MISSING",
                    reference,
                    f"Expected data object '{reference.data_object_ref}', to which '{reference.id}' refers, in the"
                    " process, but there is none.",
                    "Add the data object, or correct dataObjectRef.",
                )
        for store in scope.content.data_store_references:
            if store.data_store_ref is not None and store.data_store_ref not in stores:
                yield warning(
                    "DATA_REFERENCE_MISSING",
                    store,
                    f"Expected data store '{store.data_store_ref}', to which '{store.id}' refers, in the document, but"
                    " there is none.",
                    "Add the data store, or correct dataStoreRef.",
                )
