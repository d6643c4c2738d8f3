"""Instances, tasks, jobs and incidents over HTTP with the real executor, on SQLite and the in-memory bus."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from server.app import Server, assemble
from server.config import Settings
from tests.support.api import document

TOKEN = "the admin token of the tests"

REVIEW = """
    <startEvent id="start"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="check"/>
    <userTask id="check" name="Check it" camunda:candidateGroups="sales" camunda:priority="7"/>
    <sequenceFlow id="f2" sourceRef="check" targetRef="end"/>
    <endEvent id="end"/>"""
CHARGE = """
    <startEvent id="start"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="charge"/>
    <serviceTask id="charge" name="Charge" camunda:type="external" camunda:topic="charge-card"/>
    <boundaryEvent id="declined" attachedToRef="charge"><errorEventDefinition errorRef="no"/></boundaryEvent>
    <sequenceFlow id="f2" sourceRef="charge" targetRef="end"/>
    <sequenceFlow id="f3" sourceRef="declined" targetRef="refused"/>
    <endEvent id="end"/>
    <endEvent id="refused"/>"""


def model(key: str, body: str) -> bytes:
    return (
        document(key, body=body)
        .replace(b'<message id="paid"', b'<error id="no" errorCode="NO_MONEY"/><message id="paid"')
        .replace(b"<definitions ", b'<definitions xmlns:camunda="http://camunda.org/schema/1.0/bpmn" ')
    )


class Http:
    """Clients of a running server."""

    def __init__(self, server: Server) -> None:
        assert server.flask is not None
        self.app = server.flask

    def client(self, token: str = TOKEN) -> FlaskClient:
        client = self.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def user(self, name: str, *groups: str, roles: tuple[str, ...] = ("user",)) -> FlaskClient:
        made = self.call("POST", "/tokens", {"name": name, "roles": list(roles), "groups": list(groups)}, 201)
        return self.client(made["token"])

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        status: int = 200,
        client: FlaskClient | None = None,
        **headers: str,
    ) -> Any:
        answer = (client or self.client()).open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json() if answer.data else None

    def start(self, key: str, body: str, **request: Any) -> Any:
        uploaded = self.client().post("/api/v1/definitions", data=model(key, body), content_type="application/xml")
        assert uploaded.status_code == 201, uploaded.get_data(as_text=True)
        return self.call("POST", "/instances", {"definitionKey": key, **request}, 201)


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Http]:
    server = assemble(Settings(data_dir=tmp_path, admin_token=TOKEN, token_cache_seconds=0.0))
    server.start()
    yield Http(server)
    server.stop()


def test_should_complete_a_task_and_with_it_the_instance(http: Http) -> None:
    # given
    instance = http.start("review", REVIEW, variables={"amount": 5}, businessKey="B1")
    assert (instance["status"], instance["currentState"], instance["context"]) == ("RUNNING", ["check"], {"amount": 5})
    [task] = http.call("GET", f"/tasks?instanceId={instance['id']}&include=variables")["items"]
    assert (task["name"], task["status"], task["candidateGroups"], task["priority"], task["variables"]) == (
        "Check it",
        "OPEN",
        ["sales"],
        7,
        {"amount": 5},
    )

    # when
    done = http.call("POST", f"/tasks/{task['id']}/complete", {"variables": {"ok": True}})

    # then
    assert done["status"] == "COMPLETED"
    ended = http.call("GET", f"/instances/{instance['id']}")
    assert (ended["status"], ended["currentState"], ended["context"]) == ("COMPLETED", [], {"amount": 5, "ok": True})
    history = http.call("GET", f"/instances/{instance['id']}/history?limit=1000")["items"]
    completed = [event for event in history if event["type"] == "ELEMENT_COMPLETED"]
    assert [(event["elementId"], event["elementType"], event.get("elementName")) for event in completed] == [
        ("start", "START_EVENT", None),
        ("check", "USER_TASK", "Check it"),
        ("end", "END_EVENT", None),
    ]
    again = http.call("POST", f"/tasks/{task['id']}/complete", {}, 409)
    assert again["errors"][0]["code"] == "TASK_ENDED"


def test_should_show_users_only_tasks_that_concern_them(http: Http) -> None:
    # given a task for the group sales, claimed by nobody, and one that names nobody
    sales = http.start("review", REVIEW)
    free = http.start("anybody", REVIEW.replace('camunda:candidateGroups="sales" ', ""))
    mary, john = http.user("mary", "sales"), http.user("john", "support")

    # then
    def seen(client: FlaskClient) -> set[str]:
        return {task["instanceId"] for task in http.call("GET", "/tasks", client=client)["items"]}

    assert seen(mary) == {sales["id"], free["id"]}
    assert seen(john) == {free["id"]}
    [task] = http.call("GET", f"/tasks?instanceId={sales['id']}")["items"]
    for method, path in (("GET", ""), ("POST", "/claim"), ("POST", "/complete")):
        body = {} if method == "POST" else None
        assert http.call(method, f"/tasks/{task['id']}{path}", body, 404, john)["errors"][0]["code"] == "TASK_UNKNOWN"

    # when mary claims it, others of her group may look but not complete
    http.call("POST", f"/tasks/{task['id']}/claim", {}, client=mary)
    anna = http.user("anna", "sales")
    assert http.call("POST", f"/tasks/{task['id']}/complete", {}, 409, anna)["errors"][0]["code"] == "TASK_CLAIMED"
    assert http.call("POST", f"/tasks/{task['id']}/complete", {}, client=mary)["status"] == "COMPLETED"


def test_should_let_one_of_many_claim_a_task(http: Http) -> None:
    instance = http.start("review", REVIEW)
    [task] = http.call("GET", f"/tasks?instanceId={instance['id']}")["items"]
    clients = [http.user(f"user{number}", "sales") for number in range(6)]

    with ThreadPoolExecutor(6) as pool:
        statuses = list(
            pool.map(lambda client: client.post(f"/api/v1/tasks/{task['id']}/claim", json={}).status_code, clients)
        )

    assert sorted(statuses) == [200, 409, 409, 409, 409, 409]


def test_should_bring_delegated_work_back_to_its_owner(http: Http) -> None:
    instance = http.start("review", REVIEW)
    [task] = http.call("GET", f"/tasks?instanceId={instance['id']}")["items"]
    mary, john = http.user("mary", "sales"), http.user("john")
    path = f"/tasks/{task['id']}"

    http.call("POST", f"{path}/claim", {}, client=mary)
    delegated = http.call("POST", f"{path}/delegate", {"assignee": "john"}, client=mary)
    too_early = http.call("POST", f"{path}/complete", {}, 409, john)
    resolved = http.call("POST", f"{path}/resolve", {}, client=john)

    assert (delegated["assignee"], delegated["owner"], delegated["delegation"]) == ("john", "mary", "PENDING")
    assert too_early["errors"][0]["code"] == "TASK_DELEGATED"
    assert (resolved["assignee"], resolved["delegation"]) == ("mary", "RESOLVED")
    changed = http.call("PATCH", path, {"priority": 9, "dueDate": "2031-01-01T00:00:00+01:00", "candidateUsers": ["x"]})
    assert (changed["priority"], changed["dueDate"], changed["candidateUsers"]) == (9, "2030-12-31T23:00:00Z", ["x"])


def test_should_start_once_for_one_idempotency_key(http: Http) -> None:
    http.start("review", REVIEW)
    request = {"definitionKey": "review", "businessKey": "once"}

    answers = [http.call("POST", "/instances", request, 201, **{"Idempotency-Key": "k"}) for _ in range(2)]
    http.call("POST", "/instances", {"definitionKey": "review"}, 422, **{"Idempotency-Key": "k"})

    assert answers[0] == answers[1]
    assert len(http.call("GET", "/instances?businessKey=once")["items"]) == 1


def test_should_find_instances_by_variables_and_page_through_them(http: Http) -> None:
    first = http.start("review", REVIEW, variables={"n": 1, "city": "Bonn"})
    for number in range(2, 6):
        http.call("POST", "/instances", {"definitionKey": "review", "variables": {"n": number, "city": "Bonn"}}, 201)

    assert [row["id"] for row in http.call("GET", "/instances?variable=n:1.0&variable=city:%22Bonn%22")["items"]] == [
        first["id"]
    ]
    assert http.call("GET", "/instances?variable=n:%221%22")["items"] == []
    page = http.call("GET", "/instances?limit=2&total=true&include=context")
    rest = http.call("GET", f"/instances?limit=10&cursor={page['nextCursor']}")
    assert (page["total"], len(page["items"]), len(rest["items"])) == (5, 2, 3)
    assert page["items"][0]["context"]["city"] == "Bonn"
    assert "context" not in rest["items"][0]


def test_should_give_jobs_to_workers_that_wait(http: Http) -> None:
    # given a worker that polls before there is a job
    worker = http.user("robot", roles=("worker",))
    request = {"type": "charge-card", "maxJobs": 5, "lockSeconds": 60, "workerId": "w1", "waitSeconds": 20}
    found: list[Any] = []
    poll = threading.Thread(target=lambda: found.append(http.call("POST", "/jobs/activate", request, client=worker)))
    poll.start()

    # when
    instance = http.start("payment", CHARGE, variables={"amount": 5})
    poll.join(15)

    # then
    [job] = found[0]["jobs"]
    assert (job["instanceId"], job["elementId"], job["variables"], job["attempt"]) == (
        instance["id"],
        "charge",
        {"amount": 5},
        1,
    )
    assert http.call("POST", "/jobs/activate", {**request, "waitSeconds": 0}, client=worker) == {"jobs": []}
    result = {"workerId": "w1", "attempt": 1}
    http.call("POST", f"/jobs/{job['id']}/extend", {**result, "lockSeconds": 120}, 204, worker)
    stale = http.call("POST", f"/jobs/{job['id']}/complete", {**result, "attempt": 9}, 409, worker)
    assert stale["errors"][0]["code"] == "STALE_ATTEMPT"
    http.call("POST", f"/jobs/{job['id']}/complete", {**result, "variables": {"paid": True}}, 204, worker)
    gone = http.call("POST", f"/jobs/{job['id']}/complete", result, 404, worker)
    assert gone["errors"][0]["code"] == "JOB_GONE"
    assert http.call("GET", f"/instances/{instance['id']}")["context"] == {"amount": 5, "paid": True}


def test_should_fetch_only_the_variables_a_worker_wants(http: Http) -> None:
    http.start("payment", CHARGE, variables={"a": 1, "b": 2})

    [job] = http.call(
        "POST",
        "/jobs/activate",
        {"type": "charge-card", "maxJobs": 1, "lockSeconds": 5, "workerId": "w", "fetchVariables": ["b"]},
    )["jobs"]

    assert job["variables"] == {"b": 2}


def test_should_end_at_the_boundary_when_a_worker_throws_its_error(http: Http) -> None:
    instance = http.start("payment", CHARGE)
    [job] = http.call(
        "POST", "/jobs/activate", {"type": "charge-card", "maxJobs": 1, "lockSeconds": 5, "workerId": "w"}
    )["jobs"]

    http.call("POST", f"/jobs/{job['id']}/error", {"workerId": "w", "attempt": 1, "errorCode": "NO_MONEY"}, 204)

    history = http.call("GET", f"/instances/{instance['id']}/history?limit=1000")["items"]
    assert "refused" in [event.get("elementId") for event in history if event["type"] == "ELEMENT_COMPLETED"]


def test_should_go_on_after_an_incident_is_resolved(http: Http) -> None:
    # given a job whose retries are used up
    instance = http.start("payment", CHARGE)
    activate = {"type": "charge-card", "maxJobs": 1, "lockSeconds": 5, "workerId": "w"}
    [job] = http.call("POST", "/jobs/activate", activate)["jobs"]
    http.call(
        "POST", f"/jobs/{job['id']}/fail", {"workerId": "w", "attempt": 1, "message": "no line", "retries": 0}, 204
    )
    [incident] = http.call("GET", f"/incidents?instanceId={instance['id']}")["items"]
    assert (incident["elementId"], incident["jobId"], incident["message"]) == ("charge", job["id"], "no line")
    assert http.call("GET", f"/instances/{instance['id']}")["incidents"] == 1
    assert http.call("GET", "/overview")["openIncidents"] == 1

    # when
    http.call("POST", f"/incidents/{incident['id']}/resolve", {"variables": {"line": "ok"}, "retries": 1})

    # then
    [again] = http.call("POST", "/jobs/activate", {**activate, "waitSeconds": 10})["jobs"]
    assert (again["id"], again["attempt"] > job["attempt"], again["variables"]) == (job["id"], True, {"line": "ok"})
    assert http.call("GET", "/incidents")["items"] == []
    twice = http.call("POST", f"/incidents/{incident['id']}/resolve", {}, 409)
    assert twice["errors"][0]["code"] == "INCIDENT_RESOLVED"


def test_should_wait_for_the_end_only_as_long_as_asked(http: Http) -> None:
    uploaded = http.client().post("/api/v1/definitions", data=model("payment", CHARGE), content_type="application/xml")
    assert uploaded.status_code == 201
    started = time.monotonic()
    waiting = http.call("POST", "/instances", {"definitionKey": "payment", "waitSeconds": 0.3}, 201)
    assert (waiting["status"], time.monotonic() - started >= 0.3) == ("RUNNING", True)

    body = '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/><endEvent id="e"/>'
    ends = http.start("short", body, waitSeconds=20)
    assert ends["status"] == "COMPLETED"


def test_should_pause_resume_change_and_cancel(http: Http) -> None:
    instance = http.start("review", REVIEW, variables={"a": 1})
    path = f"/instances/{instance['id']}"
    [task] = http.call("GET", f"/tasks?instanceId={instance['id']}")["items"]

    assert http.call("POST", f"{path}/pause", {"timers": "STOP"})["status"] == "PAUSED"
    assert http.call("POST", f"/tasks/{task['id']}/complete", {}, 409)["errors"][0]["code"] == "INSTANCE_PAUSED"
    assert http.call("POST", f"{path}/resume", {})["status"] == "RUNNING"
    assert http.call("PATCH", f"{path}/variables", {"a": None, "b": [1]}) == {"a": None, "b": [1]}
    assert http.call("DELETE", f"{path}/variables/b") == {"a": None}
    assert http.call("GET", f"{path}/variables") == {"a": None}
    [element] = http.call("GET", f"{path}/elements")["items"]
    assert element["elementId"] == "check"
    assert http.call("POST", f"{path}/cancel", {"reason": "test"})["status"] == "CANCELLED"
    assert http.call("POST", f"{path}/cancel", {}, 409)["errors"][0]["code"] == "INSTANCE_ENDED"
    assert http.call("GET", f"/tasks/{task['id']}")["status"] == "CANCELLED"


def test_should_refuse_to_delete_a_definition_while_instances_run(http: Http) -> None:
    instance = http.start("review", REVIEW)
    path = f"/definitions/{instance['definitionId']}"

    assert http.call("DELETE", path, status=409)["errors"][0]["code"] == "INSTANCES_RUNNING"
    http.call("DELETE", f"{path}?cascade=true", status=204)
    http.call("GET", f"/instances/{instance['id']}", status=404)
    gone = http.call("POST", "/instances", {"definitionKey": "review"}, 404)
    assert gone["errors"][0]["code"] == "DEFINITION_UNKNOWN"


@pytest.mark.parametrize(
    ("request_body", "status", "code"),
    [
        ({"definitionKey": "nowhere"}, 404, "DEFINITION_UNKNOWN"),
        ({"definitionId": "1"}, 404, "DEFINITION_UNKNOWN"),
        ({"definitionKey": "review", "version": 9}, 404, "DEFINITION_UNKNOWN"),
    ],
)
def test_should_say_why_nothing_was_started(http: Http, request_body: Any, status: int, code: str) -> None:
    http.start("review", REVIEW)

    assert http.call("POST", "/instances", request_body, status)["errors"][0]["code"] == code
