"""Receive tasks without a message, which Camunda 7 and Flowable run as wait states that their API triggers."""

from __future__ import annotations

from bpmn.model.activities import ReceiveTask
from bpmn.model.base import Dialect

API_TRIGGERS = frozenset({Dialect.CAMUNDA, Dialect.FLOWABLE})


def is_triggered(task: ReceiveTask, dialect: Dialect) -> bool:
    """Whether the task waits to be triggered: here by a message that has the task's id as its name.

    The vendors' counterparts are `POST /execution/{id}/signal` (Camunda 7) and `RuntimeService.trigger` (Flowable). The
    standard does not say what a receive task without a message waits for, so that others have to name one.
    """
    return task.message_ref is None and not task.instantiate and dialect in API_TRIGGERS
