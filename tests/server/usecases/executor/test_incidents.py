"""What cannot go on is an incident; resolved, it goes on."""

from __future__ import annotations

from typing import Any

from tests.server.usecases.executor.conftest import RunApp
from tests.support.app import App, wait_until
from tests.support.models import (
    Element,
    boundary,
    call_activity,
    camunda_io,
    document,
    end,
    error,
    exclusive,
    model,
    on_condition,
    on_error,
    parallel,
    process,
    script_task,
    service_task,
    start,
    sub_process,
    user_task,
)

CHARGE = model(start(), service_task("charge"), end(), flows="start -> charge -> end", key="pay")
DECIDE = model(start(), exclusive("which"), user_task("big"), user_task("small"), end(),
               flows="start -> which; which -[${amount > 100}]-> big -> end; which -[default]-> small -> end",
               key="decide")  # fmt: skip


def test_should_raise_an_incident_when_retries_are_used_up_and_go_on_when_it_is_resolved(app: App) -> None:
    app.deploy(("pay.bpmn", CHARGE))
    pay = app.start("pay")
    [job] = app.activate("charge")
    app.fail(job, "card machine is down", retries=0)

    incident = app.incident(pay)
    assert (incident["kind"], incident["elementId"], incident["jobId"], incident["message"]) == (
        "JOB_RETRIES_EXHAUSTED", "charge", job["id"], "card machine is down",
    )  # fmt: skip
    assert (app.instance(pay)["status"], app.instance(pay)["incidents"]) == ("RUNNING", 1)
    app.advance(days=1)
    assert app.no_job("charge")

    app.resolve(incident, variables={"card": "new"}, retries=2)

    [again] = app.activate("charge")
    assert (again["id"], again["attempt"], again["retries"], again["variables"]) == (job["id"], 2, 2, {"card": "new"})
    assert app.instance(pay)["incidents"] == 0
    app.finish(again)
    app.ended(pay)
    app.post(f"/incidents/{incident['id']}/resolve", {}, status=409)


def test_should_evaluate_a_bad_expression_again_with_other_variables(app: App) -> None:
    app.deploy(("decide.bpmn", DECIDE))
    decide = app.start("decide")
    incident = app.incident(decide)
    assert (incident["kind"], incident["elementId"]) == ("EXPRESSION_ERROR", "which")
    assert "amount" in incident["message"]
    assert app.instance(decide)["currentState"] == ["which"]

    app.resolve(incident)
    again = app.incident(decide)
    assert again["id"] != incident["id"], "nothing had changed"
    app.call("PATCH", f"/instances/{decide}/variables", {"amount": 7})
    app.resolve(again)

    app.complete(app.task(decide, "small"))
    app.ended(decide)


def test_should_fail_by_an_uncaught_error_and_only_dismiss_its_record(app: App) -> None:
    app.deploy(("fail.bpmn", model(
        start(), script_task("s", "x = 1"), end("bad", on_error("e")), flows="start -> s -> bad",
        roots=error("e", "BROKE"), key="fail")))  # fmt: skip
    failed = app.start("fail")

    found = app.reaches(failed, "FAILED")

    assert found["endedAt"] is not None
    assert found["incidents"] == 0, "the record of a failed instance is not an open incident"
    records = app.get("/incidents", instanceId=failed)["items"]
    assert [(record["kind"], record["errorCode"]) for record in records] == [("UNCAUGHT_ERROR", "BROKE")]
    app.post(f"/incidents/{records[0]['id']}/resolve", {"dismiss": True})
    assert app.get("/incidents", instanceId=failed)["items"] == []
    assert app.instance(failed)["status"] == "FAILED"


def test_should_fail_the_caller_by_the_error_of_the_called(app: App) -> None:
    called = process("called", start("s"), end("bad", on_error("e")), flows="s -> bad")
    caller = process(
        "caller", start(), call_activity("call", "called"), boundary("caught", "call", on_error("e")), end(),
        user_task("repair"), end("end2"), flows="start -> call -> end; caught -> repair -> end2")  # fmt: skip
    app.deploy(("both.bpmn", document(called, caller, roots=error("e", "BROKE"))))
    caller_id = app.start("caller")

    app.complete(app.task(caller_id, "repair"))

    app.ended(caller_id)
    [child] = app.instances(definitionKey="called")
    assert child["status"] == "FAILED"


def test_should_stop_an_endless_loop_with_an_incident_while_others_run(run_app: RunApp) -> None:
    app = run_app(transitions_limit=5000)
    app.deploy(
        ("loop.bpmn", model(start(), script_task("a", "n = n + 1"), exclusive("again"), end(),
                            flows="start -> a -> again; again -[${n < limit}]-> a; again -[default]-> end",
                            key="loop")),
        ("pay.bpmn", CHARGE),
    )  # fmt: skip
    endless = app.start("loop", {"n": 0, "limit": 10**9})
    pay = app.start("pay")
    app.finish(app.activate("charge")[0])
    app.ended(pay)

    incident = app.incident(endless)

    assert incident["kind"] == "ENDLESS_LOOP"
    assert 2000 <= app.context(endless)["n"] <= 5000
    app.call("PATCH", f"/instances/{endless}/variables", {"limit": 10})
    app.resolve(incident)
    app.ended(endless)


