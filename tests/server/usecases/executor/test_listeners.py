"""Listeners of a running server: jobs that workers do, tasks that wait for them, and what history tells."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.connector import connector
from connectors.job import Job
from tests.server.usecases.executor.conftest import RunApp
from tests.support.app import App, wait_until
from tests.support.listeners import listener, listening, noting, scripted
from tests.support.models import boundary, end, model, service_task, start, timer, user_task


def reviewing(*listeners: str, **attributes: str) -> tuple[str, bytes]:
    data = model(start(), user_task("check", **attributes), end(), flows="start -> check -> end", key="review")
    return "review.bpmn", listening(data, {"check": list(listeners)})


def on_task(event: str, **attributes: str) -> str:
    return listener(event, kind="task", **attributes)


def told(app: App, id: str) -> list[str]:
    """Types of the events about listeners and user tasks, in order, with the event where one is told."""
    return [
        event["type"] + (f":{event['data']['event']}" if event["type"].startswith("LISTENER") else "")
        for event in app.history(id)
        if event["type"].startswith(("LISTENER", "USER_TASK", "JOB"))
    ]


def test_should_let_a_worker_be_the_listener(run_app: RunApp) -> None:
    # given a connector under the name of the class
    seen: list[Any] = []

    @connector("org.example.Audit")
    def audit(job: Job) -> dict[str, Any]:
        seen.append((job.headers["listenerEvent"], job.headers["to"]))
        return {"audited": True}

    field = '<camunda:field name="to" stringValue="ops"/>'
    data = model(start(), service_task("charge"), end(), flows="start -> charge -> end", key="pay")
    data = listening(data, {"charge": [listener("end", field, class_="org.example.Audit"), noting("end", "noted")]})
    app = run_app(connectors=[audit])
    app.deploy(("pay.bpmn", data))

    # when
    pay = app.start("pay", {"log": ""})
    [job] = app.activate("charge")
    app.finish(job)

    # then
    ended = app.ended(pay)
    assert seen == [("end", "ops")]
    assert (ended["context"]["audited"], ended["context"]["log"]) == (True, "noted ")
    jobs = [event for event in app.history(pay) if event["type"] == "JOB_CREATED"]
    assert [(job["elementId"], job["data"].get("listener")) for job in jobs] == [("charge", None), ("charge", "end")]
    done = [event["data"].get("listener") for event in app.history(pay) if event["type"] == "JOB_COMPLETED"]
    assert done == [None, "end"]
    assert told(app, pay)[-1] == "LISTENER_CALLED:end"


def test_should_warn_at_upload_and_wait_without_a_worker(app: App) -> None:
    # given
    data = model(start(), user_task("check"), end(), flows="start -> check -> end", key="review")
    data = listening(data, {"check": [listener("start", class_="org.example.Audit")]})

    # when
    deployed = app.deploy(("review.bpmn", data))
    review = app.start("review")

    # then
    warnings = [finding for finding in deployed["findings"] if finding["code"] == "LISTENER_JOB"]
    assert [(warning["elementId"], "org.example.Audit" in warning["message"]) for warning in warnings] == [
        ("check", True)
    ]
    assert app.instance(review)["currentState"] == ["check"]
    [element] = app.get(f"/instances/{review}/elements")["items"]
    assert [(wait["kind"], wait["elementId"]) for wait in element["waits"]] == [("JOB", "check")]
    assert app.tasks(review) == []
    app.finish(app.activate("org.example.Audit")[0])
    app.complete(app.task(review, "check"))
    app.ended(review)


def test_should_show_a_task_when_its_listeners_are_done(app: App) -> None:
    # given
    app.deploy(
        reviewing(
            scripted("create", "task.setAssignee('mary'); task.setPriority(80)", kind="task"),
            on_task("create", class_="org.example.Tell"),
        )
    )
    review = app.start("review")
    assert app.tasks(review) == []
    [creating] = app.tasks(review, status="CREATING")
    refused = app.complete(creating, status=409)
    assert refused["errors"][0]["code"] == "TASK_BUSY"

    # when
    [job] = app.activate("org.example.Tell")
    assert job["headers"]["task"]["assignee"] == "mary"
    app.finish(job)

    # then
    task = app.task(review, "check")
    assert (task["status"], task["assignee"], task["priority"]) == ("CLAIMED", "mary", 80)
    app.complete(task)
    app.ended(review)
    assert told(app, review) == [
        "USER_TASK_CREATED", "LISTENER_CALLED:create", "USER_TASK_CHANGED", "JOB_CREATED", "JOB_COMPLETED",
        "USER_TASK_COMPLETED",
    ]  # fmt: skip


def test_should_keep_a_task_completing_until_its_listener_is_done(app: App) -> None:
    # given
    app.deploy(reviewing(on_task("complete", class_="org.example.Tell")))
    review = app.start("review")
    task = app.task(review, "check")

    # when
    answered = app.complete(task, {"approved": True})

    # then
    assert answered["status"] == "COMPLETING"
    assert app.get(f"/tasks/{task['id']}")["status"] == "COMPLETING"
    assert app.complete(task, status=409)["errors"][0]["code"] == "TASK_BUSY"
    app.finish(app.activate("org.example.Tell")[0])
    assert app.ended(review)["context"] == {"approved": True}
    assert app.get(f"/tasks/{task['id']}")["status"] == "COMPLETED"


def test_should_call_assignment_and_update_when_people_change_the_task(app: App) -> None:
    # given
    note = "execution.setVariable('log', log + task.getEventName() + ':' + task.getAssignee() + ' ')"
    app.deploy(
        reviewing(
            scripted("update", note, kind="task"),
            scripted("assignment", note + "; task.setPriority(task.getPriority() + 1)", kind="task"),
        )
    )
    review = app.start("review", {"log": ""})
    task = app.task(review, "check")

    # when
    app.call("PATCH", f"/tasks/{task['id']}", {"priority": 10})
    claimed = app.post(f"/tasks/{task['id']}/assign", {"assignee": "mary"})

    # then
    assert (claimed["assignee"], claimed["status"], claimed["priority"]) == ("mary", "CLAIMED", 11)
    assert app.task(review, "check")["priority"] == 11
    assert app.context(review)["log"].split() == ["update:null", "update:mary", "assignment:mary"]


def test_should_refuse_a_change_whose_listener_fails(app: App) -> None:
    # given
    app.deploy(reviewing(scripted("assignment", "execution.setVariable('n', missing.x)", kind="task")))
    review = app.start("review")
    task = app.task(review, "check")

    # when
    refused = app.post(f"/tasks/{task['id']}/claim", {"assignee": "mary"}, status=409)

    # then
    assert refused["errors"][0]["code"] == "LISTENER_FAILED"
    assert (app.task(review, "check")["assignee"], app.incidents(review)) == (None, [])


def test_should_hold_a_task_until_the_incident_of_its_listener_is_resolved(app: App) -> None:
    # given
    app.deploy(reviewing(scripted("create", "task.setAssignee(who.name)", kind="task")))
    review = app.start("review")
    incident = app.incident(review)
    assert (incident["elementId"], incident["kind"]) == ("check", "EXPRESSION_ERROR")

    # when
    app.resolve(incident, variables={"who": {"name": "mary"}})

    # then
    assert app.task(review, "check")["assignee"] == "mary"


def test_should_call_delete_when_the_instance_is_cancelled(app: App) -> None:
    # given
    app.deploy(reviewing(scripted("delete", "execution.setVariable('gone', task.getAssignee())", kind="task")))
    review = app.start("review")
    app.post(f"/tasks/{app.task(review, 'check')['id']}/claim", {"assignee": "mary"})

    # when
    app.post(f"/instances/{review}/cancel", {})

    # then
    assert app.ended(review, "CANCELLED")["context"] == {"gone": "mary"}


@pytest.mark.parametrize("job", [False, True])
def test_should_call_back_after_a_timeout(app: App, job: bool) -> None:
    # given
    definition = timer(duration="PT1H").replace(' xsi:type="tFormalExpression"', "")
    kind = {"class_": "org.example.Nag"} if job else {"expression": "${task.setPriority(99)}"}
    app.deploy(reviewing(on_task("timeout", inner=definition, **kind)))
    review = app.start("review")

    # when
    app.advance(hours=1)

    # then
    if job:
        app.finish(app.activate("org.example.Nag")[0])
    else:
        wait_until(lambda: app.task(review, "check")["priority"] == 99, what="the timeout")
    app.complete(app.task(review, "check"))
    app.ended(review)


def test_should_call_registered_handlers_in_the_step(run_app: RunApp) -> None:
    # given
    def audit(execution: Any) -> None:
        execution.set_variable("audited", execution.info.element_id)

    app = run_app(handlers={"org.example.Audit": audit})
    data = model(start(), user_task("check"), end(), flows="start -> check -> end", key="review")
    deployed = app.deploy(("review.bpmn", listening(data, {"check": [listener("start", class_="org.example.Audit")]})))

    # when
    review = app.start("review")

    # then
    assert app.context(review) == {"audited": "check"}
    assert not [finding for finding in deployed["findings"] if finding["code"] == "LISTENER_JOB"]


def test_should_end_the_job_of_a_listener_with_its_element(app: App) -> None:
    # given
    data = model(
        start(), user_task("check"), boundary("late", "check", timer(duration="PT1H")), end(),
        flows="start -> check -> end; late -> end", key="review",
    )  # fmt: skip
    app.deploy(("review.bpmn", listening(data, {"check": [on_task("create", class_="org.example.Tell")]})))
    review = app.start("review")
    [job] = app.activate("org.example.Tell")

    # when
    app.advance(hours=1)
    app.ended(review)

    # then
    assert app.finish(job, status=404)["errors"][0]["code"] == "JOB_GONE"
