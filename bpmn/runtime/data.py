"""Data objects and other data elements: the variables that a scope declares when it opens."""

from __future__ import annotations

from bpmn.runtime.work import Work


def declare(work: Work, scope_id: int) -> None:
    """Give the scope's data elements their initial values; variables that it has already (input mappings, those an
    instance is started with) keep theirs."""
    container = work.container(scope_id)
    if container is None:
        return
    for name, value in container.data:
        if name not in work.draft.names(scope_id):
            work.set_variable(scope_id, name, value)