def test_should_cancel_everything_below_in_all_called_instances(app: App) -> None:
    leaf = process("leaf", start("s"), service_task("leafjob"), end("e"), flows="s -> leafjob -> e")
    middle = process("middle", start("s2"), call_activity("inner", "leaf"), end("e2"), flows="s2 -> inner -> e2")
    top = process("top", start(), parallel("fork"), call_activity("outer", "middle"),
                  sub_process("sub", start("s3"), user_task("u"), end("e3"), flows="s3 -> u -> e3"),
                  parallel("join"), end(),
                  flows="start -> fork; fork -> outer -> join; fork -> sub -> join; join -> end")  # fmt: skip
    app.deploy(("all.bpmn", document(leaf, middle, top)))
    root = app.start("top")
    wait_until(lambda: len(app.instances()) == 3 and app.tasks(root), what="all started")
    [job] = app.activate("leafjob")

    app.post(f"/instances/{root}/cancel", {"reason": "over"})

    for instance in app.instances():
        app.ended(instance["id"], "CANCELLED")
    assert app.finish(job, status=404)["errors"][0]["code"] == "JOB_GONE"
    assert app.post(f"/instances/{root}/cancel", {}, status=409)["errors"][0]["code"] == "INSTANCE_ENDED"


def test_should_bind_calls_to_versions(app: App) -> None:
    def version(number: int) -> str:
        return process("called", start("s"), user_task(f"v{number}"), end("e"), flows=f"s -> v{number} -> e")

    def caller(key: str, **binding: str) -> str:
        return process(key, start(), call_activity("call", "called", **binding), end(), flows="start -> call -> end")

    app.deploy(("one.bpmn", document(version(1), caller("same", called_element_binding="deployment"))))
    app.deploy(("two.bpmn", document(
        version(2), caller("latest"), caller("first", called_element_binding="version", called_element_version="1"),
        caller("lost", called_element_binding="version", called_element_version="9"))))  # fmt: skip

    def called_by(key: str) -> Any:
        caller_id = app.start(key)
        [child] = wait_until(lambda: app.instances(parentInstanceId=caller_id), what="the called instance")
        return child["version"]

    assert (called_by("same"), called_by("latest"), called_by("first")) == (1, 2, 1)
    lost = app.start("lost")
    assert "9" in app.incident(lost)["message"]


def test_should_bind_a_call_to_the_version_that_a_deployment_left_as_it_was(app: App) -> None:
    def called(number: int) -> tuple[str, bytes]:
        return "called.bpmn", model(start("s"), user_task(f"v{number}"), end("e"),
                                    flows=f"s -> v{number} -> e", key="called")  # fmt: skip

    caller = ("caller.bpmn", model(
        start(), call_activity("call", "called", called_element_binding="deployment"), end(),
        flows="start -> call -> end", key="caller"))  # fmt: skip
    app.deploy(called(1))
    app.advance(seconds=1)
    app.deploy(caller, called(1))
    app.advance(seconds=1)
    app.deploy(called(2))

    caller_id = app.start("caller")

    [child] = wait_until(lambda: app.instances(parentInstanceId=caller_id), what="the called instance")
    assert child["version"] == 1


def test_should_fulfil_conditions_in_scopes_that_the_step_does_not_load(app: App) -> None:
    """A variable of the process is written by one branch; another, two scopes down, waits for it."""
    inner = sub_process("inner", start("s2"), user_task("deep"),
                        boundary("rule", "deep", on_condition("${go == true}")),
                        end("e2"), user_task("went"), end("e3"),
                        flows="s2 -> deep -> e2; rule -> went -> e3")  # fmt: skip
    outer = sub_process("outer", start("s1"), inner, end("e1"), flows="s1 -> inner -> e1")
    app.deploy(("deep.bpmn", model(
        start(), parallel("fork"), outer, user_task("writer"), parallel("join"), end(),
        flows="start -> fork; fork -> outer -> join; fork -> writer -> join; join -> end", key="deep")))  # fmt: skip
    deep = app.start("deep", {"go": False})
    app.task(deep, "deep")

    app.complete(app.task(deep, "writer"), {"go": True})

    app.complete(app.task(deep, "went"))
    app.ended(deep)


def side(id: str, reads: str, counts: str) -> Element:
    """A sub-process that waits; whenever somebody writes the one variable it counts the other up."""
    happens = camunda_io(outputs={counts: f"${{{counts} + 1}}"}) + on_condition(f"${{{reads} > 0}}")
    return sub_process(
        id,
        *(start(f"{id}_s"), user_task(f"{id}_wait"), end(f"{id}_e"), end(f"{id}_counted")),
        boundary(f"{id}_b", f"{id}_wait", happens, interrupting=False),
        flows=f"{id}_s -> {id}_wait -> {id}_e; {id}_b -> {id}_counted",
    )


def test_should_stop_conditions_that_make_each_other_true_step_by_step(run_app: RunApp) -> None:
    # given two scopes that no step loads both of, and the lowest limit that can be set
    app = run_app(transitions_limit=1000)
    app.deploy(("pingpong.bpmn", model(
        start(), side("ping", "a", "b"), side("pong", "b", "a"), end(),
        flows="start -> ping -> end; start -> pong -> end", key="pingpong",
    )))  # fmt: skip
    instance = app.start("pingpong", {"a": 0, "b": 0})

    # when
    app.call("PATCH", f"/instances/{instance}/variables", {"a": 1})

    # then it comes to rest, and can still be worked with
    incident = wait_until(lambda: app.incidents(instance), timeout=60, what="an incident")[0]
    assert incident["kind"] == "ENDLESS_LOOP"
    stopped = app.context(instance)
    assert 100 < stopped["a"] < 1000
    app.complete(app.task(instance, "ping_wait"))
    app.complete(app.task(instance, "pong_wait"))
    app.ended(instance)
    assert app.context(instance) == stopped
