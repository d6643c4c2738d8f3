"""A paused instance keeps what comes for it, and takes it up when it goes on."""

from __future__ import annotations

import pytest

from connectors.messages import Outcome, ResultMessage
from server.errors import ConflictError
from tests.support.app import App, wait_until
from tests.support.models import (
    boundary,
    catch,
    end,
    message,
    model,
    on_condition,
    parallel,
    receive_task,
    service_task,
    start,
    timer,
    user_task,
)

BUSY = model(
    start(), parallel("fork"), service_task("job"), receive_task("wait", "paid"),
    catch("pause", timer(duration="PT10S")),
    user_task("task"), parallel("join"), end(),
    flows="start -> fork; fork -> job -> join; fork -> wait -> join; fork -> pause -> join; fork -> task -> join; "
          "join -> end",
    roots=message("paid"), key="busy")  # fmt: skip
ALARM = model(
    start(), user_task("work"), boundary("alarm", "work", timer(duration="PT10S")), user_task("late"), end(),
    end("end2"), flows="start -> work -> end; alarm -> late -> end2", key="alarm")  # fmt: skip


def test_should_keep_results_messages_and_timers_until_it_goes_on(app: App) -> None:
    app.deploy(("busy.bpmn", BUSY))
    busy = app.start("busy")
    [job] = app.activate("job")
    task = app.task(busy, "task")
    paused = app.post(f"/instances/{busy}/pause", {})
    assert paused["status"] == "PAUSED"

    app.finish(job, {"done": True})
    assert app.publish("paid", {"amount": 1})["instanceIds"] == [busy]
    app.advance(seconds=60)
    problem = app.complete(task, status=409)
    assert problem["errors"][0]["code"] == "INSTANCE_PAUSED"
    app.post(f"/tasks/{task['id']}/claim", {}, status=409)
    wait_until(lambda: app.server.executor.queued() == 0)
    assert sorted(app.instance(busy)["currentState"]) == ["job", "pause", "task", "wait"]
    assert app.context(busy) == {}

    app.post(f"/instances/{busy}/resume", {})

    app.at(busy, "join", "task")
    assert app.context(busy) == {"done": True, "amount": 1}
    app.complete(task)
    app.ended(busy)


def test_should_hand_out_no_job_while_paused(app: App) -> None:
    app.deploy(("busy.bpmn", BUSY))
    busy = app.start("busy")
    app.post(f"/instances/{busy}/pause", {})
    assert app.no_job("job")

    app.post(f"/instances/{busy}/resume", {})

    assert app.activate("job")[0]["instanceId"] == busy


@pytest.mark.parametrize(("timers", "late"), [("CATCH_UP", True), ("STOP", False)])
def test_should_stop_timers_or_let_them_catch_up(app: App, timers: str, late: bool) -> None:
    app.deploy(("alarm.bpmn", ALARM))
    alarm = app.start("alarm")
    app.advance(seconds=4)
    app.post(f"/instances/{alarm}/pause", {"timers": timers})
    app.advance(seconds=100)
    app.post(f"/instances/{alarm}/resume", {})

    if not late:
        app.advance(seconds=5)
        assert app.instance(alarm)["currentState"] == ["work"], "6 of its 10 seconds are left"
        app.advance(seconds=1)
    app.at(alarm, "late")


def test_should_refuse_to_pause_twice_and_to_resume_what_runs(app: App) -> None:
    app.deploy(("alarm.bpmn", ALARM))
    alarm = app.start("alarm")
    app.post(f"/instances/{alarm}/resume", {}, status=409)
    app.post(f"/instances/{alarm}/pause", {})
    app.post(f"/instances/{alarm}/pause", {}, status=409)

    app.post(f"/instances/{alarm}/cancel", {})

    app.ended(alarm, "CANCELLED")
    app.post(f"/instances/{alarm}/resume", {}, status=409)


def test_should_not_move_by_a_variable_while_paused(app: App) -> None:
    app.deploy(("rule.bpmn", model(
        start(), user_task("work"), boundary("rule", "work", on_condition("${x > 5}")), user_task("ruled"), end(),
        end("end2"), flows="start -> work -> end; rule -> ruled -> end2", key="rule")))  # fmt: skip
    rule = app.start("rule", {"x": 1})
    app.post(f"/instances/{rule}/pause", {})

    app.call("PATCH", f"/instances/{rule}/variables", {"x": 6})

    assert app.instance(rule)["currentState"] == ["work"]
    app.post(f"/instances/{rule}/resume", {})
    app.at(rule, "ruled")


def test_should_apply_a_result_that_came_twice_while_paused_once(app: App) -> None:
    app.deploy(("busy.bpmn", BUSY))
    busy = app.start("busy")
    [job] = app.activate("job")
    app.post(f"/instances/{busy}/pause", {})
    result = ResultMessage(job_id=job["id"], attempt=1, outcome=Outcome.FAILED, message="no", retryable=False)
    first, second = app.server.executor.submit(result), app.server.executor.submit(result)

    assert first.exception(10) is None
    assert isinstance(second.exception(10), ConflictError)
    assert app.incidents(busy) == []
    app.post(f"/instances/{busy}/resume", {})

    assert app.incident(busy)["message"] == "no"


def test_should_resolve_no_incident_while_paused(app: App) -> None:
    app.deploy(("busy.bpmn", BUSY))
    busy = app.start("busy")
    app.fail(app.activate("job")[0], retries=0)
    incident = app.incident(busy)
    app.post(f"/instances/{busy}/pause", {})

    problem = app.post(f"/incidents/{incident['id']}/resolve", {}, status=409)

    assert problem["errors"][0]["code"] == "INSTANCE_PAUSED"
    app.post(f"/instances/{busy}/resume", {})
    app.resolve(incident)
    app.finish(app.activate("job")[0])
    app.at(busy, "join", "pause", "task", "wait")
