"""What is answered where a request's resource does not exist, or belongs to another tenant: the same, to the letter.

Anything else would tell whoever guesses ids which of them another tenant has.
"""

from __future__ import annotations

from connectors.messages import ResultMessage
from server.errors import NotFound
from server.usecases import requests as rq
from server.usecases.executor.items import Work


def missing(work: Work) -> NotFound:
    """The error for this work, whose job, task, incident or instance cannot be found."""
    match work:
        case ResultMessage(job_id=id) | rq.JobResultRequest(result=ResultMessage(job_id=id)):
            return NotFound("JOB_GONE", f"Expected job '{id[:40]}' to wait for its result, but it is done or gone")
        case rq.CompleteTaskRequest(task_id=id) | rq.TaskErrorRequest(task_id=id) | rq.ChangeTaskRequest(task_id=id):
            return NotFound("TASK_UNKNOWN", f"Expected a task with id '{id}', but there is none")
        case rq.ResolveIncidentRequest(incident_id=id):
            return NotFound("INCIDENT_UNKNOWN", f"Expected an incident with id '{id}', but there is none")
        case (
            rq.CancelRequest(instance_id=id)
            | rq.PauseRequest(instance_id=id)
            | rq.ResumeRequest(instance_id=id)
            | rq.SetVariablesRequest(instance_id=id)
            | rq.ModifyRequest(instance_id=id)
            | rq.MigrateRequest(instance_id=id)
        ):
            return NotFound("INSTANCE_UNKNOWN", f"Expected an instance with id '{id}', but there is none")
    return NotFound("INSTANCE_UNKNOWN", "Expected the instance to exist, but it does not")
