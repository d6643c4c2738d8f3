"""Task listeners: what is called while a user task is created, changed, completed, cancelled or overdue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bpmn.expressions.task import Task
from bpmn.findings import Severity
from bpmn.runtime import commands as c
from bpmn.runtime import events as e
from bpmn.runtime.engine import Outcome
from bpmn.runtime.state import InstanceStatus, WaitKind
from tests.support.listeners import calls, listener, listening, log
from tests.support.listeners import noting as noting_execution
from tests.support.listeners import scripted as scripted_execution
from tests.support.listeners import zeebe as zeebe_listener
from tests.support.models import (
    boundary,
    camunda_io,
    compile_document,
    compile_with_findings,
    end,
    error,
    model,
    on_condition,
    on_error,
    start,
    sub_process,
    timer,
    user_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = pytest.mark.element(
    "taskListener", "create, assignment, update, complete, delete, timeout; in the step, or as a job the task waits for"
)

EMPTY = {"log": ""}


def on_task(*listeners: str, vendor: str = "camunda", inner: str = "", **attributes: str) -> CheckedSimulator:
    """A process of one user task with these listeners."""
    data = model(start(), user_task("u", inner, **attributes), end(), flows="start -> u -> end")
    if vendor != "camunda":
        data = data.replace(b"http://camunda.org/schema/1.0/bpmn", b"http://flowable.org/bpmn")
    return simulate(listening(data, {"u": list(listeners)}))


def noting(event: str, *, vendor: str = "camunda") -> str:
    return noting_execution(event, event, vendor=vendor, kind="task")


def scripted(event: str, script: str, *, vendor: str = "camunda") -> str:
    return scripted_execution(event, script, vendor=vendor, kind="task")


def job(event: str, type: str = "x.Listener", *, inner: str = "", vendor: str = "camunda") -> str:
    return listener(event, inner, vendor=vendor, kind="task", class_=type)


def after(tag: str, text: str) -> str:
    """The timer of a timeout."""
    return (
        '<x:timerEventDefinition xmlns:x="http://www.omg.org/spec/BPMN/20100524/MODEL">'
        f"<x:{tag}>{text}</x:{tag}></x:timerEventDefinition>"
    )


EVERY = ("delete", "complete", "update", "assignment", "create")


def the_task(sim: CheckedSimulator) -> Any:
    (task,) = sim.open_tasks()
    return task


# -- when they are called ---------------------------------------------------------------------------------------------


def test_should_call_those_of_a_task_that_is_created_and_completed() -> None:
    # given
    sim = on_task(*(noting(event) for event in EVERY))
    instance = sim.start("p", EMPTY)
    assert log(sim, instance) == ["create"]

    # when
    sim.complete("u")

    # then
    assert log(sim, instance) == ["create", "complete"]
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_call_assignment_after_create_as_camunda_does() -> None:
    # given
    sim = on_task(*(noting(event) for event in EVERY), assignee="kim")

    # when
    instance = sim.start("p", EMPTY)

    # then
    assert log(sim, instance) == ["create", "assignment"]


def test_should_call_assignment_before_create_and_delete_at_last_as_flowable_does() -> None:
    # given
    sim = on_task(*(noting(event, vendor="flowable") for event in EVERY), vendor="flowable", assignee="kim")
    instance = sim.start("p", EMPTY)
    assert log(sim, instance) == ["assignment", "create"]

    # when
    sim.complete("u")

    # then
    assert log(sim, instance) == ["assignment", "create", "complete", "delete"]


def test_should_call_every_event_for_all() -> None:
    # given
    sim = on_task(scripted("all", "execution.setVariable('log', log + task.getEventName() + ' ')", vendor="flowable"))
    instance = sim.start("p", EMPTY)

    # when
    sim.complete("u")

    # then
    assert log(sim, instance) == ["create", "complete", "delete"]


def test_should_call_update_and_assignment_when_somebody_changes_the_task() -> None:
    # given
    seen = (
        "execution.setVariable('log', log + task.getEventName() + ':' + task.getAssignee() + ':' + task.priority + ' ')"
    )
    sim = on_task(*(scripted(event, seen) for event in EVERY))
    instance = sim.start("p", EMPTY)
    task = the_task(sim)

    # when
    sim.change_task(task.id, priority=70)
    sim.change_task(task.id, assignee="kim")

    # then
    assert log(sim, instance)[1:] == ["update:null:70", "update:kim:70", "assignment:kim:70"]


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("mapped", [False, True])
def test_should_call_delete_when_the_task_is_cancelled(nested: bool, mapped: bool) -> None:
    # given a task with (or without) variables of its own, beneath a timer
    task = user_task("u", camunda_io({"mine": "1"}) if mapped else "")
    inner = sub_process("host", start("s2"), task, end("e2"), flows="s2 -> u -> e2") if nested else task
    host = inner.id
    data = model(
        start(), inner, boundary("b", host, timer(duration="PT1H")), end(), flows=f"start -> {host} -> end; b -> end"
    )
    text = "execution.setVariable('seen', task.getName() + ' ' + task.getVariable('mine'))"
    sim = simulate(listening(data, {"u": [noting("complete"), scripted("delete", text)]}))
    instance = sim.start("p", EMPTY)

    # when
    sim.advance(timedelta(hours=1))

    # then
    assert sim.variables(instance)["seen"] == f"null {'1' if mapped else 'null'}"
    assert calls(sim, instance) == ["u.delete"]
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_call_delete_when_the_person_reports_an_error() -> None:
    # given
    data = model(
        start(), user_task("u"), boundary("b", "u", on_error("err")), end(), flows="start -> u -> end; b -> end",
        roots=error("err", "E"),
    )  # fmt: skip
    sim = simulate(listening(data, {"u": [noting("delete"), noting("complete")]}))
    instance = sim.start("p", EMPTY)
    task = the_task(sim)

    # when
    sim.do(
        c.ThrowError(
            instance_id=instance, wait=WaitKind.USER_TASK, wait_id=task.id, token_id=task.token_id, error_code="E"
        )
    )

    # then
    assert log(sim, instance) == ["delete"]


def test_should_call_back_after_a_timeout_and_leave_the_task_alone() -> None:
    # given a timeout with a cycle
    expression = "${task.setPriority(task.priority + 10)}"
    sim = on_task(listener("timeout", after("timeCycle", "R2/PT1H"), kind="task", expression=expression))
    instance = sim.start("p")
    assert len(sim.timers) == 1

    # when
    sim.advance(timedelta(hours=3))

    # then
    assert calls(sim, instance) == ["u.timeout", "u.timeout"]
    assert the_task(sim).priority == 70
    sim.complete("u")
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_end_the_timer_of_a_timeout_with_the_task() -> None:
    # given
    sim = on_task(job("timeout", inner=after("timeDuration", "PT1H")))
    instance = sim.start("p")

    # when
    sim.complete("u")

    # then
    assert sim.timers == {}
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_let_a_task_be_completed_while_a_timeout_is_told() -> None:
    # given
    sim = on_task(job("timeout", inner=after("timeDuration", "PT1H")))
    instance = sim.start("p")
    sim.advance(timedelta(hours=1))
    assert [job.type for job in sim.open_jobs()] == ["x.Listener"]

    # when
    task = the_task(sim)
    sim.complete_task(task.id)

    # then
    assert sim.open_jobs() == []
    assert sim.status(instance) is InstanceStatus.COMPLETED


# -- what they see and change -----------------------------------------------------------------------------------------


def test_should_let_create_change_the_task() -> None:
    # given listeners in every language
    sim = on_task(
        scripted("create", "task.setAssignee('kim'); task.name = 'Look'; task.addCandidateGroup('sales')"),
        listener("create", kind="task", expression="${task.addCandidateUser('lee')}"),
        listener("create", kind="task", expression="${task.setDueDate(due)}"),
        listener(
            "create",
            '<camunda:script scriptFormat="groovy">task.setOwner("boss"); task.setPriority(9)</camunda:script>',
            kind="task",
        ),
        listener("assignment", kind="task", expression="${execution.setVariable('told', task.assignee)}"),
    )

    # when
    instance = sim.start("p", {"due": datetime(2030, 1, 2, tzinfo=UTC)})

    # then
    task = the_task(sim)
    assert (task.name, task.assignee, task.owner, task.priority) == ("Look", "kim", "boss", 9)
    assert (task.candidate_users, task.candidate_groups) == (("lee",), ("sales",))
    assert task.due_date == datetime(2030, 1, 2, tzinfo=UTC)
    assert sim.variables(instance)["told"] == "kim"


def test_should_tell_history_what_a_listener_changes() -> None:
    # given
    sim = on_task(scripted("create", "task.setAssignee('kim')"))

    # when
    instance = sim.start("p")

    # then
    [changed] = [event for event in sim.run_of(instance).events if isinstance(event, e.UserTaskChanged)]
    assert e.to_dict(changed)["data"]["assignee"] == "kim"
    assert e.event_type(changed) == "USER_TASK_CHANGED"


def test_should_see_the_variables_that_the_task_is_completed_with() -> None:
    # given
    sim = on_task(
        listener("complete", kind="task", expression="${execution.setVariable('seen', task.getVariable('x'))}")
    )
    instance = sim.start("p")

    # when
    sim.complete("u", {"x": 7})

    # then
    assert sim.variables(instance) == {"x": 7, "seen": 7}


def test_should_hand_the_task_to_a_handler() -> None:
    # given
    def assign(task: Task) -> None:
        task.set("assignee", task.get_variable("who"))

    data = model(start(), user_task("u"), end(), flows="start -> u -> end")
    sim = simulate(
        listening(data, {"u": [job("create", "org.example.Assign")]}), handlers={"org.example.Assign": assign}
    )

    # when
    sim.start("p", {"who": "kim"})

    # then
    assert the_task(sim).assignee == "kim"


@pytest.mark.parametrize("change", ["task.setPriority('high')", "task.setAssignee(5)", "task.setDueDate('soon')"])
def test_should_refuse_values_that_the_task_cannot_have(change: str) -> None:
    # given
    sim = on_task(scripted("create", change))

    # when
    sim.start("p")

    # then
    assert sim.incident().kind == "EXPRESSION_ERROR"


def test_should_fire_a_condition_that_a_listener_makes_true() -> None:
    # given
    data = model(
        start(),
        user_task("u"),
        boundary("b", "u", on_condition("${ready}")),
        end(),
        flows="start -> u -> end; b -> end",
    )
    sim = simulate(listening(data, {"u": [scripted("update", "execution.setVariable('ready', true)")]}))
    instance = sim.start("p", {"ready": False})

    # when
    sim.change_task(the_task(sim).id, priority=1)

    # then
    assert "+b" in sim.trace(instance)
    assert sim.status(instance) is InstanceStatus.COMPLETED


# -- failures ---------------------------------------------------------------------------------------------------------


def test_should_hold_the_task_back_when_a_create_listener_fails() -> None:
    # given
    sim = on_task(noting("create"), scripted("create", "task.setAssignee(missing.x)"), noting("create"))
    instance = sim.start("p", EMPTY)
    task = the_task(sim)
    assert (task.status, sim.incident().element_id) == ("CREATING", "u")
    assert sim.complete_task(task.id) is Outcome.REJECTED

    # when
    sim.resolve(sim.incident().id, {"missing": {"x": "kim"}})

    # then
    assert (task.status, task.assignee) == (None, "kim")
    assert log(sim, instance) == ["create", "create"]
    sim.complete("u")
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_keep_a_task_completing_when_a_complete_listener_fails() -> None:
    # given
    sim = on_task(scripted("complete", "execution.setVariable('y', missing.x)"))
    instance = sim.start("p")
    task = the_task(sim)

    # when
    assert sim.complete_task(task.id, {"given": 1}) is Outcome.DONE
    assert (task.status, sim.variables(instance)["given"]) == ("COMPLETING", 1)
    sim.resolve(sim.incident().id, {"missing": {"x": 1}})

    # then
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_refuse_a_change_whose_listener_fails() -> None:
    # given
    sim = on_task(scripted("assignment", "execution.setVariable('n', 1); missing.x"))
    instance = sim.start("p")
    task = the_task(sim)

    # when
    outcome = sim.change_task(task.id, assignee="kim")

    # then nothing has changed
    assert outcome is Outcome.REJECTED
    assert (task.assignee, sim.variables(instance), sim.incidents) == (None, {}, {})


@pytest.mark.parametrize("event", ["create", "assignment", "complete"])
def test_should_let_the_task_catch_the_error_of_its_listener(event: str) -> None:
    # given
    data = model(
        start(), user_task("u"), boundary("b", "u", on_error("err")), end(), flows="start -> u -> end; b -> end",
        roots=error("err", "E"),
    )  # fmt: skip
    sim = simulate(listening(data, {"u": [scripted(event, "throw new BpmnError('E')")]}))
    instance = sim.start("p")

    # when
    if event == "assignment":
        sim.change_task(the_task(sim).id, assignee="kim")
    elif event == "complete":
        sim.complete("u")

    # then
    assert "+b" in sim.trace(instance)
    assert sim.open_tasks() == []
    assert sim.status(instance) is InstanceStatus.COMPLETED


# -- jobs -------------------------------------------------------------------------------------------------------------


def test_should_wait_for_the_jobs_of_a_task_that_is_created() -> None:
    # given
    field = '<camunda:field name="to" stringValue="ops"/>'
    sim = on_task(
        scripted("create", "task.setName('Look')"), job("create", inner=field), noting("create"), assignee="kim"
    )
    instance = sim.start("p", EMPTY)
    (pending,) = sim.open_jobs()
    task = the_task(sim)
    assert (pending.type, pending.headers["to"], pending.headers["listenerEvent"]) == ("x.Listener", "ops", "create")
    assert pending.headers["task"]["name"] == "Look"
    assert pending.headers["task"]["id"] == str(task.id)
    assert task.status == "CREATING"
    assert sim.complete_task(task.id) is Outcome.REJECTED
    assert sim.change_task(task.id, assignee="lee") is Outcome.REJECTED

    # when
    sim.complete_job(pending.id, {"told": True})

    # then
    assert (task.status, log(sim, instance)) == (None, ["create"])
    sim.complete_task(task.id)
    assert sim.status(instance) is InstanceStatus.COMPLETED
    assert sim.trace(instance, ".:") == [".u", ".u$create2", ":u$create2", ":u"]


def test_should_wait_for_the_jobs_of_a_task_that_is_completed() -> None:
    # given
    sim = on_task(job("complete", vendor="flowable"), noting("delete", vendor="flowable"), vendor="flowable")
    instance = sim.start("p", EMPTY)
    task = the_task(sim)

    # when
    sim.complete_task(task.id, {"x": 1})
    assert (task.status, sim.complete_task(task.id)) == ("COMPLETING", Outcome.REJECTED)
    sim.complete_job(sim.open_jobs()[0].id)

    # then
    assert log(sim, instance) == ["delete"]
    assert sim.variables(instance)["x"] == 1
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_wait_for_the_jobs_of_a_task_that_is_changed() -> None:
    # given
    sim = on_task(job("update", "x.Update"), job("assignment", "x.Assignment"))
    instance = sim.start("p")
    task = the_task(sim)

    # when
    sim.change_task(task.id, assignee="kim")
    [update] = sim.open_jobs()
    assert (update.type, update.headers["task"]["assignee"]) == ("x.Update", "kim")
    assert sim.complete_task(task.id) is Outcome.REJECTED
    sim.complete_job(update.id)
    [assignment] = sim.open_jobs()
    sim.complete_job(assignment.id)

    # then
    assert (assignment.type, assignment.headers["task"]["assignee"]) == ("x.Assignment", "kim")
    assert sim.complete_task(task.id) is Outcome.DONE
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_call_the_listeners_of_camunda_8_as_jobs() -> None:
    # given
    data = model(start(), user_task("u"), end(), flows="start -> u -> end")
    listeners = [
        zeebe_listener("creating", "c", kind="task"),
        zeebe_listener("completing", "d", kind="task", retries=1),
    ]
    sim = simulate(listening(data, {"u": listeners}))
    instance = sim.start("p")

    # when
    [creating] = sim.open_jobs("c")
    sim.complete_job(creating.id)
    sim.complete_task(the_task(sim).id)
    [completing] = sim.open_jobs("d")
    sim.complete_job(completing.id)

    # then
    assert (creating.retries, completing.retries) == (3, 1)
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_cancel_the_job_of_a_listener_with_the_task() -> None:
    # given
    data = model(
        start(), user_task("u"), boundary("b", "u", timer(duration="PT1H")), end(), flows="start -> u -> end; b -> end"
    )
    sim = simulate(listening(data, {"u": [job("create")]}))
    instance = sim.start("p")

    # when
    sim.advance(timedelta(hours=1))

    # then
    assert (sim.open_jobs(), sim.open_tasks()) == ([], [])
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_migrate_while_a_listener_of_the_task_is_at_work() -> None:
    # given
    drawn = [
        listening(model(start(), user_task(id), end(), flows=f"start -> {id} -> end"), {id: [job("create")]})
        for id in "uv"
    ]
    sim = simulate(drawn[0])
    instance = sim.start("p")

    # when
    sim.migrate(instance, compile_document(drawn[1])["p"], {"u": "v"})
    sim.complete_job(sim.open_jobs()[0].id)
    sim.complete_task(the_task(sim).id)

    # then
    assert sim.status(instance) is InstanceStatus.COMPLETED


# -- findings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (job("delete"), [("LISTENER_UNSUPPORTED", Severity.ERROR)]),
        (zeebe_listener("canceling", "x", kind="task"), [("LISTENER_UNSUPPORTED", Severity.ERROR)]),
        (job("all", vendor="flowable"), [("LISTENER_JOB", Severity.WARNING)] * 4),
        (job("complete"), [("LISTENER_JOB", Severity.WARNING)]),
        (noting("delete"), []),
    ],
)
def test_should_say_what_becomes_of_listeners_that_are_jobs(one: str, expected: list[tuple[str, Severity]]) -> None:
    # given
    data = listening(model(start(), user_task("u"), end(), flows="start -> u -> end"), {"u": [one]})

    # when
    _, findings = compile_with_findings(data)

    # then
    assert [(f.code, f.severity) for f in findings if f.code.startswith("LISTENER")] == expected
    assert all(f.element_id == "u" and f.line and f.hint for f in findings if f.code.startswith("LISTENER"))
