"""None, terminate and error end events (message end events: `test_send_task`)."""

from __future__ import annotations

import pytest

from bpmn.runtime import commands as c
from bpmn.runtime.engine import Outcome
from bpmn.runtime.state import InstanceStatus
from tests.support.models import (
    TERMINATE,
    call_activity,
    camunda_io,
    catch,
    end,
    error,
    message,
    model,
    on_error,
    on_message,
    parallel,
    start,
    sub_process,
    task,
    user_task,
)
from tests.support.simulation import simulate

pytestmark = [
    pytest.mark.element("noneEndEvent", "ends its token"),
    pytest.mark.element("terminateEndEvent", "ends its process or sub-process with all that is active in it"),
    pytest.mark.element("errorEndEvent", "the nearest handler outward, through call activities; uncaught: FAILED"),
]


def test_should_complete_the_instance_with_the_last_token() -> None:
    # given
    simulator = simulate(
        model(
            *(start(), parallel("fork"), user_task("a"), user_task("b"), end("e1"), end("e2")),
            flows="start -> fork -> a -> e1; fork -> b -> e2",
        )
    )
    instance = simulator.start("p")

    # when
    simulator.complete("a")
    assert simulator.status(instance) is InstanceStatus.RUNNING
    simulator.complete("b")

    # then
    assert simulator.trace(instance, "-*")[-2:] == ["-e2", "*COMPLETED"]


def test_should_terminate_tokens_joins_scopes_and_called_instances() -> None:
    # given
    child = model(start(), user_task("work"), end(), flows="start -> work -> end", key="child")
    inside = sub_process("sub", start("s"), user_task("u"), end("e"), flows="s -> u -> e")
    simulator = simulate(
        model(
            *(start(), parallel("fork"), inside, call_activity("call", "child"), catch("c", on_message("m"))),
            *(task("t"), parallel("join"), user_task("stop"), end("kill", TERMINATE), end()),
            flows="""start -> fork -> sub -> end; fork -> call -> end; fork -> c -> join
                     fork -> t -> join -> end; fork -> stop -> kill""",
            roots=message("m"),
        ),
        child,
    )
    instance = simulator.start("p")
    (called,) = simulator.called(instance)

    # when
    simulator.complete("stop")

    # then
    assert simulator.status(instance) is InstanceStatus.COMPLETED
    assert simulator.status(called) is InstanceStatus.CANCELLED
    assert set(simulator.trace(instance, "~")) == {"~u", "~sub", "~call", "~c"}


def test_should_fail_the_instance_where_nothing_catches_its_error() -> None:
    # given
    inside = sub_process("sub", start("s"), user_task("t"), end("bad", on_error("e")), flows="s -> t -> bad")
    simulator = simulate(
        model(
            *(start(), inside, user_task("u"), end()),
            flows="start -> sub -> end; start -> u -> end",
            roots=error("e", "E1"),
        )
    )
    instance = simulator.start("p")

    # when
    simulator.complete("t")

    # then
    assert simulator.status(instance) is InstanceStatus.FAILED
    assert not simulator.tasks
    assert simulator.run_of(instance).instance.incidents == 0
    (record,) = (pending.effect for pending in simulator.incidents.values())
    assert (record.kind, record.error_code, record.element_id) == ("UNCAUGHT_ERROR", "E1", "bad")
    assert simulator.trace(instance, "^*") == ["^E1", "*FAILED"]


def test_should_do_nothing_more_once_it_has_ended() -> None:
    # given
    simulator = simulate(model(start(), user_task("a"), end(), flows="start -> a -> end"))
    instance = simulator.start("p")
    (row,) = simulator.open_tasks()
    simulator.cancel(instance)
    events = len(simulator.run_of(instance).events)

    # when
    outcomes = [
        simulator.do(command)
        for command in (
            c.CompleteUserTask(instance_id=instance, scope_id=row.scope_id, task_id=row.id, token_id=row.token_id),
            c.SetVariables(instance_id=instance, variables={"x": 1}),
            c.CancelInstance(instance_id=instance),
            c.StartInstance(instance_id=instance),
            c.PauseInstance(instance_id=instance),
            c.ResumeInstance(instance_id=instance),
            c.Continue(instance_id=instance),
        )
    ]

    # then
    assert set(outcomes) == {Outcome.GONE}
    assert len(simulator.run_of(instance).events) == events


def test_should_pause_and_resume() -> None:
    # given
    simulator = simulate(model(start(), user_task("a"), end(), flows="start -> a -> end"))
    instance = simulator.start("p")

    # when
    paused = simulator.do(c.PauseInstance(instance_id=instance))
    again = simulator.do(c.PauseInstance(instance_id=instance))
    status = simulator.status(instance)
    simulator.do(c.ResumeInstance(instance_id=instance))

    # then
    assert (paused, again, status) == (Outcome.DONE, Outcome.GONE, InstanceStatus.PAUSED)
    assert simulator.status(instance) is InstanceStatus.RUNNING


def test_should_hand_on_the_outputs_of_an_end_event() -> None:
    # given
    simulator = simulate(model(start(), end("end", camunda_io(outputs={"y": "${x + 1}"})), flows="start -> end"))

    # when
    instance = simulator.start("p", {"x": 1})

    # then
    assert simulator.variables(instance) == {"x": 1, "y": 2}
