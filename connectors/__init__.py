"""Connectors do the work of service tasks: they take jobs from the bus (or over HTTP) and send results back.

from connectors import connector, BpmnError, Job

@connector("score-customer")
def score(job: Job) -> dict:
    if job.variables["age"] < 18:
        raise BpmnError("TOO_YOUNG")
    return {"score": 42}
"""

from __future__ import annotations

from connectors.connector import Connector, connector
from connectors.errors import BpmnError, Failure, NonRetryable
from connectors.job import Job

__all__ = ["BpmnError", "Connector", "Failure", "Job", "NonRetryable", "connector"]
