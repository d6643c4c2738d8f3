"""Many steps share a commit; one that fails, fails alone; a repeated request is done once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connectors.messages import Outcome, ResultMessage
from server.errors import ConflictError, DomainError, NotFound
from server.ports.records import Changes, CommandRow
from server.usecases import requests as rq
from server.usecases.executor.session import EngineFailure, Session
from tests.server.usecases.executor.conftest import RunApp
from tests.support.app import App, wait_until
from tests.support.models import (
    boundary,
    catch,
    end,
    message,
    model,
    on_message,
    parallel,
    script_task,
    service_task,
    start,
    timer,
    user_task,
)

PAID = message("paid")
TASK = model(start(), user_task("task"), end(), flows="start -> task -> end", key="task")


def start_request(key: str, **variables: Any) -> rq.StartRequest:
    return rq.StartRequest(tenant_id="default", definition_key=key, variables=variables)


class Strange:
    """A value that no store can keep, as a careless handler may return it."""


def test_should_share_commits_among_requests_that_come_together(app: App) -> None:
    app.deploy(("task.bpmn", TASK))
    executor = app.server.executor
    before = executor.counters.batches

    futures = executor.submit_all([start_request("task", n=n) for n in range(200)])
    answers = [future.result(30) for future in futures]

    assert len({answer.row.id for answer in answers}) == 200
    assert [answer.context["n"] for answer in answers] == list(range(200))
    assert executor.counters.batches - before <= 40, "200 requests in few transactions"
    assert len(app.tasks()) == 200


def test_should_answer_each_of_many_clients_with_its_own_instance(app: App) -> None:
    app.deploy(("task.bpmn", TASK))
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: app.start("task", {"n": n}), range(80)))

    assert [app.context(id)["n"] for id in ids] == list(range(80))


def test_should_refuse_only_what_is_wrong_among_many(app: App) -> None:
    app.deploy(("task.bpmn", TASK))
    futures = app.server.executor.submit_all(
        [start_request("task" if n % 3 else "unknown", n=n) for n in range(30)]
        + [ResultMessage(job_id=str(n), attempt=1, outcome=Outcome.COMPLETED) for n in range(1, 4)]  # type: ignore[list-item]
    )

    errors = [future.exception(30) for future in futures]

    assert [isinstance(error, NotFound) for error in errors] == [n % 3 == 0 for n in range(30)] + [True] * 3
    assert len(app.tasks()) == 20


def test_should_raise_an_incident_for_a_value_that_cannot_be_stored(run_app: RunApp) -> None:
    app = run_app(handlers={"strange": Strange})
    app.deploy(("task.bpmn", TASK), ("bad.bpmn", bad_model("bad")))

    futures = app.server.executor.submit_all(
        [start_request("bad" if n == 7 else "task", n=n, go=True) for n in range(20)]
    )
    assert [future.exception(30) for future in futures] == [None] * 20
    assert len(app.tasks()) == 19
    [incident] = app.incidents()
    assert (incident["kind"], incident["definitionKey"]) == ("EXPRESSION_ERROR", "bad")


def bad_model(key: str) -> bytes:
    return model(start(), service_task("bad", expression="${strange()}", result_variable="x"), end(),
                 flows="start -> bad -> end", key=key)  # fmt: skip


# -- defects: of the engine in a step, of the store in a commit -------------------------------------------------------


@pytest.fixture(params=["step", "commit"])
def defect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """While set, nothing works that touches an instance with business key `bad`: its steps, or commits with it."""
    broken = threading.Event()
    do, finish = Session.do, Session.finish

    def check(session: Session) -> None:
        if broken.is_set() and session.row.business_key == "bad":
            raise RuntimeError("a defect")

    def broken_do(session: Session, command: Any) -> Any:
        try:
            check(session)
        except RuntimeError as error:
            raise EngineFailure(str(error)) from error
        return do(session, command)

    def broken_finish(session: Session, into: Any) -> None:
        if session.written:
            check(session)
        finish(session, into)

    if request.param == "step":
        monkeypatch.setattr(Session, "do", broken_do)
    else:
        monkeypatch.setattr(Session, "finish", broken_finish)
    broken.set()
    yield broken
    broken.clear()


def test_should_let_a_defective_start_fail_alone(app: App, defect: threading.Event) -> None:
    app.deploy(("task.bpmn", TASK))
    requests = [
        rq.StartRequest(tenant_id="default", definition_key="task", business_key="bad" if n == 7 else None,
                        variables={"n": n}) for n in range(20)
    ]  # fmt: skip

    errors = [future.exception(30) for future in app.server.executor.submit_all(requests)]

    assert [n for n, error in enumerate(errors) if error is not None] == [7]
    assert len(app.tasks()) == 19
    assert len(app.instances()) == 19
    app.call("POST", "/instances", {"definitionKey": "task", "businessKey": "bad", "variables": {"n": 1}}, status=500)
    defect.clear()
    app.start("task", {"n": 1}, businessKey="bad")


def test_should_put_a_defective_timer_aside_while_others_go_on(app: App, defect: threading.Event) -> None:
    defect.clear()
    writes = model(start(), catch("wait", timer(duration="PT1M")), script_task("s", "x = 1"), user_task("task"), end(),
                   flows="start -> wait -> s -> task -> end", key="timed")  # fmt: skip
    app.deploy(("timed.bpmn", writes))
    ids = [app.start("timed", businessKey="bad" if n == 3 else "good") for n in range(10)]
    defect.set()

    app.advance(minutes=1)

    wait_until(lambda: len(app.tasks()) == 9, what="nine tasks")
    incident = app.incident(ids[3])
    assert (incident["kind"], "a defect" in incident["message"]) == ("ENGINE", True)
    assert app.instance(ids[3])["status"] == "RUNNING"
    defect.clear()
    app.resolve(incident)
    app.complete(app.task(ids[3], "task"))
    app.ended(ids[3])


def test_should_put_a_defective_result_aside_while_others_go_on(app: App, defect: threading.Event) -> None:
    defect.clear()
    app.deploy(("job.bpmn", model(start(), service_task("job"), user_task("task"), end(),
                                  flows="start -> job -> task -> end", key="job")))  # fmt: skip
    ids = [app.start("job", businessKey="bad" if n == 3 else "good") for n in range(10)]
    jobs = app.activate("job", count=10)
    defect.set()

    app.server.bus.publish_results(
        [ResultMessage(job_id=job["id"], attempt=1, outcome=Outcome.COMPLETED, variables={"n": 1}) for job in jobs]
    )

    wait_until(lambda: len(app.tasks()) == 9, what="nine tasks")
    incident = app.incident(ids[3])
    assert incident["kind"] == "ENGINE"
    defect.clear()
    app.resolve(incident)
    app.complete(app.task(ids[3], "task"))
    assert app.ended(ids[3])["context"] == {"n": 1}


def test_should_try_a_defective_command_three_times_and_put_it_aside(app: App, defect: threading.Event) -> None:
    defect.clear()
    app.deploy(("wait.bpmn", model(start(), catch("wait", on_message("paid")), user_task("task"), end(),
                                   flows="start -> wait -> task -> end", roots=PAID, key="wait")))  # fmt: skip
    bad, good = app.start("wait", businessKey="bad"), app.start("wait", businessKey="good")
    defect.set()
    app.publish("paid", {"n": 1}, instanceId=bad)
    app.publish("paid", {"n": 1}, instanceId=good)
    app.at(good, "task")

    def look() -> Any:
        app.advance(seconds=2)
        return app.incidents(bad)

    [incident] = wait_until(look, what="an incident")
    assert incident["kind"] == "ENGINE"
    assert "DELIVER_MESSAGE" in incident["message"]
    defect.clear()
    app.resolve(incident)
    app.at(bad, "task")
    assert app.context(bad) == {"n": 1}


# -- idempotency keys -------------------------------------------------------------------------------------------------


def test_should_do_a_repeated_request_once(app: App) -> None:
    app.deploy(("task.bpmn", TASK))
    body = {"definitionKey": "task", "variables": {"n": 1}}

    first = app.post("/instances", body, status=201, Idempotency_Key="k-1")
    again = app.post("/instances", body, status=201, Idempotency_Key="k-1")
    other = app.post("/instances", body | {"variables": {"n": 2}}, status=422, Idempotency_Key="k-1")

    assert first == again
    assert other["errors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert app.post("/instances", body, status=201, Idempotency_Key="k-2")["id"] != first["id"]
    assert len(app.instances()) == 2


def test_should_do_a_request_once_that_comes_many_times_at_once(app: App) -> None:
    app.deploy(("task.bpmn", TASK))
    barrier = threading.Barrier(6)

    def ask(_: int) -> tuple[int, Any]:
        client = app.client()
        barrier.wait()
        response = client.post("/api/v1/instances", json={"definitionKey": "task"}, headers={"Idempotency-Key": "k"})
        return response.status_code, response.get_json()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))

    assert {status for status, _ in answers} <= {201, 409}
    assert len({answer["id"] for status, answer in answers if status == 201}) == 1
    assert len(app.instances()) == 1


def test_should_not_hold_the_key_of_a_refused_request(app: App) -> None:
    body = {"definitionKey": "task"}
    app.post("/instances", body, status=404, Idempotency_Key="k")
    app.deploy(("task.bpmn", TASK))

    assert app.post("/instances", body, status=201, Idempotency_Key="k")["status"] == "RUNNING"


def test_should_answer_a_repeated_message_as_the_first(app: App) -> None:
    app.deploy(("wait.bpmn", model(start(), catch("wait", on_message("paid")), user_task("task"), end(),
                                   flows="start -> wait -> task -> end", roots=PAID, key="wait")))  # fmt: skip
    one, other = app.start("wait"), app.start("wait")
    body = {"name": "paid", "instanceId": one}

    first = app.post("/messages", body, Idempotency_Key="k")
    again = app.post("/messages", body, Idempotency_Key="k")

    assert first == again == {"result": "CORRELATED", "instanceIds": [one]}
    app.at(one, "task")
    app.at(other, "wait")
    app.start("wait")
    app.post("/messages", {"name": "paid"}, status=409, Idempotency_Key="ambiguous")
    app.post(f"/instances/{other}/cancel", {})
    assert app.post("/messages", {"name": "paid"}, Idempotency_Key="ambiguous")["result"] == "CORRELATED"


def test_should_complete_a_task_once_of_two_who_try(app: App) -> None:
    app.deploy(("task.bpmn", TASK))
    task = app.task(app.start("task"), "task")
    requests = [rq.CompleteTaskRequest(tenant_id="default", task_id=int(task["id"]), variables={"by": n})
                for n in range(5)]  # fmt: skip

    errors = [future.exception(30) for future in app.server.executor.submit_all(requests)]

    assert errors[0] is None
    assert all(isinstance(error, ConflictError) for error in errors[1:])
    assert app.ended(task["instanceId"])["context"] == {"by": 0}


# -- shapes -----------------------------------------------------------------------------------------------------------


def test_should_run_twenty_parallel_blocks_in_a_row(app: App) -> None:
    elements, flows = [start()], "start"
    chains = []
    for number in range(20):
        fork, join = f"fork{number}", f"join{number}"
        elements += [parallel(fork), parallel(join)]
        for branch in "abc":
            elements.append(script_task(f"{branch}{number}", f"{branch} = {branch} + 1"))
            chains.append(f"{fork} -> {branch}{number} -> {join}")
        flows += f" -> {fork}; {join}"
    blocks = model(*elements, end(), flows="; ".join([f"{flows} -> end", *chains]), key="blocks")
    app.deploy(("blocks.bpmn", blocks))

    done = app.ended(app.start("blocks", {"a": 0, "b": 0, "c": 0}))

    assert done["context"] == {"a": 20, "b": 20, "c": 20}


@pytest.mark.parametrize("cycle", ["R3/PT10S", "0/10 * * * * ?"])
def test_should_repeat_a_timer_that_does_not_interrupt(app: App, cycle: str) -> None:
    app.deploy(("remind.bpmn", model(
        start(), user_task("work"), boundary("remind", "work", timer(cycle=cycle), interrupting=False),
        user_task("reminder"), end(), end("end2"), flows="start -> work -> end; remind -> reminder -> end2",
        key="remind")))  # fmt: skip
    remind = app.start("remind")
    for number in range(1, 4):
        app.advance(seconds=10)
        wait_until(lambda: len(app.tasks(remind, elementId="reminder")) == number)  # noqa: B023
    app.advance(seconds=10)
    expected = 3 if cycle.startswith("R3") else 4
    wait_until(lambda: len(app.tasks(remind, elementId="reminder")) == expected)

    app.complete(app.task(remind, "work"))

    for task in app.tasks(remind):
        app.complete(task)
    app.ended(remind)


def test_should_start_by_a_cycle_of_the_latest_version_only(app: App) -> None:
    def version(text: str) -> bytes:
        return model(start("begin", timer(cycle="R/PT1H")), user_task(text), end(), flows=f"begin -> {text} -> end",
                     key="hourly")  # fmt: skip

    app.deploy(("hourly.bpmn", version("one")))
    app.advance(hours=1)
    wait_until(lambda: len(app.tasks()) == 1)
    app.deploy(("hourly.bpmn", version("two")))
    app.advance(hours=1)

    wait_until(lambda: len(app.tasks()) == 2)

    assert [task["elementId"] for task in app.tasks()] == ["one", "two"]


def test_should_refuse_while_shutting_down(run_app: RunApp) -> None:
    app = run_app()
    app.server.executor.stop()

    with pytest.raises(DomainError, match="shutting down"):
        app.server.executor.execute(start_request("task"))


def test_should_drop_a_start_by_message_whose_start_event_is_gone(app: App) -> None:
    # given: a command of a version that has another start event than the message says
    app.deploy(("task.bpmn", TASK))
    [definition] = app.get("/definitions", key="task")["items"]
    store, ids = app.server.store, app.server.ids
    payload = {
        "instance_id": ids(),
        "definition_id": int(definition["id"]),
        "element_id": "nowhere",
        "business_key": None,
        "variables": {},
        "message_name": "paid",
        "message_id": ids(),
    }
    with store.begin() as unit:
        command = CommandRow(
            instance_id=0, id=ids(), tenant_id="default", kind="START_BY_MESSAGE", payload=payload, due_at=unit.now()
        )
        unit.write(Changes(new_commands=[command]))
        unit.commit()

    # when
    app.server.executor.wake()

    # then: it is not tried again and again
    def gone() -> bool:
        with store.begin() as unit:
            return unit.claim_commands(10) == []

    wait_until(gone, what="the command to be dropped")
    assert app.instances() == []
    assert app.start("task")
