"""Execution listeners: where in the life of an element they are called, and what becomes of those that are jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bpmn.expressions.api import BpmnErrorRaised
from bpmn.expressions.execution import Execution
from bpmn.findings import Severity
from bpmn.runtime import commands as c
from bpmn.runtime.commands import Instruction, InstructionType
from bpmn.runtime.engine import Outcome
from bpmn.runtime.state import InstanceStatus
from tests.support.listeners import calls, listener, listening, log, noting, scripted, zeebe
from tests.support.models import (
    TERMINATE,
    boundary,
    call_activity,
    camunda_io,
    catch,
    compile_document,
    compile_with_findings,
    document,
    end,
    error,
    event_based,
    event_start,
    event_sub_process,
    exclusive,
    inclusive,
    message,
    model,
    multi_instance,
    on_error,
    on_message,
    on_signal,
    parallel,
    process,
    receive_task,
    script_task,
    service_task,
    signal,
    start,
    sub_process,
    task,
    timer,
    user_task,
    zeebe_io,
    zeebe_task,
)
from tests.support.simulation import CheckedSimulator, simulate

pytestmark = pytest.mark.element(
    "executionListener", "start, end and take; in the step, or as a job that holds the element up"
)

EMPTY = {"log": ""}


def both(id: str, **more: Any) -> list[str]:
    return [noting("start", f"+{id}", **more), noting("end", f"-{id}", **more)]


# -- where they are called --------------------------------------------------------------------------------------------


def test_should_call_listeners_of_everything_in_order() -> None:
    # given listeners at the process, every element and every flow
    data = model(
        start(),
        task("a"),
        exclusive("g"),
        sub_process("sub", start("s2"), task("b"), end("e2"), flows="s2 -> b -> e2"),
        end(),
        flows="start -> a -> g -> sub -> end",
    )
    ids = ("p", "start", "a", "g", "sub", "s2", "b", "e2", "end")
    flows = ("start_a", "a_g", "g_sub", "s2_b", "b_e2", "sub_end")
    sim = simulate(listening(data, {**{id: both(id) for id in ids}, **{id: [noting("take", id)] for id in flows}}))

    # when
    instance = sim.start("p", EMPTY)

    # then
    assert sim.status(instance) is InstanceStatus.COMPLETED
    assert " ".join(log(sim, instance)) == (
        "+p +start -start start_a +a -a a_g +g -g g_sub +sub +s2 -s2 s2_b +b -b b_e2 +e2 -e2 -sub sub_end +end -end -p"
    )
    assert calls(sim, instance)[:4] == ["p.start", "start.start", "start.end", "start_a.take"]


def test_should_run_without_listeners_as_before() -> None:
    # given one element with a listener beside others
    data = listening(model(start(), task("a"), task("b"), end(), flows="start -> a -> b -> end"), {"b": both("b")})
    sim = simulate(data)

    # when
    instance = sim.start("p", EMPTY)

    # then nothing else differs
    assert sim.trace(instance, "+->") == [
        "+start", "-start", ">start_a", "+a", "-a", ">a_b", "+b", "-b", ">b_end", "+end", "-end",
    ]  # fmt: skip


def test_should_tell_where_and_why_it_is_called() -> None:
    # given
    text = (
        "execution.setVariable('seen', (execution.getVariable('seen') || []).concat([[execution.getEventName(), "
        "execution.getCurrentActivityId(), execution.getCurrentTransitionId()]]))"
    )
    data = listening(
        model(start(), task("a"), end(), flows="start -> a -> end"),
        {"a": [scripted("start", text), scripted("end", text)], "a_end": [scripted("take", text)]},
    )
    sim = simulate(data)

    # when
    instance = sim.start("p")

    # then
    assert sim.variables(instance)["seen"] == [["start", "a", None], ["end", "a", None], ["take", "a", "a_end"]]


def test_should_see_inputs_at_start_and_come_before_outputs() -> None:
    # given a task with mappings
    start_text, end_text = "execution.setVariable('seen', inner)", "execution.setVariableLocal('inner', inner + '!')"
    data = listening(
        model(
            start(),
            service_task("a", camunda_io({"inner": "${outer}"}, {"out": "${inner}"})),
            end(),
            flows="start -> a -> end",
        ),
        {"a": [scripted("start", start_text), scripted("end", end_text)]},
    )
    sim = simulate(data)
    instance = sim.start("p", {"outer": "x"})
    assert sim.variables(instance)["seen"] == "x"

    # when
    sim.complete("a")

    # then
    assert sim.variables(instance)["out"] == "x!"


def test_should_call_those_of_events_when_they_happen() -> None:
    # given
    data = listening(
        model(
            start(),
            catch("c", on_message("m")),
            user_task("u"),
            boundary("b", "u", timer(duration="PT1H")),
            end(),
            end("e2"),
            flows="start -> c -> u -> end; b -> e2",
            roots=message("m"),
        ),
        {id: both(id) for id in ("c", "u", "b")},
    )
    sim = simulate(data)
    instance = sim.start("p", EMPTY)
    assert log(sim, instance) == ["+c"]

    # when
    sim.publish("m", {"log": "m "})
    sim.advance(timedelta(hours=1))

    # then what was cancelled has its end called too (Camunda 7)
    assert log(sim, instance) == ["m", "-c", "+u", "-u", "+b", "-b"]
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_not_call_the_end_of_what_was_cancelled_in_flowable() -> None:
    # given
    data = listening(
        model(
            start(),
            user_task("u"),
            boundary("b", "u", timer(duration="PT1H")),
            end(),
            flows="start -> u -> end; b -> end",
        ),
        {"u": both("u", vendor="flowable")},
    )
    sim = simulate(data)
    instance = sim.start("p", EMPTY)

    # when
    sim.advance(timedelta(hours=1))

    # then
    assert log(sim, instance) == ["+u"]


def test_should_call_those_of_an_event_based_gateway_with_the_event() -> None:
    # given
    data = listening(
        model(
            start(),
            event_based("g"),
            catch("c", on_message("m")),
            catch("t", timer(duration="PT1H")),
            end(),
            flows="start -> g -> c -> end; g -> t -> end",
            roots=message("m"),
        ),
        {**{id: both(id) for id in ("g", "c", "t")}, "g_c": [noting("take", "g_c")]},
    )
    sim = simulate(data)
    instance = sim.start("p", EMPTY)
    assert log(sim, instance) == ["+g"]

    # when
    sim.publish("m")

    # then
    assert log(sim, instance) == ["+g", "-g", "g_c", "+c", "-c"]
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_call_those_of_an_event_sub_process_before_its_start_event() -> None:
    # given
    data = listening(
        model(
            start(),
            user_task("u"),
            end(),
            event_sub_process(
                "esp",
                event_start("s2", on_message("m"), interrupting=False),
                task("x"),
                end("e2"),
                flows="s2 -> x -> e2",
            ),
            flows="start -> u -> end",
            roots=message("m"),
        ),
        {id: both(id) for id in ("esp", "s2", "x")},
    )
    sim = simulate(data)
    instance = sim.start("p", EMPTY)

    # when
    sim.publish("m")

    # then
    assert log(sim, instance) == ["+esp", "+s2", "-s2", "+x", "-x", "-esp"]
    assert sim.waiting() == ["s2", "u"]


def test_should_call_those_of_each_instance_of_a_multi_instance() -> None:
    # given
    data = listening(
        model(start(), user_task("u", multi_instance(cardinality="2")), end(), flows="start -> u -> end"),
        {"u": both("u")},
    )
    sim = simulate(data)
    instance = sim.start("p", EMPTY)
    assert log(sim, instance) == ["+u", "+u"]

    # when
    sim.complete("u")
    sim.complete("u")

    # then
    assert log(sim, instance) == ["+u", "+u", "-u", "-u"]
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_call_the_end_of_an_error_end_event_before_it_throws() -> None:
    # given
    data = listening(
        model(
            start(),
            sub_process("sub", start("s2"), end("e2", on_error("err")), flows="s2 -> e2"),
            boundary("b", "sub", on_error("err")),
            end(),
            end("caught"),
            flows="start -> sub -> end; b -> caught",
            roots=error("err", "E"),
        ),
        {id: both(id) for id in ("sub", "e2", "b")},
    )
    sim = simulate(data)

    # when
    instance = sim.start("p", EMPTY)

    # then
    assert log(sim, instance) == ["+sub", "+e2", "-e2", "-sub", "+b", "-b"]


def test_should_call_those_of_a_terminate_end_event_and_of_what_it_ends() -> None:
    # given
    data = listening(
        model(
            start(), parallel("g"), user_task("u"), task("t"), end("x", TERMINATE),
            flows="start -> g -> u; g -> t -> x",
        ),
        {id: both(id) for id in ("p", "u", "x")},
    )  # fmt: skip
    sim = simulate(data)

    # when
    instance = sim.start("p", EMPTY)

    # then
    assert sorted(log(sim, instance)) == sorted(["+p", "+u", "+x", "-u", "-x", "-p"])
    assert log(sim, instance)[-2:] == ["-x", "-p"]


def test_should_call_the_end_of_the_process_when_it_is_cancelled() -> None:
    # given
    data = listening(
        model(start(), user_task("u"), end(), flows="start -> u -> end"), {id: both(id) for id in ("p", "u")}
    )
    sim = simulate(data)
    instance = sim.start("p", EMPTY)

    # when
    sim.cancel(instance)

    # then
    assert log(sim, instance) == ["+p", "+u", "-u", "-p"]
    assert sim.status(instance) is InstanceStatus.CANCELLED


def test_should_call_take_only_on_the_flows_that_are_taken() -> None:
    # given an inclusive split and join, with listeners on every flow
    data = model(
        start(),
        inclusive("split"),
        task("a"),
        task("b"),
        task("c"),
        inclusive("join"),
        end(),
        flows="start -> split -[${x > 0}]-> a -> join -> end\n"
        "split -[${x > 1}]-> b -> join\nsplit -[${x > 2}]-> c -> join",
    )
    flows = ("split_a", "split_b", "split_c", "a_join", "b_join", "c_join", "join_end")
    sim = simulate(listening(data, {id: [noting("take", id)] for id in flows}))

    # when
    instance = sim.start("p", {"log": "", "x": 2})

    # then
    assert log(sim, instance) == ["split_a", "split_b", "a_join", "b_join", "join_end"]
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_call_those_of_what_begins_an_instance() -> None:
    # given a receive task that begins it, and listeners at the process
    receiving = receive_task("r", "m")
    receiving.attributes["instantiate"] = "true"
    data = listening(model(receiving, end(), flows="r -> end", roots=message("m")), {id: both(id) for id in ("p", "r")})
    sim = simulate(data)

    # when
    instance = sim.start("p", EMPTY, element_id="r")

    # then
    assert log(sim, instance) == ["+p", "+r", "-r", "-p"]


def test_should_call_those_of_a_call_activity_around_the_called_instance() -> None:
    # given
    data = listening(
        document(
            process("p", start(), call_activity("call", "q"), end(), flows="start -> call -> end"),
            process("q", start("s2"), user_task("u"), end("e2"), flows="s2 -> u -> e2"),
        ),
        {"call": both("call")},
    )
    sim = simulate(data)
    instance = sim.start("p", EMPTY)
    assert log(sim, instance) == ["+call"]

    # when
    sim.complete("u")

    # then
    assert log(sim, instance) == ["+call", "-call"]
    assert sim.status(instance) is InstanceStatus.COMPLETED


# -- failures ---------------------------------------------------------------------------------------------------------


def test_should_go_on_at_the_listener_that_failed() -> None:
    # given a second start listener that fails
    data = listening(
        model(start(), user_task("u"), end(), flows="start -> u -> end"),
        {
            "u": [
                noting("start", "one"),
                scripted("start", "execution.setVariable('y', missing.x)"),
                noting("start", "three"),
            ]
        },
    )
    sim = simulate(data)
    instance = sim.start("p", EMPTY)
    incident = sim.incident()
    assert (incident.element_id, incident.kind) == ("u", "EXPRESSION_ERROR")
    assert (log(sim, instance), sim.open_tasks()) == (["one"], [])

    # when
    sim.resolve(incident.id, {"missing": {"x": 1}})

    # then the first is not called again
    assert log(sim, instance) == ["one", "three"]
    assert sim.variables(instance)["y"] == 1
    assert sim.waiting() == ["u"]


@pytest.mark.parametrize(
    ("where", "event"), [("a", "end"), ("a_end", "take"), ("p", "end"), ("p", "start"), ("start", "start")]
)
def test_should_leave_an_incident_wherever_a_listener_fails(where: str, event: str) -> None:
    # given
    data = listening(
        model(start(), task("a"), end(), flows="start -> a -> end"),
        {where: [scripted(event, "execution.setVariable('y', missing.x)")]},
    )
    sim = simulate(data)
    instance = sim.start("p")
    assert sim.status(instance) is InstanceStatus.RUNNING

    # when
    sim.resolve(sim.incident().id, {"missing": {"x": 1}})

    # then
    assert sim.status(instance) is InstanceStatus.COMPLETED
    assert sim.variables(instance)["y"] == 1
    assert sim.trace(instance, "+").count("+a") == 1


@pytest.mark.parametrize("event", ["start", "end"])
def test_should_let_the_element_catch_the_error_of_its_listener(event: str) -> None:
    # given
    data = listening(
        model(
            start(),
            service_task("a"),
            boundary("b", "a", on_error("err")),
            end(),
            end("caught"),
            flows="start -> a -> end; b -> caught",
            roots=error("err", "E"),
        ),
        {"a": [scripted(event, "throw new BpmnError('E', 'no')")]},
    )
    sim = simulate(data)
    instance = sim.start("p")

    # when
    if event == "end":
        sim.complete("a")

    # then
    assert sim.trace(instance, "^~")[:2] == ["^E", "~a"]
    assert "+caught" in sim.trace(instance)
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_tell_of_an_error_that_nothing_catches() -> None:
    # given
    data = listening(
        model(start(), task("a"), end(), flows="start -> a -> end"),
        {"a": [scripted("start", "throw new BpmnError('E')")]},
    )
    sim = simulate(data)

    # when
    sim.start("p")

    # then
    incident = sim.incident()
    assert (incident.kind, incident.error_code, incident.element_id) == ("UNHANDLED_ERROR", "E", "a")


def test_should_note_what_fails_while_nothing_can_wait() -> None:
    # given an end listener that fails
    data = listening(
        model(start(), user_task("u"), end(), flows="start -> u -> end"), {"u": [scripted("end", "missing.x")]}
    )
    sim = simulate(data)
    instance = sim.start("p")

    # when
    sim.cancel(instance)

    # then
    assert calls(sim, instance) == ["u.end!"]
    assert sim.status(instance) is InstanceStatus.CANCELLED


# -- handlers and jobs ------------------------------------------------------------------------------------------------


class Greeter:
    def notify(self, execution: Execution, greeting: str) -> None:
        execution.set_variable("greeted", f"{greeting} {execution.get_variable('who')}")


@pytest.mark.parametrize("attribute", ["class_", "delegateExpression"])
def test_should_run_a_registered_handler_in_the_step(attribute: str) -> None:
    # given
    name = "greeter" if attribute == "delegateExpression" else "org.example.Greeter"
    value = "${greeter}" if attribute == "delegateExpression" else name
    field = '<camunda:field name="greeting"><camunda:expression>${word}</camunda:expression></camunda:field>'
    data = listening(
        model(start(), task("a"), end(), flows="start -> a -> end"),
        {"a": [listener("start", field, **{attribute: value})]},
    )
    sim = simulate(data, handlers={name: Greeter()})

    # when
    instance = sim.start("p", {"word": "Hello", "who": "Kim"})

    # then
    assert sim.variables(instance)["greeted"] == "Hello Kim"
    assert calls(sim, instance) == ["a.start"]


def test_should_let_a_handler_throw_a_bpmn_error() -> None:
    # given
    def refuse(execution: Execution) -> None:
        raise BpmnErrorRaised("E", "no")

    data = listening(
        model(
            start(), task("a"), boundary("b", "a", on_error("err")), end(), flows="start -> a -> end; b -> end",
            roots=error("err", "E"),
        ),
        {"a": [listener("start", class_="org.example.Refuse")]},
    )  # fmt: skip
    sim = simulate(data, handlers={"org.example.Refuse": refuse})

    # when
    instance = sim.start("p")

    # then
    assert "+b" in sim.trace(instance)


def test_should_wait_for_the_jobs_of_listeners() -> None:
    # given listeners of both kinds around a service task
    field = '<camunda:field name="to" stringValue="ops"/>'
    data = listening(
        model(start(), service_task("a"), end(), flows="start -> a -> end"),
        {
            "a": [
                noting("start", "one"),
                listener("start", field, class_="org.example.Audit"),
                noting("start", "three"),
                listener("end", delegateExpression="${archive}"),
                listener("end", expression="${mailer.send(execution.eventName, who)}"),
            ]
        },
    )
    sim = simulate(data)
    instance = sim.start("p", {"log": "", "who": "Kim"})
    (job,) = sim.open_jobs()
    assert (job.type, job.element_id, dict(job.headers)) == (
        "org.example.Audit", "a", {"to": "ops", "listenerEvent": "start"},
    )  # fmt: skip
    assert log(sim, instance) == ["one"]

    # when each is done
    sim.complete("a", {"audited": True})
    assert [job.type for job in sim.open_jobs()] == ["a"]
    assert log(sim, instance) == ["one", "three"]
    sim.complete("a")
    assert [job.type for job in sim.open_jobs()] == ["archive"]
    sim.complete("a")
    (last,) = sim.open_jobs("mailer.send")
    assert last.headers["arguments"] == ["end", "Kim"]
    sim.complete("a")

    # then
    assert sim.status(instance) is InstanceStatus.COMPLETED
    assert sim.variables(instance)["audited"] is True
    assert sim.trace(instance, "+-.:") == [
        "+start", "-start", "+a", ".a$start2", ":a$start2", ".a", ":a", ".a$end1", ":a$end1", ".a$end2", ":a$end2",
        "-a", "+end", "-end",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "event"),
    [("p", "start"), ("p", "end"), ("start", "start"), ("start", "end"), ("sub", "start"), ("sub", "end"),
     ("g", "start"), ("g", "end"), ("g_sub", "take"), ("s2_e2", "take"), ("e2", "end"), ("end", "start"),
     ("c", "start"), ("c", "end"),
     ("b", "start"), ("b", "end"), ("esp", "start"), ("esp", "end"), ("s3", "start")],
)  # fmt: skip
def test_should_wait_for_a_job_anywhere(where: str, event: str) -> None:
    # given one listener that is a job
    data = listening(
        model(
            start(),
            exclusive("g"),
            sub_process("sub", start("s2"), end("e2"), flows="s2 -> e2"),
            event_based("eg"),
            catch("c", on_message("m")),
            catch("d", timer(duration="P1D")),
            user_task("u"),
            boundary("b", "u", on_signal("sig"), interrupting=False),
            end(),
            end("e4"),
            event_sub_process(
                "esp", event_start("s3", on_message("n"), interrupting=False), end("e3"), flows="s3 -> e3"
            ),
            flows="start -> g -> sub -> eg -> c -> u -> end; eg -> d -> end; b -> e4",
            roots=message("m") + message("n") + signal("sig", "sig"),
        ),
        {where: [listener(event, class_="org.example.Listener")]},
    )
    sim = simulate(data)
    instance = sim.start("p")
    called = 0

    # when everything that can happen happens, and the listener is done each time it is called
    def serve() -> None:
        nonlocal called
        while jobs := sim.open_jobs("org.example.Listener"):
            called += 1
            sim.complete_job(jobs[0].id)

    for happen in (
        lambda: sim.publish("m"),
        lambda: sim.signal("sig"),
        lambda: sim.publish("n"),
        lambda: sim.complete("u"),
    ):
        serve()
        happen()
    serve()

    # then
    assert called == 1
    assert sim.status(instance) is InstanceStatus.COMPLETED
    assert not sim.incidents


def test_should_keep_each_token_on_its_flow() -> None:
    # given two flows of a parallel gateway, one with a listener that is a job
    data = listening(
        model(
            start(), parallel("g"), task("a"), task("b"), parallel("j"), end(),
            flows="start -> g -> a -> j -> end; g -> b -> j",
        ),
        {"a_j": [listener("take", class_="org.example.Slow")]},
    )  # fmt: skip
    sim = simulate(data)
    instance = sim.start("p")
    assert sim.active(instance) == ["a_j"]

    # when
    sim.complete("a_j")

    # then
    assert sim.status(instance) is InstanceStatus.COMPLETED
    assert sim.trace(instance, "+-").count("+j") == 1


def test_should_wait_at_an_inclusive_join_for_a_token_at_a_listener() -> None:
    # given
    data = listening(
        model(
            start(), inclusive("g"), task("a"), task("b"), inclusive("j"), end(),
            flows="start -> g -> a -> j -> end; g -> b -> j",
        ),
        {"a_j": [listener("take", class_="org.example.Slow")]},
    )  # fmt: skip
    sim = simulate(data)
    instance = sim.start("p")
    assert "+j" not in sim.trace(instance)

    # when
    sim.complete("a_j")

    # then
    assert sim.trace(instance, "+").count("+j") == 1
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_raise_an_incident_when_a_listener_has_no_retries_left() -> None:
    # given
    data = listening(
        model(start(), task("a"), end(), flows="start -> a -> end"), {"a": [listener("start", class_="x.Listener")]}
    )
    sim = simulate(data)
    instance = sim.start("p")
    (job,) = sim.open_jobs()
    sim.do(c.FailJob(instance_id=instance, job_id=job.id, token_id=job.token_id, message="down", attempt=1, retries=0))
    assert sim.incident().kind == "JOB_RETRIES_EXHAUSTED"

    # when it is resolved and the job is done
    sim.resolve(sim.incident().id)
    sim.complete("a")

    # then
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_catch_the_error_of_a_listeners_job() -> None:
    # given
    data = listening(
        model(
            start(), task("a"), boundary("b", "a", on_error("err")), end(), flows="start -> a -> end; b -> end",
            roots=error("err", "E"),
        ),
        {"a": [listener("start", class_="x.Listener")]},
    )  # fmt: skip
    sim = simulate(data)
    instance = sim.start("p")

    # when
    sim.raise_error("a", "E")

    # then
    assert "+b" in sim.trace(instance)
    assert sim.status(instance) is InstanceStatus.COMPLETED


@pytest.mark.parametrize(
    ("where", "event"), [("p", "start"), ("p", "end"), ("a", "start"), ("a", "end"), ("a_end", "take")]
)
def test_should_call_a_listener_again_whose_error_nothing_caught(where: str, event: str) -> None:
    # given
    data = listening(
        model(start(), task("a"), end(), flows="start -> a -> end"), {where: [listener(event, class_="x.Listener")]}
    )
    sim = simulate(data)
    instance = sim.start("p")
    (job,) = sim.open_jobs()
    sim.throw_error(job.id, "E")
    assert (sim.incident().kind, sim.open_jobs()) == ("UNHANDLED_ERROR", [])

    # when
    sim.resolve(sim.incident().id)
    (again,) = sim.open_jobs()
    sim.complete_job(again.id)

    # then
    assert sim.status(instance) is InstanceStatus.COMPLETED
    assert sim.trace(instance, "+").count("+a") == 1


def test_should_end_a_waiting_listener_with_its_element() -> None:
    # given
    data = listening(
        model(
            start(), task("a"), boundary("b", "a", timer(duration="PT1H")), end(), flows="start -> a -> end; b -> end"
        ),
        {"a": [listener("start", class_="x.Listener")]},
    )
    sim = simulate(data)
    instance = sim.start("p")
    (job,) = sim.open_jobs()

    # when
    sim.advance(timedelta(hours=1))

    # then
    assert sim.open_jobs() == []
    assert sim.do(c.CompleteJob(instance_id=instance, job_id=job.id, token_id=job.token_id)) is Outcome.GONE
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_complete_a_sub_process_once_though_an_event_comes_meanwhile() -> None:
    # given a sub-process whose end listener is at work, with an event sub-process inside
    data = listening(
        model(
            start(),
            sub_process(
                "sub",
                start("s2"),
                end("e2"),
                event_sub_process(
                    "esp", event_start("s3", on_message("m"), interrupting=False), end("e3"), flows="s3 -> e3"
                ),
                flows="s2 -> e2",
            ),
            end(),
            flows="start -> sub -> end",
            roots=message("m"),
        ),
        {"sub": [listener("end", class_="x.Listener")]},
    )
    sim = simulate(data)
    instance = sim.start("p")

    # when
    happened = sim.publish("m")
    sim.complete("sub")

    # then
    assert not happened
    assert sim.trace(instance, "-").count("-sub") == 1
    assert sim.status(instance) is InstanceStatus.COMPLETED


def test_should_not_complete_a_sub_process_whose_start_listener_is_at_work() -> None:
    # given an event sub-process that begins and ends meanwhile
    data = listening(
        model(
            start(),
            sub_process(
                "sub",
                start("s2"),
                user_task("u"),
                end("e2"),
                event_sub_process(
                    "esp", event_start("s3", on_message("m"), interrupting=False), end("e3"), flows="s3 -> e3"
                ),
                flows="s2 -> u -> e2",
            ),
            end(),
            flows="start -> sub -> end",
            roots=message("m"),
        ),
        {"sub": [listener("start", class_="x.Listener")]},
    )
    sim = simulate(data)
    instance = sim.start("p")

    # when
    assert sim.publish("m")
    sim.complete("sub")
    sim.complete("u")

    # then
    assert sim.trace(instance, "+-").count("-sub") == 1
    assert sim.status(instance) is InstanceStatus.COMPLETED


# -- Camunda 8 --------------------------------------------------------------------------------------------------------


def test_should_follow_camunda_8_around_mappings_and_events() -> None:
    # given a task whose boundary timer needs what the start listener brings
    data = listening(
        model(
            start(),
            zeebe_task("a", io=zeebe_io({"in": "=1"}, {"out": "=brought"})[19:-20]),
            boundary("b", "a", timer(duration="=wait")),
            end(),
            flows="start -> a -> end; b -> end",
        ),
        {"a": [zeebe("start", "before", retries=5), zeebe("end", "after")]},
    )
    sim = simulate(data)
    instance = sim.start("p")
    (job,) = sim.open_jobs()
    assert (job.type, job.retries, len(sim.timers)) == ("before", 5, 0)

    # when
    sim.complete("a", {"wait": "PT1H", "brought": "x"})
    assert ([job.type for job in sim.open_jobs()], len(sim.timers)) == (["a"], 1)
    sim.complete("a")

    # then outputs are there before the end listener, and what the start listener brought was local
    assert [job.type for job in sim.open_jobs()] == ["after"]
    assert sim.variables(instance) == {"out": "x"}
    sim.complete("a", {"late": 1})
    assert sim.status(instance) is InstanceStatus.COMPLETED
    assert sim.variables(instance) == {"out": "x", "late": 1}


# -- changing where an instance stands --------------------------------------------------------------------------------


def test_should_call_listeners_when_a_token_is_moved() -> None:
    # given
    data = listening(
        model(
            start(),
            user_task("u"),
            sub_process("sub", start("s2"), user_task("v"), end("e2"), flows="s2 -> v -> e2"),
            end(),
            flows="start -> u -> sub -> end",
        ),
        {id: both(id) for id in ("u", "sub", "v")},
    )
    sim = simulate(data)
    instance = sim.start("p", EMPTY)

    # when
    sim.do(
        c.ModifyInstance(
            instance_id=instance,
            instructions=(
                Instruction(type=InstructionType.START_BEFORE, element_id="v"),
                Instruction(type=InstructionType.CANCEL, element_id="u"),
            ),
        )
    )

    # then
    assert log(sim, instance) == ["+u", "+sub", "+v", "-u"]


@pytest.mark.parametrize("element", ["p", "start_u"])
def test_should_not_put_a_token_where_only_listeners_are(element: str) -> None:
    # given
    data = listening(
        model(start(), user_task("u"), end(), flows="start -> u -> end"),
        {"p": [noting("end", "p")], "start_u": [noting("take", "f")]},
    )
    sim = simulate(data)
    instance = sim.start("p", EMPTY)

    # when
    instruction = Instruction(type=InstructionType.START_BEFORE, element_id=element)
    outcome = sim.do(c.ModifyInstance(instance_id=instance, instructions=(instruction,)))

    # then
    assert outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("where", "event", "renamed"), [("a", "start", "a2"), ("start_a", "take", "start_a"), ("p", "end", "p")]
)
def test_should_migrate_while_a_listener_is_at_work(where: str, event: str, renamed: str) -> None:
    # given
    old = listening(
        model(start(), task("a"), end(), flows="start -> a -> end"), {where: [listener(event, class_="x.Listener")]}
    )
    drawn = (start(), task("a2" if where == "a" else "a"), end())
    new = listening(
        model(*drawn, flows=f"start -> {drawn[1].id} -> end"), {renamed: [listener(event, class_="x.Listener")]}
    )
    sim = simulate(old)
    instance = sim.start("p")

    # when
    migration = sim.migrate(instance, compile_document(new)["p"], {"a": "a2"} if where == "a" else {})
    sim.complete(renamed)

    # then
    assert migration.step.outcome is Outcome.DONE
    assert sim.status(instance) is InstanceStatus.COMPLETED


# -- findings ---------------------------------------------------------------------------------------------------------


def test_should_warn_of_listeners_that_become_jobs() -> None:
    # given
    data = listening(
        model(start(), task("a"), end(), flows="start -> a -> end"),
        {"a": [listener("start", class_="org.example.Listener"), noting("end", "x")]},
    )

    # when
    _, findings = compile_with_findings(data)

    # then
    [finding] = [finding for finding in findings if finding.code.startswith("LISTENER")]
    assert (finding.code, finding.severity, finding.element_id) == ("LISTENER_JOB", Severity.WARNING, "a")
    assert "org.example.Listener" in finding.hint


def test_should_keep_scripts_within_a_step_apart_from_the_token() -> None:
    # given a script task between listeners that count
    count = "execution.setVariable('n', n + 1)"
    data = listening(
        model(start(), script_task("s", "n = n * 10"), end(), flows="start -> s -> end"),
        {"s": [scripted("start", count), scripted("end", count)]},
    )
    sim: CheckedSimulator = simulate(data)

    # when
    instance = sim.start("p", {"n": 1})

    # then
    assert sim.variables(instance)["n"] == 21
