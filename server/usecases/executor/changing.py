"""Changing a running instance on a person's word: another place in the process (another version: see `migrating`)."""

from __future__ import annotations

from bpmn.runtime import commands as c
from server.errors import Invalid
from server.usecases import requests as rq
from server.usecases.executor.session import Session


def modify(session: Session, request: rq.ModifyRequest) -> None:
    """Raises Invalid MODIFICATION_INVALID with what is wrong; then nothing has changed."""
    session.do(c.ModifyInstance(instance_id=session.row.id, instructions=request.instructions))
    rejection = session.rejection
    if rejection is not None:
        raise Invalid(
            "MODIFICATION_INVALID",
            f"Instance '{session.row.id}' cannot follow the instructions: {rejection.message}",
        )
